// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "dataplane/apply.h"

#include <errno.h>
#include <stdbool.h>
#include <stddef.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "dataplane/image.h"
#include "dataplane/maps.h"

struct way {
	const struct map_writer *writer;
	const struct image *from, *to;
	bool is_back;
};

static int update(const struct way *way, enum map_id map, const void *key, const void *value)
{
	return way->writer->update(way->writer->context, map, key, value);
}

/* What is gone already is as it should be: a way back may name what was never written. */
static int drop(const struct way *way, enum map_id map, const void *key)
{
	int r = way->writer->remove(way->writer->context, map, key);

	return r == -ENOENT ? 0 : r;
}

/* One kind of row: how to order, write and remove it. old is NULL for a new row. */
struct kind {
	size_t table;			/* offset in struct image */
	size_t row_size;
	int (*compare)(const void *a, const void *b);
	int (*put)(const struct way *way, const void *row, const void *old);
	int (*remove)(const struct way *way, const void *row);
};

static const struct table *table_of(const struct image *image, const struct kind *kind)
{
	return (const struct table *)((const char *)image + kind->table);
}

/* Walks both tables in order; puts rows that are new or differ, or removes those that are gone. */
static int each_difference(const struct way *way, const struct kind *kind, bool removals)
{
	const struct table *from = table_of(way->from, kind), *to = table_of(way->to, kind);
	const char *old = from->rows, *new = to->rows;
	size_t i = 0, j = 0;
	int r = 0;

	while (!r && (i < from->count || j < to->count)) {
		const char *a = old + i * kind->row_size, *b = new + j * kind->row_size;
		int order = i == from->count ? 1 : j == to->count ? -1 : kind->compare(a, b);

		if (order < 0 && removals)
			r = kind->remove(way, a);
		else if (order > 0 && !removals)
			r = kind->put(way, b, NULL);
		else if (order == 0 && !removals && memcmp(a, b, kind->row_size))
			r = kind->put(way, b, a);
		i += order <= 0;
		j += order >= 0;
	}
	return r;
}

static int write_target(const struct way *way, const struct image_target *target,
			const struct image_target *before)
{
	static const struct traffic zero;
	int r = 0;

	if (!before || memcmp(&before->label, &target->label, sizeof(target->label)))
		r = update(way, MAP_TARGET_LABELS, &target->index, &target->label);
	if (!r && !before && !way->is_back)
		r = update(way, MAP_TARGET_TRAFFIC, &target->index, &zero);
	if (!r && (!before || memcmp(&before->entry, &target->entry, sizeof(target->entry))))
		r = update(way, MAP_TARGETS, &target->index, &target->entry);
	return r;
}

/* On the way back slots name the target that came to life until they are back, too. */
static bool is_reborn(const struct way *way, const struct image_target *target,
		      const struct image_target *before)
{
	return way->is_back && before && before->entry.generation != target->entry.generation;
}

static int put_target(const struct way *way, const void *row, const void *old)
{
	return is_reborn(way, row, old) ? 0 : write_target(way, row, old);
}

static int put_reborn(const struct way *way, const void *row, const void *old)
{
	return is_reborn(way, row, old) ? write_target(way, row, old) : 0;
}

/* The generation stays in the entry: the next owner of the index must not get the same one. */
static int remove_target(const struct way *way, const void *row)
{
	const struct image_target *target = row;
	const struct target_entry empty = { .generation = target->entry.generation };
	const struct target_label free_label = { .port = 0 };
	int r;

	r = update(way, MAP_TARGETS, &target->index, &empty);
	return r ? r : update(way, MAP_TARGET_LABELS, &target->index, &free_label);
}

static bool is_in_place(const struct image_ring *ring, const struct image_ring *before)
{
	return before && before->base == ring->base && before->bits == ring->bits;
}

static void store_slots(const struct way *way, const struct image_ring *ring,
			const struct ring_slots *before)
{
	const struct map_writer *writer = way->writer;

	for (uint32_t i = 0; i < 1u << ring->bits; i++) {
		if (!before || before->slot[i].word != ring->slots->slot[i].word)
			writer->store_slot(writer->context, ring->base + i, ring->slots->slot[i]);
	}
}

