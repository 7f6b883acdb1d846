// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Port ranges of listeners and replies: entries under a number, and ports that lead to it. */
#include <arpa/inet.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "dataplane/compile_parts.h"
#include "model/ranges.h"

bool listener_is_range(const struct listener *listener)
{
	return listener->port_first != listener->port_last;
}

/* A range is an entry under the number of its listener, and ports that lead to that number. */
struct endpoint_key listener_key(const struct addr *addr, const struct listener *listener,
				 uint16_t port, uint32_t number)
{
	struct endpoint_key key = { .addr = *addr, .protocol = listener->protocol };

	key.is_range = listener_is_range(listener);
	if (key.is_range)
		key.range = (uint16_t)number;
	else
		key.port = htons(port);
	return key;
}

static int wanted_compare(const void *a, const void *b)
{
	const struct wanted_range *x = a, *y = b;
	int order = endpoint_key_compare(&x->key, &y->key);

	return order ? order : (int)x->range.number - (int)y->range.number;
}

int want_range(struct table *wanted, const struct endpoint_key *of, const struct port_range *range)
{
	struct wanted_range *row = table_add(wanted, sizeof(*row));

	if (!row)
		return -ENOMEM;
	row->key.addr = of->addr;
	row->key.protocol = of->protocol;
	row->range = *range;
	return 0;
}

/* Writes the disjoint ranges of one key; returns how many rows of wanted that took, or -errno. */
static int cut_apart(const struct wanted_range *wanted, size_t left, struct port_range *nested,
		     struct table *ranges)
{
	struct image_ranges *row;
	size_t used = 0;
	int r;

	while (used < left && !endpoint_key_compare(&wanted[used].key, &wanted[0].key)) {
		nested[used] = wanted[used].range;
		used++;
	}
	row = table_add(ranges, sizeof(*row));
	if (!row)
		return -ENOMEM;
	row->key = wanted[0].key;
	r = ranges_flatten(nested, used, &row->ranges);
	return r ? r : (int)used;
}

int finish_ranges(struct table *wanted, struct table *ranges, struct err *err)
{
	_cleanup_free_ struct port_range *nested = calloc(wanted->count + 1, sizeof(*nested));
	const struct wanted_range *rows = wanted->rows;
	int used = nested ? 0 : -ENOMEM;

	table_sort(wanted, sizeof(*rows), wanted_compare);
	for (size_t i = 0; i < wanted->count && used >= 0; i += (size_t)used)
		used = cut_apart(rows + i, wanted->count - i, nested, ranges);
	if (used == -E2BIG)
		return err_set(err, E2BIG, "more than %d port ranges for one address and protocol",
			       RANGES_MAX);
	return used < 0 ? err_set(err, -used, "cutting port ranges apart: %s", strerror(-used)) : 0;
}

void table_clean(struct table *table)
{
	free(table->rows);
}
