// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* dataplane/route.h: when changed is called, and ten thousand addresses. */
#include "dataplane/route.h"

#include <arpa/inet.h>
#include <criterion/criterion.h>
#include <event2/event.h>
#include <stdlib.h>

#include "base/addr.h"
#include "base/clock.h"
#include "base/cleanup.h"
#include "loopback.h"
#include "route_fixture.h"
#include "two_hosts.h"

/* ---- notice ---------------------------------------------------------------------------------- */

Test(route_notice, changed_is_called_from_the_loop_alone)
{
	_cleanup_fixture_ struct route_fixture f;

	open_fixture(&f);
	FOLLOW(&f, places[0].far);
	cr_expect_eq(f.changes, 0);
	event_base_loop(f.base, EVLOOP_ONCE);
	cr_expect_eq(f.changes, 1);
	route_forget(f.watch);
	cr_expect_eq(f.changes, 1);
}

static bool has_no_links(void *context)
{
	struct route_fixture *f = context;
	struct route_link link;

	return f->changes && !route_links(f->watch, &link, 1);
}

/* Nobody follows anything, but there is the map of the links. */
Test(route_notice, the_loss_of_an_interface_is_noticed)
{
	_cleanup_fixture_ struct route_fixture f;

	open_fixture(&f);
	on_host("ip link del eth1");
	cr_expect(loop_until(f.base, has_no_links, &f));
}

Test(route_notice, what_does_not_concern_a_followed_address_is_not_noticed)
{
	_cleanup_fixture_ struct route_fixture f;
	unsigned before;

	open_fixture(&f);
	FOLLOW(&f, places[0].target, places[1].target);
	for_each_place(place)
		expect_peer(&f, place->target, place);
	run_until_calm(&f);
	before = f.changes;
	on_host("ip link add eth2 type veth && ip link set eth2 up && ip link del eth2");
	on_host("ip route add 198.18.0.0/15 via 10.9.0.254 && ip route del 198.18.0.0/15");
	on_host("ip neigh add 10.9.0.200 lladdr " PEER_MAC " dev eth1");
	on_host("ip route add 10.9.0.12/30 dev eth1");
	run_until_calm(&f);
	cr_expect_eq(f.changes, before);
}

Test(route_notice, many_changes_at_once_are_few_notices)
{
	_cleanup_fixture_ struct route_fixture f;
	struct next_hop hop;
	unsigned before;

	open_fixture(&f);
	FOLLOW(&f, places[0].target);
	expect_peer(&f, places[0].target, &places[0]);
	run_until_calm(&f);
	before = f.changes;
	on_host("for mtu in $(seq 1300 1400); do echo link set eth1 mtu $mtu; done | ip -batch -");
	hop = to_peer(&places[0]);
	hop.mtu = 1400;
	expect_hop(&f, places[0].target, &hop);
	run_until_calm(&f);
	cr_expect_leq(f.changes - before, 3);
}

/* ---- many ------------------------------------------------------------------------------------ */

/* It takes about 50 ms; emulated or sanitized, several times that. */
enum { MANY = 10000, LONG_MS = 3000 };

struct crowd {
	const struct route_fixture *f;
	struct addr addresses[MANY];
	enum hop_state state;
};

static struct addr nth(const char *first, uint32_t n)
{
	struct addr addr = addr_of(first);

	addr.word[3] = htonl(ntohl(addr.word[3]) + n);
	return addr;
}

static bool is_all(void *context)
{
	const struct crowd *crowd = context;

	for (size_t i = 0; i < MANY; i++) {
		struct next_hop hop;

		route_find(crowd->f->watch, &crowd->addresses[i], &hop);
		if (hop.state != crowd->state)
			return false;
	}
	return true;
}

/* In milliseconds of the processor: others may be busy on it. */
static uint64_t time_follow(struct crowd *crowd)
{
	uint64_t began = clock_ms(CLOCK_PROCESS_CPUTIME_ID);

	cr_assert_not(route_follow(crowd->f->watch, crowd->addresses, MANY));
	return clock_ms(CLOCK_PROCESS_CPUTIME_ID) - began;
}

Test(route_notice, ten_thousand_addresses_behind_a_router_follow_their_route)
{
	_cleanup_fixture_ struct route_fixture f;
	struct crowd crowd = { .f = &f, .state = HOP_RESOLVED };

	open_fixture(&f);
	for_each_place(place)
		on_host("ip -%d route add default via %s", place->version, place->router);
	for (uint32_t i = 0; i < MANY; i++)
		crowd.addresses[MANY - 1 - i] = nth(i % 2 ? "203.0.0.0" : "2001:db8::", i);
	cr_expect_lt(time_follow(&crowd), LONG_MS);
	cr_assert(loop_until(f.base, is_all, &crowd));
	for_each_place(place)
		on_host("ip -%d route del default", place->version);
	crowd.state = HOP_NO_ROUTE;
	cr_assert(loop_until(f.base, is_all, &crowd));
	route_forget(f.watch);
	crowd.state = HOP_UNKNOWN;
	cr_expect(is_all(&crowd));
}

/* That is ten times as many as the kernel's table takes (gc_thresh3) of ordinary entries. */
Test(route_notice, ten_thousand_neighbours_are_resolved)
{
	_cleanup_fixture_ struct route_fixture f;
	struct crowd crowd = { .f = &f, .state = HOP_RESOLVED };

	open_fixture(&f);
	on_host("ip route add 10.64.0.0/16 dev eth1");
	on_peer("ip route add local 10.64.0.0/16 dev lo");
	for (uint32_t i = 0; i < MANY; i++)
		crowd.addresses[i] = nth("10.64.0.1", i);
	cr_expect_lt(time_follow(&crowd), LONG_MS);
	cr_expect_leq(atoi(host_says("ip neigh show dev eth1 | grep -c managed")), 500,
		      "as many broadcasts at once get lost");
	cr_assert(loop_until(f.base, is_all, &crowd));
	crowd.addresses[0] = addr_of("10.64.255.1");
	cr_assert_not(route_follow(f.watch, crowd.addresses, MANY));
	on_peer("ip link set eth0 down");
	crowd.state = HOP_NO_NEIGHBOUR;
	cr_assert(loop_until(f.base, is_all, &crowd));
	on_peer("ip link set eth0 up");
	crowd.state = HOP_RESOLVED;
	cr_assert(loop_until(f.base, is_all, &crowd));
	route_forget(f.watch);
	cr_expect_str_empty(host_says("ip neigh show | grep managed || true"));
}
