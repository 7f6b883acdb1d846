// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* model/ranges.c: against the owner of each of the 65536 ports, looked up the slow way. */
#include "model/ranges.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>

#include "base/cleanup.h"

enum { PORTS = 65536, NOBODY = -1 };

static unsigned width(const struct port_range *range)
{
	return range->last - range->first;
}

/* The number of the narrowest range around each port; of equal ones the later. */
static void own_ports(const struct port_range *ranges, size_t count, int owner[PORTS])
{
	for (int port = 0; port < PORTS; port++) {
		const struct port_range *best = NULL;

		for (size_t i = 0; i < count; i++) {
			if (ranges[i].first <= port && port <= ranges[i].last &&
			    (!best || width(&ranges[i]) <= width(best)))
				best = &ranges[i];
		}
		owner[port] = best ? best->number : NOBODY;
	}
}

static unsigned count_segments(const int owner[PORTS])
{
	unsigned count = 0;

	for (int port = 0; port < PORTS; port++)
		count += owner[port] != NOBODY && (!port || owner[port - 1] != owner[port]);
	return count;
}

static void expect_owners(const struct port_ranges *segments, const int owner[PORTS])
{
	unsigned at = 0;

	for (int port = 0; port < PORTS; port++) {
		while (at < segments->count && segments->range[at].last < port)
			at++;
		if (at < segments->count && segments->range[at].first <= port)
			cr_assert_eq(segments->range[at].number, owner[port], "port %d", port);
		else
			cr_assert_eq(owner[port], NOBODY, "port %d", port);
	}
}

/* What is expected of any ranges that are nested or apart. */
static int flatten(const struct port_range *ranges, size_t count)
{
	static int owner[PORTS];
	struct port_ranges segments = { 0 };
	int r = ranges_flatten(ranges, count, &segments);

	own_ports(ranges, count, owner);
	if (count_segments(owner) > RANGES_MAX) {
		cr_assert_eq(r, -E2BIG);
		cr_assert_eq(segments.count, 0);
		return r;
	}
	cr_assert_eq(r, 0, "%d", r);
	cr_assert_eq(segments.count, count_segments(owner));
	expect_owners(&segments, owner);
	return r;
}

Test(ranges, none)
{
	struct port_ranges segments = { .count = 7 };

	cr_expect_eq(ranges_flatten(NULL, 0, &segments), 0);
	cr_expect_eq(segments.count, 0);
}

