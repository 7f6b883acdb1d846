// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* A load balancer as its users see it: see flow_world.h. */
#include "flow_world.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

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

static const struct world_target *look_at(const struct world_setup *setup, int place)
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

static bool in_service(const struct world_group *group, const struct world_target *target)
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

static bool routes(const struct world_setup *setup, int listener, int group)
{
	return setup->listener[listener].exists && setup->listener[listener].weight[group] > 0;
}

bool world_serves(const struct world_setup *setup, int listener, int place)
{
	int group = place / WORLD_TARGETS;

	return routes(setup, listener, group) &&
	       in_service(&setup->group[group], look_at(setup, place));
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
	if (!target->registered)
		target->health = WORLD_UNKNOWN;
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

	if (!target->registered && look_at(&world->now, place)->registered)
		target->drain_end = world->clock + group->delay;
	if (!target->registered)
		alive &= !group->termination || world->clock < target->drain_end;
	else if (in_service(group, target) || target->health == WORLD_UP)
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

static void end_flow(const struct world *world, struct world_flow *flow)
{
	flow->lives = false;
	if (world->now.listener[flow->listener].is_udp)
		flow->quiet_until = world->clock + WORLD_UDP_TIMEOUT + WORLD_MARGIN;
}

/* Without promises it is no flow. */
static void follow_affinity(const struct world *world, struct world_flow *flow)
{
	if (world->now.listener[flow->listener].hash != world->next.listener[flow->listener].hash)
		end_flow(world, flow);
}

void world_commit(struct world *world)
{
	for (size_t i = 0; i < world->flow_count; i++)
		follow_affinity(world, &world->flows[i]);
	world->now = world->next;
	world->change = WORLD_CALM;
}

static bool differs(const struct world *world, int place)
{
	const struct world_target *now = look_at(&world->now, place);
	const struct world_target *next = look_at(&world->next, place);

	return now->registered != next->registered || now->weight != next->weight ||
	       now->alive != next->alive || now->health != next->health;
}

static bool group_differs(const struct world *world, int group)
{
	bool any = false;

	for (int i = 0; i < WORLD_TARGETS; i++)
		any |= differs(world, group * WORLD_TARGETS + i);
	return any;
}

/*
 * It may have shown or not, or in part. So nothing is known of flows on those who died or came to
 * life in the change, or about whom the checks found something new; nor of those who are down,
 * where a group may have failed open for a moment, or not.
 */
static bool is_in_doubt(const struct world *world, int place)
{
	const struct world_target *now = look_at(&world->now, place);
	const struct world_target *next = look_at(&world->next, place);

	return now->alive != next->alive || now->health != next->health ||
	       (now->health == WORLD_DOWN && group_differs(world, place / WORLD_TARGETS));
}

static bool has_doubts(const struct world *world, const struct world_flow *flow)
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
	if (flow->lives && has_doubts(world, flow))
		end_flow(world, flow);
	if (world->change == WORLD_UNDOING && flow->is_new)
		flow->quiet_until = world->clock + WORLD_LONGEST_TIMEOUT + WORLD_MARGIN;
}

