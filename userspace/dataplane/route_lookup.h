/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What the kernel's routing says of an address (RTM_GETROUTE). Private to the parts of route.c. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "abi.h"

struct netlink;
struct nlmsghdr;

enum route_kind {
	ROUTE_UNKNOWN,		/* not looked up yet */
	ROUTE_NONE,		/* none, one that refuses, or to more than one host */
	ROUTE_LOCAL,		/* an address of this host */
	ROUTE_UNICAST,
};

struct route_answer {
	enum route_kind kind;
	uint32_t ifindex;	/* from here on of a unicast route alone, else zero */
	uint16_t mtu;		/* the route's own, 0: none */
	struct addr via;	/* the gateway, of either family, or the address itself */
	struct addr source;	/* zero: the kernel names none */
};

/*
 * Looks up count addresses; done gets each answer, in any order. One that the kernel can not give
 * now (out of memory) is missing. -errno: some or all are missing.
 */
struct route_lookup {
	size_t count;
	const struct addr *(*address)(size_t index, void *context);
	void (*done)(const struct route_answer *answer, size_t index, void *context);
	void *context;
};
int route_lookup(struct netlink *netlink, const struct route_lookup *lookup);

/*
 * The prefix that a change of a route (RTM_NEWROUTE, RTM_DELROUTE) is about, as first .. last, both
 * within it. False: it is no route but a copy of one that the kernel caches.
 */
struct addr_range {
	struct addr first, last;
	bool is_v4;		/* ::/0 contains every struct addr, but is no route for IPv4 */
};
bool route_changed_range(const struct nlmsghdr *message, struct addr_range *out);
