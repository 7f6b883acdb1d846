// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* dataplane/hops.h and hop.h: which addresses a change concerns, and what a next hop is made of. */
#include "dataplane/hops.h"

#include <arpa/inet.h>
#include <criterion/criterion.h>
#include <linux/if.h>
#include <linux/if_ether.h>
#include <linux/neighbour.h>
#include <linux/rtnetlink.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/addr.h"
#include "base/cleanup.h"
#include "base/log.h"
#include "build_netlink.h"
#include "dataplane/hop.h"
#include "dataplane/link_table.h"
#include "dataplane/neighbour.h"
#include "two_hosts.h"

enum { ETH1 = 7, ETH2 = 8, VLAN = 20, RUNNING = IFF_UP | IFF_LOWER_UP, SHOWN_MAX = 512 };

struct fixture {
	struct hops hops;
	struct link_table links;
	struct neighbours neighbours;
	struct hop_log log;
};

static const struct link_spec eth1 = {
	.ifindex = ETH1, .name = "eth1", .flags = RUNNING, .mtu = 1500, .mac = "02:00:00:00:00:01",
};

static struct addr parse(const char *text)
{
	struct addr addr;

	cr_assert_not(addr_parse(text, &addr, NULL), "%s", text);
	return addr;
}

static void put_link(struct fixture *f, struct link_spec spec)
{
	cr_assert_geq(link_table_update(&f->links, link_message(RTM_NEWLINK, &spec)), 0);
}

static void open_fixture(struct fixture *f)
{
	static const uint32_t interfaces[] = { ETH1 };

	*f = (struct fixture){ .log = { .lost = 0 } };
	cr_assert_not(link_table_init(&f->links, interfaces, ARRAY_SIZE(interfaces)));
	put_link(f, eth1);
}

static void close_fixture(struct fixture *f)
{
	hops_clean(&f->hops);
	neighbours_clean(&f->neighbours);
	link_table_clean(&f->links);
}
#define _cleanup_fixture_ __attribute__((cleanup(close_fixture)))

static void follow(struct fixture *f, const char *const *texts)
{
	struct addr addresses[64];
	size_t count = 0;

	for (; texts[count]; count++)
		addresses[count] = parse(texts[count]);
	cr_assert_not(hops_follow(&f->hops, addresses, count, &f->neighbours));
}
#define FOLLOW(f, ...) follow(f, (const char *const[]){ __VA_ARGS__, NULL })

/* ---- which addresses a change concerns ------------------------------------------------------- */

/* The stale ones, in order; all are fresh afterwards. */
static const char *stale(struct fixture *f)
{
	static char shown[SHOWN_MAX];
	char text[ADDR_TEXT_SIZE];
	size_t used = 0;

	shown[0] = '\0';
	for (size_t i = 0; i < f->hops.count; i++) {
		struct hop *hop = &f->hops.rows[i];

		if (hop->is_stale)
			used += (size_t)snprintf(shown + used, sizeof(shown) - used, "%s%s",
						 used ? " " : "", addr_format(&hop->addr, text));
		hop->is_stale = false;
	}
	return shown;
}

Test(hops, a_new_address_is_stale_and_a_known_one_stays_as_it_is)
{
	_cleanup_fixture_ struct fixture f;

	open_fixture(&f);
	FOLLOW(&f, "10.0.0.2", "fd00::1", "10.0.0.1", "10.0.0.2", "10.0.0.2");
	cr_expect_str_eq(stale(&f), "10.0.0.1 10.0.0.2 fd00::1");
	f.hops.rows[1].route.kind = ROUTE_LOCAL;
	FOLLOW(&f, "10.0.0.2", "10.0.0.0", "10.0.0.3");
	cr_expect_str_eq(stale(&f), "10.0.0.0 10.0.0.3");
	cr_expect_eq(hops_find(&f.hops, &(struct addr){ .word = { 0 } }), NULL);
	struct addr known = parse("10.0.0.2"), left = parse("fd00::1");
	cr_expect_eq(hops_find(&f.hops, &known)->route.kind, ROUTE_LOCAL);
	cr_expect_null(hops_find(&f.hops, &left));
}

