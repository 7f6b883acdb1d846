// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* dataplane/route.h against the kernel: what routes and links lead to, and their changes. */
#include "dataplane/route.h"

#include <arpa/inet.h>
#include <criterion/criterion.h>
#include <net/if.h>
#include <stdlib.h>
#include <string.h>

#include "base/addr.h"
#include "base/cleanup.h"
#include "loopback.h"
#include "route_fixture.h"
#include "two_hosts.h"

/* ---- what a route leads to ------------------------------------------------------------------- */

Test(route, an_on_link_target_is_resolved_by_the_kernel)
{
	_cleanup_fixture_ struct route_fixture f;

	open_fixture(&f);
	FOLLOW(&f, places[0].target, places[1].target);
	for_each_place(place)
		expect_peer(&f, place->target, place);
}

Test(route, a_target_behind_a_router_is_reached_through_the_router)
{
	_cleanup_fixture_ struct route_fixture f;

	open_fixture(&f);
	for_each_place(place)
		on_host("ip route add %s via %s", place->prefix, place->router);
	on_host("ip route add 203.0.113.0/24 via inet6 fe80::254 dev eth1");
	on_host("ip route add 2001:db8:6::/64 via fe80::254 dev eth1");
	FOLLOW(&f, places[0].far, places[1].far, "203.0.113.9", "2001:db8:6::9");
	for_each_place(place)
		expect_peer(&f, place->far, place);
	expect_peer(&f, "203.0.113.9", &places[0]);
	expect_peer(&f, "2001:db8:6::9", &places[1]);
	cr_expect(strstr(host_says("ip neigh show fe80::254"), "managed"), "the router is kept");
	cr_expect_str_empty(host_says("ip neigh show %s", places[0].far));
}

Test(route, the_source_is_the_one_that_the_route_prefers)
{
	_cleanup_fixture_ struct route_fixture f;

	open_fixture(&f);
	on_host("ip addr add 10.9.0.2/24 dev eth1 && ip addr add fd09::2/64 dev eth1 nodad");
	for_each_place(place) {
		struct next_hop hop = to_peer(place);

		on_host("ip route add %s via %s src %s", place->prefix, place->router, place->self);
		FOLLOW(&f, place->far);
		expect_hop(&f, place->far, &hop);
		run_until_calm(&f);
		hop.source = addr_of(place->version == 4 ? "10.9.0.2" : "fd09::2");
		on_host("ip route replace %s via %s src %s", place->prefix, place->router,
			place->version == 4 ? "10.9.0.2" : "fd09::2");
		expect_hop(&f, place->far, &hop);
	}
}

Test(route, the_source_is_another_one_when_a_better_address_comes)
{
	_cleanup_fixture_ struct route_fixture f;
	struct next_hop hop;

	open_fixture(&f);
	FOLLOW(&f, "fd09::11");
	hop = to_peer(&places[1]);
	expect_hop(&f, "fd09::11", &hop);
	run_until_calm(&f);
	on_host("ip addr add fd09::10/128 dev eth1 nodad");
	hop.source = addr_of("fd09::10");
	expect_hop(&f, "fd09::11", &hop);
}

Test(route, a_local_address_is_local)
{
	_cleanup_fixture_ struct route_fixture f;

	open_fixture(&f);
	for_each_place(place) {
		FOLLOW(&f, place->self, place->target);
		expect_state(&f, place->self, HOP_LOCAL);
		on_host("ip addr add %s dev lo", place->target);
		expect_state(&f, place->target, HOP_LOCAL);
	}
}

Test(route, no_route_and_routes_that_refuse_are_no_route)
{
	static const char *const types[] = { "blackhole", "unreachable", "prohibit", "throw" };
	_cleanup_fixture_ struct route_fixture f;

	open_fixture(&f);
	for_each_place(place) {
		FOLLOW(&f, place->far);
		expect_state(&f, place->far, HOP_NO_ROUTE);
		for (size_t i = 0; i < ARRAY_SIZE(types); i++) {
			on_host("ip route add %s via %s", place->prefix, place->router);
			expect_peer(&f, place->far, place);
			on_host("ip route del %s", place->prefix);
			on_host("ip route add %s %s", types[i], place->prefix);
			expect_state(&f, place->far, HOP_NO_ROUTE);
			on_host("ip route del %s %s", types[i], place->prefix);
		}
	}
}

