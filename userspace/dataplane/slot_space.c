// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "dataplane/slot_space.h"

#include <string.h>

static uint32_t blocks_of(unsigned bits)
{
	return 1u << (bits - RING_BITS_MIN);
}

void slot_space_init(struct slot_space *space)
{
	memset(space, 0, sizeof(*space));
}

void slot_space_mark(struct slot_space *space, uint32_t base, unsigned bits)
{
	memset(space->used + (base >> RING_BITS_MIN), 1, blocks_of(bits));
}

bool slot_space_take(struct slot_space *space, unsigned bits, uint32_t *base)
{
	uint32_t blocks = blocks_of(bits);

	for (uint32_t at = space->next[bits]; at + blocks <= SLOT_BLOCKS; at += blocks) {
		if (memchr(space->used + at, 1, blocks))
			continue;
		space->next[bits] = at + blocks;
		*base = at << RING_BITS_MIN;
		slot_space_mark(space, *base, bits);
		return true;
	}
	return false;
}
