// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Replies that the configuration does not ask for any more but living flows do: those in the maps
 * whose listener has a ring with a past, and whose target is alive in a group of that past. A reply
 * tells nothing of the listener that it answers for, so a change that gives such a target to
 * another listener is refused, rather than let either's flows have the wrong source.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/addr.h"
#include "base/cleanup.h"
#include "base/err.h"
#include "dataplane/compile_parts.h"
#include "model/array.h"

struct past {
	const struct compilation *c;
	struct replies *replies;	/* the present ones first: so many, sorted */
	size_t present;
	const struct image_target **alive;	/* nat targets by address and port; owned */
	size_t alive_count;
	size_t *ranges;			/* those of the present replies that are ranges; owned */
	size_t range_count;
};

static void past_clean(struct past *past)
{
	free(past->alive);
	free(past->ranges);
}

static int by_endpoint(const void *a, const void *b)
{
	const struct target_label *x = &(*(const struct image_target *const *)a)->label;
	const struct target_label *y = &(*(const struct image_target *const *)b)->label;

	return addr_compare(&x->addr, &y->addr) ?: x->port - y->port;
}

static int index_alive(struct past *past)
{
	const struct image_target *rows = past->c->next->targets.rows;
	size_t count = past->c->next->targets.count;

	past->alive = calloc(count + 1, sizeof(*past->alive));
	if (!past->alive)
		return -ENOMEM;
	for (size_t i = 0; i < count; i++) {
		if (image_target_is_alive(&rows[i]) && rows[i].entry.forwarding == FORWARDING_NAT)
			past->alive[past->alive_count++] = &rows[i];
	}
	qsort(past->alive, past->alive_count, sizeof(*past->alive), by_endpoint);
	return 0;
}

/* The first living target of an address with at least this port. */
static size_t find_alive(const struct past *past, const struct addr *addr, uint16_t port)
{
	const struct image_target key = { .label = { .addr = *addr, .port = port } };
	const struct image_target *wanted = &key;
	bool found;

	return array_find(&wanted, past->alive, past->alive_count, sizeof(wanted), by_endpoint,
			  &found);
}

/* Whether flows of the ring may be on a living target that replies from there. */
static bool has_target(const struct past *past, const struct image_ring *ring,
		       const struct endpoint_key *key)
{
	uint16_t port = key->is_range ? 0 : ntohs(key->port);

	for (size_t i = find_alive(past, &key->addr, port); i < past->alive_count; i++) {
		const struct target_label *label = &past->alive[i]->label;

		if (addr_compare(&label->addr, &key->addr) ||
		    (!key->is_range && label->port != port))
			return false;
		if (ring_serves_group(ring, group_hash(label->group)))
			return true;
	}
	return false;
}

/* The listener that the reply answers for; NULL if it is gone, or removed. */
static const struct image_listener *find_listener(const struct image *image,
						  const struct image_reply *reply)
{
	struct endpoint_key key = {
		.addr = reply->entry.addr,
		.protocol = reply->key.protocol,
		.is_range = reply->key.is_range,
	};
	const struct image_listener *row;

	if (key.is_range)
		key.range = reply->key.range;
	else
		key.port = reply->entry.port;
	row = image_find_listener(image, &key);
	return row && !row->label.removed_at ? row : NULL;
}

static uint16_t later(uint16_t a, uint16_t b)
{
	return a > b ? a : b;
}

static uint16_t earlier(uint16_t a, uint16_t b)
{
	return a < b ? a : b;
}

/* The ports that the listener had before and still has; false if there are none. */
static bool find_ports(const struct past *past, const struct image_reply *reply,
		       const struct listener_label *label, struct reply_row *row)
{
	const struct image_listener *before = find_listener(past->c->current, reply);

	row->first = row->last = ntohs(reply->key.port);
	if (!reply->key.is_range)
		return true;
	if (!before)
		return false;
	row->first = later(before->label.port_first, label->port_first);
	row->last = earlier(before->label.port_last, label->port_last);
	return row->first <= row->last;
}

/* False: no living flow needs it. */
static bool describe(const struct past *past, const struct image_reply *reply,
		     struct reply_row *row)
{
	const struct image_listener *listener = find_listener(past->c->next, reply);
	const struct image_ring *ring;

	if (!listener)
		return false;
	ring = image_find_ring(past->c->next, listener->label.ring);
	*row = (struct reply_row){ .reply = *reply, .listener = listener->label.name };
	return ring->slots->unsettled && has_target(past, ring, &reply->key) &&
	       find_ports(past, reply, &listener->label, row);
}

/* Do both say the same of the ports that they share? */
static bool agree(const struct reply_row *a, const struct reply_row *b)
{
	uint16_t port = later(a->first, b->first);
	uint16_t port_a = a->reply.entry.port ? ntohs(a->reply.entry.port) : port;
	uint16_t port_b = b->reply.entry.port ? ntohs(b->reply.entry.port) : port;

	return port_a == port_b && !addr_compare(&a->reply.entry.addr, &b->reply.entry.addr);
}

/* Whether they are of the same target and port, and do not say the same of it. */
static bool contradict(const struct reply_row *a, const struct reply_row *b)
{
	return a->reply.key.protocol == b->reply.key.protocol &&
	       !addr_compare(&a->reply.key.addr, &b->reply.key.addr) && a->first <= b->last &&
	       b->first <= a->last && !agree(a, b);
}