Test(route, a_broadcast_address_is_no_target)
{
	_cleanup_fixture_ struct route_fixture f;

	open_fixture(&f);
	FOLLOW(&f, "10.9.0.255");
	expect_state(&f, "10.9.0.255", HOP_NO_ROUTE);
}

Test(route, an_interface_that_is_not_listed_is_no_way_out)
{
	_cleanup_fixture_ struct route_fixture f;

	open_fixture(&f);
	on_host("ip link add eth2 type veth && ip link set eth2 up");
	on_host("ip addr add 10.8.0.1/24 dev eth2 && ip addr add fd08::1/64 dev eth2 nodad");
	FOLLOW(&f, "10.8.0.5", "fd08::5");
	expect_state(&f, "10.8.0.5", HOP_NO_XDP);
	expect_state(&f, "fd08::5", HOP_NO_XDP);
	cr_expect_str_empty(host_says("ip neigh show dev eth2"), "nobody's business");
}

Test(route, an_address_that_is_not_followed_is_unknown)
{
	_cleanup_fixture_ struct route_fixture f;

	open_fixture(&f);
	expect_state(&f, places[0].target, HOP_UNKNOWN);
	FOLLOW(&f, places[0].target, places[0].target, places[1].target, places[0].target);
	for_each_place(place)
		expect_peer(&f, place->target, place);
	FOLLOW(&f, places[1].target);
	expect_state(&f, places[0].target, HOP_UNKNOWN);
	expect_peer(&f, places[1].target, &places[1]);
	cr_assert_not(route_follow(f.watch, NULL, 0));
	expect_state(&f, places[1].target, HOP_UNKNOWN);
}

/* ---- following changes ----------------------------------------------------------------------- */

Test(route, a_changed_route_moves_the_hop)
{
	static const char other_mac[] = "02:00:00:00:09:77";
	_cleanup_fixture_ struct route_fixture f;

	open_fixture(&f);
	for_each_place(place) {
		struct next_hop other = to_mac(place, other_mac);
		const char *other_router = place->version == 4 ? "10.9.0.77" : "fd09::77";

		on_host("ip neigh add %s lladdr %s dev eth1", other_router, other_mac);
		on_host("ip -%d route add default via %s", place->version, place->router);
		FOLLOW(&f, place->far);
		expect_peer(&f, place->far, place);
		run_until_calm(&f);
		on_host("ip route add %s via %s", place->prefix, other_router);
		expect_hop(&f, place->far, &other);
		run_until_calm(&f);
		on_host("ip route del %s", place->prefix);
		expect_peer(&f, place->far, place);
		run_until_calm(&f);
		on_host("ip -%d route replace default via %s", place->version, other_router);
		expect_hop(&f, place->far, &other);
		run_until_calm(&f);
		on_host("ip -%d route del default", place->version);
		expect_state(&f, place->far, HOP_NO_ROUTE);
	}
}

Test(route, a_changed_rule_moves_the_hop)
{
	_cleanup_fixture_ struct route_fixture f;

	open_fixture(&f);
	for_each_place(place) {
		on_host("ip -%d route add default via %s table 100", place->version, place->router);
		FOLLOW(&f, place->far);
		expect_state(&f, place->far, HOP_NO_ROUTE);
		run_until_calm(&f);
		on_host("ip -%d rule add to %s lookup 100", place->version, place->prefix);
		expect_peer(&f, place->far, place);
		run_until_calm(&f);
		on_host("ip -%d rule del to %s lookup 100", place->version, place->prefix);
		expect_state(&f, place->far, HOP_NO_ROUTE);
	}
}

