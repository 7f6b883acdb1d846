/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The history of one slot: what becomes of its word when its target changes, when a target dies and
 * when time passes. Pure; time is an argument, in seconds. bpf/affinity.h reads what this writes.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "abi.h"

enum {
	/* The longest window: half of what the deadline's bits can tell apart. */
	HISTORY_WINDOW_MAX = (1 << (SLOT_DEADLINE_BITS - 1)) - 1,
	/* Seconds added to every window: slots are stored a while after `now` was read. */
	HISTORY_SLACK = 10,
};

/*
 * The slot gets another target (0: none). keeps says that flows of its present target are to stay,
 * that is, that the present target is alive: then a stable or tracking slot learns for window and
 * HISTORY_SLACK seconds. A slot that is learning already keeps its previous target and its
 * deadline. Where there is nothing to keep, or nothing changes, the condition stays.
 */
union slot slot_change(union slot slot, uint32_t current, bool keeps, uint32_t now,
		       uint32_t window);

/*
 * The slot's previous target has died: flows that are not recorded have no target any more, and all
 * others are recorded, so the slot is tracking.
 */
union slot slot_bury(union slot slot);

/*
 * Time has passed. Learning ends at the deadline: the slot is tracking. A tracking slot that no
 * living flow needs (none is recorded on another target than the current one) is stable.
 */
union slot slot_end_learning(union slot slot, uint32_t now);
union slot slot_settle(union slot slot);
