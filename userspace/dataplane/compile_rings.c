// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * The rings, one for each key that was planned (compile_plan.c): members, place and contents.
 * Filled anew only when the members changed.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "dataplane/compile_parts.h"
#include "dataplane/ring.h"
#include "dataplane/siphash.h"
#include "dataplane/slot_space.h"

/*
 * ---- members ----------------------------------------------------------------------------------
 */

/* The members of a routing: those in service, and the weights of all that are registered. */
struct members {
	struct ring_member *in_service;
	size_t count;
	uint32_t *registered;
	size_t registered_count;
};

static void members_clean(struct members *members)
{
	free(members->in_service);
	free(members->registered);
}

static bool starts_slowly(const struct group *group)
{
	for (size_t i = 0; i < group->target_count; i++) {
		if (group->targets[i].share < SHARE_FULL && group->slow_start_s)
			return true;
	}
	return false;
}

/* Weights only matter relative to each other: whole ones while nobody starts slowly. */
static uint64_t weight_now(const struct target *target, bool slowly)
{
	return target->weight * (slowly ? (uint64_t)target->share : 1);
}

static uint64_t weight_in_service(const struct group *group)
{
	bool open = group_fails_open(group), slowly = starts_slowly(group);
	uint64_t sum = 0;

	for (size_t i = 0; i < group->target_count; i++) {
		if (target_in_service(&group->targets[i], open))
			sum += weight_now(&group->targets[i], slowly);
	}
	return sum;
}

static uint64_t weight_registered(const struct group *group)
{
	uint64_t sum = 0;

	for (size_t i = 0; i < group->target_count; i++) {
		if (!target_is_draining(&group->targets[i]))
			sum += group->targets[i].weight;
	}
	return sum;
}

/*
 * A target's part of the routing is its part of the group times the group's part. With one group
 * the target's own weight says it exactly; with several, in units of 2^-16 of a group's weight.
 */
static uint32_t member_weight(const struct listener *listener, size_t group, uint64_t weight,
			      uint64_t sum)
{
	uint64_t scaled;

	if (!weight || !listener->groups[group].weight)
		return 0;
	if (listener->group_count == 1)
		return (uint32_t)weight;
	scaled = (weight * listener->groups[group].weight << 16) / sum;
	return scaled ? (uint32_t)scaled : 1;
}

static void collect_registered(const struct listener *listener, size_t which,
			       const struct group *group, struct members *members)
{
	uint64_t sum = weight_registered(group);

	for (size_t i = 0; i < group->target_count; i++) {
		const struct target *target = &group->targets[i];

		if (!target_is_draining(target))
			members->registered[members->registered_count++] =
				member_weight(listener, which, target->weight, sum ?: 1);
	}
}

static void collect_in_service(const struct compilation *c, const struct listener *listener,
			       size_t which, const struct group *group, struct members *members)
{
	const uint64_t *secret = (const uint64_t *)c->next->config.hash_secret;
	bool open = group_fails_open(group), slowly = starts_slowly(group);
	uint64_t sum = weight_in_service(group);

	for (size_t i = 0; i < group->target_count; i++) {
		const struct target *target = &group->targets[i];
		struct ring_member *member = &members->in_service[members->count];

		if (!target_in_service(target, open))
			continue;
		member->weight = member_weight(listener, which, weight_now(target, slowly), sum);
		if (!member->weight)
			continue;
		member->id = image_target_id(image_find_target(c->next, group->name, &target->addr,
							       target->port));
		member->identity = ring_identity(secret, group->name, &target->addr, target->port);
		members->count++;
	}
}

static int collect_members(const struct compilation *c, const struct listener *listener,
			   struct members *members)
{
	size_t most = 0;

	for (size_t i = 0; i < listener->group_count; i++)
		most += model_find_group(c->model, listener->groups[i].name)->target_count;
	members->in_service = calloc(most + 1, sizeof(*members->in_service));
	members->registered = calloc(most + 1, sizeof(*members->registered));
	if (!members->in_service || !members->registered)
		return -ENOMEM;
	for (size_t i = 0; i < listener->group_count; i++) {
		const struct group *group = model_find_group(c->model, listener->groups[i].name);

		collect_registered(listener, i, group, members);
		collect_in_service(c, listener, i, group, members);
	}
	return 0;
}

static uint64_t members_hash(const struct compilation *c, const struct members *members)
{
	uint64_t hash =
		siphash13((const uint64_t *)c->next->config.hash_secret, members->in_service,
			  members->count * sizeof(*members->in_service));

	return hash ? hash : 1;		/* 0 says "not known" */
}

/*
 * ---- groups -----------------------------------------------------------------------------------
 */

static void add_groups_of(struct image_ring *ring, const struct image_ring *origin)
{
	for (size_t i = 0; i < RING_GROUPS_MAX && origin; i++)
		ring_add_group(ring, origin->groups[i]);
}

static uint32_t longer(uint32_t seconds, const struct group *group)
{
	return group && group->idle_timeout_s > seconds ? group->idle_timeout_s : seconds;
}

uint32_t ring_idle_timeout(const struct compilation *c, const struct image_ring *ring)
{
	uint32_t longest = 0;

	for (size_t i = 0; i < RING_GROUPS_MAX; i++)
		longest = longer(longest, find_group_by_hash(c, ring->groups[i]));
	for (size_t i = 0; i < c->model->group_count && ring_serves_any(ring); i++)
		longest = longer(longest, &c->model->groups[i]);
	return longest;
}

/*
 * ---- place and contents -----------------------------------------------------------------------
 */

