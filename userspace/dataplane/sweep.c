// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "dataplane/sweep.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "dataplane/flow_places.h"
#include "dataplane/history.h"
#include "dataplane/image.h"
#include "dataplane/maps.h"

struct sweeping {
	struct sweep *sweep;
	struct image *image;
	const struct map_writer *writer;
	const struct flow_table *table;
	uint32_t now;
	const uint32_t *alive;		/* target ids by index */
	struct flow_places places;	/* of the groups of rings that have tracking slots */
	bool *in_use;			/* by ring */
};

static void store(const struct sweeping *s, const struct image_ring *ring, uint32_t i,
		  union slot slot)
{
	ring->slots->slot[i] = slot;
	s->writer->store_slot(s->writer->context, ring->base + i, slot);
}

/* Runs visit for every ring with slots that are not stable; the sum of what it returns. */
static size_t each_unsettled(const struct sweeping *s,
			     size_t (*visit)(const struct sweeping *s, struct image_ring *ring))
{
	struct image_ring *rings = s->image->rings.rows;
	size_t sum = 0;

	for (size_t i = 0; i < s->image->rings.count; i++) {
		if (rings[i].slots->unsettled)
			sum += visit(s, &rings[i]);
	}
	return sum;
}

/*
 * ---- learning ---------------------------------------------------------------------------------
 */

/* Whether any slot will be tracking when those whose time is over have ended learning. */
static bool will_track(const struct image_ring *ring, uint32_t now)
{
	for (uint32_t i = 0; i < 1u << ring->bits; i++) {
		if (slot_end_learning(ring->slots->slot[i], now).condition == SLOT_TRACKING)
			return true;
	}
	return false;
}

static size_t end_learning(const struct sweeping *s, struct image_ring *ring)
{
	size_t ended = 0;

	for (uint32_t i = 0; i < 1u << ring->bits; i++) {
		union slot slot = ring->slots->slot[i];
		union slot next = slot_end_learning(slot, s->now);

		if (next.word == slot.word)
			continue;
		store(s, ring, i, next);
		ended++;
	}
	return ended;
}

/*
 * ---- the flow table ---------------------------------------------------------------------------
 */

/* What a CPU wrote whose clock is ahead of ours is not old. */
static bool is_expired(const struct sweeping *s, union flow flow)
{
	uint16_t age = (uint16_t)(s->now - flow.seen);

	return age <= (uint16_t)-FLOW_CLOCK_SKEW && age > s->image->config.idle_timeout_longest;
}

static bool means_nothing(const struct sweeping *s, union flow flow)
{
	return is_expired(s, flow) ||
	       (flow.target && s->alive[TARGET_INDEX(flow.target)] != flow.target);
}

/* The entry as it stands when it was not to be freed; the program may have changed it. */
static union flow settle_entry(const struct sweeping *s, union flow *entry)
{
	union flow flow = { .word = __atomic_load_n(&entry->word, __ATOMIC_RELAXED) };

	while (flow.state != FLOW_FREE && means_nothing(s, flow)) {
		if (__atomic_compare_exchange_n(&entry->word, &flow.word, 0, false,
						__ATOMIC_RELAXED, __ATOMIC_RELAXED))
			flow.word = 0;
	}
	return flow;
}

static void scan_entry(struct sweeping *s, union flow *entry)
{
	union flow flow = settle_entry(s, entry);

	if (flow.state == FLOW_FREE)
		return;
	if (!flow.target) {
		s->sweep->direct++;
		return;
	}
	s->sweep->entries[flow.state]++;
	s->sweep->flows[TARGET_INDEX(flow.target)]++;
	flow_places_note(&s->places, flow);
}

static bool is_empty(const struct flow_bucket *bucket)
{
	uint64_t any = 0;

	for (size_t i = 0; i < FLOWS_PER_BUCKET; i++)
		any |= __atomic_load_n(&bucket->flow[i].word, __ATOMIC_RELAXED);
	return !any;
}

static void scan(struct sweeping *s)
{
	memset(s->sweep, 0, sizeof(*s->sweep));
	for (size_t i = 0; i < s->table->bucket_count; i++) {
		struct flow_bucket *bucket = &s->table->buckets[i];

		if (is_empty(bucket))
			continue;
		for (size_t j = 0; j < FLOWS_PER_BUCKET; j++)
			scan_entry(s, &bucket->flow[j]);
	}
	flow_places_sum(&s->places);
}

/*
 * ---- tracking ---------------------------------------------------------------------------------
 */

