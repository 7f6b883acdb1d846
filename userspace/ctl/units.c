// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Numbers as people read them: the last step before a table's cell. */
#include "ctl/units.h"

#include <stdio.h>

#include "base/cleanup.h"

static const char *const decimal[] = { "", "k", "M", "G", "T", "P", "E", NULL };
static const char *const binary[] = { "B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB", NULL };

/*
 * Up to 9999 exactly, because small counts are compared digit by digit; above it three significant
 * digits. The limits lie below the powers of ten by half a digit, so that rounding adds no fourth.
 */
static const char *scale(double value, double base, const char *const *unit, char *text)
{
	int decimals;

	if (value < 9999.5) {
		snprintf(text, UNITS_TEXT_SIZE, "%.0f%s", value, unit[0]);
		return text;
	}
	while (value >= 999.5 && unit[1]) {
		value /= base;
		unit++;
	}
	decimals = value < 9.995 ? 2 : value < 99.95 ? 1 : 0;
	snprintf(text, UNITS_TEXT_SIZE, "%.*f%s", decimals, value, unit[0]);
	return text;
}

const char *units_count(uint64_t count, char *text)
{
	return scale((double)count, 1000, decimal, text);
}

const char *units_bytes(uint64_t bytes, char *text)
{
	return scale((double)bytes, 1024, binary, text);
}

const char *units_rate(double per_second, char *text)
{
	if (per_second > 0 && per_second < 0.05)
		snprintf(text, UNITS_TEXT_SIZE, "<0.1");
	else if (per_second > 0 && per_second < 9.95)
		snprintf(text, UNITS_TEXT_SIZE, "%.1f", per_second);
	else
		return scale(per_second > 0 ? per_second : 0, 1000, decimal, text);
	return text;
}

const char *units_duration(uint64_t seconds, char *text)
{
	static const struct {
		uint64_t seconds;
		char letter;
	} units[] = { { 86400, 'd' }, { 3600, 'h' }, { 60, 'm' }, { 1, 's' } };
	unsigned i = 0;
	uint64_t rest;
	int used;

	while (i < ARRAY_SIZE(units) - 1 && seconds < units[i].seconds)
		i++;
	used = snprintf(text, UNITS_TEXT_SIZE, "%llu%c",
			(unsigned long long)(seconds / units[i].seconds), units[i].letter);
	rest = seconds % units[i].seconds;
	if (i + 1 < ARRAY_SIZE(units) && rest >= units[i + 1].seconds)
		snprintf(text + used, UNITS_TEXT_SIZE - used, " %llu%c",
			 (unsigned long long)(rest / units[i + 1].seconds), units[i + 1].letter);
	return text;
}
