// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Maps -> image: what an earlier daemon left, wherever in a change it was ended. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <bpf/bpf.h>

#include "base/cleanup.h"
#include "dataplane/image.h"
#include "dataplane/maps.h"
#include "dataplane/siphash.h"

enum { ROUTING_UNKNOWN = 0 };

struct reading {
	const struct maps *maps;
	struct image *image;
	/* of replies or ranges, where one function serves several */
	struct table *table;
	struct target_label *labels;	/* all of them, by index */
};

static int visit_label(void *context, const void *key, const void *value)
{
	struct reading *reading = context;

	memcpy(&reading->labels[*(const uint32_t *)key], value, sizeof(struct target_label));
	return 0;
}

/*
 * A label without an entry is a target that was being added when the daemon ended: nothing names
 * it yet, and its index still has the generation of the owner before.
 */
static int visit_target(void *context, const void *key, const void *value)
{
	struct reading *reading = context;
	uint32_t index = *(const uint32_t *)key;
	const struct target_entry *entry = value;
	struct image_target *row;

	reading->image->generations[index] = entry->generation;
	if (!reading->labels[index].group[0] || entry->forwarding == FORWARDING_NONE)
		return 0;
	row = table_add(&reading->image->targets, sizeof(*row));
	if (!row)
		return -ENOMEM;
	row->label = reading->labels[index];
	row->entry = *entry;
	row->index = index;
	if (index >= reading->image->next_index)
		reading->image->next_index = index + 1 < TARGETS_MAX ? index + 1 : 1;
	return 0;
}

static int visit_listener(void *context, const void *key, const void *value)
{
	struct reading *reading = context;
	struct image_listener *row = table_add(&reading->image->listeners, sizeof(*row));

	if (!row)
		return -ENOMEM;
	memcpy(&row->key, key, sizeof(row->key));
	memcpy(&row->entry, value, sizeof(row->entry));
	if (bpf_map_lookup_elem(reading->maps->fd[MAP_LISTENER_LABELS], &row->entry.id,
				&row->label))
		return -errno;
	return 0;
}

static int visit_reply(void *context, const void *key, const void *value)
{
	struct reading *reading = context;
	struct image_reply *row = table_add(reading->table, sizeof(*row));

	if (!row)
		return -ENOMEM;
	memcpy(&row->key, key, sizeof(row->key));
	memcpy(&row->entry, value, sizeof(row->entry));
	return 0;
}

static int visit_ranges(void *context, const void *key, const void *value)
{
	struct reading *reading = context;
	struct image_ranges *row = table_add(reading->table, sizeof(*row));

	if (!row)
		return -ENOMEM;
	memcpy(&row->key, key, sizeof(row->key));
	memcpy(&row->ranges, value, sizeof(row->ranges));
	return 0;
}

/* What the labels of listeners that lead to one ring say, and the ring itself. */
static int add_ring(struct reading *reading, const struct image_listener *listener)
{
	struct image_ring *ring = table_add(&reading->image->rings, sizeof(*ring));

	if (!ring)
		return -ENOMEM;
	ring->key = listener->label.ring;
	ring->routing = listener->label.routing;
	memcpy(ring->groups, listener->label.groups, sizeof(ring->groups));
	ring->hashed = listener->entry.flags & LISTENER_HASHED;
	ring->base = listener->entry.ring_base;
	ring->bits = 64u - listener->entry.ring_shift;
	ring->slots = ring_slots_new(ring->bits);
	if (!ring->slots)
		return -ENOMEM;
	for (uint32_t i = 0; i < 1u << ring->bits; i++) {
		ring->slots->slot[i].word = reading->maps->slots[ring->base + i];
		ring->slots->unsettled += ring->slots->slot[i].condition != SLOT_STABLE;
	}
	return 0;
}

static int by_ring(const void *a, const void *b)
{
	const struct image_listener *x = *(const struct image_listener *const *)a;
	const struct image_listener *y = *(const struct image_listener *const *)b;

	return (x->label.ring > y->label.ring) - (x->label.ring < y->label.ring);
}

static int by_base(const void *a, const void *b)
{
	const struct image_listener *x = *(struct image_listener *const *)a;
	const struct image_listener *y = *(struct image_listener *const *)b;

	return (x->entry.ring_base > y->entry.ring_base) -
	       (x->entry.ring_base < y->entry.ring_base);
}

/*
 * Labels that are not to be believed: they get a key of the ring's own, no known routing, and all
 * groups that any of them names. compile makes the ring the origin of what its listeners should
 * have.
 */
static void doubt(struct image_listener **listeners, size_t count)
{
	static const uint64_t key[2] = { 0, 2 };
	struct image_ring ring = { .key = 0 };

	for (size_t i = 0; i < count; i++) {
		for (size_t j = 0; j < RING_GROUPS_MAX; j++)
			ring_add_group(&ring, listeners[i]->label.groups[j]);
	}
	for (size_t i = 0; i < count; i++) {
		uint32_t base = listeners[i]->entry.ring_base;

		listeners[i]->label.ring = siphash13(key, &base, sizeof(base));
		listeners[i]->label.routing = ROUTING_UNKNOWN;
		memcpy(listeners[i]->label.groups, ring.groups, sizeof(ring.groups));
	}
}

