// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* The maps that packets are matched in: listeners by destination, replies by source. */
#include <arpa/inet.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "dataplane/compile_parts.h"
#include "model/ranges.h"

static bool is_range(const struct listener *listener)
{
	return listener->port_first != listener->port_last;
}

/* A range is an entry under the number of its listener, and ports that lead to that number. */
static struct endpoint_key make_key(const struct addr *addr, const struct listener *listener,
				    uint16_t port, uint32_t number)
{
	struct endpoint_key key = { .addr = *addr, .protocol = listener->protocol };

	key.is_range = is_range(listener);
	if (key.is_range)
		key.range = (uint16_t)number;
	else
		key.port = htons(port);
	return key;
}

/*
 * ---- port ranges ------------------------------------------------------------------------------
 */

/* A range of an address and protocol, before ranges that contain each other are cut apart. */
struct wanted_range {
	struct endpoint_key key;	/* port 0, is_range 0 */
	struct port_range range;
};

static int wanted_compare(const void *a, const void *b)
{
	const struct wanted_range *x = a, *y = b;
	int order = endpoint_key_compare(&x->key, &y->key);

	return order ? order : (int)x->range.number - (int)y->range.number;
}

static int want_range(struct table *wanted, const struct addr *addr,
		      const struct listener *listener, uint32_t number)
{
	struct wanted_range *row = table_add(wanted, sizeof(*row));

	if (!row)
		return -ENOMEM;
	row->key.addr = *addr;
	row->key.protocol = listener->protocol;
	row->range.first = listener->port_first;
	row->range.last = listener->port_last;
	row->range.number = (uint16_t)number;
	return 0;
}

/* Writes the disjoint ranges of one key; returns how many rows of wanted that took, or -errno. */
static int cut_apart(const struct wanted_range *wanted, size_t left, struct port_range *nested,
		     struct table *ranges)
{
	struct image_ranges *row;
	size_t used = 0;
	int r;

	while (used < left && !endpoint_key_compare(&wanted[used].key, &wanted[0].key)) {
		nested[used] = wanted[used].range;
		used++;
	}
	row = table_add(ranges, sizeof(*row));
	if (!row)
		return -ENOMEM;
	row->key = wanted[0].key;
	r = ranges_flatten(nested, used, &row->ranges);
	return r ? r : (int)used;
}

static int finish_ranges(struct table *wanted, struct table *ranges, struct err *err)
{
	_cleanup_free_ struct port_range *nested = calloc(wanted->count + 1, sizeof(*nested));
	struct wanted_range *rows = wanted->rows;
	int used = nested ? 0 : -ENOMEM;

	if (wanted->count)
		qsort(rows, wanted->count, sizeof(*rows), wanted_compare);
	for (size_t i = 0; i < wanted->count && used >= 0; i += (size_t)used)
		used = cut_apart(rows + i, wanted->count - i, nested, ranges);
	if (used == -E2BIG)
		return err_set(err, E2BIG, "more than %d port ranges for one address and protocol",
			       RANGES_MAX);
	return used < 0 ? err_set(err, -used, "cutting port ranges apart: %s", strerror(-used)) : 0;
}

/*
 * ---- listeners --------------------------------------------------------------------------------
 */

static void mark_used(const struct image *image, uint8_t *used)
{
	const struct image_id *rows = image->ids.rows;

	for (size_t i = 0; i < image->ids.count; i++)
		used[rows[i].id] = 1;
}

/* A listener keeps its id, and with it its counters, whatever else of it changes. */
static uint32_t take_id(const struct compilation *c, uint8_t *used, const char *name)
{
	uint32_t id = image_find_id(c->current, name);

	if (id)
		return id;
	for (uint32_t tried = 1; tried < LISTENERS_MAX; tried++) {
		id = c->next->next_listener;
		c->next->next_listener = id + 1 < LISTENERS_MAX ? id + 1 : 1;
		if (used[id])
			continue;
		used[id] = 1;
		return id;
	}
	return 0;
}

static int add_id(struct image *next, const char name[NAME_SIZE], uint32_t id)
{
	struct image_id *row = table_add(&next->ids, sizeof(*row));

	if (!row)
		return -ENOMEM;
	memcpy(row->name, name, sizeof(row->name));
	row->id = id;
	return 0;
}

static int add_listener(struct compilation *c, uint8_t *used, const struct listener *listener,
			struct table *wanted)
{
	struct image_listener *row = table_add(&c->next->listeners, sizeof(*row));
	_cleanup_free_ char *name = routing_name(listener);
	const struct image_ring *ring;

