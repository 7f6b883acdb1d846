/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Which parts of the map slots are free: power-of-two regions, aligned to their size. Pure. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "abi.h"

enum { SLOT_BLOCKS = SLOTS_MAX >> RING_BITS_MIN };

struct slot_space {
	uint8_t used[SLOT_BLOCKS];	/* blocks of the smallest ring's size */
	/* by bits: no free region of this size before this block */
	uint32_t next[RING_BITS_MAX + 1];
};

void slot_space_init(struct slot_space *space);

/* Marks a region as taken; overlapping ones are fine. */
void slot_space_mark(struct slot_space *space, uint32_t base, unsigned bits);

/* Finds and marks a free region; false if there is none. */
bool slot_space_take(struct slot_space *space, unsigned bits, uint32_t *base);
