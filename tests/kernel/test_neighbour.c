// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* dataplane/neighbour.h by way of route.h: which neighbours the kernel keeps, and which not. */
#include "dataplane/neighbour.h"

#include <criterion/criterion.h>
#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/addr.h"
#include "base/cleanup.h"
#include "dataplane/link_table.h"
#include "dataplane/netlink.h"
#include "loopback.h"
#include "route_fixture.h"
#include "two_hosts.h"

Test(neighbour, a_static_neighbour_is_used_and_left_alone)
{
	static const char mac[] = "02:00:00:00:09:99";
	_cleanup_fixture_ struct route_fixture f;

	open_fixture(&f);
	for_each_place(place) {
		struct next_hop hop = to_mac(place, mac);

		on_host("ip neigh add %s lladdr %s dev eth1", place->target, mac);
		FOLLOW(&f, place->target);
		expect_hop(&f, place->target, &hop);
		route_forget(f.watch);
		cr_expect_str_eq(host_says("ip neigh show %s", place->target) +
				 strlen(place->target),
				 " dev eth1 lladdr 02:00:00:00:09:99 PERMANENT \n");
	}
}

Test(neighbour, a_neighbour_that_becomes_static_is_left_alone)
{
	static const char mac[] = "02:00:00:00:09:99";
	_cleanup_fixture_ struct route_fixture f;

	open_fixture(&f);
	for_each_place(place) {
		struct next_hop hop = to_mac(place, mac);

		FOLLOW(&f, place->target);
		expect_peer(&f, place->target, place);
		on_host("ip neigh replace %s lladdr %s dev eth1 nud permanent", place->target, mac);
		expect_hop(&f, place->target, &hop);
		route_forget(f.watch);
		cr_expect(strstr(host_says("ip neigh show %s", place->target), "PERMANENT"));
	}
}

/* Such as zebra's, for EVPN. */
Test(neighbour, a_neighbour_of_a_control_plane_is_used_and_left_alone)
{
	static const char mac[] = "02:00:00:00:09:99";
	_cleanup_fixture_ struct route_fixture f;

	open_fixture(&f);
	for_each_place(place) {
		struct next_hop hop = to_mac(place, mac);
		char before[256];

		on_host("ip neigh add %s lladdr %s dev eth1 extern_learn nud reachable protocol 11",
			place->target, mac);
		snprintf(before, sizeof(before), "%s",
			 host_says("ip neigh show %s", place->target));
		FOLLOW(&f, place->target);
		expect_hop(&f, place->target, &hop);
		cr_expect_str_eq(host_says("ip neigh show %s", place->target), before);
		route_forget(f.watch);
		cr_expect_str_eq(host_says("ip neigh show %s", place->target), before);
	}
}

Test(neighbour, a_neighbours_new_mac_is_followed)
{
	static const char mac[] = "02:00:00:00:09:0c";
	_cleanup_fixture_ struct route_fixture f;

	open_fixture(&f);
	for_each_place(place) {
		struct next_hop hop = to_mac(place, mac);

		FOLLOW(&f, place->target);
		expect_peer(&f, place->target, place);
		on_host("ip neigh replace %s lladdr %s dev eth1 nud reachable", place->target, mac);
		expect_hop(&f, place->target, &hop);
	}
}

static bool is_kept(void *context)
{
	return strstr(host_says("ip neigh show %s", (const char *)context), "managed");
}

Test(neighbour, the_kernel_keeps_the_neighbours_whatever_happens_to_them)
{
	_cleanup_fixture_ struct route_fixture f;

	open_fixture(&f);
	send_bytes(places[0].target, 1);
	FOLLOW(&f, places[0].target, places[1].target);
	for_each_place(place) {
		expect_peer(&f, place->target, place);
		cr_expect(is_kept((void *)place->target));
		on_host("ip neigh del %s dev eth1", place->target);
		cr_expect(loop_until(f.base, is_kept, (void *)place->target), "deleted");
		expect_peer(&f, place->target, place);
		on_host("ip neigh replace %s lladdr " PEER_MAC " dev eth1 nud stale",
			place->target);
		cr_expect(loop_until(f.base, is_kept, (void *)place->target), "replaced");
		expect_peer(&f, place->target, place);
	}
}

