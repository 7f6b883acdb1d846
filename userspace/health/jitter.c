// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* When the next check is due. */
#include "health/jitter.h"

void jitter_init(struct jitter *jitter, uint64_t seed)
{
	jitter->state = seed;
}

/* SplitMix64. Source: Steele, Lea, Flood, "Fast Splittable Pseudorandom Number Generators". */
static uint64_t next_random(struct jitter *jitter)
{
	uint64_t z = jitter->state += 0x9e3779b97f4a7c15;

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9;
	z = (z ^ z >> 27) * 0x94d049bb133111eb;
	return z ^ z >> 31;
}

uint64_t jitter_first_us(struct jitter *jitter, uint32_t interval_ms, size_t count)
{
	uint64_t spread_ms = count < interval_ms ? count : interval_ms;

	return next_random(jitter) % (spread_ms * 1000 + 1);
}

uint64_t jitter_next_us(struct jitter *jitter, uint32_t interval_ms)
{
	uint64_t tenth_us = interval_ms * 100ULL;

	return 9 * tenth_us + next_random(jitter) % (2 * tenth_us + 1);
}
