// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* bpf/port_range.h against looking at one range after the other. */
#include <criterion/criterion.h>
#include <stdint.h>
#include <stdlib.h>

#include "port_range.h"

static int reference(const struct port_ranges *ranges, uint32_t port)
{
	for (uint32_t i = 0; i < ranges->count; i++)
		if (port >= ranges->range[i].first && port <= ranges->range[i].last)
			return ranges->range[i].number;
	return -1;
}

static void expect_same_for_all_ports(const struct port_ranges *ranges)
{
	for (uint32_t port = 0; port <= 0xffff; port++)
		cr_assert_eq(find_port_range(ranges, (uint16_t)port), reference(ranges, port),
			     "port %u among %u ranges", port, ranges->count);
}

static int compare_ports(const void *a, const void *b)
{
	return *(const uint16_t *)a - *(const uint16_t *)b;
}

/* Disjoint, because they are cut from ascending, different ports. */
static struct port_ranges random_ranges(uint32_t count)
{
	struct port_ranges ranges = { .count = count };
	uint16_t port[2 * RANGES_MAX];

	for (size_t i = 0; i < 2 * count; i++)
		port[i] = (uint16_t)((65535 / (2 * RANGES_MAX)) * i + (size_t)random() % 500);
	qsort(port, 2 * count, sizeof(port[0]), compare_ports);
	for (uint32_t i = 0; i < count; i++)
		ranges.range[i] = (struct port_range){
			.first = port[2 * i],
			.last = random() % 4 ? port[2 * i + 1] : port[2 * i],
			.number = (uint16_t)random(),
		};
	return ranges;
}

Test(port_range, is_the_one_a_linear_search_finds)
{
	srandom(3);
	for (uint32_t count = 0; count <= RANGES_MAX; count++) {
		struct port_ranges ranges = random_ranges(count);

		expect_same_for_all_ports(&ranges);
	}
}

Test(port_range, of_all_ports_has_all_ports)
{
	struct port_ranges any = { .count = 1, .range = { { 0, 65535, 7 } } };

	expect_same_for_all_ports(&any);
}

Test(port_range, of_neighbours_ends_where_the_next_begins)
{
	struct port_ranges ranges = {
		.count = 3,
		.range = { { 1, 79, 0 }, { 80, 80, 1 }, { 81, 65535, 2 } },
	};

	expect_same_for_all_ports(&ranges);
}

/* A broken list may find nothing, but must not be read beyond its end. */
Test(port_range, a_count_too_high_reads_nothing_beyond)
{
	struct port_ranges *ranges = calloc(1, sizeof(*ranges));

	ranges->count = 1000000;
	cr_assert_eq(find_port_range(ranges, 65535), -1);
	free(ranges);
}