Test(route, a_changed_next_hop_object_moves_the_hop)
{
	_cleanup_fixture_ struct route_fixture f;

	open_fixture(&f);
	on_host("echo 0 >/proc/sys/net/ipv4/nexthop_compat_mode");
	for_each_place(place) {
		static const char other_mac[] = "02:00:00:00:09:77";
		const char *other_router = place->version == 4 ? "10.9.0.77" : "fd09::77";
		struct next_hop other = to_mac(place, other_mac);

		on_host("ip neigh add %s lladdr %s dev eth1", other_router, other_mac);
		on_host("ip nexthop add id %d via %s dev eth1", place->version, place->router);
		on_host("ip route add %s nhid %d", place->prefix, place->version);
		FOLLOW(&f, place->far);
		expect_peer(&f, place->far, place);
		run_until_calm(&f);
		on_host("ip nexthop replace id %d via %s dev eth1", place->version, other_router);
		expect_hop(&f, place->far, &other);
	}
}

Test(route, the_mtu_is_the_links_or_the_routes_if_that_is_smaller)
{
	_cleanup_fixture_ struct route_fixture f;

	open_fixture(&f);
	for_each_place(place) {
		struct next_hop hop = to_peer(place);

		on_host("ip link set eth1 mtu 1500");
		on_host("ip route add %s via %s mtu 1400", place->prefix, place->router);
		FOLLOW(&f, place->target, place->far);
		expect_hop(&f, place->target, &hop);
		hop.mtu = 1400;
		expect_hop(&f, place->far, &hop);
		on_host("ip link set eth1 mtu 1300");
		hop.mtu = 1300;
		expect_hop(&f, place->target, &hop);
		expect_hop(&f, place->far, &hop);
	}
}

static bool has_learnt_mtu(void *context)
{
	const char *addr = context;

	send_bytes(addr, 1400);
	return strstr(host_says("ip route get %s", addr), "mtu 1280");
}

/* It would go without notice, and whoever can send ICMP could make it small. */
Test(route, the_mtu_that_the_kernel_has_learnt_of_a_path_is_not_used)
{
	_cleanup_fixture_ struct route_fixture f;

	open_fixture(&f);
	on_peer("ip link add eth9 mtu 1280 type veth peer name eth10");
	on_peer("ip link set eth9 up");
	on_peer("ip link set eth10 up");
	on_peer("sh -c 'echo 1 >/proc/sys/net/ipv4/ip_forward; "
		"echo 1 >/proc/sys/net/ipv6/conf/all/forwarding'");
	for_each_place(place) {
		on_host("ip route add %s via %s", place->prefix, place->router);
		on_peer("ip route add %s dev eth9", place->prefix);
		cr_assert(loop_until(f.base, has_learnt_mtu, (void *)place->far));
		FOLLOW(&f, place->far);
		expect_peer(&f, place->far, place);
	}
}

Test(route, the_hosts_own_new_mac_is_followed)
{
	_cleanup_fixture_ struct route_fixture f;

	open_fixture(&f);
	FOLLOW(&f, places[0].target, places[1].target);
	for_each_place(place)
		expect_peer(&f, place->target, place);
	on_host("ip link set eth1 address 02:00:00:00:09:02");
	for_each_place(place) {
		struct next_hop hop = to_peer(place);

		parse_mac("02:00:00:00:09:02", hop.src_mac);
		expect_hop(&f, place->target, &hop);
	}
}

