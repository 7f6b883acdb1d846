// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Followed addresses and what leads to them. A change in the kernel takes this way:
 *
 *   event -> links, neighbours (tables)       at once
 *         -> routes: hops marked stale        looked up again after a pause (on_resolve)
 *   settle: hold the neighbours that the routes lead to, tend them, compute every hop from route,
 *   link and neighbour -> changed, if any hop or link is different now
 *
 * Routes are not mirrored: a gateway may have millions. A changed route only says which addresses
 * to ask the kernel about again.
 */
#include "dataplane/route.h"

#include <errno.h>
#include <event2/event.h>
#include <libmnl/libmnl.h>
#include <linux/rtnetlink.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/log.h"
#include "dataplane/hop.h"
#include "dataplane/hops.h"
#include "dataplane/link_table.h"
#include "dataplane/neighbour.h"
#include "dataplane/netlink.h"
#include "dataplane/route_lookup.h"

enum {
	RESOLVE_PAUSE_MS = 50,		/* routes change in bursts */
	RESOLVE_SHARE = 4,		/* one part in so many of the time, however they change */
	RETRY_PAUSE_MS = 1000,
	ROUND_PAUSE_MS = 20,		/* between rounds of neighbours_tend */
	LOG_PAUSE_MS = 1000,
};

struct route_watch {
	void (*changed)(void *context);
	void *context;
	struct netlink *requests, *changes;
	struct event *on_changes, *on_resolve, *on_tend, *on_notify, *on_log;
	struct link_table links;
	struct neighbours neighbours;
	struct hops hops;
	struct hop_log log;
	uint64_t resolve_after_ms;	/* no lookups before: the last ones took so long */
	bool has_lost_changes;		/* links and neighbours are to be read anew */
	bool is_unsettled;
	bool must_notify;
};

static void schedule(struct event *event, uint64_t pause_ms)
{
	const struct timeval pause = { .tv_sec = (time_t)(pause_ms / 1000),
				       .tv_usec = (suseconds_t)(pause_ms % 1000 * 1000) };

	evtimer_add(event, &pause);
}

/* What has been scheduled stays, or a stream of changes would put it off for ever. */
static void schedule_once(struct event *event, uint64_t pause_ms)
{
	if (!evtimer_pending(event, NULL))
		schedule(event, pause_ms);
}

/* ---- settling -------------------------------------------------------------------------------- */

static void settle(struct route_watch *watch)
{
	int r = hops_hold_neighbours(&watch->hops, &watch->links, &watch->neighbours);

	r = r ?: neighbours_tend(&watch->neighbours, watch->requests, &watch->links,
				 monotonic_ms());
	if (r)
		log_error("route", "asking the kernel about neighbours failed: %s", strerror(-r));
	watch->must_notify |= hops_refresh(&watch->hops, &watch->links, &watch->log);
	watch->is_unsettled = false;
	/* A timer due at once runs once a turn; an active event may run again in the same one. */
	if (watch->must_notify)
		schedule_once(watch->on_notify, 0);
	if (r || watch->neighbours.needs_tending)
		schedule(watch->on_tend,
			 watch->neighbours.has_more ? ROUND_PAUSE_MS : RETRY_PAUSE_MS);
	if (watch->log.lost || watch->log.resolved)
		schedule_once(watch->on_log, LOG_PAUSE_MS);
}

static void notify(evutil_socket_t fd, short what, void *context)
{
	struct route_watch *watch = context;

	(void)fd, (void)what;
	watch->must_notify = false;
	watch->changed(watch->context);
}

static void end_log(evutil_socket_t fd, short what, void *context)
{
	struct route_watch *watch = context;

	(void)fd, (void)what;
	hop_log_end(&watch->log);
}

static void tend_again(evutil_socket_t fd, short what, void *context)
{
	(void)fd, (void)what;
	settle(context);
}

/* ---- looking up routes ----------------------------------------------------------------------- */

static int read_links(struct route_watch *watch)
{
	int r = link_table_load(&watch->links, watch->requests);

	if (r)
		return r;
	neighbours_doubt(&watch->neighbours);
	watch->has_lost_changes = false;
	watch->must_notify = true;
	return 0;
}

