// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Replies by source: the nat targets of the listeners' groups. Those of groups that a listener has
 * left stay as long as it has flows there (compile_past.c).
 */
#include <arpa/inet.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/addr.h"
#include "base/cleanup.h"
#include "base/err.h"
#include "dataplane/compile_parts.h"

static void replies_clean(struct replies *replies)
{
	free(replies->rows.rows);
	free(replies->ranges.rows);
}

int add_reply(struct replies *replies, const struct reply_row *reply)
{
	const struct endpoint_key *key = &reply->reply.key;
	struct reply_row *row = table_add(&replies->rows, sizeof(*row));

	if (!row)
		return -ENOMEM;
	*row = *reply;
	if (!key->is_range)
		return 0;
	return want_range(&replies->ranges, key,
			  &(struct port_range){ reply->first, reply->last, key->range });
}

struct reply_row reply_row_of(const struct listener *listener, uint32_t number,
			      const struct target *target)
{
	bool is_range = listener_is_range(listener);

	return (struct reply_row){
		.reply.key = listener_key(&target->addr, listener, target->port, number),
		.reply.entry.addr = listener->addr,
		.reply.entry.port = is_range ? 0 : htons(listener->port_first),
		.listener = listener->name,
		.first = is_range ? listener->port_first : target->port,
		.last = is_range ? listener->port_last : target->port,
	};
}

static int add_group(struct replies *replies, const struct listener *listener, uint32_t number,
		     const struct group *group)
{
	int r = 0;

	if (group->forwarding != FORWARDING_NAT)
		return 0;
	for (size_t i = 0; i < group->target_count && !r; i++) {
		const struct target *target = &group->targets[i];
		struct reply_row row = reply_row_of(listener, number, target);

		if (addr_is_v4(&target->addr) == addr_is_v4(&listener->addr))
			r = add_reply(replies, &row);
	}
	return r;
}

static int add_listener(const struct compilation *c, struct replies *replies,
			const struct listener *listener)
{
	uint32_t number = image_find_id(c->next, listener->name);
	int r = 0;

	for (size_t i = 0; i < listener->group_count && !r; i++)
		r = add_group(replies, listener, number,
			      model_find_group(c->model, listener->groups[i].name));
	return r;
}

/* The same reply twice is one target in two groups; that they agree has been validated. */
static int put_replies(const struct table *rows, struct table *replies)
{
	const struct reply_row *row = rows->rows;

	for (size_t i = 0; i < rows->count; i++) {
		struct image_reply *put;

		if (i && !endpoint_key_compare(&row[i - 1], &row[i]))
			continue;
		put = table_add(replies, sizeof(*put));
		if (!put)
			return -ENOMEM;
		*put = row[i].reply;
	}
	return 0;
}

static int collect(const struct compilation *c, struct replies *replies)
{
	int r = 0;

	for (size_t i = 0; i < c->model->listener_count && !r; i++)
		r = add_listener(c, replies, &c->model->listeners[i]);
	return r;
}

int compile_replies(struct compilation *c, struct err *err)
{
	_cleanup_(replies_clean) struct replies replies = { .rows.count = 0 };
	int r;

	if (collect(c, &replies))
		return err_set(err, ENOMEM, "out of memory");
	table_sort(&replies.rows, sizeof(struct reply_row), endpoint_key_compare);
	r = add_past_replies(c, &replies, err);
	if (r)
		return r;
	table_sort(&replies.rows, sizeof(struct reply_row), endpoint_key_compare);
	if (put_replies(&replies.rows, &c->next->replies))
		return err_set(err, ENOMEM, "out of memory");
	if (c->next->replies.count > REPLIES_MAX)
		return err_set(err, ENOSPC, "more than %d pairs of a nat target and a listener",
			       REPLIES_MAX);
	return finish_ranges(&replies.ranges, &c->next->reply_ranges, err);
}
