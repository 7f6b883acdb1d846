// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* The maps that packets are matched in: listeners by destination. */
#include <errno.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "dataplane/compile_parts.h"

/* Of whom an id is; ID_KNOWN: of a listener of the current image, who may take it again. */
enum { ID_FREE, ID_KNOWN, ID_TAKEN };

/* The id of a removed listener is free unless it is remembered, or comes back. */
static void mark_used(const struct compilation *c, uint8_t *used)
{
	const struct image_id *rows = c->current->ids.rows;

	for (size_t i = 0; i < c->current->ids.count; i++) {
		if (!rows[i].removed || model_find_listener(c->model, rows[i].name))
			used[rows[i].id] = ID_KNOWN;
	}
	for (size_t i = 0; i < c->plan_count; i++) {
		if (c->plans[i].removed)
			used[c->plans[i].removed->entry.id] = ID_TAKEN;
	}
}

/*
 * A listener keeps its id, and with it its counters, whatever else of it changes. A range that gets
 * another name keeps its id as well: replies of its flows are found by it.
 */
static uint32_t known_id(const struct compilation *c, size_t number)
{
	const struct listener *listener = &c->model->listeners[number];
	const struct image_listener *before = c->lineages[number].before;
	uint32_t id = image_find_id(c->current, listener->name);

	if (id || !before || !before->key.is_range || !listener_is_range(listener) ||
	    model_find_listener(c->model, before->label.name))
		return id;
	return before->entry.id;
}

/* used says of each id whether it is another's, now or until this change is done. */
static uint32_t take_id(const struct compilation *c, uint8_t *used, size_t number)
{
	uint32_t id = known_id(c, number);

	if (id && used[id] != ID_TAKEN) {
		used[id] = ID_TAKEN;
		return id;
	}
	for (uint32_t tried = 1; tried < LISTENERS_MAX; tried++) {
		id = c->next->next_listener;
		c->next->next_listener = id + 1 < LISTENERS_MAX ? id + 1 : 1;
		if (used[id])
			continue;
		used[id] = ID_TAKEN;
		return id;
	}
	return 0;
}

static int add_id(struct image *next, const char name[NAME_SIZE], uint32_t id, bool removed)
{
	struct image_id *row = table_add(&next->ids, sizeof(*row));

	if (!row)
		return -ENOMEM;
	memcpy(row->name, name, sizeof(row->name));
	row->id = id;
	row->removed = removed;
	return 0;
}

static void fill_label(struct listener_label *label, const struct listener *listener,
		       const struct image_ring *ring)
{
	memcpy(label->name, listener->name, sizeof(label->name));
	memcpy(label->groups, ring->groups, sizeof(label->groups));
	label->ring = ring->key;
	label->routing = ring->routing;
	label->port_first = listener->port_first;
	label->port_last = listener->port_last;
}

/* What no rule of slots could tell: the beginning of a UDP flow. */
static bool is_tracked(const struct listener *listener)
{
	return listener->affinity == AFFINITY_TRACKED ||
	       (listener->affinity == AFFINITY_AUTO && listener->protocol == IPPROTO_UDP);
}

static void fill_entry(const struct compilation *c, struct listener_entry *entry,
		       const struct listener *listener, const struct image_ring *ring)
{
	bool is_udp = listener->protocol == IPPROTO_UDP;

	entry->ring_base = ring->base;
	entry->ring_shift = (uint8_t)(64 - ring->bits);
	entry->flags = (listener_is_range(listener) ? LISTENER_KEEPS_PORT : 0) |
		       (is_tracked(listener) ? LISTENER_TRACKED : 0) |
		       (ring->hashed ? LISTENER_HASHED : 0);
	entry->idle_timeout = is_udp ? c->next->config.idle_timeout_udp
				     : (uint16_t)ring_idle_timeout(c, ring);
}

static int add_listener(struct compilation *c, uint8_t *used, size_t number, struct table *wanted)
{
	const struct listener *listener = &c->model->listeners[number];
	const struct image_ring *ring = image_find_ring(c->next, c->lineages[number].ring);
	struct image_listener *row = table_add(&c->next->listeners, sizeof(*row));

	if (!row)
		return -ENOMEM;
	row->entry.id = take_id(c, used, number);
	if (!row->entry.id)
		return -ENOSPC;
	if (add_id(c->next, listener->name, row->entry.id, false))
		return -ENOMEM;
	fill_label(&row->label, listener, ring);
	fill_entry(c, &row->entry, listener, ring);
	row->key = listener_key(&listener->addr, listener, listener->port_first, row->entry.id);
	if (!row->key.is_range)
		return 0;
	return want_range(wanted, &row->key,
			  &(struct port_range){ listener->port_first, listener->port_last,
						row->key.range });
}

/* So that it finds its ring, and its flows their targets, if it comes back in time. */
static int add_removed(struct compilation *c, const struct image_listener *before)
{
	const struct image_ring *ring = image_find_ring(c->next, before->label.ring);
	struct image_listener *row = table_add(&c->next->listeners, sizeof(*row));

	if (!row)
		return -ENOMEM;
	*row = *before;
	row->entry.flags |= LISTENER_REMOVED;
	row->entry.ring_base = ring->base;
	row->entry.ring_shift = (uint8_t)(64 - ring->bits);
	memcpy(row->label.groups, ring->groups, sizeof(row->label.groups));
	if (!row->label.removed_at)
		row->label.removed_at = c->now ?: 1;
	return add_id(c->next, before->label.name, before->entry.id, true);
}

static int add_all(struct compilation *c, uint8_t *used, struct table *wanted)
{
	int r = 0;

	for (size_t i = 0; i < c->model->listener_count && !r; i++)
		r = add_listener(c, used, i, wanted);
	for (size_t i = 0; i < c->plan_count && !r; i++) {
		if (c->plans[i].removed)
			r = add_removed(c, c->plans[i].removed);
	}
	return r;
}

int compile_listeners(struct compilation *c, struct err *err)
{
	_cleanup_(table_clean) struct table wanted = { .count = 0 };
	_cleanup_free_ uint8_t *used = calloc(1, LISTENERS_MAX);
	int r;

	if (used)
		mark_used(c, used);
	r = used ? add_all(c, used, &wanted) : -ENOMEM;
	if (r == -ENOSPC)
		return err_set(err, ENOSPC,
			       "more than %d listeners together with those that this change removes: "
			       "remove them first", LISTENERS_MAX - 1);
	if (r)
		return err_set(err, -r, "out of memory");
	table_sort(&c->next->listeners, sizeof(struct image_listener), endpoint_key_compare);
	table_sort(&c->next->ids, sizeof(struct image_id), image_id_compare);
	return finish_ranges(&wanted, &c->next->listener_ranges, err);
}
