// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Random changes of a world's setup: see random_setup.h. */
#include "random_setup.h"

#include "random_edit.h"

static const struct {
	uint32_t weight;
	bool (*make)(struct edit *edit);
} edits[] = {
	{ 3, edit_add_group },
	{ 3, edit_remove_group },
	{ 5, edit_group },
	{ 16, edit_add_targets },
	{ 12, edit_return_target },
	{ 18, edit_remove_targets },
	{ 11, edit_weight },
	{ 12, edit_add_listener },
	{ 10, edit_remove_listener },
	{ 13, edit_move_listener },
	{ 8, edit_join_listener },
	{ 4, edit_affinity },
};

static bool make_edit(struct edit *edit)
{
	uint32_t sum = 0, chosen;

	for (size_t i = 0; i < sizeof(edits) / sizeof(edits[0]); i++)
		sum += edits[i].weight;
	chosen = below(edit, sum);
	for (size_t i = 0;; chosen -= edits[i++].weight) {
		if (chosen < edits[i].weight)
			return edits[i].make(edit);
	}
}

void random_edit(struct world *world, uint64_t *random, int favourite, FILE *words)
{
	struct edit edit = { world, world_edit(world), random, words, favourite };
	int wanted = random_percent(random, 75) ? 1 : 2 + (int)random_below(random, 3);

	while (wanted)
		wanted -= make_edit(&edit);
}

static int group_of(struct edit *edit, int listener)
{
	int number = (int)below(edit, WORLD_GROUPS);

	while (edit->setup->listener[listener].weight[number] == WORLD_NOT_ROUTED)
		number = (number + 1) % WORLD_GROUPS;
	return number;
}

int random_leave(struct world *world, uint64_t *random, int *favourite, FILE *words)
{
	struct edit edit = { world, world_edit(world), random, words, -1 };
	int number = edit_pick_listener(&edit, true);

	if (number < 0)
		return -1;
	*favourite = edit.favourite = group_of(&edit, number);
	if (random_percent(random, 60)) {
		edit.setup->listener[number].exists = false;
		fprintf(words, " -l%d", number);
		for (uint32_t i = random_below(random, 4); i; i--)
			edit_remove_targets(&edit);
	} else {
		edit_affinity_of(&edit, number, true);
	}
	return number;
}

void random_return(struct world *world, uint64_t *random, int listener, int *favourite,
		   FILE *words)
{
	struct edit edit = { world, world_edit(world), random, words, -1 };

	if (edit.setup->listener[listener].hash)
		edit_affinity_of(&edit, listener, false);
	if (!edit.setup->listener[listener].exists)
		edit_bring_back(&edit, listener);
	if (edit.setup->listener[listener].exists)
		*favourite = group_of(&edit, listener);
}

void random_beginning(struct world *world, uint64_t *random, FILE *words)
{
	struct edit edit = { world, NULL, random, words, -1 };

	for (int i = 0; i < WORLD_LISTENERS; i++) {
		struct world_listener *listener = &world->now.listener[i];

		for (int j = 0; j < WORLD_GROUPS; j++)
			listener->weight[j] = WORLD_NOT_ROUTED;
		listener->is_v6 = edit_listener_is_v6(i);
		listener->is_udp = edit_listener_is_udp(i);
	}
	edit.setup = world_edit(world);
	for (int i = 0; i < WORLD_GROUPS - 1; i++)
		edit_add_group(&edit);
	for (int i = 0; i < WORLD_LISTENERS - 1; i++)
		edit_add_listener(&edit);
	for (int i = 0; i < 3; i++)
		edit_affinity(&edit);
}

/* A whole group goes down now and then: then it fails open. */
void random_health(struct world *world, uint64_t *random, bool no_news, FILE *words)
{
	struct world_setup *setup = world_edit(world);
	int stricken = random_percent(random, 10) ? (int)random_below(random, WORLD_GROUPS) : -1;

	for (int place = 0; place < WORLD_PLACES; place++) {
		int group = place / WORLD_TARGETS;
		struct world_target *target = &setup->group[group].target[place % WORLD_TARGETS];
		enum world_health health = target->health;

		if (!target->registered)
			continue;
		if (!world_uses(setup, group))
			health = WORLD_UNKNOWN;
		else if (target->unclear)
			health = WORLD_UP;
		else if (health == WORLD_UNKNOWN)
			health = random_percent(random, 90) ? WORLD_UP : WORLD_DOWN;
		else if (!no_news && group == stricken)
			health = WORLD_DOWN;
		else if (!no_news && random_percent(random, health == WORLD_UP ? 4 : 40))
			health = health == WORLD_UP ? WORLD_DOWN : WORLD_UP;
		if (health != target->health)
			fprintf(words, " g%d.t%d %s", group, place % WORLD_TARGETS,
				health == WORLD_UP ? "up" : health ? "down" : "unused");
		world_check(world, target, health);
	}
}

int random_victim(const struct world *world, uint64_t *random)
{
	int first = (int)random_below(random, WORLD_PLACES);

	for (int i = 0; i < WORLD_PLACES; i++) {
		int place = (first + i) % WORLD_PLACES;
		const struct world_target *target =
			&world->now.group[place / WORLD_TARGETS].target[place % WORLD_TARGETS];

		if (target->registered || target->alive)
			return place;
	}
	return WORLD_NOWHERE;
}