/* It is there in another life. */
static void doubt_target(struct world *world, int place)
{
	struct world_target *target = target_at(&world->now, place);

	target->alive |= look_at(&world->next, place)->alive;
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

/*
 * ---- flows ------------------------------------------------------------------------------------
 */

static bool lives_in(const struct world_setup *setup, const struct world_flow *flow)
{
	const struct world_target *target = look_at(setup, flow->place);

	return target->alive && target->life == flow->life;
}

/* A flow that began while a change was under way may be on a target that only the next setup has. */
static bool has_target(const struct world *world, const struct world_flow *flow)
{
	return lives_in(&world->now, flow) || (world->change && lives_in(&world->next, flow));
}

enum world_phase world_phase(const struct world *world, size_t index)
{
	const struct world_flow *flow = &world->flows[index];
	bool is_udp = world->now.listener[flow->listener].is_udp;
	uint32_t age = world->clock - flow->last;

	if (flow->lives && !has_target(world, flow))
		return WORLD_OVER;
	if (flow->lives && age + WORLD_MARGIN < flow->timeout)
		return WORLD_LIVE;
	if (is_udp && flow->lives && age <= flow->timeout + WORLD_MARGIN)
		return WORLD_WAIT;
	return (int32_t)(world->clock - flow->quiet_until) < 0 ? WORLD_WAIT : WORLD_OVER;
}

/* A change does not show at once: the listener's part of it may, and the group's not yet. */
static bool serves(const struct world *world, int listener, int place)
{
	int group = place / WORLD_TARGETS;
	bool is_routed = routes(&world->now, listener, group);
	bool is_in_service = in_service(&world->now.group[group], look_at(&world->now, place));

	if (world->change) {
		is_routed |= routes(&world->next, listener, group);
		is_in_service |= in_service(&world->next.group[group],
					    look_at(&world->next, place));
	}
	return is_routed && is_in_service;
}

/*
 * A new daemon may have to wait for the checks to tell who of those that were to change is healthy,
 * and whether their group fails open.
 */
static bool is_sure(const struct world *world, int place)
{
	return look_at(&world->now, place)->health == WORLD_UP ?
		       !differs(world, place) :
		       !group_differs(world, place / WORLD_TARGETS);
}

static bool is_served_surely(const struct world *world, int listener)
{
	for (int place = 0; place < WORLD_PLACES; place++) {
		if (serves(world, listener, place) && !is_sure(world, place))
			return false;
	}
	return true;
}

/* Nobody may take a packet only where there is nobody to take it. */
static bool may_be_nowhere(const struct world *world, int listener)
{
	if (world->change >= WORLD_GIVING_UP && !is_served_surely(world, listener))
		return true;
	return !world_serves_any(&world->now, listener) ||
	       (world->change && !world_serves_any(&world->next, listener));
}

static bool fault(struct world *world, size_t flow, const char *what, int place)
{
	snprintf(world->fault, sizeof(world->fault),
		 "flow %zu of listener %d: %s, but is sent to target %d of group %d (its own: target %d "
		 "of group %d, last packet %u s ago)",
		 flow, world->flows[flow].listener, what, place % WORLD_TARGETS,
		 place < 0 ? -1 : place / WORLD_TARGETS, world->flows[flow].place % WORLD_TARGETS,
		 world->flows[flow].place / WORLD_TARGETS, world->clock - world->flows[flow].last);
	return false;
}

static void refresh(struct world *world, struct world_flow *flow)
{
	int group = flow->place / WORLD_TARGETS;

	flow->last = world->clock;
	flow->timeout = WORLD_UDP_TIMEOUT;
	if (world->now.listener[flow->listener].is_udp)
		return;
	flow->timeout = world->now.group[group].idle_timeout;
	if (world->change && world->next.group[group].idle_timeout < flow->timeout)
		flow->timeout = world->next.group[group].idle_timeout;
}

static bool begin_flow(struct world *world, size_t index, int place)
{
	struct world_flow *flow = &world->flows[index];

	flow->lives = false;
	if (place == WORLD_NOWHERE)
		return may_be_nowhere(world, flow->listener) ||
		       fault(world, index, "it begins, and targets are in service", place);
	if (!serves(world, flow->listener, place))
		return fault(world, index, "it begins, and belongs on a target in service", place);
	flow->lives = true;
	flow->place = place;
	flow->life = look_at(&world->now, place)->life;
	if (world->change && look_at(&world->next, place)->alive)
		flow->life = look_at(&world->next, place)->life;
	refresh(world, flow);
	return true;
}

/* It belongs to nobody, so it may go to whoever lives; that one's kernel resets it. */
static bool judge_stray(struct world *world, size_t index, int place)
{
	struct world_flow *flow = &world->flows[index];

	flow->lives = false;
	if (place == WORLD_NOWHERE)
		return may_be_nowhere(world, flow->listener) ||
		       fault(world, index, "it is stray, and targets are in service", place);
	return look_at(&world->now, place)->alive ||
	       (world->change && look_at(&world->next, place)->alive) ||
	       fault(world, index, "it is stray, and goes to a living target", place);
}

static bool judge_hash(struct world *world, size_t index, int place)
{
	struct world_flow *flow = &world->flows[index];

	end_flow(world, flow);
	if (place == WORLD_NOWHERE ? may_be_nowhere(world, flow->listener) :
				     serves(world, flow->listener, place))
		return true;
	if (world->change &&
	    world->now.listener[flow->listener].hash != world->next.listener[flow->listener].hash)
		return judge_stray(world, index, place);
	return fault(world, index, "the ring alone decides", place);
}

static bool is_hash(const struct world *world, int listener)
{
	return world->now.listener[listener].hash ||
	       (world->change && world->next.listener[listener].hash);
}

bool world_judge(struct world *world, size_t index, bool is_syn, int place)
{
	struct world_flow *flow = &world->flows[index];
	bool lives = world_phase(world, index) == WORLD_LIVE;
	bool is_udp = world->now.listener[flow->listener].is_udp;
	bool in_doubt = lives && (has_doubts(world, flow) ||
				  (world->change && !lives_in(&world->next, flow)));

	if (is_hash(world, flow->listener))
		return judge_hash(world, index, place);
	if (is_syn) {
		flow->is_new |= world->change != WORLD_CALM;
		return begin_flow(world, index, place);
	}
	if (lives && place == flow->place) {
		refresh(world, flow);
		return true;
	}
	if (lives && !in_doubt)
		return fault(world, index, "it lives", place);
	flow->is_new |= world->change != WORLD_CALM;
	return is_udp ? begin_flow(world, index, place) : judge_stray(world, index, place);
}

void world_end_flow(struct world *world, size_t index)
{
	world->flows[index].lives = false;
}

size_t world_living(const struct world *world)
{
	size_t count = 0;

	for (size_t i = 0; i < world->flow_count; i++)
		count += world->flows[i].lives && world_phase(world, i) == WORLD_LIVE;
	return count;
}
