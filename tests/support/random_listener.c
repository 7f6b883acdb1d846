// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Random edits of listeners: see random_edit.h. */
#include "random_edit.h"

#include <string.h>

/* Families and protocols are mixed, and always the same for one number. */
bool edit_listener_is_v6(int listener)
{
	return listener == 3 || listener == 4 || listener == 6;
}

bool edit_listener_is_udp(int listener)
{
	return listener == 2 || listener == 4;
}

/* A random listener that is (not) there, -1 if there is none. */
int edit_pick_listener(struct edit *edit, bool exists)
{
	int first = (int)below(edit, WORLD_LISTENERS);

	for (int i = 0; i < WORLD_LISTENERS; i++) {
		int number = (first + i) % WORLD_LISTENERS;

		if (edit->setup->listener[number].exists == exists)
			return number;
	}
	return -1;
}

static void say_routing(struct edit *edit, int number)
{
	const struct world_listener *listener = &edit->setup->listener[number];

	fprintf(edit->words, " l%d->", number);
	for (int i = 0; i < WORLD_GROUPS; i++) {
		if (listener->weight[i] != WORLD_NOT_ROUTED)
			fprintf(edit->words, "g%d=%d,", i, listener->weight[i]);
	}
}

static bool can_route(const struct edit *edit, int number, int group)
{
	return edit->setup->group[group].exists &&
	       edit->setup->group[group].is_v6 == edit_listener_is_v6(number);
}

/* Mostly one group, as most have it, so that rings are shared. False if there is none. */
static bool set_routing(struct edit *edit, int number)
{
	static const int weights[] = { 1, 1, 2, 9, 10, 0 };
	struct world_listener *listener = &edit->setup->listener[number];
	int wanted = percent(edit, 60) ? 1 : 2 + (int)below(edit, 2), found = 0;
	int first = (int)below(edit, WORLD_GROUPS), weight[WORLD_GROUPS];

	for (int i = 0; i < WORLD_GROUPS; i++) {
		int group = (first + i) % WORLD_GROUPS;

		weight[group] = WORLD_NOT_ROUTED;
		if (found == wanted || !can_route(edit, number, group))
			continue;
		weight[group] = wanted == 1 ? 1 : random_of(edit->random, weights);
		found++;
	}
	if (!found)
		return false;
	memcpy(listener->weight, weight, sizeof(weight));
	say_routing(edit, number);
	return true;
}

/* The routing that the listener had before it was removed. */
static bool restore_routing(struct edit *edit, int number)
{
	bool any = false;

	for (int i = 0; i < WORLD_GROUPS; i++) {
		int *weight = &edit->setup->listener[number].weight[i];

		if (!can_route(edit, number, i))
			*weight = WORLD_NOT_ROUTED;
		any |= *weight != WORLD_NOT_ROUTED;
	}
	return any;
}

bool edit_bring_back(struct edit *edit, int number)
{
	if (!(percent(edit, 50) && restore_routing(edit, number)) && !set_routing(edit, number))
		return false;
	fprintf(edit->words, " +l%d", number);
	edit->setup->listener[number].exists = true;
	return true;
}

bool edit_add_listener(struct edit *edit)
{
	int number = edit_pick_listener(edit, false);

	return number >= 0 && edit_bring_back(edit, number);
}

bool edit_remove_listener(struct edit *edit)
{
	int number = edit_pick_listener(edit, true);

	if (number < 0)
		return false;
	edit->setup->listener[number].exists = false;
	fprintf(edit->words, " -l%d", number);
	return true;
}

bool edit_move_listener(struct edit *edit)
{
	int number = edit_pick_listener(edit, true);

	return number >= 0 && set_routing(edit, number);
}

/* To the routing that another one has already. */
bool edit_join_listener(struct edit *edit)
{
	int number = edit_pick_listener(edit, true), other = edit_pick_listener(edit, true);

	if (number < 0 || other == number ||
	    edit_listener_is_v6(number) != edit_listener_is_v6(other))
		return false;
	memcpy(edit->setup->listener[number].weight, edit->setup->listener[other].weight,
	       sizeof(edit->setup->listener[number].weight));
	say_routing(edit, number);
	return true;
}

void edit_affinity_of(struct edit *edit, int number, bool hash)
{
	struct world_listener *listener = &edit->setup->listener[number];

	listener->hash = hash;
	listener->tracked = !hash && percent(edit, 30);
	fprintf(edit->words, " l%d is %s", number,
		hash ? "hash" : listener->tracked ? "tracked" : "auto");
}

bool edit_affinity(struct edit *edit)
{
	int number = edit_pick_listener(edit, true);

	if (number >= 0)
		edit_affinity_of(edit, number, percent(edit, 10));
	return number >= 0;
}
