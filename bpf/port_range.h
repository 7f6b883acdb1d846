/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Which of the port ranges of one address and protocol a port lies in. The ranges are disjoint and
 * ascending, so there is nothing to prefer: the daemon has cut `any` and wide ranges where narrower
 * ones begin.
 */
#pragma once

#include <linux/stddef.h>

#include "abi.h"

_Static_assert((RANGES_MAX & (RANGES_MAX - 1)) == 0, "halved at each step, and used as a mask");

/* The range's number, or -1. port is in host byte order. */
static __always_inline int find_port_range(const struct port_ranges *ranges, __u16 port)
{
	const struct port_range *range;
	__u32 at = 0;

	/* Afterwards at is the last range that begins at or before port, if any does. */
	for (__u32 step = RANGES_MAX / 2; step; step /= 2) {
		__u32 next = (at + step) & (RANGES_MAX - 1);

		if (next < ranges->count && ranges->range[next].first <= port)
			at = next;
	}
	range = &ranges->range[at];
	if (at >= ranges->count || port < range->first || port > range->last)
		return -1;
	return range->number;
}
