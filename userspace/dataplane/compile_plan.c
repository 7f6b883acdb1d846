// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Which ring each listener goes on with. Flows belong to an address, protocol and port, so what
 * counts is the listener that was there before, be it by another name or removed a while ago.
 *
 * A listener whose routing stays keeps its ring. One that gets another routing brings its flows
 * with it: its new ring goes on from its old one (the origin), and is shared with those alone that
 * make the same move at the same moment. So does one that was removed and comes back, for slots
 * that no packet met may name targets that are no more. Once two rings of one routing are settled
 * and alike, all their listeners move to one of them.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/addr.h"
#include "base/cleanup.h"
#include "base/err.h"
#include "dataplane/compile_parts.h"
#include "dataplane/port_index.h"
#include "dataplane/siphash.h"
#include "model/array.h"

/* Only names the ring in the labels, where nobody can aim: fixed keys will do. */
static const uint64_t fixed_key[2] = { 0, 0 };

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

/* Rings without history serve `affinity: hash` alone. 0: out of memory. */
static uint64_t routing_hash(const struct listener *listener)
{
	_cleanup_free_ char *name = routing_name(listener);
	const uint64_t key[2] = { listener->affinity == AFFINITY_HASH, 0 };
	uint64_t hash = name ? siphash13(key, name, strlen(name)) : 0;

	return !name || hash ? hash : 1;
}

/*
 * ---- the rings there are ----------------------------------------------------------------------
 */

struct planning {
	struct compilation *c;
	const struct image_ring **by_routing;	/* rings in use by routing, bits, key */
	size_t ring_count;
	struct port_index before;	/* ports of the listeners of current */
	struct port_index after;	/* and of the model */
};

static void planning_clean(struct planning *p)
{
	free(p->by_routing);
	port_index_clean(&p->before);
	port_index_clean(&p->after);
}

static int by_routing(const void *a, const void *b)
{
	const struct image_ring *x = *(const struct image_ring *const *)a;
	const struct image_ring *y = *(const struct image_ring *const *)b;

	if (x->routing != y->routing)
		return x->routing < y->routing ? -1 : 1;
	return x->bits != y->bits ? (int)x->bits - (int)y->bits : image_ring_compare(x, y);
}

static void drop_repeated(struct planning *p)
{
	size_t kept = 0;

	for (size_t i = 0; i < p->ring_count; i++) {
		if (!kept || p->by_routing[kept - 1] != p->by_routing[i])
			p->by_routing[kept++] = p->by_routing[i];
	}
	p->ring_count = kept;
}

static void index_before(struct planning *p)
{
	const struct image_listener *rows = p->c->current->listeners.rows;

	for (size_t i = 0; i < p->c->current->listeners.count; i++)
		port_index_add(&p->before, &(struct port_row){
			.addr = rows[i].key.addr,
			.protocol = rows[i].key.protocol,
			.first = rows[i].label.port_first,
			.last = rows[i].label.port_last,
			.owner = &rows[i],
		});
	port_index_sort(&p->before);
}

static void index_after(struct planning *p)
{
	const struct listener *rows = p->c->model->listeners;

	for (size_t i = 0; i < p->c->model->listener_count; i++)
		port_index_add(&p->after, &(struct port_row){
			.addr = rows[i].addr,
			.protocol = rows[i].protocol,
			.first = rows[i].port_first,
			.last = rows[i].port_last,
			.owner = &rows[i],
		});
	port_index_sort(&p->after);
}

static void index_rings(struct planning *p)
{
	const struct image_listener *rows = p->c->current->listeners.rows;

	for (size_t i = 0; i < p->c->current->listeners.count; i++) {
		const struct image_ring *ring = image_find_ring(p->c->current, rows[i].label.ring);

		if (ring && !rows[i].label.removed_at)
			p->by_routing[p->ring_count++] = ring;
	}
	qsort(p->by_routing, p->ring_count, sizeof(const struct image_ring *), by_routing);
	drop_repeated(p);
}