static bool can_settle(const struct image_ring *ring, const struct ring_flows *flows, uint32_t i)
{
	union slot slot = ring->slots->slot[i];

	return slot.condition == SLOT_TRACKING &&
	       !ring_flows_elsewhere(flows, ring->bits, i, (uint32_t)slot.current);
}

static size_t count_settling(const struct sweeping *s, struct image_ring *ring)
{
	struct ring_flows flows = flow_places_of_ring(&s->places, ring);
	size_t count = 0;

	for (uint32_t i = 0; i < 1u << ring->bits; i++)
		count += can_settle(ring, &flows, i);
	return count;
}

static size_t settle(const struct sweeping *s, struct image_ring *ring)
{
	struct ring_flows flows = flow_places_of_ring(&s->places, ring);
	uint32_t count = 0;

	for (uint32_t i = 0; i < 1u << ring->bits; i++) {
		if (!can_settle(ring, &flows, i))
			continue;
		store(s, ring, i, slot_settle(ring->slots->slot[i]));
		count++;
	}
	ring->slots->unsettled -= count;
	return count;
}

/*
 * ---- names ------------------------------------------------------------------------------------
 */

/* The others are there only for listeners that were removed and may come back. */
static int find_rings_in_use(struct sweeping *s)
{
	const struct image_listener *listeners = s->image->listeners.rows;
	const struct image_ring *rings = s->image->rings.rows;

	s->in_use = calloc(s->image->rings.count + 1, sizeof(*s->in_use));
	if (!s->in_use)
		return -ENOMEM;
	for (size_t i = 0; i < s->image->listeners.count; i++) {
		const struct image_ring *ring = image_find_ring(s->image, listeners[i].label.ring);

		if (ring && !(listeners[i].entry.flags & LISTENER_REMOVED))
			s->in_use[ring - rings] = true;
	}
	return 0;
}

static void name(const struct sweeping *s, uint32_t id)
{
	if (id && s->alive[TARGET_INDEX(id)] == id)
		s->sweep->named[TARGET_INDEX(id)] = true;
}

static void name_targets(const struct sweeping *s, const struct image_ring *ring, bool in_use)
{
	for (uint32_t i = 0; i < 1u << ring->bits; i++) {
		union slot slot = ring->slots->slot[i];

		if (slot.condition == SLOT_LEARNING)
			name(s, (uint32_t)slot.previous);
		if (!in_use)
			name(s, (uint32_t)slot.current);
	}
}

static void name_all(const struct sweeping *s)
{
	const struct image_ring *rings = s->image->rings.rows;

	for (size_t i = 0; i < s->image->rings.count; i++) {
		if (!s->in_use[i] || rings[i].slots->unsettled)
			name_targets(s, &rings[i], s->in_use[i]);
	}
}

/*
 * ---- the order of things ----------------------------------------------------------------------
 */

static int prepare(struct sweeping *s)
{
	const struct image_ring *rings = s->image->rings.rows;
	int r = 0;

	for (size_t i = 0; i < s->image->rings.count && !r; i++) {
		if (rings[i].slots->unsettled && will_track(&rings[i], s->now))
			r = flow_places_add(&s->places, &rings[i]);
	}
	return r ?: flow_places_prepare(&s->places, s->image) ?: find_rings_in_use(s);
}

/*
 * A slot settles by what the table holds once no packet is in flight that read it as learning, for
 * such a packet may still record a flow on another target. Slots stopped learning just now, or in a
 * change a moment ago: for the latter it is enough to wait, and look again, when some would settle.
 */
static void run(struct sweeping *s)
{
	const struct map_writer *writer = s->writer;
	bool ended = each_unsettled(s, end_learning);

	if (ended)
		writer->wait_for_readers(writer->context);
	scan(s);
	if (!ended && each_unsettled(s, count_settling)) {
		writer->wait_for_readers(writer->context);
		scan(s);
	}
	each_unsettled(s, settle);
	name_all(s);
}

int sweep_run(struct sweep *sweep, struct image *image, const struct map_writer *writer,
	      const struct flow_table *table, uint32_t now)
{
	_cleanup_free_ uint32_t *alive = image_alive_ids(image);
	struct sweeping s = {
		.sweep = sweep,
		.image = image,
		.writer = writer,
		.table = table,
		.now = now,
		.alive = alive,
	};
	int r = alive ? prepare(&s) : -ENOMEM;

	if (!r)
		run(&s);
	flow_places_clean(&s.places);
	free(s.in_use);
	return r;
}