Test(hops, a_changed_route_concerns_the_addresses_in_its_prefix)
{
	static const struct {
		const char *prefix, *stale;
	} rows[] = {
		{ "0.0.0.0/0",
		  "9.255.255.255 10.0.0.0 10.0.0.127 10.0.0.128 10.255.255.255 11.0.0.0" },
		{ "10.0.0.0/8", "10.0.0.0 10.0.0.127 10.0.0.128 10.255.255.255" },
		{ "10.0.0.0/9", "10.0.0.0 10.0.0.127 10.0.0.128" },
		{ "10.128.0.0/9", "10.255.255.255" },
		{ "10.0.0.128/25", "10.0.0.128" },
		{ "10.0.0.127/32", "10.0.0.127" },
		{ "10.0.0.126/32", "" },
		{ "10.0.0.126/31", "10.0.0.127" },
		{ "255.255.255.255/32", "" },
		{ "::/0", "2001:db8::1 2001:db8:0:1:: 2001:db8:0:1:ffff::" },
		{ "2001:db8::/64", "2001:db8::1" },
		{ "2001:db8::/63", "2001:db8::1 2001:db8:0:1:: 2001:db8:0:1:ffff::" },
		{ "2001:db8:0:1:8000::/65", "2001:db8:0:1:ffff::" },
		{ "2001:db8::1/128", "2001:db8::1" },
		{ "2001:db8::2/127", "" },
		{ "8000::/1", "" },
	};
	_cleanup_fixture_ struct fixture f;

	open_fixture(&f);
	FOLLOW(&f, "9.255.255.255", "10.0.0.0", "10.0.0.127", "10.0.0.128", "10.255.255.255",
	       "11.0.0.0", "2001:db8::1", "2001:db8:0:1::", "2001:db8:0:1:ffff::");
	stale(&f);
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct addr_range range;

		cr_assert(route_changed_range(route_message(RTM_NEWROUTE, rows[i].prefix, 0),
					      &range));
		cr_expect_eq(hops_mark_range(&f.hops, &range), rows[i].stale[0] != '\0');
		cr_expect_str_eq(stale(&f), rows[i].stale, "%s", rows[i].prefix);
	}
}

Test(hops, a_copy_of_a_route_in_the_kernels_cache_concerns_nobody)
{
	struct addr_range range;

	cr_expect_not(route_changed_range(route_message(RTM_DELROUTE, "::/0", RTM_F_CLONED),
					  &range));
}

Test(hops, a_changed_address_concerns_those_that_leave_by_its_link_in_its_family)
{
	_cleanup_fixture_ struct fixture f;

	open_fixture(&f);
	FOLLOW(&f, "10.0.0.1", "10.0.0.2", "fd00::1");
	stale(&f);
	f.hops.rows[0].route.ifindex = ETH1;
	f.hops.rows[1].route.ifindex = ETH2;
	f.hops.rows[2].route.ifindex = ETH1;
	cr_expect(hops_mark_link(&f.hops, ETH1, true));
	cr_expect_str_eq(stale(&f), "10.0.0.1");
	cr_expect(hops_mark_link(&f.hops, ETH1, false));
	cr_expect_str_eq(stale(&f), "fd00::1");
	cr_expect_not(hops_mark_link(&f.hops, ETH2, false));
	cr_expect(hops_mark_all(&f.hops));
	cr_expect_str_eq(stale(&f), "10.0.0.1 10.0.0.2 fd00::1");
}

/* ---- what a next hop is made of -------------------------------------------------------------- */

/* Follows one address with this route, and holds its neighbour. */
static struct hop *follow_route(struct fixture *f, const struct route_answer *route)
{
	FOLLOW(f, "10.0.0.5");
	f->hops.rows[0].route = *route;
	cr_assert_not(hops_hold_neighbours(&f->hops, &f->links, &f->neighbours));
	return &f->hops.rows[0];
}

static struct route_answer unicast(uint32_t ifindex)
{
	return (struct route_answer){
		.kind = ROUTE_UNICAST,
		.ifindex = ifindex,
		.via = parse("10.0.0.254"),
		.source = parse("10.0.0.1"),
	};
}

static void put_neighbour(struct fixture *f, uint32_t ifindex, uint16_t state, const char *mac)
{
	neighbours_update(&f->neighbours, neighbour_message(RTM_NEWNEIGH, &(struct neighbour_spec){
		.ifindex = ifindex, .addr = "10.0.0.254", .state = state, .mac = mac }));
}

static void expect_next(struct fixture *f, const struct hop *hop, const struct next_hop *wanted)
{
	hops_refresh(&f->hops, &f->links, &f->log);
	cr_expect_arr_eq(&hop->next, wanted, sizeof(*wanted), "%s mtu %u vlan %u",
			 hop_state_name(hop->next.state), hop->next.mtu, hop->next.vlan);
}