static void resolve(struct route_watch *watch)
{
	uint64_t began = monotonic_ms(), ended;
	int r = watch->has_lost_changes ? read_links(watch) : 0;

	r = r ?: hops_look_up(&watch->hops, watch->requests);
	settle(watch);
	ended = monotonic_ms();
	watch->resolve_after_ms = ended + (ended - began) * (RESOLVE_SHARE - 1);
	if (!r)
		return;
	log_error("route", "asking the kernel for routes failed: %s", strerror(-r));
	schedule_once(watch->on_resolve, RETRY_PAUSE_MS);
}

static void resolve_now(evutil_socket_t fd, short what, void *context)
{
	(void)fd, (void)what;
	resolve(context);
}

static void resolve_soon(struct route_watch *watch)
{
	uint64_t now = monotonic_ms(), pause = RESOLVE_PAUSE_MS;

	if (watch->resolve_after_ms > now + pause)
		pause = watch->resolve_after_ms - now;
	schedule_once(watch->on_resolve, pause);
}

/* ---- changes --------------------------------------------------------------------------------- */

static void take_route(struct route_watch *watch, const struct nlmsghdr *message)
{
	struct addr_range range;

	if (route_changed_range(message, &range) && hops_mark_range(&watch->hops, &range))
		resolve_soon(watch);
}

/* The kernel may prefer another source address now. */
static void take_address(struct route_watch *watch, const struct nlmsghdr *message)
{
	const struct ifaddrmsg *address = mnl_nlmsg_get_payload(message);

	if (hops_mark_link(&watch->hops, address->ifa_index, address->ifa_family == AF_INET))
		resolve_soon(watch);
}

/* Rules and shared next hops: any address may have another route now. */
static void take_any(struct route_watch *watch, const struct nlmsghdr *message)
{
	(void)message;
	if (hops_mark_all(&watch->hops))
		resolve_soon(watch);
}

static void lose_changes(struct route_watch *watch)
{
	watch->has_lost_changes = true;
	hops_mark_all(&watch->hops);
	resolve_soon(watch);
}

/* IPv4 routes go without notice when their link does. */
static void take_link(struct route_watch *watch, const struct nlmsghdr *message)
{
	const struct ifinfomsg *info = mnl_nlmsg_get_payload(message);
	struct link_entry before = { 0 }, after = { 0 };
	int change;

	link_table_egress(&watch->links, (uint32_t)info->ifi_index, &before);
	change = link_table_update(&watch->links, message);
	link_table_egress(&watch->links, (uint32_t)info->ifi_index, &after);
	if (change < 0)
		lose_changes(watch);
	if (change == LINK_MOVED) {
		watch->neighbours.needs_tending = true;
		take_any(watch, message);
	}
	watch->is_unsettled |= change != LINK_SAME;
	watch->must_notify |= memcmp(&before, &after, sizeof(before)) != 0;
}

static void take_neighbour(struct route_watch *watch, const struct nlmsghdr *message)
{
	watch->is_unsettled |= neighbours_update(&watch->neighbours, message);
}

static const struct source {
	int group;
	uint16_t added, removed;	/* message types */
	void (*take)(struct route_watch *watch, const struct nlmsghdr *message);
} sources[] = {
	{ RTNLGRP_IPV4_ROUTE, RTM_NEWROUTE, RTM_DELROUTE, take_route },
	{ RTNLGRP_IPV6_ROUTE, RTM_NEWROUTE, RTM_DELROUTE, take_route },
	{ RTNLGRP_NEIGH, RTM_NEWNEIGH, RTM_DELNEIGH, take_neighbour },
	{ RTNLGRP_LINK, RTM_NEWLINK, RTM_DELLINK, take_link },
	{ RTNLGRP_IPV4_IFADDR, RTM_NEWADDR, RTM_DELADDR, take_address },
	{ RTNLGRP_IPV6_IFADDR, RTM_NEWADDR, RTM_DELADDR, take_address },
	{ RTNLGRP_IPV4_RULE, RTM_NEWRULE, RTM_DELRULE, take_any },
	{ RTNLGRP_IPV6_RULE, RTM_NEWRULE, RTM_DELRULE, take_any },
	{ RTNLGRP_NEXTHOP, RTM_NEWNEXTHOP, RTM_DELNEXTHOP, take_any },
};