static int planning_init(struct planning *p)
{
	size_t listeners = p->c->current->listeners.count;

	p->by_routing = calloc(listeners + 1, sizeof(const struct image_ring *));
	if (!p->by_routing || port_index_init(&p->before, listeners) ||
	    port_index_init(&p->after, p->c->model->listener_count))
		return -ENOMEM;
	index_rings(p);
	index_before(p);
	index_after(p);
	return 0;
}

/* The first ring of this routing with at least so many bits; ring_count if there is none. */
static size_t find_routing(const struct planning *p, uint64_t routing, unsigned bits)
{
	const struct image_ring wanted = { .routing = routing, .bits = bits };
	const struct image_ring *key = &wanted;
	bool found;
	size_t at = array_find(&key, p->by_routing, p->ring_count, sizeof(key), by_routing, &found);

	return at < p->ring_count && p->by_routing[at]->routing == routing ? at : p->ring_count;
}

static bool is_as_good(const struct image_ring *a, const struct image_ring *b)
{
	return a->bits == b->bits && !a->slots->unsettled && !b->slots->unsettled &&
	       !memcmp(a->slots->slot, b->slots->slot, sizeof(union slot) << a->bits);
}

/* The ring to stay with: this one, or the first that is as good. */
static const struct image_ring *merge(const struct planning *p, const struct image_ring *ring)
{
	for (size_t i = find_routing(p, ring->routing, ring->bits); i < p->ring_count; i++) {
		const struct image_ring *other = p->by_routing[i];

		if (other == ring || other->routing != ring->routing || other->bits != ring->bits)
			break;
		if (is_as_good(other, ring))
			return other;
	}
	return ring;
}

/*
 * ---- where a listener's flows are -------------------------------------------------------------
 */

/* Of two ranges that flows may have come by: by name, else the one in use, else the narrower. */
static const struct image_listener *better_range(const struct listener *listener,
						 const struct image_listener *a,
						 const struct image_listener *b)
{
	if (!a || !strcmp(b->label.name, listener->name))
		return b;
	if (!a->label.removed_at != !b->label.removed_at)
		return a->label.removed_at ? b : a;
	if (!strcmp(a->label.name, listener->name))
		return a;
	return b->label.port_last - b->label.port_first < a->label.port_last - a->label.port_first
		       ? b : a;
}

/* The listener that has got, so far, the packets to this one's ports; NULL if there is none. */
static const struct image_listener *find_origin(const struct planning *p,
						const struct listener *listener)
{
	struct endpoint_key key = listener_key(&listener->addr, listener, listener->port_first, 0);
	const struct image_listener *best = NULL;
	const struct port_row *ranges;
	size_t count;

	if (!key.is_range)
		best = image_find_listener(p->c->current, &key);
	if (best)
		return best;
	ranges = port_index_ranges(&p->before, &listener->addr, listener->protocol, &count);
	for (size_t i = 0; i < count; i++) {
		if (port_row_overlaps(&ranges[i], listener->port_first, listener->port_last))
			best = better_range(listener, best, ranges[i].owner);
	}
	return best;
}

/* A key that no ring has, the same for all who make this move. */
static uint64_t new_key(const struct planning *p, uint64_t routing, uint64_t origin)
{
	const uint64_t move[2] = { routing, origin };
	uint64_t key = siphash13(fixed_key, move, sizeof(move));

	while (!key || image_find_ring(p->c->current, key))
		key = siphash13(fixed_key, &key, sizeof(key));
	return key;
}

/* A listener without flows may share any ring of its routing. */
static uint64_t key_of_newcomer(const struct planning *p, uint64_t routing)
{
	size_t shared = find_routing(p, routing, 0);

	if (shared < p->ring_count)
		return p->by_routing[shared]->key;
	return image_find_ring(p->c->current, routing) ? new_key(p, routing, 0) : routing;
}