/* Slots that no listener leads to yet. */
static int put_new_ring(const struct way *way, const void *row, const void *old)
{
	const struct image_ring *ring = row;

	if (!is_in_place(ring, old))
		store_slots(way, ring, NULL);
	return 0;
}

static int put_ring_in_place(const struct way *way, const void *row, const void *old)
{
	const struct image_ring *ring = row, *before = old;

	if (is_in_place(ring, before) && before->slots != ring->slots)
		store_slots(way, ring, before->slots);
	return 0;
}

/*
 * Its key may be another one: a listener is known by its name. One that was removed is new when it
 * comes back. On the way back nobody is new.
 */
static bool is_new_listener(const struct way *way, const struct image_listener *listener)
{
	if (way->is_back || listener->label.removed_at)
		return false;
	return image_find_id(way->from, listener->label.name) != listener->entry.id ||
	       image_has_removed(way->from, listener->label.name);
}

static int put_listener(const struct way *way, const void *row, const void *old)
{
	const struct image_listener *listener = row, *before = old;
	static const struct traffic zero;
	int r = 0;

	if (!before || memcmp(&before->label, &listener->label, sizeof(listener->label)))
		r = update(way, MAP_LISTENER_LABELS, &listener->entry.id, &listener->label);
	if (!r && is_new_listener(way, listener))
		r = update(way, MAP_LISTENER_TRAFFIC, &listener->entry.id, &zero);
	return r ? r : update(way, MAP_LISTENERS, &listener->key, &listener->entry);
}

static int remove_listener(const struct way *way, const void *row)
{
	return drop(way, MAP_LISTENERS, row);
}

/* No packet meets it, so it can make room before anything else. */
static int forget_listener(const struct way *way, const void *row)
{
	const struct image_listener *listener = row;

	return listener->label.removed_at ? remove_listener(way, row) : 0;
}

static int put_reply(const struct way *way, const void *row, const void *old)
{
	const struct image_reply *reply = row;

	(void)old;
	return update(way, MAP_REPLIES, &reply->key, &reply->entry);
}

static int remove_reply(const struct way *way, const void *row)
{
	return drop(way, MAP_REPLIES, row);
}

static int put_listener_ranges(const struct way *way, const void *row, const void *old)
{
	const struct image_ranges *ranges = row;

	(void)old;
	return update(way, MAP_LISTENER_RANGES, &ranges->key, &ranges->ranges);
}

static int remove_listener_ranges(const struct way *way, const void *row)
{
	return drop(way, MAP_LISTENER_RANGES, row);
}

static int put_reply_ranges(const struct way *way, const void *row, const void *old)
{
	const struct image_ranges *ranges = row;

	(void)old;
	return update(way, MAP_REPLY_RANGES, &ranges->key, &ranges->ranges);
}

static int remove_reply_ranges(const struct way *way, const void *row)
{
	return drop(way, MAP_REPLY_RANGES, row);
}

static const struct kind targets = {
	.table = offsetof(struct image, targets),
	.row_size = sizeof(struct image_target),
	.compare = image_target_compare,
	.put = put_target,
	.remove = remove_target,
};

static const struct kind reborn_targets = {
	.table = offsetof(struct image, targets),
	.row_size = sizeof(struct image_target),
	.compare = image_target_compare,
	.put = put_reborn,
};

static const struct kind new_rings = {
	.table = offsetof(struct image, rings),
	.row_size = sizeof(struct image_ring),
	.compare = image_ring_compare,
	.put = put_new_ring,
};

static const struct kind rings_in_place = {
	.table = offsetof(struct image, rings),
	.row_size = sizeof(struct image_ring),
	.compare = image_ring_compare,
	.put = put_ring_in_place,
};

static const struct kind listeners = {
	.table = offsetof(struct image, listeners),
	.row_size = sizeof(struct image_listener),
	.compare = endpoint_key_compare,
	.put = put_listener,
	.remove = remove_listener,
};

static const struct kind forgotten_listeners = {
	.table = offsetof(struct image, listeners),
	.row_size = sizeof(struct image_listener),
	.compare = endpoint_key_compare,
	.remove = forget_listener,
};

