// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Random edits of groups and targets: see random_edit.h. */
#include "random_edit.h"

/*
 * What one edit did the next one must leave alone, so both setups are looked at. A random group
 * that is (not) there, NULL if there is none.
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

bool edit_add_group(struct edit *edit)
{
	static const uint32_t intervals[] = { 0, 40, 200 };
	struct world_group *group = pick_group(edit, false);

	if (!group)
		return false;
	group->exists = true;
	group->is_v6 = number_of(edit, group) >= EDIT_GROUPS_V4;
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

bool edit_remove_group(struct edit *edit)
{
	struct world_group *group = pick_group(edit, true);

	if (!group || world_uses(edit->setup, number_of(edit, group)))
		return false;
	*group = edit->world->now.group[number_of(edit, group)];
	world_remove_group(group);
	fprintf(edit->words, " -g%d", number_of(edit, group));
	return true;
}

bool edit_group(struct edit *edit)
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

bool edit_add_targets(struct edit *edit)
{
	struct world_group *group = pick_group(edit, true);

	if (group)
		register_targets(edit, group, percent(edit, 80) ? 1 : 2 + (int)below(edit, 10));
	return group;
}

/* One that drains, if it can be found. */
bool edit_return_target(struct edit *edit)
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

bool edit_remove_targets(struct edit *edit)
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

bool edit_weight(struct edit *edit)
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