static int fill(const struct compilation *c, const struct ring_plan *plan,
		const struct members *members, struct image_ring *ring)
{
	_cleanup_free_ uint32_t *ids = calloc((size_t)1 << ring->bits, sizeof(*ids));
	const struct image_ring *origin = ring->hashed ? NULL : plan->origin;

	if (!ids || ring_fill(ids, ring->bits, members->in_service, members->count))
		return -ENOMEM;
	ring->slots = ring_slots_follow(c, origin, ids, ring->bits, ring_idle_timeout(c, ring));
	if (!ring->slots)
		return -ENOMEM;
	ring->slots->imbalance = ring_imbalance(ids, ring->bits, members->in_service,
						members->count);
	return 0;
}

/*
 * The same members in the same ring of the same size, and no previous target that died since. Two
 * rings of one image never share slots: each goes its own way from here on.
 */
static bool is_still_right(const struct compilation *c, const struct ring_plan *plan,
			   const struct image_ring *ring)
{
	const struct image_ring *origin = plan->origin;

	return origin && origin->key == ring->key && origin->bits == ring->bits &&
	       origin->members == ring->members &&
	       !(origin->slots->unsettled && (c->deaths || ring->hashed));
}

/*
 * Once a ring is settled no flow is on other groups than its routing's. One without history does
 * not know, and remembers all for the ring that may come after it.
 */
static int fill_ring(const struct compilation *c, const struct ring_plan *plan,
		     const struct members *members, struct image_ring *ring)
{
	const struct listener *listener = plan->listener;
	struct image_ring settled = { .key = 0 };
	int r = 0;

	for (size_t i = 0; i < listener->group_count; i++)
		ring_add_group(&settled, group_hash(listener->groups[i].name));
	memcpy(ring->groups, settled.groups, sizeof(ring->groups));
	add_groups_of(ring, plan->origin);
	if (is_still_right(c, plan, ring))
		ring->slots = ring_slots_ref(plan->origin->slots);
	else
		r = fill(c, plan, members, ring);
	if (!r && !ring->slots->unsettled && !ring->hashed)
		memcpy(ring->groups, settled.groups, sizeof(ring->groups));
	return r;
}

static int place(struct slot_space *space, const struct image_ring *origin, struct image_ring *ring,
		 struct err *err)
{
	if (origin && origin->key == ring->key && origin->bits == ring->bits)
		ring->base = origin->base;
	else if (!slot_space_take(space, ring->bits, &ring->base))
		return err_set(err, ENOSPC,
			       "no room for the %u slots of the ring of '%s': all rings together have "
			       "at most %u slots; use fewer targets or weights closer to each other, or "
			       "wait until rings that changed lately are stable and can be shared",
			       1u << ring->bits, ring->name, SLOTS_MAX);
	return 0;
}

/*
 * A ring never shrinks while it is in use, for two slots with a past of their own can not become
 * one.
 */
static int make_ring(const struct compilation *c, struct slot_space *space,
		     const struct ring_plan *plan, const struct members *members,
		     struct image_ring *ring, struct err *err)
{
	const struct image_ring *origin = plan->origin;
	int r;

	ring->bits = ring_bits(members->registered, members->registered_count);
	if (origin && origin->bits > ring->bits)
		ring->bits = origin->bits;
	ring->members = members_hash(c, members);
	r = place(space, origin, ring, err);
	if (r)
		return r;
	return fill_ring(c, plan, members, ring) ? err_set(err, ENOMEM, "out of memory") : 0;
}

static int add_ring(struct compilation *c, struct slot_space *space, const struct ring_plan *plan,
		    struct err *err)
{
	_cleanup_(members_clean) struct members members = { .count = 0 };
	struct image_ring *ring = table_add(&c->next->rings, sizeof(*ring));

	if (!ring || collect_members(c, plan->listener, &members))
		return err_set(err, ENOMEM, "out of memory");
	ring->key = plan->key;
	ring->routing = plan->routing;
	ring->hashed = plan->listener->affinity == AFFINITY_HASH;
	ring->name = routing_name(plan->listener);
	if (!ring->name)
		return err_set(err, ENOMEM, "out of memory");
	return make_ring(c, space, plan, &members, ring, err);
}

/* The ring that only removed listeners would come back to stays as it is. */
static int keep_ring(struct compilation *c, const struct ring_plan *plan, struct err *err)
{
	struct image_ring *ring = table_add(&c->next->rings, sizeof(*ring));

	if (!ring)
		return err_set(err, ENOMEM, "out of memory");
	*ring = *plan->origin;
	ring->slots = ring_slots_ref(plan->origin->slots);
	ring->name = NULL;
	return 0;
}

/* What packets may still be led to: the current rings, and what current listeners name. */
static struct slot_space *slot_space_of(const struct image *image)
{
	const struct image_listener *listeners = image->listeners.rows;
	const struct image_ring *rings = image->rings.rows;
	struct slot_space *space = malloc(sizeof(*space));

	if (!space)
		return NULL;
	slot_space_init(space);
	for (size_t i = 0; i < image->rings.count; i++)
		slot_space_mark(space, rings[i].base, rings[i].bits);
	for (size_t i = 0; i < image->listeners.count; i++)
		slot_space_mark(space, listeners[i].entry.ring_base,
				64 - listeners[i].entry.ring_shift);
	return space;
}

int compile_rings(struct compilation *c, struct err *err)
{
	_cleanup_free_ struct slot_space *space = slot_space_of(c->current);
	int r = space ? 0 : err_set(err, ENOMEM, "out of memory");

	for (size_t i = 0; i < c->plan_count && !r; i++) {
		const struct ring_plan *plan = &c->plans[i];

		if (i && plan->key == c->plans[i - 1].key)
			continue;
		r = plan->listener ? add_ring(c, space, plan, err) : keep_ring(c, plan, err);
	}
	return r;
}