Test(route, the_loss_of_the_link_is_noticed_and_its_return)
{
	_cleanup_fixture_ struct route_fixture f;

	open_fixture(&f);
	on_host("ip neigh add 10.9.0.99 lladdr 02:00:00:00:09:99 dev eth1");
	FOLLOW(&f, places[0].target, places[1].target, "10.9.0.99");
	for (int i = 0; i < 3; i++) {
		struct next_hop fixed = to_mac(&places[0], "02:00:00:00:09:99");

		for_each_place(place)
			expect_peer(&f, place->target, place);
		expect_hop(&f, "10.9.0.99", &fixed);
		run_until_calm(&f);
		on_peer("ip link set eth0 down");
		for_each_place(place)
			expect_state(&f, place->target, HOP_NO_NEIGHBOUR);
		expect_state(&f, "10.9.0.99", HOP_NO_NEIGHBOUR);
		on_peer("ip link set eth0 up");
		on_peer("ip addr replace fd09::11/64 dev eth0 nodad");
	}
	expect_peer(&f, places[0].target, &places[0]);
	run_until_calm(&f);
	on_host("ip link set eth1 down");
	for_each_place(place)
		expect_state(&f, place->target, HOP_NO_ROUTE);
	on_host("ip link set eth1 up && ip addr replace fd09::1/64 dev eth1 nodad");
	for_each_place(place)
		expect_peer(&f, place->target, place);
}

Test(route, an_interface_that_is_gone_is_no_way_out_even_if_its_name_returns)
{
	_cleanup_fixture_ struct route_fixture f;
	struct route_link link;

	open_fixture(&f);
	for_each_place(place)
		on_host("ip route add %s via %s metric 1", place->prefix, place->router);
	FOLLOW(&f, places[0].far, places[1].far);
	for_each_place(place)
		expect_peer(&f, place->far, place);
	cr_expect_eq(route_links(f.watch, &link, 1), 1);
	on_host("ip link del eth1");
	for_each_place(place)
		expect_state(&f, place->far, HOP_NO_ROUTE);
	cr_expect_eq(route_links(f.watch, &link, 1), 0);
	on_host("ip link add eth1 type veth && ip link set eth1 up");
	on_host("ip addr add 10.9.0.1/24 dev eth1 && ip addr add fd09::1/64 dev eth1 nodad");
	for_each_place(place) {
		on_host("ip route add %s via %s", place->prefix, place->router);
		expect_state(&f, place->far, HOP_NO_XDP);
	}
}

Test(route, a_bridge_port_that_leaves_its_bridge_is_still_a_link)
{
	_cleanup_fixture_ struct route_fixture f;
	struct next_hop hop;

	open_fixture(&f);
	FOLLOW(&f, places[0].target);
	expect_peer(&f, places[0].target, &places[0]);
	on_host("ip link add br0 type bridge && ip link set eth1 master br0 && "
		"ip link set eth1 nomaster && ip link set eth1 mtu 1400");
	hop = to_peer(&places[0]);
	hop.mtu = 1400;
	expect_hop(&f, places[0].target, &hop);
}

/* More changes than the socket holds, while the loop does not run. */
Test(route, lost_changes_are_made_up_for)
{
	_cleanup_fixture_ struct route_fixture f;

	open_fixture(&f);
	for_each_place(place)
		on_host("ip route add %s via %s", place->prefix, place->router);
	FOLLOW(&f, places[0].target, places[0].far, places[1].target, places[1].far);
	for_each_place(place)
		expect_peer(&f, place->far, place);
	on_host("for i in $(seq 40000); do echo route add 172.16.$((i / 250)).$((i %% 250)) "
		"via 10.9.0.254; done | ip -batch -");
	on_host("ip link set eth1 mtu 1400");
	for_each_place(place) {
		on_host("ip neigh replace %s lladdr 02:00:00:00:09:66 dev eth1", place->target);
		on_host("ip route del %s", place->prefix);
	}
	for_each_place(place) {
		struct next_hop hop = to_mac(place, "02:00:00:00:09:66");

		hop.mtu = 1400;
		expect_hop(&f, place->target, &hop);
		expect_state(&f, place->far, HOP_NO_ROUTE);
	}
}

/* ---- VLANs ----------------------------------------------------------------------------------- */

/*
 * Not every kernel has VLAN devices; what the daemon makes of their description is checked without
 * them in test_link_table.c too.
 */
static bool has_vlans(void)
{
	return !system("ip link add link eth1 name vlan-probe type vlan id 4000 2>/dev/null && "
		       "ip link del vlan-probe");
}