static const struct kind replies = {
	.table = offsetof(struct image, replies),
	.row_size = sizeof(struct image_reply),
	.compare = endpoint_key_compare,
	.put = put_reply,
	.remove = remove_reply,
};

static const struct kind listener_ranges = {
	.table = offsetof(struct image, listener_ranges),
	.row_size = sizeof(struct image_ranges),
	.compare = endpoint_key_compare,
	.put = put_listener_ranges,
	.remove = remove_listener_ranges,
};

static const struct kind reply_ranges = {
	.table = offsetof(struct image, reply_ranges),
	.row_size = sizeof(struct image_ranges),
	.compare = endpoint_key_compare,
	.put = put_reply_ranges,
	.remove = remove_reply_ranges,
};

/* Whether an index or slots that packets may still be on their way to become free for others. */
static bool frees_anything(const struct way *way)
{
	const struct image_target *target = way->from->targets.rows;
	const struct image_ring *ring = way->from->rings.rows;

	for (size_t i = 0; i < way->from->targets.count; i++, target++) {
		if (!image_find_target(way->to, target->label.group, &target->label.addr,
				       target->label.port))
			return true;
	}
	for (size_t i = 0; i < way->from->rings.count; i++, ring++) {
		const struct image_ring *after = image_find_ring(way->to, ring->key);

		if (!after || after->base != ring->base)
			return true;
	}
	return false;
}

/*
 * Every entry is there before anything leads to it, and nothing leads to it when it goes: ranges
 * name entries of listeners and replies, listeners name rings, rings name targets, and targets send
 * replies. Slots that are in use change last of what is put: once new flows follow them there is no
 * way back that all flows would survive, but also nothing left that is likely to fail.
 */
static const struct {
	const char *what;
	const struct kind *kind;
	bool removals;
} steps[] = {
	{ "forgotten listeners", &forgotten_listeners, true },
	{ "targets", &targets, false },
	{ "replies", &replies, false },
	{ "reply ranges", &reply_ranges, false },
	{ "rings", &new_rings, false },
	{ "listeners", &listeners, false },
	{ "listener ranges", &listener_ranges, false },
	{ "slots", &rings_in_place, false },
	{ "old listener ranges", &listener_ranges, true },
	{ "old listeners", &listeners, true },
	{ "old reply ranges", &reply_ranges, true },
	{ "old replies", &replies, true },
	{ "targets", &reborn_targets, false },
	{ "old targets", &targets, true },
};

/* While old and new entries stand side by side the program must look wherever either of them is. */
static int put_config(const struct way *way, bool both)
{
	struct config config = way->to->config;
	const uint32_t key = 0;

	if (both) {
		config.flags |= way->from->config.flags;
		if (way->from->config.idle_timeout_longest > config.idle_timeout_longest)
			config.idle_timeout_longest = way->from->config.idle_timeout_longest;
	}
	return update(way, MAP_CONFIG, &key, &config);
}

static int go(const struct way *way, struct err *err)
{
	const struct map_writer *writer = way->writer;
	const char *what = "configuration";
	int r;

	r = put_config(way, true);
	for (size_t i = 0; i < ARRAY_SIZE(steps) && !r; i++) {
		what = steps[i].what;
		if (steps[i].kind == &targets && steps[i].removals && frees_anything(way))
			writer->wait_for_readers(writer->context);
		r = each_difference(way, steps[i].kind, steps[i].removals);
	}
	if (!r)
		r = put_config(way, false);
	if (r == -E2BIG)
		return err_set(err, E2BIG,
			       "no room for %s while old and new ones stand side by side: make the "
			       "change in two steps", what);
	return r ? err_set(err, -r, "writing %s to the maps failed: %s", what, strerror(-r)) : 0;
}

/* The way back is a way like any other: from where we wanted to be to where we were. */
int apply(const struct map_writer *writer, const struct image *from, const struct image *to,
	  struct err *err)
{
	const struct way there = { .writer = writer, .from = from, .to = to };
	const struct way back = { .writer = writer, .from = to, .to = from, .is_back = true };
	struct err undo_err;

	if (!go(&there, err))
		return 0;
	if (!go(&back, &undo_err))
		return err_prefix(err, "nothing was changed");
	return -ENOTRECOVERABLE;
}