/* Labels are written before entries. So one key may stand for two rings: all those are doubted. */
static void doubt_split_keys(struct image_listener **sorted, size_t count)
{
	size_t end;

	qsort(sorted, count, sizeof(*sorted), by_ring);
	for (size_t i = 0; i < count; i = end) {
		bool agree = true;

		for (end = i; end < count && !by_ring(&sorted[i], &sorted[end]); end++)
			agree &= !by_base(&sorted[i], &sorted[end]);
		if (!agree)
			doubt(sorted + i, end - i);
	}
}

/* And one ring may be under two keys, or have gained groups that only some labels know. */
static void doubt_shared_rings(struct image_listener **sorted, size_t count)
{
	size_t end;

	qsort(sorted, count, sizeof(*sorted), by_base);
	for (size_t i = 0; i < count; i = end) {
		const struct listener_label *first = &sorted[i]->label;
		bool agree = true;

		for (end = i; end < count && !by_base(&sorted[i], &sorted[end]); end++)
			agree &= sorted[end]->label.ring == first->ring &&
				 sorted[end]->label.routing == first->routing &&
				 !memcmp(sorted[end]->label.groups, first->groups,
					 sizeof(first->groups));
		if (!agree)
			doubt(sorted + i, end - i);
	}
}

/* By what the entries lead to, for that is where the flows are. */
static int read_rings(struct reading *reading)
{
	struct image_listener *rows = reading->image->listeners.rows;
	size_t count = reading->image->listeners.count;
	_cleanup_free_ struct image_listener **listeners = calloc(count + 1, sizeof(*listeners));
	int r = 0;

	if (!listeners)
		return -ENOMEM;
	for (size_t i = 0; i < count; i++)
		listeners[i] = &rows[i];
	doubt_split_keys(listeners, count);
	doubt_shared_rings(listeners, count);
	for (size_t i = 0; i < count && !r; i++) {
		if (!i || by_base(&listeners[i - 1], &listeners[i]))
			r = add_ring(reading, listeners[i]);
	}
	table_sort(&reading->image->rings, sizeof(struct image_ring), image_ring_compare);
	return r;
}

/* A listener whose port was being changed stands under two keys, with one id. */
static int read_ids(struct reading *reading)
{
	const struct image_listener *rows = reading->image->listeners.rows;

	for (size_t i = 0; i < reading->image->listeners.count; i++) {
		struct image_id *row = table_add(&reading->image->ids, sizeof(*row));
		uint32_t id = rows[i].entry.id;

		if (!row)
			return -ENOMEM;
		memcpy(row->name, rows[i].label.name, sizeof(row->name));
		row->id = id;
		row->removed = rows[i].label.removed_at;
		if (id >= reading->image->next_listener)
			reading->image->next_listener = id + 1 < LISTENERS_MAX ? id + 1 : 1;
	}
	table_sort(&reading->image->ids, sizeof(struct image_id), image_id_compare);
	return 0;
}

static int read_targets(struct reading *reading)
{
	_cleanup_free_ struct target_label *labels = calloc(TARGETS_MAX, sizeof(*labels));
	int r;

	if (!labels)
		return -ENOMEM;
	reading->labels = labels;
	r = maps_each(reading->maps, MAP_TARGET_LABELS, sizeof(uint32_t), visit_label, reading);
	r = r ?: maps_each(reading->maps, MAP_TARGETS, sizeof(uint32_t), visit_target, reading);
	reading->labels = NULL;
	table_sort(&reading->image->targets, sizeof(struct image_target), image_target_compare);
	return r;
}

static int read_table(struct reading *reading, enum map_id map, struct table *table,
		      size_t row_size, int (*visit)(void *, const void *, const void *))
{
	int r;

	reading->table = table;
	r = maps_each(reading->maps, map, sizeof(struct endpoint_key), visit, reading);
	table_sort(table, row_size, endpoint_key_compare);
	return r;
}

int image_read(const struct maps *maps, struct image **out)
{
	_cleanup_(image_free) struct image *image = image_new();
	struct reading reading = { .maps = maps, .image = image };
	const uint32_t zero = 0;
	int r;

	if (!image)
		return -ENOMEM;
	if (bpf_map_lookup_elem(maps->fd[MAP_CONFIG], &zero, &image->config))
		return -errno;
	r = read_targets(&reading);
	r = r
		    ?: read_table(&reading, MAP_LISTENERS, &image->listeners,
				  sizeof(struct image_listener), visit_listener);
	r = r ?: read_table(&reading, MAP_REPLIES, &image->replies, sizeof(struct image_reply),
			    visit_reply);
	r = r ?: read_table(&reading, MAP_LISTENER_RANGES, &image->listener_ranges,
			    sizeof(struct image_ranges), visit_ranges);
	r = r ?: read_table(&reading, MAP_REPLY_RANGES, &image->reply_ranges,
			    sizeof(struct image_ranges), visit_ranges);
	r = r ?: read_rings(&reading);
	r = r ?: read_ids(&reading);
	if (r)
		return r;
	*out = take_ptr(image);
	return 0;
}
