// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* A load balancer as its users see it: the setups, and how they change. See flow_world.h. */
#include "flow_world.h"

#include <stdlib.h>

#include "flow_world_parts.h"

void world_init(struct world *world, size_t flows, uint32_t clock)
{
	*world = (struct world){ .clock = clock, .flow_count = flows };
	world->flows = calloc(flows, sizeof(*world->flows));
	if (!world->flows)
		abort();
	for (size_t i = 0; i < flows; i++)
		world->flows[i].last = world->flows[i].quiet_until = clock;
}

void world_clean(struct world *world)
{
	free(world->flows);
	world->flows = NULL;
}

static struct world_target *target_at(struct world_setup *setup, int place)
{
	return &setup->group[place / WORLD_TARGETS].target[place % WORLD_TARGETS];
}

/*
 * ---- targets ----------------------------------------------------------------------------------
 */

static bool wants_flows(const struct world_target *target)
{
	return target->registered && target->weight;
}

/* All that could take new flows are down: better one of them than none. */
static bool fails_open(const struct world_group *group)
{
	bool any = false;

	for (int i = 0; i < WORLD_TARGETS; i++) {
		if (!wants_flows(&group->target[i]))
			continue;
		if (group->target[i].health != WORLD_DOWN)
			return false;
		any = true;
	}
	return any;
}

bool world_in_service(const struct world_group *group, const struct world_target *target)
{
	return wants_flows(target) && (target->health == WORLD_UP || fails_open(group));
}

bool world_uses(const struct world_setup *setup, int group)
{
	for (int i = 0; i < WORLD_LISTENERS; i++) {
		if (setup->listener[i].exists &&
		    setup->listener[i].weight[group] != WORLD_NOT_ROUTED)
			return true;
	}
	return false;
}

bool world_routes(const struct world_setup *setup, int listener, int group)
{
	return setup->listener[listener].exists && setup->listener[listener].weight[group] > 0;
}

bool world_serves(const struct world_setup *setup, int listener, int place)
{
	int group = place / WORLD_TARGETS;

	return world_routes(setup, listener, group) &&
	       world_in_service(&setup->group[group], world_target(setup, place));
}

bool world_serves_any(const struct world_setup *setup, int listener)
{
	for (int place = 0; place < WORLD_PLACES; place++) {
		if (world_serves(setup, listener, place))
			return true;
	}
	return false;
}

void world_register(struct world_target *target, uint16_t weight)
{
	if (!target->registered) {
		target->health = WORLD_UNKNOWN;
		target->unclear = target->alive;
	}
	target->registered = true;
	target->weight = weight;
}

void world_remove(struct world_target *target)
{
	target->registered = false;
	target->health = WORLD_UNKNOWN;
}

void world_kill(struct world_target *target)
{
	target->registered = false;
	target->health = WORLD_UNKNOWN;
	target->alive = false;
}

void world_remove_group(struct world_group *group)
{
	group->exists = false;
	for (int i = 0; i < WORLD_TARGETS; i++) {
		if (group->target[i].registered)
			world_remove(&group->target[i]);
	}
}

void world_check(struct world *world, struct world_target *target, enum world_health health)
{
	if (health == WORLD_DOWN && target->health != WORLD_DOWN) {
		target->down_since = world->clock;
		target->down_alive = target->alive;
	}
	target->health = health;
	target->unclear &= health != WORLD_UP;
}

/* Flows that outlive their target's health do so for the interval, 0 being for ever. */
static bool dies_of_health(const struct world *world, const struct world_group *group,
			   const struct world_target *target)
{
	if (target->health != WORLD_DOWN)
		return false;
	if (group->unhealthy_termination || (group->unhealthy_interval && !target->down_alive))
		return true;
	return group->unhealthy_interval &&
	       world->clock >= target->down_since + group->unhealthy_interval;
}

static void settle(struct world *world, int place)
{
	struct world_group *group = &world->next.group[place / WORLD_TARGETS];
	struct world_target *target = target_at(&world->next, place);
	bool alive = target->alive;

	if (!target->registered && world_target(&world->now, place)->registered)
		target->drain_end = world->clock + group->delay;
	if (!target->registered)
		alive &= !group->termination || world->clock < target->drain_end;
	else if (world_in_service(group, target) || target->health == WORLD_UP)
		alive = true;
	else
		alive &= !dies_of_health(world, group, target);
	if (alive && !target->alive)
		target->life = ++world->lives;
	target->alive = alive;
}

