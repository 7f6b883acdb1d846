/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* A watch over the routes of two_hosts.h, with XDP (as the watch believes) on eth1. */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "dataplane/route.h"

struct event_base;

/* The same network in both families: the host itself, the peer's addresses, a prefix behind it. */
struct place {
	const char *self, *target, *router, *prefix, *far;
	int version;
};
extern const struct place places[2];
#define for_each_place(place) \
	for (const struct place *place = places; place < places + 2; place++)

struct route_fixture {
	struct event_base *base;
	struct route_watch *watch;
	unsigned changes;		/* calls of changed */
};

/* Skips the test unless it is run as root. */
void open_fixture(struct route_fixture *f);
void close_fixture(struct route_fixture *f);
#define _cleanup_fixture_ __attribute__((cleanup(close_fixture)))

/* A watch for other interfaces, in place of one that has been closed. */
void watch_interfaces(struct route_fixture *f, const uint32_t *ifindexes, size_t count);

/* Follows these addresses and no others. */
#define FOLLOW(f, ...) follow_addresses(f, (const char *const[]){ __VA_ARGS__, NULL })
void follow_addresses(struct route_fixture *f, const char *const *addresses);

struct next_hop find_hop(const struct route_fixture *f, const char *addr);

/* Runs the loop until the hop is this one, every byte of it; fails the test if it never is. */
void expect_hop(const struct route_fixture *f, const char *addr, const struct next_hop *wanted);

/* The same for a hop that is not resolved: everything but the state is zero. */
void expect_state(const struct route_fixture *f, const char *addr, enum hop_state state);

/* By eth1 to the peer, or to another MAC there. */
struct next_hop to_peer(const struct place *place);
struct next_hop to_mac(const struct place *place, const char *mac);
void expect_peer(const struct route_fixture *f, const char *addr, const struct place *place);

/*
 * Runs the loop until what is under way has been dealt with, the lookups after a pause too, so that
 * what comes next can only be noticed by itself.
 */
void run_until_calm(const struct route_fixture *f);

struct addr addr_of(const char *text);

/* From the host, by UDP. */
void send_bytes(const char *addr, size_t size);
