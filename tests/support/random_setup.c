// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Random changes of a world's setup: see random_setup.h. */
#include "random_setup.h"

#include <stdbool.h>
#include <string.h>

#include "flow_world.h"
#include "random.h"

enum { GROUPS_V4 = 4 };

struct edit {
	struct world *world;
	struct world_setup *setup;
	uint64_t *random;
	FILE *words;
	int favourite;			/* a group, -1: none */
};

static uint32_t below(struct edit *edit, uint32_t count)
{
	return random_below(edit->random, count);
}

static bool percent(struct edit *edit, uint32_t chance)
{
	return random_percent(edit->random, chance);
}

/*
 * ---- groups -----------------------------------------------------------------------------------
 */

/*
 * What one edit did the next one must leave alone, so both setups are looked at. A random group that
 * is (not) there, NULL if there is none.
 */
static struct world_group *pick_group(struct edit *edit, bool exists)
{
	int first = (int)below(edit, WORLD_GROUPS);

	if (edit->favourite >= 0 && percent(edit, 60))
		first = edit->favourite;
	for (int i = 0; i < WORLD_GROUPS; i++) {
		int number = (first + i) % WORLD_GROUPS;

		if (edit->setup->group[number].exists == exists &&
		    edit->world->now.group[number].exists == exists)
			return &edit->setup->group[number];
	}
	return NULL;
}

static int number_of(const struct edit *edit, const struct world_group *group)
{
	return (int)(group - edit->setup->group);
}

/* A random one of the group's targets that is (not) registered, NULL if there is none. */
static struct world_target *pick_target(struct edit *edit, struct world_group *group,
					bool registered)
{
	const struct world_group *before = &edit->world->now.group[number_of(edit, group)];
	uint32_t first = below(edit, WORLD_TARGETS);

	for (uint32_t i = 0; i < WORLD_TARGETS; i++) {
		uint32_t number = (first + i) % WORLD_TARGETS;

		if (group->target[number].registered == registered &&
		    before->target[number].registered == registered)
			return &group->target[number];
	}
	return NULL;
}

static uint16_t random_weight(struct edit *edit)
{
	static const uint16_t weights[] = { 1, 1, 1, 1, 1, 1, 2, 3, 0 };

	return random_of(edit->random, weights);
}

static void say_target(struct edit *edit, const struct world_group *group, const char *what,
		       const struct world_target *target)
{
	fprintf(edit->words, " g%d%st%d", number_of(edit, group), what,
		(int)(target - group->target));
}

static void register_target(struct edit *edit, struct world_group *group,
			    struct world_target *target)
{
	world_register(target, random_weight(edit));
	say_target(edit, group, "+", target);
	fprintf(edit->words, "(weight %u%s)", target->weight, target->alive ? ", back" : "");
}

static void register_targets(struct edit *edit, struct world_group *group, int count)
{
	struct world_target *target;

	while (count-- && (target = pick_target(edit, group, false)))
		register_target(edit, group, target);
}

static uint32_t random_idle_timeout(struct edit *edit)
{
	static const uint32_t timeouts[] = { 60, 60, 75, 120, 350, 350 };

	return random_of(edit->random, timeouts);
}

static uint32_t random_delay(struct edit *edit)
{
	static const uint32_t delays[] = { 0, 0, 5, 30, 300 };

	return random_of(edit->random, delays);
}

static uint32_t random_slow_start(struct edit *edit)
{
	static const uint32_t times[] = { 0, 0, 0, 30, 200 };

	return random_of(edit->random, times);
}

static void say_group(struct edit *edit, const struct world_group *group)
{
	fprintf(edit->words, " g%d{%s idle %u delay %u%s unhealthy %s/%u slow %u}",
		number_of(edit, group), group->is_nat ? "nat" : "ipip", group->idle_timeout,
		group->delay, group->termination ? " terminates" : "",
		group->unhealthy_termination ? "terminates" : "stays", group->unhealthy_interval,
		group->slow_start);
}

/* Whose draining is over, and whose flows are not. */
static bool has_lingering(const struct edit *edit, const struct world_group *group)
{
	for (int i = 0; i < WORLD_TARGETS; i++) {
		const struct world_target *target = &group->target[i];

		if (!target->registered && target->alive &&
		    edit->world->clock >= target->drain_end)
			return true;
	}
	return false;
}

static bool add_group(struct edit *edit)
{
	static const uint32_t intervals[] = { 0, 40, 200 };
	struct world_group *group = pick_group(edit, false);

	if (!group)
		return false;
	group->exists = true;
	group->is_v6 = number_of(edit, group) >= GROUPS_V4;
	group->is_nat = percent(edit, 10);
	group->idle_timeout = random_idle_timeout(edit);
	group->delay = random_delay(edit);
	group->termination = percent(edit, 25) && !has_lingering(edit, group);
	group->unhealthy_termination = percent(edit, 60);
	group->unhealthy_interval = 0;
	if (!group->unhealthy_termination)
		group->unhealthy_interval = random_of(edit->random, intervals);
	group->slow_start = random_slow_start(edit);
	say_group(edit, group);
	register_targets(edit, group, 1 + (int)below(edit, 4));
	return true;
}

static bool remove_group(struct edit *edit)
{
	struct world_group *group = pick_group(edit, true);

	if (!group || world_uses(edit->setup, number_of(edit, group)))
		return false;
	*group = edit->world->now.group[number_of(edit, group)];
	world_remove_group(group);
	fprintf(edit->words, " -g%d", number_of(edit, group));
	return true;
}

