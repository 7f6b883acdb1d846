// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Replies of nat targets carry no trace of the listener that the request came to: address, protocol
 * and port must tell, for there is no state per flow. One step of model/validate.c.
 */
#include "model/rules.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/addr.h"
#include "base/cleanup.h"
#include "base/err.h"
#include "model/ranges.h"
#include "model/replies.h"

static bool is_same_source(const struct reply *x, const struct reply *y)
{
	return x->protocol == y->protocol && !addr_compare(&x->addr, &y->addr);
}

/* Does a reply from this port get the same source either way? */
static bool agree(const struct reply *x, const struct reply *y, uint16_t port)
{
	return !addr_compare(&x->listener->addr, &y->listener->addr) &&
	       reply_source_port(x, port) == reply_source_port(y, port);
}

static int refuse_pair(const struct reply *x, const struct reply *y, uint16_t first, uint16_t last,
		       struct err *err)
{
	const struct reply *draining = target_is_draining(x->target) ? x : y;
	bool in_order = x->listener < y->listener;
	char target[ENDPOINT_TEXT_SIZE + PORTS_TEXT_SIZE];
	char ports[PORTS_TEXT_SIZE], addr[ADDR_TEXT_SIZE], hint[DRAIN_HINT_SIZE];

	if (first == last)
		endpoint_format(&y->addr, first, target);
	else
		snprintf(target, sizeof(target), "%s port %s", addr_format(&y->addr, addr),
			 ports_format(first, last, ports));
	return err_set(err, EINVAL,
		       "listeners '%s' and '%s' both send to target %s by nat: its replies could "
		       "belong to either; give them different target%s, or use ipip%s",
		       (in_order ? x : y)->listener->name, (in_order ? y : x)->listener->name,
		       target, first == last ? " ports" : "s",
		       drain_hint(draining->group, draining->target, hint));
}

/*
 * Replies that overlap all the same agree at every port that they share: either it is one port, or
 * both are ranges, which keep the port. So each needs to be compared with one other around its
 * first port only, and the one that reaches furthest is around it if any is.
 */
static int check_agreement(const struct reply *replies, size_t count, struct err *err)
{
	const struct reply *furthest = NULL;

	for (size_t i = 0; i < count; i++) {
		const struct reply *reply = &replies[i];

		if (furthest && !is_same_source(furthest, reply))
			furthest = NULL;
		if (furthest && furthest->last >= reply->first &&
		    !agree(furthest, reply, reply->first))
			return refuse_pair(furthest, reply, reply->first,
					   furthest->last < reply->last ? furthest->last :
									  reply->last, err);
		if (!furthest || furthest->last < reply->last)
			furthest = reply;
	}
	return 0;
}

/* The replies from `first` on of the same address and protocol; the number of them. */
static size_t take_ranges(const struct reply *replies, size_t count, struct port_range *ranges,
			  size_t *range_count)
{
	size_t i = 0;

	*range_count = 0;
	for (; i < count && is_same_source(&replies[0], &replies[i]); i++) {
		if (replies[i].first != replies[i].last)
			ranges[(*range_count)++] = (struct port_range){
				replies[i].first, replies[i].last, (uint16_t)i,
			};
	}
	return i;
}

static int check_ranges(const struct reply *replies, size_t count, struct err *err)
{
	_cleanup_free_ struct port_range *ranges = calloc(count + 1, sizeof(*ranges));
	struct port_ranges segments;
	char addr[ADDR_TEXT_SIZE];
	size_t range_count;
	int r = 0;

	if (!ranges)
		return err_set(err, ENOMEM, "out of memory");
	for (size_t i = 0; i < count && !r;) {
		const struct reply *first = &replies[i];

		i += take_ranges(first, count - i, ranges, &range_count);
		r = ranges_flatten(ranges, range_count, &segments);
		if (r == -E2BIG)
			return err_set(err, EINVAL,
				       "target %s gets %s packets by nat of too many listeners with "
				       "port ranges: they make more than %d separate pieces",
				       addr_format(&first->addr, addr),
				       protocol_name(first->protocol), RANGES_MAX);
	}
	return r ? err_set(err, -r, "out of memory") : 0;
}

int rules_check_replies(const struct model *model, struct err *err)
{
	_cleanup_free_ struct reply *replies = NULL;
	size_t count;
	int r;

	if (replies_collect(model, &replies, &count))
		return err_set(err, ENOMEM, "out of memory");
	r = check_agreement(replies, count, err);
	if (!r && count > REPLIES_MAX)
		r = err_set(err, EINVAL,
			    "more than %d combinations of listener and target in nat; use ipip for "
			    "some groups", REPLIES_MAX);
	return r ?: check_ranges(replies, count, err);
}