Test(route, a_vlan_device_is_left_by_the_interface_below_with_a_tag)
{
	_cleanup_fixture_ struct route_fixture f;

	open_fixture(&f);
	if (!has_vlans())
		return;
	on_host("ip link add link eth1 name eth1.100 address 02:00:00:00:09:64 mtu 1450 "
		"type vlan id 100 && ip link set eth1.100 up");
	on_host("ip addr add 10.64.0.1/24 dev eth1.100");
	on_host("ip addr add fd64::1/64 dev eth1.100 nodad");
	on_peer("ip link add link eth0 name eth0.100 address 02:00:00:00:09:65 type vlan id 100");
	on_peer("ip addr add 10.64.0.11/24 dev eth0.100");
	on_peer("ip addr add fd64::11/64 dev eth0.100 nodad");
	on_peer("ip link set eth0.100 up");
	FOLLOW(&f, "10.64.0.11", "fd64::11");
	for_each_place(place) {
		struct next_hop hop = to_mac(place, "02:00:00:00:09:65");

		parse_mac("02:00:00:00:09:64", hop.src_mac);
		hop.vlan = 100;
		hop.mtu = 1450;
		hop.source = addr_of(place->version == 4 ? "10.64.0.1" : "fd64::1");
		expect_hop(&f, place->version == 4 ? "10.64.0.11" : "fd64::11", &hop);
	}
}

/* Who keeps the map of links must hear of it. */
static bool has_links(void *context)
{
	struct route_fixture *f = context;
	struct route_link links[4];

	return route_links(f->watch, links, ARRAY_SIZE(links)) == 3 && f->changes;
}

Test(route, the_links_are_the_interfaces_and_the_vlans_directly_on_them)
{
	_cleanup_fixture_ struct route_fixture f;
	struct route_link links[4];
	uint32_t eth1;

	open_fixture(&f);
	if (!has_vlans())
		return;
	eth1 = if_nametoindex("eth1");
	on_host("ip link add eth2 type veth && ip link add link eth2 name eth2.5 type vlan id 5");
	on_host("ip link add link eth1 name eth1.100 type vlan id 100 && "
		"ip link add link eth1 name eth1.0 type vlan id 0 && "
		"ip link add link eth1 name ad.7 type vlan id 7 protocol 802.1ad && "
		"ip link add link eth1.100 name inner type vlan id 8 && "
		"ip link add link eth1 name macvlan type macvlan && "
		"ip link add link eth1 name eth1.200 type vlan id 200");
	cr_assert(loop_until(f.base, has_links, &f));
	route_links(f.watch, links, ARRAY_SIZE(links));
	cr_expect_eq(links[0].ifindex, eth1);
	cr_expect_eq(links[0].entry.ifindex, eth1);
	cr_expect_eq(links[0].entry.vlan, 0);
	cr_expect_eq(links[1].ifindex, if_nametoindex("eth1.100"));
	cr_expect_eq(links[1].entry.ifindex, eth1);
	cr_expect_eq(links[1].entry.vlan, htons(100));
	cr_expect_eq(links[2].ifindex, if_nametoindex("eth1.200"));
	cr_expect_eq(links[2].entry.vlan, htons(200));
	cr_expect_eq(route_links(f.watch, links, 2), 2, "no more than asked for");
}

Test(route, a_vlan_device_that_is_listed_itself_is_left_untagged)
{
	_cleanup_fixture_ struct route_fixture f;
	struct route_link link;
	uint32_t vlan;

	open_fixture(&f);
	if (!has_vlans())
		return;
	on_host("ip link add link eth1 name eth1.100 type vlan id 100");
	vlan = if_nametoindex("eth1.100");
	route_close(&f.watch);
	watch_interfaces(&f, &vlan, 1);
	cr_assert_eq(route_links(f.watch, &link, 1), 1);
	cr_expect_eq(link.ifindex, vlan);
	cr_expect_eq(link.entry.ifindex, vlan);
	cr_expect_eq(link.entry.vlan, 0);
}
