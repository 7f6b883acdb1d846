/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Random numbers that are the same on every machine: SplitMix64 (Steele, Lea and Flood, 2014). */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

static inline uint64_t random_next(uint64_t *state)
{
	uint64_t word = *state += 0x9e3779b97f4a7c15;

	word = (word ^ word >> 30) * 0xbf58476d1ce4e5b9;
	word = (word ^ word >> 27) * 0x94d049bb133111eb;
	return word ^ word >> 31;
}

/* 0 .. count - 1 */
static inline uint32_t random_below(uint64_t *state, uint32_t count)
{
	return (uint32_t)(random_next(state) % count);
}

static inline bool random_percent(uint64_t *state, uint32_t percent)
{
	return random_below(state, 100) < percent;
}

#define random_of(state, array) ((array)[random_below(state, sizeof(array) / sizeof((array)[0]))])
