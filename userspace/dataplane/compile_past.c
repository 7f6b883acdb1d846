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

struct past {
	const struct compilation *c;
	struct replies *replies;	/* the present ones first: so many, sorted */
	size_t present;
	const struct image_target **alive;	/* nat targets by address and port; owned */
	size_t alive_count;
};

static void past_clean(struct past *past)
{
	free(past->alive);
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
	size_t low = 0, high = past->alive_count;

	while (low < high) {
		size_t middle = (low + high) / 2;

		if (by_endpoint(&past->alive[middle], &wanted) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
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
	const struct image_listener *row = NULL;

	if (key.is_range)
		key.range = reply->key.range;
	else
		key.port = reply->entry.port;
	if (image->listeners.count)
		row = bsearch(&key, image->listeners.rows, image->listeners.count, sizeof(*row),
			      endpoint_key_compare);
	return row && !row->label.removed_at ? row : NULL;
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
	if (!ring->slots->unsettled || !has_target(past, ring, &reply->key))
		return false;
	*row = (struct reply_row){
		.reply = *reply,
		.listener = listener->label.name,
		.first = reply->key.is_range ? listener->label.port_first : ntohs(reply->key.port),
		.last = reply->key.is_range ? listener->label.port_last : ntohs(reply->key.port),
		.is_past = true,
	};
	return true;
}

/* Do both say the same of the ports that they share? */
static bool agree(const struct reply_row *a, const struct reply_row *b)
{
	uint16_t port = a->first > b->first ? a->first : b->first;
	uint16_t port_a = a->reply.entry.port ? ntohs(a->reply.entry.port) : port;
	uint16_t port_b = b->reply.entry.port ? ntohs(b->reply.entry.port) : port;

	return port_a == port_b && !addr_compare(&a->reply.entry.addr, &b->reply.entry.addr);
}

static bool contradicts(const struct reply_row *a, const struct reply_row *b)
{
	return a->reply.key.protocol == b->reply.key.protocol && a->first <= b->last &&
	       b->first <= a->last && !agree(a, b);
}

static const struct image_reply *find_reply(const struct table *replies,
					    const struct endpoint_key *key)
{
	if (!replies->count)
		return NULL;
	return bsearch(key, replies->rows, replies->count, sizeof(struct image_reply),
		       endpoint_key_compare);
}

/* A present reply that this change brings, of the same target, and against the past one. */
static const struct reply_row *find_contradiction(const struct past *past,
						  const struct reply_row *row)
{
	const struct reply_row *rows = past->replies->rows.rows;
	const struct endpoint_key from = { .addr = row->reply.key.addr };
	size_t low = 0, high = past->present;

	while (low < high) {
		size_t middle = (low + high) / 2;

		if (endpoint_key_compare(&rows[middle], &from) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	for (; low < past->present &&
	       !addr_compare(&rows[low].reply.key.addr, &row->reply.key.addr); low++) {
		const struct image_reply *before;

		if (!contradicts(&rows[low], row))
			continue;
		before = find_reply(&past->c->current->replies, &rows[low].reply.key);
		if (!before || memcmp(before, &rows[low].reply, sizeof(*before)))
			return &rows[low];
	}
	return NULL;
}

static int refuse(const struct reply_row *row, const struct reply_row *other, struct err *err)
{
	char target[ENDPOINT_TEXT_SIZE];

	endpoint_format(&row->reply.key.addr, row->first > other->first ? row->first : other->first,
			target);
	return err_set(err, EBUSY,
		       "target %s still has flows of listener '%s' by nat, whose replies could not be "
		       "told from those of listener '%s': wait until they have ended, or end them with "
		       "`sluicectl target remove --now`",
		       target, row->listener, other->listener);
}

/* Where they contradict each other and nothing may be refused, what is present wins. */
static int add_past(struct past *past, const struct image_reply *reply, struct err *err)
{
	const struct reply_row *other;
	struct reply_row row;

	if (!describe(past, reply, &row))
		return 0;
	other = find_contradiction(past, &row);
	if (other && !past->c->never_refuse)
		return refuse(&row, other, err);
	if (!other && add_reply(past->replies, &row))
		return err_set(err, ENOMEM, "out of memory");
	return 0;
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

int add_past_replies(const struct compilation *c, struct replies *replies, struct err *err)
{
	_cleanup_(past_clean) struct past past = {
		.c = c,
		.replies = replies,
		.present = replies->rows.count,
	};
	const struct image_reply *rows = c->current->replies.rows;
	int r = 0;

	for (size_t i = 0; i < c->current->replies.count && !r; i++) {
		if (is_present(&past, &rows[i]))
			continue;
		if (!past.alive && index_alive(&past))
			return err_set(err, ENOMEM, "out of memory");
		r = add_past(&past, &rows[i], err);
	}
	return r;
}
