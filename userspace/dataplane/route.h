/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Routes and neighbours (libmnl): which next hop leads to each target. Learns by rtnetlink, follows
 * every change, and has the kernel resolve and keep the neighbours (NTF_EXT_MANAGED).
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "model/model.h"

struct err;
struct event_base;
struct route_watch;

/*
 * changed is called from the event loop, at most once a turn and never from within a call of this
 * header, after any hop may have changed.
 */
struct route_options {
	struct event_base *base;
	const uint32_t *ifindexes;	/* the interfaces with XDP: the only ones to send through */
	size_t ifindex_count;
	void (*changed)(void *context);
	void *context;
};

int route_open(const struct route_options *options, struct route_watch **out, struct err *err);
void route_close(struct route_watch **watch);		/* neighbours stay managed by the kernel */

/* Sets the addresses to follow (copied, duplicates allowed); new ones are looked up at once. */
int route_follow(struct route_watch *watch, const struct addr *addresses, size_t count);

/* HOP_UNKNOWN for an address that is not followed. */
void route_find(const struct route_watch *watch, const struct addr *addr, struct next_hop *out);

/*
 * The interfaces that a route can name and how to leave by them: each --interface itself, and each
 * VLAN device directly on one. For the map links. Returns the number; writes at most max.
 */
struct route_link {
	uint32_t ifindex;		/* as a route names it */
	struct link_entry entry;
};
size_t route_links(const struct route_watch *watch, struct route_link *out, size_t max);

/* Tells the kernel to stop keeping the neighbours: for detach. */
void route_forget(struct route_watch *watch);