static void expect_state(struct fixture *f, const struct hop *hop, enum hop_state state)
{
	expect_next(f, hop, &(struct next_hop){ .state = state });
}

static struct next_hop resolved(void)
{
	struct next_hop next = {
		.state = HOP_RESOLVED,
		.ifindex = ETH1,
		.mtu = 1500,
		.source = parse("10.0.0.1"),
	};

	parse_mac("02:00:00:00:00:fe", next.dst_mac);
	parse_mac("02:00:00:00:00:01", next.src_mac);
	return next;
}

Test(hop, a_resolved_hop_has_all_that_a_packet_needs)
{
	_cleanup_fixture_ struct fixture f;
	struct route_answer route = unicast(ETH1);
	struct next_hop next = resolved();
	struct hop *hop;

	open_fixture(&f);
	hop = follow_route(&f, &route);
	put_neighbour(&f, ETH1, NUD_REACHABLE, "02:00:00:00:00:fe");
	expect_next(&f, hop, &next);
	hop->route.mtu = next.mtu = 1400;
	expect_next(&f, hop, &next);
	hop->route.mtu = 9000;
	next.mtu = 1500;
	expect_next(&f, hop, &next);
}

Test(hop, over_a_vlan_it_leaves_by_the_lower_device_with_the_vlans_own_mac_and_mtu)
{
	_cleanup_fixture_ struct fixture f;
	struct route_answer route = unicast(VLAN);
	struct next_hop next = resolved();
	struct link_spec vlan;
	struct hop *hop;

	open_fixture(&f);
	vlan = (struct link_spec){
		.ifindex = VLAN, .name = "eth1.100", .flags = RUNNING, .mtu = 1450, .lower = ETH1,
		.mac = "02:00:00:00:00:64", .kind = "vlan", .vlan = 100,
		.vlan_protocol = ETH_P_8021Q,
	};
	put_link(&f, vlan);
	hop = follow_route(&f, &route);
	put_neighbour(&f, VLAN, NUD_REACHABLE, "02:00:00:00:00:fe");
	put_neighbour(&f, ETH1, NUD_REACHABLE, "02:00:00:00:00:aa");
	next.vlan = 100;
	next.mtu = 1450;
	parse_mac("02:00:00:00:00:64", next.src_mac);
	expect_next(&f, hop, &next);
}

Test(hop, without_a_unicast_route_there_is_no_neighbour_to_hold)
{
	static const struct {
		enum route_kind kind;
		enum hop_state state;
	} rows[] = {
		{ ROUTE_UNKNOWN, HOP_UNKNOWN },
		{ ROUTE_NONE, HOP_NO_ROUTE },
		{ ROUTE_LOCAL, HOP_LOCAL },
	};
	_cleanup_fixture_ struct fixture f;

	open_fixture(&f);
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct hop *hop = follow_route(&f, &(struct route_answer){ .kind = rows[i].kind });

		expect_state(&f, hop, rows[i].state);
		cr_expect_null(hop->neighbour);
	}
	cr_expect_eq(f.neighbours.count, 0);
}

Test(hop, a_route_by_another_interface_is_no_way_out)
{
	_cleanup_fixture_ struct fixture f;
	struct route_answer route = unicast(ETH2);
	struct link_spec eth2 = eth1;
	struct hop *hop;

	open_fixture(&f);
	hop = follow_route(&f, &route);
	expect_state(&f, hop, HOP_NO_XDP);
	eth2.ifindex = ETH2;
	put_link(&f, eth2);
	expect_state(&f, hop, HOP_NO_XDP);
	cr_expect_null(hop->neighbour);
}

