/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Single edits of a setup: random_setup.c chooses them. Private to it and those who make them. */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "flow_world.h"
#include "random.h"

struct edit {
	struct world *world;
	struct world_setup *setup;
	uint64_t *random;
	FILE *words;
	int favourite;			/* a group, -1: none */
};

static inline uint32_t below(struct edit *edit, uint32_t count)
{
	return random_below(edit->random, count);
}

static inline bool percent(struct edit *edit, uint32_t chance)
{
	return random_percent(edit->random, chance);
}

/* Each makes one edit, false if there is nothing to edit. Groups and targets (random_group.c): */
bool edit_add_group(struct edit *edit);
bool edit_remove_group(struct edit *edit);
bool edit_group(struct edit *edit);
bool edit_add_targets(struct edit *edit);
bool edit_return_target(struct edit *edit);
bool edit_remove_targets(struct edit *edit);
bool edit_weight(struct edit *edit);

/* Listeners (random_listener.c): */
bool edit_add_listener(struct edit *edit);
bool edit_remove_listener(struct edit *edit);
bool edit_move_listener(struct edit *edit);
bool edit_join_listener(struct edit *edit);
bool edit_affinity(struct edit *edit);

/* The parts that random_leave, random_return and random_beginning are made of. */
enum { EDIT_GROUPS_V4 = 4 };		/* groups below are IPv4 */
bool edit_listener_is_v6(int listener);
bool edit_listener_is_udp(int listener);
int edit_pick_listener(struct edit *edit, bool exists);		/* -1: there is none */
bool edit_bring_back(struct edit *edit, int listener);
void edit_affinity_of(struct edit *edit, int listener, bool hash);