	if (!row || !name)
		return -ENOMEM;
	row->entry.id = take_id(c, used, listener->name);
	if (!row->entry.id)
		return -ENOSPC;
	if (add_id(c->next, listener->name, row->entry.id))
		return -ENOMEM;
	memcpy(row->label.name, listener->name, sizeof(row->label.name));
	row->label.routing = routing_hash(name);
	ring = image_find_ring(c->next, row->label.routing);
	row->entry.ring_base = ring->base;
	row->entry.ring_shift = (uint8_t)(64 - ring->bits);
	row->entry.flags = is_range(listener) ? LISTENER_KEEPS_PORT : 0;
	row->key = make_key(&listener->addr, listener, listener->port_first, row->entry.id);
	return is_range(listener) ? want_range(wanted, &listener->addr, listener, row->entry.id)
				  : 0;
}

static void table_clean(struct table *table)
{
	free(table->rows);
}

int compile_listeners(struct compilation *c, struct err *err)
{
	_cleanup_(table_clean) struct table wanted = { .count = 0 };
	_cleanup_free_ uint8_t *used = calloc(1, LISTENERS_MAX);
	struct table *rows = &c->next->listeners;
	int r = used ? 0 : -ENOMEM;

	if (used)
		mark_used(c->current, used);
	for (size_t i = 0; i < c->model->listener_count && !r; i++)
		r = add_listener(c, used, &c->model->listeners[i], &wanted);
	if (r == -ENOSPC)
		return err_set(err, ENOSPC,
			       "more than %d listeners together with those that this change removes: "
			       "remove them first", LISTENERS_MAX - 1);
	if (r)
		return err_set(err, -r, "out of memory");
	if (rows->count)
		qsort(rows->rows, rows->count, sizeof(struct image_listener), endpoint_key_compare);
	return finish_ranges(&wanted, &c->next->listener_ranges, err);
}

/*
 * ---- replies ----------------------------------------------------------------------------------
 */

struct reply_tables {
	struct table *replies;
	struct table wanted;
};

static void reply_tables_clean(struct reply_tables *tables)
{
	free(tables->wanted.rows);
}

static int add_reply(struct reply_tables *tables, const struct listener *listener, uint32_t number,
		     const struct target *target)
{
	struct image_reply *row = table_add(tables->replies, sizeof(*row));

	if (!row)
		return -ENOMEM;
	row->key = make_key(&target->addr, listener, target->port, number);
	row->entry.addr = listener->addr;
	row->entry.port = is_range(listener) ? 0 : htons(listener->port_first);
	return is_range(listener) ? want_range(&tables->wanted, &target->addr, listener, number)
				  : 0;
}

static int add_replies(const struct compilation *c, const struct listener *listener,
		       uint32_t number, struct reply_tables *tables)
{
	int r = 0;

	for (size_t i = 0; i < listener->group_count; i++) {
		const struct group *group = model_find_group(c->model, listener->groups[i].name);

		if (group->forwarding != FORWARDING_NAT)
			continue;
		for (size_t j = 0; j < group->target_count && !r; j++)
			r = add_reply(tables, listener, number, &group->targets[j]);
	}
	return r;
}

/* The same reply twice is one target in two groups; that they agree is the model's to validate. */
static void drop_duplicates(struct table *replies)
{
	struct image_reply *rows = replies->rows;
	size_t kept = 0;

	if (!replies->count)
		return;
	qsort(rows, replies->count, sizeof(*rows), endpoint_key_compare);
	for (size_t i = 1; i < replies->count; i++) {
		if (endpoint_key_compare(&rows[kept].key, &rows[i].key))
			rows[++kept] = rows[i];
	}
	replies->count = kept + 1;
}

int compile_replies(struct compilation *c, struct err *err)
{
	_cleanup_(reply_tables_clean) struct reply_tables tables = { .replies = &c->next->replies };
	int r = 0;

	for (size_t i = 0; i < c->model->listener_count && !r; i++) {
		const struct listener *listener = &c->model->listeners[i];

		r = add_replies(c, listener, image_find_id(c->next, listener->name), &tables);
	}
	if (r)
		return err_set(err, -r, "out of memory");
	drop_duplicates(tables.replies);
	if (tables.replies->count > REPLIES_MAX)
		return err_set(err, ENOSPC, "more than %d pairs of a nat target and a listener",
			       REPLIES_MAX);
	return finish_ranges(&tables.wanted, &c->next->reply_ranges, err);
}