Test(ranges, chosen_shapes)
{
	static const struct {
		const char *title;
		struct port_range ranges[6];
		size_t count;
	} rows[] = {
		{ "all ports", { { 0, 65535, 5 } }, 1 },
		{ "one within", { { 0, 65535, 1 }, { 80, 90, 2 } }, 2 },
		{ "given inner first", { { 80, 90, 2 }, { 0, 65535, 1 } }, 2 },
		{ "same beginning", { { 80, 100, 1 }, { 80, 90, 2 } }, 2 },
		{ "same end", { { 80, 100, 1 }, { 90, 100, 2 } }, 2 },
		{ "at both ends of all", { { 0, 65535, 1 }, { 0, 9, 2 }, { 65000, 65535, 3 } }, 3 },
		{ "wholly covered by two", { { 80, 89, 1 }, { 80, 84, 2 }, { 85, 89, 3 } }, 3 },
		{ "three deep", { { 1, 99, 1 }, { 10, 90, 2 }, { 20, 80, 3 } }, 3 },
		{ "apart", { { 30, 40, 1 }, { 10, 20, 2 } }, 2 },
		{ "neighbours", { { 10, 20, 1 }, { 21, 30, 2 } }, 2 },
		{ "neighbours of one number", { { 10, 20, 1 }, { 21, 30, 1 } }, 2 },
		{ "number within itself", { { 10, 40, 1 }, { 20, 30, 1 } }, 2 },
		{ "equal", { { 10, 20, 1 }, { 10, 20, 2 } }, 2 },
		{ "single ports", { { 5, 5, 1 }, { 0, 0, 2 }, { 65535, 65535, 3 } }, 3 },
		{ "number 0 and the largest", { { 10, 40, 0 }, { 20, 30, 65535 } }, 2 },
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		cr_expect_eq(flatten(rows[i].ranges, rows[i].count), 0, "%s", rows[i].title);
}

static void mix(struct port_range *ranges, size_t count)
{
	for (size_t i = count; i-- > 1;) {
		size_t j = (size_t)rand() % (i + 1);
		struct port_range range = ranges[i];

		ranges[i] = ranges[j];
		ranges[j] = range;
	}
}

/* Adds up to `left` ranges within first .. last that are nested or apart; the number of them. */
static size_t grow(struct port_range *ranges, size_t left, int first, int last)
{
	size_t count = 0;

	while (count < left && first <= last && rand() % 32) {
		int begin = first + rand() % (last - first + 1);
		int end = begin + rand() % (last - begin + 1);

		ranges[count++] = (struct port_range){ (uint16_t)begin, (uint16_t)end, 0 };
		if (begin < end)
			count += grow(ranges + count, left - count, begin, end);
		first = end + 1;
	}
	return count;
}

Test(ranges, random_shapes)
{
	struct port_range ranges[100];
	int fits = 0, too_many = 0;

	srand(3);
	for (int i = 0; i < 60; i++) {
		size_t most = 1 + (size_t)rand() % ARRAY_SIZE(ranges);
		size_t count = grow(ranges, most, 0, PORTS - 1);

		mix(ranges, count);
		for (size_t j = 0; j < count; j++)	/* its own, or one that others have too */
			ranges[j].number = (uint16_t)(i % 2 ? j : (size_t)rand() % 3);
		*(flatten(ranges, count) ? &too_many : &fits) += count > 1;
	}
	cr_expect_gt(fits, 20);
	cr_expect_gt(too_many, 5);
}

Test(ranges, as_many_as_fit_and_one_more)
{
	struct port_range ranges[RANGES_MAX + 1];

	for (int i = 0; i <= RANGES_MAX; i++)
		ranges[i] = (struct port_range){ (uint16_t)(10 * i), (uint16_t)(10 * i + 5),
						 (uint16_t)i };
	cr_expect_eq(flatten(ranges, RANGES_MAX), 0);
	cr_expect_eq(flatten(ranges, RANGES_MAX + 1), -E2BIG);
}

Test(ranges, an_outer_range_makes_pieces_between_the_inner_ones)
{
	struct port_range ranges[RANGES_MAX / 2 + 1] = { { 0, 65535, 999 } };

	for (int i = 1; i <= RANGES_MAX / 2; i++)
		ranges[i] = (struct port_range){ (uint16_t)(10 * i), (uint16_t)(10 * i + 5),
						 (uint16_t)i };
	cr_expect_eq(flatten(ranges, RANGES_MAX / 2), 0);	/* 31 inner, 32 between */
	cr_expect_eq(flatten(ranges, RANGES_MAX / 2 + 1), -E2BIG);
}

Test(ranges, overlap_in_part_is_refused)
{
	static const struct port_range rows[][3] = {
		{ { 10, 20, 1 }, { 15, 25, 2 }, { 40, 50, 3 } },
		{ { 10, 20, 1 }, { 20, 30, 2 }, { 40, 50, 3 } },
		{ { 15, 25, 1 }, { 10, 20, 2 }, { 0, 65535, 3 } },
		{ { 1, 99, 1 }, { 10, 30, 2 }, { 20, 40, 3 } },
		{ { 10, 20, 1 }, { 40, 30, 2 }, { 50, 60, 3 } },	/* ends before it starts */
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct port_ranges segments = { .count = 7 };

		cr_expect_eq(ranges_flatten(rows[i], 3, &segments), -EINVAL, "row %zu", i);
		cr_expect_eq(segments.count, 7);
	}
}

static bool is_laminar(const struct port_range *ranges, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		for (size_t j = 0; j < count; j++) {
			if (ranges[i].first < ranges[j].first &&
			    ranges[j].first <= ranges[i].last && ranges[i].last < ranges[j].last)
				return false;
		}
	}
	return true;
}

Test(ranges, any_three_of_a_few_ports)
{
	int refused = 0, kept = 0;

	srand(4);
	for (int i = 0; i < 3000; i++) {
		struct port_range ranges[4];
		struct port_ranges segments;
		bool laminar;

		for (size_t j = 0; j < ARRAY_SIZE(ranges); j++) {
			int first = rand() % 10, last = first + rand() % 6;

			ranges[j] = (struct port_range){ (uint16_t)first, (uint16_t)last,
							 (uint16_t)j };
		}
		laminar = is_laminar(ranges, ARRAY_SIZE(ranges));
		cr_assert_eq(ranges_flatten(ranges, ARRAY_SIZE(ranges), &segments),
			     laminar ? 0 : -EINVAL);
		*(laminar ? &kept : &refused) += 1;
	}
	cr_expect(refused > 100 && kept > 100);
}
