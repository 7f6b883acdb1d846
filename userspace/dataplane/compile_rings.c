// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * The rings: one for each routing that some listener has, filled anew only when its members
 * changed.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "dataplane/compile_parts.h"
#include "dataplane/ring.h"
#include "dataplane/siphash.h"
#include "dataplane/slot_space.h"

char *routing_name(const struct listener *listener)
{
	char *name = NULL;
	size_t size;
	FILE *text;

	if (listener->group_count == 1 && listener->groups[0].weight)
		return strdup(listener->groups[0].name);
	text = open_memstream(&name, &size);
	if (!text)
		return NULL;
	for (size_t i = 0; i < listener->group_count; i++)
		fprintf(text, "%s%s=%u", i ? "," : "", listener->groups[i].name,
			listener->groups[i].weight);
	return fclose(text) ? NULL : name;
}

/* Only names the ring in the labels, where nobody can aim: a fixed key will do. */
uint64_t routing_hash(const char *name)
{
	static const uint64_t key[2] = { 0, 0 };

	return siphash13(key, name, strlen(name));
}

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

static uint64_t weight_sum(const struct group *group, bool in_service_only)
{
	bool open = group_fails_open(group);
	uint64_t sum = 0;

	for (size_t i = 0; i < group->target_count; i++) {
		const struct target *target = &group->targets[i];

		if (!in_service_only ? !target_is_draining(target)
				     : target_in_service(target, open))
			sum += target->weight;
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

static void collect_group(const struct compilation *c, const struct listener *listener,
			  size_t which, const struct group *group, struct members *members)
{
	uint64_t in_service_sum = weight_sum(group, true), sum = weight_sum(group, false);
	const uint64_t *secret = (const uint64_t *)c->next->config.hash_secret;
	bool open = group_fails_open(group);

	for (size_t i = 0; i < group->target_count; i++) {
		const struct target *target = &group->targets[i];
		struct ring_member *member = &members->in_service[members->count];

		if (!target_is_draining(target))
			members->registered[members->registered_count++] =
				member_weight(listener, which, target->weight, sum ?: 1);
		if (!target_in_service(target, open))
			continue;
		member->weight = member_weight(listener, which, target->weight, in_service_sum);
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
	for (size_t i = 0; i < listener->group_count; i++)
		collect_group(c, listener, i, model_find_group(c->model, listener->groups[i].name),
			      members);
	return 0;
}

static uint64_t members_hash(const struct compilation *c, const struct members *members)
{
	uint64_t hash =
		siphash13((const uint64_t *)c->next->config.hash_secret, members->in_service,
			  members->count * sizeof(*members->in_service));

	return hash ? hash : 1;		/* 0 says "not known" */
}

static int fill_slots(struct image_ring *ring, const struct members *members)
{
	int r;

	ring->slots = ring_slots_new(ring->bits);
	if (!ring->slots)
		return -ENOMEM;
	r = ring_fill(ring->slots->id, ring->bits, members->in_service, members->count);
	if (!r)
		ring->slots->imbalance = ring_imbalance(ring->slots->id, ring->bits,
							members->in_service, members->count);
	return r;
}

/* Keeps place and contents of the current ring where they are still right. */
static int place_ring(struct compilation *c, struct slot_space *space, struct image_ring *ring,
		      const struct members *members, struct err *err)
{
	const struct image_ring *before = image_find_ring(c->current, ring->routing);

	ring->bits = ring_bits(members->registered, members->registered_count);
	ring->members = members_hash(c, members);
	if (before && before->bits == ring->bits)
		ring->base = before->base;
	else if (!slot_space_take(space, ring->bits, &ring->base))
		return err_set(err, ENOSPC,
			       "no room for the %u slots of the ring of '%s': all rings together have "
			       "at most %u slots; use fewer targets or weights closer to each other",
			       1u << ring->bits, ring->name, SLOTS_MAX);
	if (before && before->bits == ring->bits && before->members == ring->members)
		ring->slots = ring_slots_ref(before->slots);
	else if (fill_slots(ring, members))
		return err_set(err, ENOMEM, "out of memory");
	return 0;
}

static int add_ring(struct compilation *c, struct slot_space *space,
		    const struct listener *listener, char *name, struct err *err)
{
	_cleanup_(members_clean) struct members members = { .count = 0 };
	struct image_ring *ring = table_add(&c->next->rings, sizeof(*ring));

	if (!ring)
		free(name);
	if (!ring || collect_members(c, listener, &members))
		return err_set(err, ENOMEM, "out of memory");
	ring->name = name;
	ring->routing = routing_hash(name);
	return place_ring(c, space, ring, &members, err);
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

struct routing {
	uint64_t hash;
	const struct listener *listener;
	char *name;
};

static int routing_compare(const void *a, const void *b)
{
	uint64_t x = ((const struct routing *)a)->hash, y = ((const struct routing *)b)->hash;

	return (x > y) - (x < y);
}

static int add_rings(struct compilation *c, struct routing *routings, size_t count, struct err *err)
{
	_cleanup_free_ struct slot_space *space = slot_space_of(c->current);
	int r = space ? 0 : err_set(err, ENOMEM, "out of memory");

	qsort(routings, count, sizeof(*routings), routing_compare);
	for (size_t i = 0; i < count && !r; i++) {
		if (!i || routings[i].hash != routings[i - 1].hash)
			r = add_ring(c, space, routings[i].listener, take_ptr(routings[i].name),
				     err);
	}
	return r;
}

int compile_rings(struct compilation *c, struct err *err)
{
	size_t count = c->model->listener_count;
	_cleanup_free_ struct routing *routings = calloc(count + 1, sizeof(*routings));
	int r = routings ? 0 : err_set(err, ENOMEM, "out of memory");

	for (size_t i = 0; i < count && !r; i++) {
		routings[i].listener = &c->model->listeners[i];
		routings[i].name = routing_name(routings[i].listener);
		if (!routings[i].name)
			r = err_set(err, ENOMEM, "out of memory");
		else
			routings[i].hash = routing_hash(routings[i].name);
	}
	r = r ?: add_rings(c, routings, count, err);
	for (size_t i = 0; routings && i < count; i++)
		free(routings[i].name);
	return r;
}
