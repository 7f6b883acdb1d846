/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The two clocks, in milliseconds. Pure modules take the time as an argument instead. */
#pragma once

#include <stdint.h>
#include <time.h>

static inline uint64_t clock_ms(clockid_t id)
{
	struct timespec now;

	clock_gettime(id, &now);
	return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

/* For intervals: not set back by anyone. */
static inline uint64_t monotonic_ms(void)
{
	return clock_ms(CLOCK_MONOTONIC);
}

/* Unix time: for moments that must survive a restart. */
static inline uint64_t wall_ms(void)
{
	return clock_ms(CLOCK_REALTIME);
}
