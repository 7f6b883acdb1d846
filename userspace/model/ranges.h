/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Port ranges that lie within each other -> disjoint segments for the data plane. Pure. */
#pragma once

#include <stddef.h>

#include "abi.h"

/*
 * Splits the ranges of one address and protocol into ascending segments, each with the number of
 * the narrowest range around it; neighbours of the same number become one. Any two ranges must be
 * nested or apart; of equal ones the later wins. -E2BIG if there are more than RANGES_MAX segments,
 * -EINVAL if two ranges overlap in part or one ends before it starts, -ENOMEM. out is untouched on
 * failure.
 */
int ranges_flatten(const struct port_range *ranges, size_t count, struct port_ranges *out);
