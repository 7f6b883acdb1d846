// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* A load balancer as its users see it: flows, and where their packets may go. See flow_world.h. */
#include "flow_world.h"

#include <stdio.h>

#include "flow_world_parts.h"

static bool lives_in(const struct world_setup *setup, const struct world_flow *flow)
{
	const struct world_target *target = world_target(setup, flow->place);

	return target->alive && target->life == flow->life;
}

/* A flow that began while a change was under way may be on a target that only next has. */
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
	bool is_routed = world_routes(&world->now, listener, group);
	bool is_in_service = world_in_service(&world->now.group[group],
					      world_target(&world->now, place));

	if (world->change) {
		is_routed |= world_routes(&world->next, listener, group);
		is_in_service |= world_in_service(&world->next.group[group],
					    world_target(&world->next, place));
	}
	return is_routed && is_in_service;
}

/*
 * A new daemon may have to wait for the checks to tell who of those that were to change is healthy,
 * and whether their group fails open.
 */
static bool is_sure(const struct world *world, int place)
{
	return world_target(&world->now, place)->health == WORLD_UP ?
		       !world_differs(world, place) :
		       !world_group_differs(world, place / WORLD_TARGETS);
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
	flow->life = world_target(&world->now, place)->life;
	if (world->change && world_target(&world->next, place)->alive)
		flow->life = world_target(&world->next, place)->life;
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
	return world_target(&world->now, place)->alive ||
	       (world->change && world_target(&world->next, place)->alive) ||
	       fault(world, index, "it is stray, and goes to a living target", place);
}

static bool judge_hash(struct world *world, size_t index, int place)
{
	struct world_flow *flow = &world->flows[index];

	world_lose_flow(world, flow);
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
	bool in_doubt = lives && (world_doubts(world, flow) ||
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
