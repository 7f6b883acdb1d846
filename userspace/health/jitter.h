/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * When the next check is due: at random, so that checks which began together drift apart and
 * neither the gateway nor a target with many addresses sees them in bursts. Pure.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

struct jitter {
	uint64_t state;
};

void jitter_init(struct jitter *jitter, uint64_t seed);

/*
 * Until the first check of one of count targets that are new at the same time: about one a
 * millisecond, so that a handful is checked at once, but all within the interval.
 */
uint64_t jitter_first_us(struct jitter *jitter, uint32_t interval_ms, size_t count);

/* From the start of one check to the start of the next: the interval, 10 % more or less. */
uint64_t jitter_next_us(struct jitter *jitter, uint32_t interval_ms);
