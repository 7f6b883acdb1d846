// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* The slots of a ring that go on from those of another, or of its own past. Part of compile. */
#include <stdlib.h>

#include "dataplane/compile_parts.h"
#include "dataplane/history.h"

static bool is_alive(const struct compilation *c, uint32_t id)
{
	return id && c->alive[TARGET_INDEX(id)] == id;
}

static union slot follow(const struct compilation *c, union slot slot, uint32_t id,
			 uint32_t window)
{
	if (!is_alive(c, slot.previous))
		slot = slot_bury(slot);
	return slot_change(slot, id, is_alive(c, slot.current), c->now, window);
}

/*
 * Without history, flows were left where they had been recorded before, or were not. Tracking looks
 * for them; the next sweep finds out where that is needed.
 */
static union slot begin_history(union slot slot)
{
	return (union slot){ .current = slot.current, .condition = SLOT_TRACKING };
}

/* Slots are named by top bits of the hash: of a larger ring, several come from each old one. */
struct ring_slots *ring_slots_follow(const struct compilation *c, const struct image_ring *origin,
				     const uint32_t *ids, unsigned bits, uint32_t window)
{
	struct ring_slots *slots = ring_slots_new(bits);
	unsigned shift = origin ? bits - origin->bits : 0;

	for (uint32_t i = 0; i < 1u << bits && slots; i++) {
		union slot before = { .word = 0 };

		if (origin)
			before = origin->slots->slot[i >> shift];
		if (origin && origin->hashed)
			before = begin_history(before);
		slots->slot[i] = follow(c, before, ids[i], window);
		slots->unsettled += slots->slot[i].condition != SLOT_STABLE;
	}
	return slots;
}
