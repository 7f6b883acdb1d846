// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Durations from text and to text, over one table of units; used by the decoder and the encoder. */
#include "model/duration.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"

static const struct {
	const char *name;
	uint64_t ms;
} units[] = {			/* from the longest to the shortest */
	{ "h", 3600 * MS_PER_SECOND },
	{ "m", 60 * MS_PER_SECOND },
	{ "s", MS_PER_SECOND },
	{ "ms", 1 },
};

static bool unit_parse(const char *name, uint64_t *unit_ms)
{
	if (!*name)
		name = "s";
	for (size_t i = 0; i < ARRAY_SIZE(units); i++) {
		if (!strcmp(name, units[i].name)) {
			*unit_ms = units[i].ms;
			return true;
		}
	}
	return false;
}

bool duration_parse(const char *text, uint64_t *ms, uint64_t *unit_ms)
{
	unsigned long long number;
	uint64_t unit, product;
	char *end;

	errno = 0;
	number = strtoull(text, &end, 10);
	if (!isdigit((unsigned char)text[0]) || errno || !unit_parse(end, &unit) ||
	    __builtin_mul_overflow(number, unit, &product))
		return false;
	*ms = product;
	*unit_ms = unit;
	return true;
}

const char *duration_format(uint64_t ms, uint64_t unit_ms, char *text)
{
	size_t i = 0;

	while (units[i].ms > unit_ms || ms % units[i].ms)
		i++;
	snprintf(text, DURATION_TEXT_SIZE, "%llu%s", (unsigned long long)(ms / units[i].ms),
		 units[i].name);
	return text;
}
