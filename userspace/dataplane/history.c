// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "dataplane/history.h"

enum { DEADLINE_MASK = (1 << SLOT_DEADLINE_BITS) - 1 };

/*
 * While a slot learns, whoever is not recorded began before the first change: so previous stays,
 * whatever changes follow, and the deadline too, for by then every flow of that time has spoken.
 */
union slot slot_change(union slot slot, uint32_t current, bool keeps, uint32_t now,
		       uint32_t window)
{
	if (slot.current == current)
		return slot;
	if (keeps && slot.condition != SLOT_LEARNING) {
		slot.previous = slot.current;
		slot.condition = SLOT_LEARNING;
		slot.deadline = (now + window + HISTORY_SLACK) & DEADLINE_MASK;
	}
	slot.current = current;
	return slot;
}

static union slot track(union slot slot)
{
	return (union slot){ .current = slot.current, .condition = SLOT_TRACKING };
}

union slot slot_bury(union slot slot)
{
	return slot.condition == SLOT_LEARNING ? track(slot) : slot;
}

/* Longer past than the bits can tell looks like not yet: learning for longer does no harm. */
union slot slot_end_learning(union slot slot, uint32_t now)
{
	uint32_t past = (now - (uint32_t)slot.deadline) & DEADLINE_MASK;

	return slot.condition == SLOT_LEARNING && past <= HISTORY_WINDOW_MAX ? track(slot) : slot;
}

union slot slot_settle(union slot slot)
{
	return slot.condition == SLOT_TRACKING ? (union slot){ .current = slot.current } : slot;
}
