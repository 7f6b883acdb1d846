// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Replies of nat targets: listener -> groups -> targets, turned round: a table sorted by target.
 * Stands between the model and its validation, which must see whose replies would be alike.
 */
#include "model/replies.h"

#include <errno.h>
#include <stdlib.h>

#include "base/addr.h"
#include "base/cleanup.h"
#include "model/model.h"

/*
 * The same reply turns up at most once for each group of its listener: when there are this many,
 * REPLIES_MAX different ones are exceeded, and a bad model can not exhaust memory.
 */
enum { COLLECTED_MAX = ROUTING_GROUPS_MAX * REPLIES_MAX + 1 };

struct collection {
	struct reply *replies;
	size_t count, capacity;
};

static void clean_collection(struct collection *c)
{
	free(c->replies);
}

static bool has_one_port(const struct listener *listener)
{
	return listener->port_first == listener->port_last;
}

uint16_t reply_source_port(const struct reply *reply, uint16_t port)
{
	return has_one_port(reply->listener) ? reply->listener->port_first : port;
}

static int add_reply(struct collection *c, const struct reply *reply)
{
	struct reply *grown;
	size_t capacity;

	if (c->count == c->capacity) {
		capacity = c->capacity ? c->capacity * 2 : 64;
		grown = reallocarray(c->replies, capacity, sizeof(*grown));
		if (!grown)
			return -ENOMEM;
		c->replies = grown;
		c->capacity = capacity;
	}
	c->replies[c->count++] = *reply;
	return 0;
}

static int add_group(struct collection *c, const struct listener *listener,
		     const struct group *group)
{
	const struct target *before = NULL;
	bool one_port = has_one_port(listener);
	int r = 0;

	for (size_t i = 0; i < group->target_count && c->count < COLLECTED_MAX && !r; i++) {
		const struct target *target = &group->targets[i];
		struct reply reply = {
			.addr = target->addr,
			.first = one_port ? target->port : listener->port_first,
			.last = one_port ? target->port : listener->port_last,
			.protocol = listener->protocol,
			.listener = listener,
			.group = group,
			.target = target,
		};

		/* A range does not care for the target's port: once for each address. */
		if (one_port || !before || addr_compare(&before->addr, &target->addr))
			r = add_reply(c, &reply);
		before = target;
	}
	return r;
}

static int add_listener(struct collection *c, const struct model *model,
			const struct listener *listener)
{
	int r = 0;

	for (size_t i = 0; i < listener->group_count && !r; i++) {
		const struct group *group = model_find_group(model, listener->groups[i].name);

		if (group && !group->removed && group->forwarding == FORWARDING_NAT)
			r = add_group(c, listener, group);
	}
	return r;
}

static int compare_sources(const struct reply *x, const struct reply *y)
{
	int order = addr_compare(&x->addr, &y->addr);

	order = order ?: x->protocol - y->protocol;
	order = order ?: x->first - y->first;
	return order ?: y->last - x->last;
}

static bool is_same(const struct reply *x, const struct reply *y)
{
	return !compare_sources(x, y) && x->listener == y->listener;
}

/* Of the same reply the one of a registered target comes first, and stays. */
static int compare_replies(const void *a, const void *b)
{
	const struct reply *x = a, *y = b;
	int order = compare_sources(x, y);

	if (order)
		return order;
	if (x->listener != y->listener)
		return x->listener < y->listener ? -1 : 1;
	return target_is_draining(x->target) - target_is_draining(y->target);
}

static size_t drop_repeated(struct reply *replies, size_t count)
{
	size_t kept = 0;

	for (size_t i = 0; i < count; i++) {
		if (!kept || !is_same(&replies[kept - 1], &replies[i]))
			replies[kept++] = replies[i];
	}
	return kept;
}

int replies_collect(const struct model *model, struct reply **out, size_t *count)
{
	_cleanup_(clean_collection) struct collection c = { 0 };
	int r = 0;

	for (size_t i = 0; i < model->listener_count && !r; i++)
		r = add_listener(&c, model, &model->listeners[i]);
	if (r)
		return r;
	if (c.count)
		qsort(c.replies, c.count, sizeof(*c.replies), compare_replies);
	*count = drop_repeated(c.replies, c.count);
	*out = take_ptr(c.replies);
	return 0;
}