/* The kernel makes such entries for its own use, too. */
/* Another one who wants the entry otherwise is no reason to spend all time on it. */
Test(neighbour, the_kernel_is_asked_again_after_a_second)
{
	_cleanup_(netlink_close) struct netlink *netlink = NULL;
	_cleanup_(neighbours_clean) struct neighbours set = { .count = 0 };
	_cleanup_(link_table_clean) struct link_table links = { .count = 0 };
	const char *target = places[0].target;
	struct addr addr = addr_of(target);

	two_hosts_open();
	cr_assert_not(netlink_open(&netlink));
	cr_assert_not(link_table_load(&links, netlink));
	cr_assert(neighbours_hold(&set, if_nametoindex("eth1"), &addr));
	cr_assert_not(neighbours_tend(&set, netlink, &links, 10000));
	cr_expect(is_kept((void *)target));
	cr_expect_not(set.needs_tending);
	on_host("ip neigh replace %s lladdr " PEER_MAC " dev eth1 nud reachable", target);
	neighbours_doubt(&set);
	cr_assert_not(neighbours_tend(&set, netlink, &links, 10999));
	cr_expect_not(is_kept((void *)target));
	cr_expect(set.needs_tending);
	cr_assert_not(neighbours_tend(&set, netlink, &links, 11000));
	cr_expect(is_kept((void *)target));
	cr_expect_not(set.needs_tending);
}

Test(neighbour, an_entry_that_nothing_is_known_of_is_resolved)
{
	_cleanup_fixture_ struct route_fixture f;

	open_fixture(&f);
	for_each_place(place) {
		on_host("ip neigh add %s dev eth1 nud none", place->target);
		FOLLOW(&f, place->target);
		expect_peer(&f, place->target, place);
	}
}

Test(neighbour, a_silent_neighbour_is_no_neighbour_until_it_answers)
{
	_cleanup_fixture_ struct route_fixture f;

	open_fixture(&f);
	FOLLOW(&f, "10.9.0.50", "fd09::50");
	expect_state(&f, "10.9.0.50", HOP_NO_NEIGHBOUR);
	expect_state(&f, "fd09::50", HOP_NO_NEIGHBOUR);
	on_peer("ip addr add 10.9.0.50/24 dev eth0");
	on_peer("ip addr add fd09::50/64 dev eth0 nodad");
	/* The kernel's own probes are seconds apart. */
	send_bytes("10.9.0.50", 1);
	send_bytes("fd09::50", 1);
	expect_peer(&f, "10.9.0.50", &places[0]);
	expect_peer(&f, "fd09::50", &places[1]);
}

Test(neighbour, a_neighbour_that_falls_silent_is_no_neighbour)
{
	_cleanup_fixture_ struct route_fixture f;

	open_fixture(&f);
	FOLLOW(&f, places[0].target, places[1].target);
	for_each_place(place) {
		expect_peer(&f, place->target, place);
		on_peer("ip addr del %s/%d dev eth0", place->target, place->version == 4 ? 24 : 64);
		on_host("ip neigh change %s lladdr " PEER_MAC " dev eth1 nud probe", place->target);
		expect_state(&f, place->target, HOP_NO_NEIGHBOUR);
	}
}

Test(neighbour, neighbours_that_are_followed_no_more_are_let_go)
{
	_cleanup_fixture_ struct route_fixture f;

	open_fixture(&f);
	for_each_place(place) {
		FOLLOW(&f, place->target, place->router);
		expect_peer(&f, place->target, place);
		FOLLOW(&f, place->router);
		cr_expect_not(is_kept((void *)place->target));
		cr_expect(strstr(host_says("ip neigh show %s", place->target), PEER_MAC),
			  "as an entry of the kernel's it lives on");
		cr_expect(is_kept((void *)place->router));
		route_forget(f.watch);
		cr_expect_not(is_kept((void *)place->router));
	}
}

Test(neighbour, the_next_daemon_takes_over_the_neighbours)
{
	_cleanup_fixture_ struct route_fixture f;
	uint32_t eth1;

	open_fixture(&f);
	eth1 = if_nametoindex("eth1");
	for_each_place(place) {
		FOLLOW(&f, place->target, place->router);
		expect_peer(&f, place->target, place);
		expect_peer(&f, place->router, place);
		route_close(&f.watch);
		cr_expect(is_kept((void *)place->target));
		watch_interfaces(&f, &eth1, 1);
		FOLLOW(&f, place->router);
		/* At once, without the loop: no packet is lost over it. */
		cr_expect_eq(find_hop(&f, place->router).state, HOP_RESOLVED);
		cr_expect_not(is_kept((void *)place->target), "what it does not need, it lets go");
		cr_expect(is_kept((void *)place->router));
	}
}