static bool set_group(struct edit *edit)
{
	struct world_group *group = pick_group(edit, true);

	if (!group)
		return false;
	if (percent(edit, 50))
		group->idle_timeout = random_idle_timeout(edit);
	if (percent(edit, 50))
		group->delay = random_delay(edit);
	if (percent(edit, 20) && !has_lingering(edit, group))
		group->termination = !group->termination;
	if (percent(edit, 30))
		group->slow_start = random_slow_start(edit);
	say_group(edit, group);
	return true;
}

/*
 * ---- targets ----------------------------------------------------------------------------------
 */

static bool add_targets(struct edit *edit)
{
	struct world_group *group = pick_group(edit, true);

	if (group)
		register_targets(edit, group, percent(edit, 80) ? 1 : 2 + (int)below(edit, 10));
	return group;
}

/* One that drains, if it can be found. */
static bool return_target(struct edit *edit)
{
	struct world_group *group = pick_group(edit, true);

	for (int i = 0; group && i < WORLD_TARGETS; i++) {
		struct world_target *target = pick_target(edit, group, false);

		if (!target || !target->alive)
			continue;
		register_target(edit, group, target);
		return true;
	}
	return false;
}

static bool remove_targets(struct edit *edit)
{
	struct world_group *group = pick_group(edit, true);
	int count = percent(edit, 80) ? 1 : 1 + (int)below(edit, 6);
	struct world_target *target;

	while (group && count-- && (target = pick_target(edit, group, true))) {
		world_remove(target);
		say_target(edit, group, "-", target);
	}
	return group;
}

static bool set_weight(struct edit *edit)
{
	struct world_group *group = pick_group(edit, true);
	struct world_target *target = group ? pick_target(edit, group, true) : NULL;

	if (!target)
		return false;
	target->weight = random_weight(edit);
	say_target(edit, group, ".", target);
	fprintf(edit->words, "=%u", target->weight);
	return true;
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

/*
 * ---- listeners --------------------------------------------------------------------------------
 */

/* Families and protocols are mixed, and always the same for one number. */
static bool is_v6(int listener)
{
	return listener == 3 || listener == 4 || listener == 6;
}

static bool is_udp(int listener)
{
	return listener == 2 || listener == 4;
}

/* A random listener that is (not) there, -1 if there is none. */
static int pick_listener(struct edit *edit, bool exists)
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
	       edit->setup->group[group].is_v6 == is_v6(number);
}

/* Mostly one group, as most have it, so that rings are shared. False if there is none to send to. */
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

static bool bring_back(struct edit *edit, int number)
{
	if (!(percent(edit, 50) && restore_routing(edit, number)) && !set_routing(edit, number))
		return false;
	fprintf(edit->words, " +l%d", number);
	edit->setup->listener[number].exists = true;
	return true;
}

static bool add_listener(struct edit *edit)
{
	int number = pick_listener(edit, false);

	return number >= 0 && bring_back(edit, number);
}

static bool remove_listener(struct edit *edit)
{
	int number = pick_listener(edit, true);

	if (number < 0)
		return false;
	edit->setup->listener[number].exists = false;
	fprintf(edit->words, " -l%d", number);
	return true;
}

static bool move_listener(struct edit *edit)
{
	int number = pick_listener(edit, true);

	return number >= 0 && set_routing(edit, number);
}

/* To the routing that another one has already. */
static bool join_listener(struct edit *edit)
{
	int number = pick_listener(edit, true), other = pick_listener(edit, true);

	if (number < 0 || other == number || is_v6(number) != is_v6(other))
		return false;
	memcpy(edit->setup->listener[number].weight, edit->setup->listener[other].weight,
	       sizeof(edit->setup->listener[number].weight));
	say_routing(edit, number);
	return true;
}

static void set_affinity_of(struct edit *edit, int number, bool hash)
{
	struct world_listener *listener = &edit->setup->listener[number];

	listener->hash = hash;
	listener->tracked = !hash && percent(edit, 30);
	fprintf(edit->words, " l%d is %s", number,
		hash ? "hash" : listener->tracked ? "tracked" : "auto");
}

static bool set_affinity(struct edit *edit)
{
	int number = pick_listener(edit, true);

	if (number >= 0)
		set_affinity_of(edit, number, percent(edit, 10));
	return number >= 0;
}

/*
 * ---- edits ------------------------------------------------------------------------------------
 */

static const struct {
	uint32_t weight;
	bool (*make)(struct edit *edit);
} edits[] = {
	{ 3, add_group },	{ 3, remove_group },   { 5, set_group },
	{ 16, add_targets },	{ 12, return_target }, { 18, remove_targets },
	{ 11, set_weight },	{ 12, add_listener },  { 10, remove_listener },
	{ 13, move_listener },	{ 8, join_listener },  { 4, set_affinity },
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
	int number = pick_listener(&edit, true);

	if (number < 0)
		return -1;
	*favourite = edit.favourite = group_of(&edit, number);
	if (random_percent(random, 60)) {
		edit.setup->listener[number].exists = false;
		fprintf(words, " -l%d", number);
		for (uint32_t i = random_below(random, 4); i; i--)
			remove_targets(&edit);
	} else {
		set_affinity_of(&edit, number, true);
	}
	return number;
}

void random_return(struct world *world, uint64_t *random, int listener, int *favourite, FILE *words)
{
	struct edit edit = { world, world_edit(world), random, words, -1 };

	if (edit.setup->listener[listener].hash)
		set_affinity_of(&edit, listener, false);
	if (!edit.setup->listener[listener].exists)
		bring_back(&edit, listener);
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
		listener->is_v6 = is_v6(i);
		listener->is_udp = is_udp(i);
	}
	edit.setup = world_edit(world);
	for (int i = 0; i < WORLD_GROUPS - 1; i++)
		add_group(&edit);
	for (int i = 0; i < WORLD_LISTENERS - 1; i++)
		add_listener(&edit);
	for (int i = 0; i < 3; i++)
		set_affinity(&edit);
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
