// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Two samples of the reason counters -> packets per second, for `sluicectl status`. */
#include "stats/rates.h"

#include <string.h>

/* Counters that start anew (maps that were detached and loaded again) have not moved backwards. */
static uint64_t rise(uint64_t from, uint64_t to)
{
	return to > from ? to - from : 0;
}

void rates_sample(struct rates *rates, const uint64_t count[REASON_COUNT], uint64_t now_ms)
{
	uint64_t elapsed_ms = rise(rates->sampled_ms, now_ms);

	if (!elapsed_ms)
		return;
	for (size_t i = 0; i < REASON_COUNT && rates->sampled_ms; i++)
		rates->per_second[i] = 1000.0 * (double)rise(rates->count[i], count[i]) /
				       (double)elapsed_ms;
	memcpy(rates->count, count, sizeof(rates->count));
	rates->sampled_ms = now_ms;
}
