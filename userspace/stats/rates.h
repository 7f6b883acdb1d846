/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Packets per second by reason, from two samples of the reason counters. Pure. */
#pragma once

#include <stdint.h>

#include "reasons.h"

struct rates {
	uint64_t sampled_ms;			/* monotonic; 0: no sample yet */
	uint64_t count[REASON_COUNT];
	double per_second[REASON_COUNT];	/* over the last full window */
};

/*
 * Takes a sample; the rates are those since the previous one, 0 after the first and for a counter
 * that went backwards. A sample without time in between changes nothing.
 */
void rates_sample(struct rates *rates, const uint64_t count[REASON_COUNT], uint64_t now_ms);
