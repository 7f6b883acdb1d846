// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "dataplane/port_index.h"

#include <errno.h>
#include <stdlib.h>

#include "base/addr.h"
#include "model/array.h"

int port_index_init(struct port_index *index, size_t rows)
{
	*index = (struct port_index){
		.single = calloc(rows + 1, sizeof(*index->single)),
		.range = calloc(rows + 1, sizeof(*index->range)),
	};
	return index->single && index->range ? 0 : -ENOMEM;
}

void port_index_clean(struct port_index *index)
{
	free(index->single);
	free(index->range);
}

void port_index_add(struct port_index *index, const struct port_row *row)
{
	if (row->first == row->last)
		index->single[index->single_count++] = *row;
	else
		index->range[index->range_count++] = *row;
}

static int compare(const void *a, const void *b)
{
	const struct port_row *x = a, *y = b;

	return addr_compare(&x->addr, &y->addr) ?: x->protocol - y->protocol
		       ?: x->first - y->first;
}

void port_index_sort(struct port_index *index)
{
	qsort(index->single, index->single_count, sizeof(*index->single), compare);
	qsort(index->range, index->range_count, sizeof(*index->range), compare);
}

/* The number of rows before the first that is not less than key. */
static size_t count_before(const struct port_row *rows, size_t count, const struct port_row *key)
{
	bool found;

	return array_find(key, rows, count, sizeof(*rows), compare, &found);
}

static bool is_of(const struct port_row *row, const struct addr *addr, uint8_t protocol)
{
	return row->protocol == protocol && !addr_compare(&row->addr, addr);
}

const struct port_row *port_index_ranges(const struct port_index *index, const struct addr *addr,
					 uint8_t protocol, size_t *count)
{
	const struct port_row key = { .addr = *addr, .protocol = protocol };
	size_t first = count_before(index->range, index->range_count, &key), end = first;

	while (end < index->range_count && is_of(&index->range[end], addr, protocol))
		end++;
	*count = end - first;
	return *count ? &index->range[first] : NULL;
}

bool port_row_overlaps(const struct port_row *row, uint16_t first, uint16_t last)
{
	return row->first <= last && row->last >= first;
}

bool port_index_overlaps(const struct port_index *index, const struct addr *addr, uint8_t protocol,
			 uint16_t first, uint16_t last)
{
	const struct port_row key = { .addr = *addr, .protocol = protocol, .first = first };
	size_t at = count_before(index->single, index->single_count, &key), count;
	const struct port_row *ranges;

	if (at < index->single_count && is_of(&index->single[at], addr, protocol) &&
	    index->single[at].first <= last)
		return true;
	ranges = port_index_ranges(index, addr, protocol, &count);
	for (size_t i = 0; i < count; i++) {
		if (port_row_overlaps(&ranges[i], first, last))
			return true;
	}
	return false;
}