static const struct reply_row *present(const struct past *past, size_t i)
{
	return (const struct reply_row *)past->replies->rows.rows + i;
}

/* The first present reply from this port of an address, or a later one. */
static size_t find_present(const struct past *past, const struct addr *addr, uint16_t port)
{
	const struct endpoint_key from = { .addr = *addr, .port = htons(port) };
	bool found;

	return array_find(&from, past->replies->rows.rows, past->present, sizeof(struct reply_row),
			  endpoint_key_compare, &found);
}

/* Ports are in network order, and so the table is sorted by them. */
static const struct reply_row *contradicting_port(const struct past *past,
						  const struct reply_row *row)
{
	const struct addr *addr = &row->reply.key.addr;

	for (size_t i = find_present(past, addr, row->first); i < past->present; i++) {
		const struct endpoint_key *key = &present(past, i)->reply.key;

		if (addr_compare(&key->addr, addr) || ntohs(key->port) > row->last)
			return NULL;
		if (!key->is_range && contradict(present(past, i), row))
			return present(past, i);
	}
	return NULL;
}

static const struct reply_row *contradicting_range(const struct past *past,
						   const struct reply_row *row)
{
	for (size_t i = 0; i < past->range_count; i++) {
		if (contradict(present(past, past->ranges[i]), row))
			return present(past, past->ranges[i]);
	}
	return NULL;
}

/* What the maps hold is free of contradictions, so only a change of the user can bring one. */
static int refuse(const struct reply_row *row, const struct reply_row *other, struct err *err)
{
	char target[ENDPOINT_TEXT_SIZE];

	endpoint_format(&row->reply.key.addr, later(row->first, other->first), target);
	return err_set(err, EBUSY,
		       "target %s still has flows of listener '%s' by nat, whose replies could not be "
		       "told from those of listener '%s': wait until they have ended, or end them with "
		       "`sluicectl target remove --now`",
		       target, row->listener, other->listener);
}

/* Where they contradict each other and nothing may be refused, what is present wins. */
static int add_row(struct past *past, const struct reply_row *row, struct err *err)
{
	const struct reply_row *other = contradicting_port(past, row);

	other = other ?: contradicting_range(past, row);
	if (other && !past->c->never_refuse)
		return refuse(row, other, err);
	if (!other && add_reply(past->replies, row))
		return err_set(err, ENOMEM, "out of memory");
	return 0;
}

static int index_ranges(struct past *past)
{
	past->ranges = calloc(past->present + 1, sizeof(*past->ranges));
	for (size_t i = 0; i < past->present && past->ranges; i++) {
		if (present(past, i)->reply.key.is_range)
			past->ranges[past->range_count++] = i;
	}
	return past->ranges ? 0 : -ENOMEM;
}

/* What is looked up in, made when there is something to look up: at rest there is not. */
static int make_indexes(struct past *past, struct err *err)
{
	if (past->alive)
		return 0;
	return index_alive(past) || index_ranges(past) ? err_set(err, ENOMEM, "out of memory") : 0;
}

static int add_past(struct past *past, const struct image_reply *reply, struct err *err)
{
	struct reply_row row;
	int r = make_indexes(past, err);

	return r || !describe(past, reply, &row) ? r : add_row(past, &row, err);
}

/* Who comes back may have flows on groups that it does not send to any more. */
static int add_group(struct past *past, const struct listener *listener,
		     const struct group *group, struct err *err)
{
	uint32_t number = image_find_id(past->c->next, listener->name);
	int r = 0;

	for (size_t i = 0; i < group->target_count && !r; i++) {
		const struct target *target = &group->targets[i];
		struct reply_row row = reply_row_of(listener, number, target);

		if (target->alive && group->forwarding == FORWARDING_NAT &&
		    addr_is_v4(&target->addr) == addr_is_v4(&listener->addr))
			r = add_row(past, &row, err);
	}
	return r;
}

static int add_groups_left(struct past *past, const struct ring_plan *plan, struct err *err)
{
	const struct image_ring *ring = image_find_ring(past->c->next, plan->key);
	int r = make_indexes(past, err);

	for (size_t i = 0; i < RING_GROUPS_MAX && ring->slots->unsettled && !r; i++) {
		const struct group *group = find_group_by_hash(past->c, ring->groups[i]);

		if (group)
			r = add_group(past, plan->listener, group, err);
	}
	return r;
}

/* Whether the reply is asked for as it stands. */
static bool is_present(const struct past *past, const struct image_reply *reply)
{
	const struct reply_row *row = NULL;

	if (past->present)
		row = bsearch(reply, past->replies->rows.rows, past->present, sizeof(*row),
			      endpoint_key_compare);
	return row && !memcmp(&row->reply, reply, sizeof(*reply));
}

static int add_all(struct past *past, struct err *err)
{
	const struct compilation *c = past->c;
	const struct image_reply *rows = c->current->replies.rows;
	int r = 0;

	for (size_t i = 0; i < c->current->replies.count && !r; i++) {
		if (!is_present(past, &rows[i]))
			r = add_past(past, &rows[i], err);
	}
	for (size_t i = 0; i < c->plan_count && !r; i++) {
		if (c->plans[i].comes_back)
			r = add_groups_left(past, &c->plans[i], err);
	}
	return r;
}

int add_past_replies(const struct compilation *c, struct replies *replies, struct err *err)
{
	_cleanup_(past_clean) struct past past = {
		.c = c,
		.replies = replies,
		.present = replies->rows.count,
	};

	return add_all(&past, err);
}