static void take_change(const struct nlmsghdr *message, void *context)
{
	for (size_t i = 0; i < ARRAY_SIZE(sources); i++) {
		if (message->nlmsg_type != sources[i].added &&
		    message->nlmsg_type != sources[i].removed)
			continue;
		sources[i].take(context, message);
		return;
	}
}

static void read_changes(evutil_socket_t fd, short what, void *context)
{
	struct route_watch *watch = context;
	int r = netlink_receive(watch->changes, take_change, watch);

	(void)fd, (void)what;
	if (r) {
		log_info("route", "changes were lost (%s): reading everything anew",
			 strerror(-r));
		lose_changes(watch);
	}
	if (watch->is_unsettled)
		settle(watch);
}

/* ---- the interface --------------------------------------------------------------------------- */

static int make_events(struct route_watch *watch, struct event_base *base)
{
	watch->on_changes = event_new(base, netlink_fd(watch->changes), EV_READ | EV_PERSIST,
				      read_changes, watch);
	watch->on_resolve = evtimer_new(base, resolve_now, watch);
	watch->on_tend = evtimer_new(base, tend_again, watch);
	watch->on_notify = evtimer_new(base, notify, watch);
	watch->on_log = evtimer_new(base, end_log, watch);
	if (!watch->on_changes || !watch->on_resolve || !watch->on_tend || !watch->on_notify ||
	    !watch->on_log || event_add(watch->on_changes, NULL))
		return -ENOMEM;
	return 0;
}

/* The changes are subscribed to before the tables are read, so that none falls between. */
static int start(struct route_watch *watch, const struct route_options *options)
{
	int groups[ARRAY_SIZE(sources)];
	int r;

	for (size_t i = 0; i < ARRAY_SIZE(sources); i++)
		groups[i] = sources[i].group;
	watch->changed = options->changed;
	watch->context = options->context;
	r = link_table_init(&watch->links, options->ifindexes, options->ifindex_count);
	r = r ?: netlink_subscribe(groups, ARRAY_SIZE(groups), &watch->changes);
	r = r ?: netlink_open(&watch->requests);
	r = r ?: make_events(watch, options->base);
	r = r ?: link_table_load(&watch->links, watch->requests);
	r = r ?: neighbours_adopt(&watch->neighbours, watch->requests);
	return r;
}

int route_open(const struct route_options *options, struct route_watch **out, struct err *err)
{
	_cleanup_(route_close) struct route_watch *watch = calloc(1, sizeof(*watch));
	int r = watch ? start(watch, options) : -ENOMEM;

	if (r)
		return err_set(err, -r, "reading the host's links and neighbours failed: %s",
			       strerror(-r));
	*out = take_ptr(watch);
	return 0;
}

static void free_event(struct event *event)
{
	if (event)
		event_free(event);
}

void route_close(struct route_watch **watch)
{
	if (!*watch)
		return;
	hop_log_end(&(*watch)->log);
	free_event((*watch)->on_changes);
	free_event((*watch)->on_resolve);
	free_event((*watch)->on_tend);
	free_event((*watch)->on_notify);
	free_event((*watch)->on_log);
	netlink_close(&(*watch)->changes);
	netlink_close(&(*watch)->requests);
	neighbours_clean(&(*watch)->neighbours);
	link_table_clean(&(*watch)->links);
	hops_clean(&(*watch)->hops);
	free(*watch);
	*watch = NULL;
}

int route_follow(struct route_watch *watch, const struct addr *addresses, size_t count)
{
	int r = hops_follow(&watch->hops, addresses, count, &watch->neighbours);

	if (!r)
		resolve(watch);
	return r;
}

void route_find(const struct route_watch *watch, const struct addr *addr, struct next_hop *out)
{
	const struct hop *hop = hops_find(&watch->hops, addr);

	*out = hop ? hop->next : (struct next_hop){ .state = HOP_UNKNOWN };
}

size_t route_links(const struct route_watch *watch, struct route_link *out, size_t max)
{
	return link_table_routes(&watch->links, out, max);
}

void route_forget(struct route_watch *watch)
{
	route_follow(watch, NULL, 0);
}