Test(hop, only_a_neighbour_with_a_mac_is_one)
{
	static const struct {
		uint16_t state;
		const char *mac;
		enum hop_state wanted;
	} rows[] = {
		{ NUD_NONE, NULL, HOP_NO_NEIGHBOUR },
		{ NUD_INCOMPLETE, NULL, HOP_NO_NEIGHBOUR },
		{ NUD_FAILED, NULL, HOP_NO_NEIGHBOUR },
		{ NUD_FAILED, "02:00:00:00:00:fe", HOP_NO_NEIGHBOUR },
		{ NUD_NOARP, NULL, HOP_NO_NEIGHBOUR },
		{ NUD_REACHABLE, "02:00:00:00:00:fe", HOP_RESOLVED },
		{ NUD_STALE, "02:00:00:00:00:fe", HOP_RESOLVED },
		{ NUD_DELAY, "02:00:00:00:00:fe", HOP_RESOLVED },
		{ NUD_PROBE, "02:00:00:00:00:fe", HOP_RESOLVED },
		{ NUD_PERMANENT, "02:00:00:00:00:fe", HOP_RESOLVED },
		{ NUD_NOARP, "02:00:00:00:00:fe", HOP_RESOLVED },
	};
	_cleanup_fixture_ struct fixture f;
	struct route_answer route = unicast(ETH1);
	struct next_hop next = resolved();
	struct hop *hop;

	open_fixture(&f);
	hop = follow_route(&f, &route);
	expect_state(&f, hop, HOP_NO_NEIGHBOUR);
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		put_neighbour(&f, ETH1, NUD_REACHABLE, "02:00:00:00:00:fe");
		expect_next(&f, hop, &next);
		put_neighbour(&f, ETH1, rows[i].state, rows[i].mac);
		if (rows[i].wanted == HOP_RESOLVED)
			expect_next(&f, hop, &next);
		else
			expect_state(&f, hop, rows[i].wanted);
	}
	neighbours_update(&f.neighbours, neighbour_message(RTM_DELNEIGH, &(struct neighbour_spec){
		.ifindex = ETH1, .addr = "10.0.0.254", .state = NUD_STALE,
		.mac = "02:00:00:00:00:fe" }));
	expect_state(&f, hop, HOP_NO_NEIGHBOUR);
}

/* A VXLAN device has entries of this kind, with the address of the tunnel's other end. */
Test(hop, a_forwarding_entry_of_a_bridge_is_no_neighbour)
{
	_cleanup_fixture_ struct fixture f;
	struct route_answer route = unicast(ETH1);
	struct neighbour_spec spec = {
		.ifindex = ETH1, .addr = "10.0.0.254", .mac = "02:00:00:00:00:fe",
		.state = NUD_REACHABLE, .family = AF_BRIDGE,
	};
	struct hop *hop;

	open_fixture(&f);
	hop = follow_route(&f, &route);
	cr_expect_not(neighbours_update(&f.neighbours, neighbour_message(RTM_NEWNEIGH, &spec)));
	expect_state(&f, hop, HOP_NO_NEIGHBOUR);
}

Test(hop, a_link_that_is_down_leads_to_nobody)
{
	_cleanup_fixture_ struct fixture f;
	struct route_answer route = unicast(ETH1);
	struct next_hop next = resolved();
	struct link_spec down = eth1;
	struct hop *hop;

	open_fixture(&f);
	hop = follow_route(&f, &route);
	put_neighbour(&f, ETH1, NUD_PERMANENT, "02:00:00:00:00:fe");
	expect_next(&f, hop, &next);
	down.flags = IFF_UP;
	put_link(&f, down);
	expect_state(&f, hop, HOP_NO_NEIGHBOUR);
	put_link(&f, eth1);
	expect_next(&f, hop, &next);
	link_table_update(&f.links, link_message(RTM_DELLINK, &eth1));
	expect_state(&f, hop, HOP_NO_XDP);
}

Test(hop, a_neighbour_is_shared_and_goes_with_its_last_holder)
{
	_cleanup_fixture_ struct fixture f;
	struct route_answer route = unicast(ETH1);

	open_fixture(&f);
	FOLLOW(&f, "10.0.0.5", "10.0.0.6");
	f.hops.rows[0].route = f.hops.rows[1].route = route;
	for (int i = 0; i < 2; i++)
		cr_assert_not(hops_hold_neighbours(&f.hops, &f.links, &f.neighbours));
	cr_expect_eq(f.neighbours.count, 1);
	cr_expect_eq(f.neighbours.first->holders, 2);
	f.hops.rows[0].route.via = parse("fe80::1");
	hops_hold_neighbours(&f.hops, &f.links, &f.neighbours);
	cr_expect_eq(f.neighbours.count, 2);
	FOLLOW(&f, "10.0.0.7");
	neighbours_remove_unheld(&f.neighbours);
	cr_expect_eq(f.neighbours.count, 0);
}

/* ---- the log --------------------------------------------------------------------------------- */

/* What a refresh writes to the log, in a static buffer. */
static const char *logged(struct fixture *f, bool is_end)
{
	static char text[8192];
	FILE *file = tmpfile();
	int saved = dup(STDERR_FILENO);
	size_t length;

	cr_assert(file && saved >= 0);
	dup2(fileno(file), STDERR_FILENO);
	hops_refresh(&f->hops, &f->links, &f->log);
	if (is_end)
		hop_log_end(&f->log);
	fflush(stderr);
	dup2(saved, STDERR_FILENO);
	close(saved);
	rewind(file);
	length = fread(text, 1, sizeof(text) - 1, file);
	text[length] = '\0';
	fclose(file);
	return text;
}

