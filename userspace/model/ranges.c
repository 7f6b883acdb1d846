// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Flattens nested port ranges: one walk up through the ports, with the open ranges on a stack. */
#include "model/ranges.h"

#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"

struct walk {
	struct port_ranges out;
	uint32_t next;			/* the lowest port not dealt with yet; 65536: none */
};

/* A range and its place in the caller's array, so that equal ranges keep their order. */
struct candidate {
	struct port_range range;
	size_t place;
};

/* An outer range comes before those within it. */
static int compare_candidates(const void *a, const void *b)
{
	const struct candidate *x = a, *y = b;

	if (x->range.first != y->range.first)
		return x->range.first < y->range.first ? -1 : 1;
	if (x->range.last != y->range.last)
		return x->range.last > y->range.last ? -1 : 1;
	return x->place < y->place ? -1 : x->place > y->place;
}

/* Ports from walk->next up to and without `end` belong to the range. */
static int emit(struct walk *walk, const struct port_range *owner, uint32_t end)
{
	struct port_range *before = walk->out.count ? &walk->out.range[walk->out.count - 1] : NULL;
	uint32_t first = walk->next;

	if (first >= end)
		return 0;
	walk->next = end;
	if (before && before->number == owner->number && before->last + 1u == first) {
		before->last = (uint16_t)(end - 1);
		return 0;
	}
	if (walk->out.count == RANGES_MAX)
		return -E2BIG;
	walk->out.range[walk->out.count++] = (struct port_range){
		.first = (uint16_t)first, .last = (uint16_t)(end - 1), .number = owner->number,
	};
	return 0;
}

/* Closes the open ranges that end before the port. */
static int close_ranges(struct walk *walk, const struct candidate *open, size_t *depth,
			uint32_t port)
{
	int r = 0;

	while (*depth && open[*depth - 1].range.last < port && !r) {
		const struct port_range *top = &open[--*depth].range;

		r = emit(walk, top, top->last + 1u);
	}
	return r;
}

static int open_range(struct walk *walk, const struct candidate *open, size_t *depth,
		      const struct port_range *range)
{
	const struct port_range *outer;
	int r;

	if (range->first > range->last)
		return -EINVAL;
	r = close_ranges(walk, open, depth, range->first);
	if (!r && *depth) {
		outer = &open[*depth - 1].range;
		r = range->last > outer->last ? -EINVAL : emit(walk, outer, range->first);
	}
	walk->next = range->first;
	return r;
}

int ranges_flatten(const struct port_range *ranges, size_t count, struct port_ranges *out)
{
	_cleanup_free_ struct candidate *sorted = calloc(count + 1, sizeof(*sorted));
	struct walk walk = { .next = 0 };
	struct candidate *open = sorted;	/* the stack grows into the part already walked */
	size_t depth = 0;
	int r = 0;

	if (!sorted)
		return -ENOMEM;
	for (size_t i = 0; i < count; i++)
		sorted[i] = (struct candidate){ ranges[i], i };
	qsort(sorted, count, sizeof(*sorted), compare_candidates);
	for (size_t i = 0; i < count && !r; i++) {
		struct candidate candidate = sorted[i];

		r = open_range(&walk, open, &depth, &candidate.range);
		open[depth++] = candidate;
	}
	r = r ?: close_ranges(&walk, open, &depth, UINT32_MAX);
	if (!r)
		*out = walk.out;
	return r;
}