/*
 * ---- changes ----------------------------------------------------------------------------------
 */

struct world_setup *world_edit(struct world *world)
{
	world->next = world->now;
	return &world->next;
}

/* A flow knows the shortest timeout since its last packet. */
static void follow_setup(const struct world *world, struct world_flow *flow)
{
	const struct world_group *group = &world->next.group[flow->place / WORLD_TARGETS];

	flow->is_new = false;
	if (!world->next.listener[flow->listener].is_udp && group->idle_timeout < flow->timeout)
		flow->timeout = group->idle_timeout;
}

void world_begin(struct world *world)
{
	for (int place = 0; place < WORLD_PLACES; place++)
		settle(world, place);
	for (size_t i = 0; i < world->flow_count; i++)
		follow_setup(world, &world->flows[i]);
	world->change = WORLD_CHANGING;
}

void world_lose_flow(const struct world *world, struct world_flow *flow)
{
	flow->lives = false;
	if (world->now.listener[flow->listener].is_udp)
		flow->quiet_until = world->clock + WORLD_UDP_TIMEOUT + WORLD_MARGIN;
}

/* Without promises it is no flow. */
static void follow_affinity(const struct world *world, struct world_flow *flow)
{
	if (world->now.listener[flow->listener].hash != world->next.listener[flow->listener].hash)
		world_lose_flow(world, flow);
}

void world_commit(struct world *world)
{
	for (size_t i = 0; i < world->flow_count; i++)
		follow_affinity(world, &world->flows[i]);
	world->now = world->next;
	world->change = WORLD_CALM;
}

bool world_differs(const struct world *world, int place)
{
	const struct world_target *now = world_target(&world->now, place);
	const struct world_target *next = world_target(&world->next, place);

	return now->registered != next->registered || now->weight != next->weight ||
	       now->alive != next->alive || now->health != next->health;
}

bool world_group_differs(const struct world *world, int group)
{
	bool any = false;

	for (int i = 0; i < WORLD_TARGETS; i++)
		any |= world_differs(world, group * WORLD_TARGETS + i);
	return any;
}

/*
 * It may have shown or not, or in part. So nothing is known of flows on those who died or came to
 * life in the change, or about whom the checks found something new; nor of those who are down,
 * where a group may have failed open for a moment, or not.
 */
static bool is_in_doubt(const struct world *world, int place)
{
	const struct world_target *now = world_target(&world->now, place);
	const struct world_target *next = world_target(&world->next, place);

	return now->alive != next->alive || now->health != next->health ||
	       (now->health == WORLD_DOWN && world_group_differs(world, place / WORLD_TARGETS));
}

bool world_doubts(const struct world *world, const struct world_flow *flow)
{
	return (world->change >= WORLD_GIVING_UP && is_in_doubt(world, flow->place)) ||
	       (world->change == WORLD_UNDOING && flow->is_new);
}

/*
 * What a flow that began in a change which was undone has left behind stands in the way of the next
 * one of its tuple, until it is too old.
 */
static void doubt_flow(struct world *world, struct world_flow *flow)
{
	follow_affinity(world, flow);
	if (flow->lives && world_doubts(world, flow))
		world_lose_flow(world, flow);
	if (world->change == WORLD_UNDOING && flow->is_new)
		flow->quiet_until = world->clock + WORLD_LONGEST_TIMEOUT + WORLD_MARGIN;
}

/* It is there in another life. */
static void doubt_target(struct world *world, int place)
{
	struct world_target *target = target_at(&world->now, place);

	target->alive |= world_target(&world->next, place)->alive;
	target->life = ++world->lives;
	target->unclear = true;
}

void world_abandon(struct world *world)
{
	bool in_doubt[WORLD_PLACES];

	for (size_t i = 0; i < world->flow_count; i++)
		doubt_flow(world, &world->flows[i]);
	for (int place = 0; place < WORLD_PLACES; place++)
		in_doubt[place] = is_in_doubt(world, place);
	for (int place = 0; place < WORLD_PLACES; place++) {
		if (in_doubt[place])
			doubt_target(world, place);
	}
	world->change = WORLD_CALM;
}