Test(hop, a_warning_says_once_what_is_wrong)
{
	_cleanup_fixture_ struct fixture f;
	struct route_answer route = unicast(ETH1);
	struct link_spec down = eth1;

	open_fixture(&f);
	follow_route(&f, &route);
	cr_expect_str_empty(logged(&f, false), "the first answer takes its time");
	put_neighbour(&f, ETH1, NUD_FAILED, NULL);
	cr_expect_str_eq(logged(&f, false), "warning route: next hop of 10.0.0.5: "
					    "no neighbour answers for 10.0.0.254 on eth1\n");
	put_neighbour(&f, ETH1, NUD_INCOMPLETE, NULL);
	cr_expect_str_empty(logged(&f, false));
	put_neighbour(&f, ETH1, NUD_FAILED, NULL);
	cr_expect_str_empty(logged(&f, false));
	put_neighbour(&f, ETH1, NUD_REACHABLE, "02:00:00:00:00:fe");
	cr_expect_str_eq(logged(&f, false), "info route: next hop of 10.0.0.5: resolved again\n");
	put_neighbour(&f, ETH1, NUD_STALE, "02:00:00:00:00:fe");
	cr_expect_str_empty(logged(&f, false));
	down.flags = 0;
	put_link(&f, down);
	cr_expect_str_eq(logged(&f, false), "warning route: next hop of 10.0.0.5: "
					    "eth1 is down or has no carrier\n");
	f.hops.rows[0].route.kind = ROUTE_NONE;
	cr_expect_str_empty(logged(&f, false));
}

Test(hop, a_warning_names_the_reason)
{
	static const struct {
		struct route_answer route;
		const char *why;
	} rows[] = {
		{ { .kind = ROUTE_NONE }, "no route leads there" },
		{ { .kind = ROUTE_LOCAL }, "it is an address of this host" },
		{ { .kind = ROUTE_UNICAST, .ifindex = ETH2 },
		  "the route leaves by eth2, which is not among --interface" },
		{ { .kind = ROUTE_UNICAST, .ifindex = 99 },
		  "the route leaves by an interface that is gone, which is not among --interface" },
	};
	struct link_spec eth2 = eth1;

	eth2.ifindex = ETH2;
	eth2.name = "eth2";
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		_cleanup_fixture_ struct fixture f;
		char line[256];

		open_fixture(&f);
		put_link(&f, eth2);
		follow_route(&f, &rows[i].route);
		snprintf(line, sizeof(line), "warning route: next hop of 10.0.0.5: %s\n",
			 rows[i].why);
		cr_expect_str_eq(logged(&f, false), line);
	}
}

Test(hop, many_warnings_at_once_are_summed_up)
{
	enum { HOPS = 60, NAMED = 10 };
	_cleanup_fixture_ struct fixture f;
	struct addr addresses[HOPS];
	const char *text;
	unsigned lines = 0;

	open_fixture(&f);
	for (unsigned i = 0; i < HOPS; i++)
		addr_from_v4(&addresses[i], htonl(0x0a000001 + i));
	cr_assert_not(hops_follow(&f.hops, addresses, HOPS, &f.neighbours));
	for (size_t i = 0; i < HOPS; i++)
		f.hops.rows[i].route.kind = ROUTE_NONE;
	text = logged(&f, true);
	for (const char *c = text; *c; c++)
		lines += *c == '\n';
	cr_expect_eq(lines, NAMED + 1);
	cr_expect(strstr(text, "warning route: 50 more addresses have no usable next hop; "
			       "see `sluicectl target list`\n"), "%s", text);
	cr_expect_str_empty(logged(&f, true));
}

Test(hop, changes_of_state_are_told_to_whoever_debugs)
{
	_cleanup_fixture_ struct fixture f;
	struct route_answer route = unicast(ETH1);

	log_set_level(LOG_LEVEL_DEBUG);
	open_fixture(&f);
	follow_route(&f, &route);
	cr_expect_str_eq(logged(&f, false),
			 "debug route: next hop of 10.0.0.5: unknown -> no_neighbour\n");
	put_neighbour(&f, ETH1, NUD_REACHABLE, "02:00:00:00:00:fe");
	cr_expect_str_eq(logged(&f, false),
			 "debug route: next hop of 10.0.0.5: no_neighbour -> resolved\n");
	cr_expect_str_empty(logged(&f, false));
}