static void plan_key(const struct planning *p, const struct image_ring *ring,
		     struct ring_plan *plan)
{
	if (!ring) {
		plan->key = key_of_newcomer(p, plan->routing);
		plan->origin = image_find_ring(p->c->current, plan->key);
	} else if (ring->routing == plan->routing && !plan->comes_back) {
		plan->origin = merge(p, ring);
		plan->key = plan->origin->key;
	} else {
		plan->origin = ring;
		plan->key = new_key(p, plan->routing, ring->key);
	}
}

static int plan_listener(const struct planning *p, const struct listener *listener,
			 struct ring_plan *plan, struct lineage *lineage)
{
	const struct image_listener *before = find_origin(p, listener);

	*plan = (struct ring_plan){
		.listener = listener,
		.routing = routing_hash(listener),
		.comes_back = before && before->label.removed_at,
	};
	if (!plan->routing)
		return -ENOMEM;
	plan_key(p, before ? image_find_ring(p->c->current, before->label.ring) : NULL, plan);
	*lineage = (struct lineage){ .ring = plan->key, .before = before };
	return 0;
}

/*
 * ---- removed listeners ------------------------------------------------------------------------
 */

/*
 * A removed listener is remembered until its flows have been silent for too long, unless its name
 * or its ports are another's now.
 */
static bool is_remembered(const struct planning *p, const struct image_listener *row)
{
	const struct listener_label *label = &row->label;

	return !model_find_listener(p->c->model, label->name) &&
	       !port_index_overlaps(&p->after, &row->key.addr, row->key.protocol,
				    label->port_first, label->port_last) &&
	       !image_forgets(p->c->current, row, p->c->now);
}

/* Those removed last come first. */
static int by_removal(const void *a, const void *b)
{
	const struct image_listener *x = ((const struct ring_plan *)a)->removed;
	const struct image_listener *y = ((const struct ring_plan *)b)->removed;
	uint32_t since_x = x->label.removed_at ?: UINT32_MAX;
	uint32_t since_y = y->label.removed_at ?: UINT32_MAX;

	return (since_x < since_y) - (since_x > since_y);
}

static void plan_removed(const struct planning *p)
{
	const struct image_listener *rows = p->c->current->listeners.rows;
	struct ring_plan *plans = p->c->plans + p->c->plan_count;
	size_t room = LISTENERS_MAX - 1 - p->c->model->listener_count, count = 0;

	for (size_t i = 0; i < p->c->current->listeners.count; i++) {
		const struct image_ring *ring;

		ring = image_find_ring(p->c->current, rows[i].label.ring);
		if (ring && is_remembered(p, &rows[i]))
			plans[count++] = (struct ring_plan){
				.key = ring->key,
				.routing = ring->routing,
				.origin = ring,
				.removed = &rows[i],
			};
	}
	qsort(plans, count, sizeof(*plans), by_removal);
	p->c->plan_count += count < room ? count : room;
}

static int plan_compare(const void *a, const void *b)
{
	const struct ring_plan *x = a, *y = b;

	if (x->key != y->key)
		return x->key < y->key ? -1 : 1;
	return !x->listener - !y->listener;
}

int plan_rings(struct compilation *c, struct err *err)
{
	size_t listeners = c->model->listener_count;
	_cleanup_(planning_clean) struct planning p = { .c = c };
	int r = planning_init(&p);

	c->plans = calloc(listeners + c->current->listeners.count + 1, sizeof(*c->plans));
	c->lineages = calloc(listeners + 1, sizeof(*c->lineages));
	if (!c->plans || !c->lineages)
		r = -ENOMEM;
	for (size_t i = 0; i < listeners && !r; i++) {
		r = plan_listener(&p, &c->model->listeners[i], &c->plans[i], &c->lineages[i]);
	}
	if (r)
		return err_set(err, ENOMEM, "out of memory");
	c->plan_count = listeners;
	plan_removed(&p);
	qsort(c->plans, c->plan_count, sizeof(*c->plans), plan_compare);
	return 0;
}
