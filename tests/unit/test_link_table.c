// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* dataplane/link_table.h: what the kernel says of links, and how one can send through them. */
#include "dataplane/link_table.h"

#include <arpa/inet.h>
#include <criterion/criterion.h>
#include <linux/if.h>
#include <linux/if_ether.h>
#include <linux/rtnetlink.h>
#include <string.h>

#include "base/cleanup.h"
#include "build_netlink.h"
#include "dataplane/route.h"

enum { ETH1 = 7, ETH2 = 3, RUNNING = IFF_UP | IFF_LOWER_UP };

static const uint32_t interfaces[] = { ETH1 };
static const struct link_spec eth1 = {
	.ifindex = ETH1, .name = "eth1", .flags = RUNNING, .mtu = 1500, .mac = "02:00:00:00:00:01",
};
static const struct link_spec vlan100 = {
	.ifindex = 20, .name = "eth1.100", .flags = RUNNING, .mtu = 1500,
	.mac = "02:00:00:00:00:64", .kind = "vlan", .lower = ETH1, .vlan = 100,
	.vlan_protocol = ETH_P_8021Q,
};

static void open_table(struct link_table *table)
{
	cr_assert_not(link_table_init(table, interfaces, ARRAY_SIZE(interfaces)));
	cr_assert_eq(link_table_update(table, link_message(RTM_NEWLINK, &eth1)), LINK_MOVED);
}
#define _cleanup_table_ __attribute__((cleanup(link_table_clean)))

static int put(struct link_table *table, struct link_spec spec)
{
	return link_table_update(table, link_message(RTM_NEWLINK, &spec));
}

static void expect_egress(const struct link_table *table, uint32_t ifindex, uint32_t through,
			  uint16_t vlan)
{
	struct link_entry entry = { 0 };

	cr_expect(link_table_egress(table, ifindex, &entry));
	cr_expect_eq(entry.ifindex, through);
	cr_expect_eq(entry.vlan, htons(vlan));
}

static void expect_no_egress(const struct link_table *table, uint32_t ifindex)
{
	struct link_entry entry = { .ifindex = 99 };

	cr_expect_not(link_table_egress(table, ifindex, &entry));
	cr_expect_eq(entry.ifindex, 99, "untouched");
}

Test(link_table, an_interface_is_left_as_it_is_and_others_can_not_be_left)
{
	_cleanup_table_ struct link_table table;
	struct link_spec eth2 = eth1;

	open_table(&table);
	eth2.ifindex = ETH2;
	put(&table, eth2);
	expect_egress(&table, ETH1, ETH1, 0);
	expect_no_egress(&table, ETH2);
	expect_no_egress(&table, 99);
}

Test(link_table, a_vlan_on_an_interface_is_left_through_it_with_its_tag)
{
	_cleanup_table_ struct link_table table;

	open_table(&table);
	put(&table, vlan100);
	expect_egress(&table, 20, ETH1, 100);
}

Test(link_table, a_device_that_is_not_a_plain_vlan_on_an_interface_can_not_be_left)
{
	_cleanup_table_ struct link_table table;
	struct link_spec not_listed = vlan100, outer = vlan100, zero = vlan100, moved = vlan100;
	struct link_spec macvlan = vlan100, veth = vlan100, inner = vlan100;

	open_table(&table);
	not_listed.lower = ETH2;
	outer.vlan_protocol = ETH_P_8021AD;
	zero.vlan = 0;
	moved.lower_is_elsewhere = true;
	macvlan.kind = "macvlan";
	macvlan.vlan_protocol = 0;
	veth.kind = "veth";
	const struct link_spec *specs[] = { &not_listed, &outer, &zero, &moved, &macvlan, &veth };

	for (size_t i = 0; i < ARRAY_SIZE(specs); i++) {
		put(&table, vlan100);
		put(&table, *specs[i]);
		expect_no_egress(&table, 20);
	}
	put(&table, vlan100);
	inner.ifindex = 21;
	inner.lower = 20;
	put(&table, inner);
	expect_no_egress(&table, 21);
}

Test(link_table, a_vlan_whose_lower_device_is_gone_can_not_be_left)
{
	_cleanup_table_ struct link_table table;

	open_table(&table);
	put(&table, vlan100);
	link_table_update(&table, link_message(RTM_DELLINK, &eth1));
	expect_no_egress(&table, 20);
	expect_no_egress(&table, ETH1);
}

Test(link_table, a_vlan_that_is_an_interface_itself_is_left_untagged)
{
	static const uint32_t both[] = { ETH1, 20 };
	_cleanup_table_ struct link_table table;

	cr_assert_not(link_table_init(&table, both, ARRAY_SIZE(both)));
	put(&table, eth1);
	put(&table, vlan100);
	expect_egress(&table, 20, 20, 0);
}

Test(link_table, a_row_says_what_the_kernel_said)
{
	_cleanup_table_ struct link_table table;
	const struct link_row *row;

	open_table(&table);
	put(&table, vlan100);
	row = link_table_find(&table, 20);
	cr_assert(row);
	cr_expect_str_eq(row->name, "eth1.100");
	cr_expect_eq(row->mtu, 1500);
	cr_expect_eq(row->vlan, 100);
	cr_expect_eq(row->lower, ETH1);
	cr_expect_arr_eq(row->mac, "\x02\0\0\0\0\x64", 6);
	cr_expect_null(link_table_find(&table, 19));
}

Test(link_table, an_mtu_that_no_packet_can_have_is_the_largest)
{
	_cleanup_table_ struct link_table table;
	struct link_spec spec = eth1;

	open_table(&table);
	spec.mtu = 65536;
	put(&table, spec);
	cr_expect_eq(link_table_find(&table, ETH1)->mtu, 65535);
}

Test(link_table, a_link_is_up_when_it_is_set_up_and_has_carrier)
{
	static const struct {
		unsigned flags;
		bool is_up;
	} rows[] = { { 0, false }, { IFF_UP, false }, { IFF_LOWER_UP, false }, { RUNNING, true } };
	_cleanup_table_ struct link_table table;

	open_table(&table);
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct link_spec spec = eth1;

		spec.flags = rows[i].flags | IFF_BROADCAST;
		put(&table, spec);
		cr_expect_eq(link_table_find(&table, ETH1)->is_up, rows[i].is_up, "%zu", i);
	}
}

Test(link_table, a_change_says_what_it_means)
{
	_cleanup_table_ struct link_table table;
	struct link_spec spec = eth1;

	open_table(&table);
	cr_expect_eq(put(&table, spec), LINK_SAME);
	spec.flags |= IFF_PROMISC;
	cr_expect_eq(put(&table, spec), LINK_SAME);
	spec.mtu = 9000;
	cr_expect_eq(put(&table, spec), LINK_CHANGED);
	spec.mac = "02:00:00:00:00:02";
	cr_expect_eq(put(&table, spec), LINK_CHANGED);
	spec.flags = IFF_UP;
	cr_expect_eq(put(&table, spec), LINK_MOVED);
	cr_expect_eq(link_table_update(&table, link_message(RTM_DELLINK, &spec)), LINK_MOVED);
	cr_expect_eq(link_table_update(&table, link_message(RTM_DELLINK, &spec)), LINK_SAME);
	cr_expect_eq(table.count, 0);
}

Test(link_table, messages_that_are_not_about_the_link_itself_are_left_out)
{
	_cleanup_table_ struct link_table table;
	struct link_spec port = eth1, wireless = eth1;

	open_table(&table);
	port.family = AF_BRIDGE;
	port.flags = 0;
	cr_expect_eq(put(&table, port), LINK_SAME);
	cr_expect_eq(link_table_update(&table, link_message(RTM_DELLINK, &port)), LINK_SAME);
	wireless.mtu = 0;
	wireless.mac = NULL;
	cr_expect_eq(put(&table, wireless), LINK_SAME);
	cr_expect(link_table_find(&table, ETH1)->is_up);
}

Test(link_table, the_routes_are_the_interfaces_first_and_no_more_than_asked_for)
{
	_cleanup_table_ struct link_table table;
	struct link_spec low = vlan100, eth2 = eth1;
	struct route_link links[4];

	open_table(&table);
	low.ifindex = 2;
	low.vlan = 4094;
	eth2.ifindex = ETH2;
	put(&table, vlan100);
	put(&table, low);
	put(&table, eth2);
	cr_assert_eq(link_table_routes(&table, links, ARRAY_SIZE(links)), 3);
	cr_expect_eq(links[0].ifindex, ETH1);
	cr_expect_eq(links[0].entry.vlan, 0);
	cr_expect_eq(links[1].ifindex, 2);
	cr_expect_eq(links[1].entry.ifindex, ETH1);
	cr_expect_eq(links[1].entry.vlan, htons(4094));
	cr_expect_eq(links[2].ifindex, 20);
	cr_expect_eq(link_table_routes(&table, links, 2), 2);
	cr_expect_eq(link_table_routes(&table, links, 0), 0);
}

Test(link_table, many_links_come_and_go)
{
	enum { LINKS = 500 };
	_cleanup_table_ struct link_table table;
	bool is_there[LINKS] = { false };
	uint32_t random = 1;

	cr_assert_not(link_table_init(&table, NULL, 0));
	for (int step = 0; step < 20 * LINKS; step++) {
		struct link_spec spec = eth1;
		uint32_t i = (random = random * 1664525 + 1013904223) >> 16;

		spec.ifindex = i % LINKS + 1;
		is_there[i % LINKS] ^= true;
		cr_assert_eq(link_table_update(&table, link_message(is_there[i % LINKS] ?
							RTM_NEWLINK : RTM_DELLINK, &spec)),
			     LINK_MOVED);
	}
	for (uint32_t i = 0; i < LINKS; i++) {
		const struct link_row *row = link_table_find(&table, i + 1);

		cr_assert_eq(row != NULL, is_there[i]);
		cr_assert(!row || row->ifindex == i + 1);
	}
}
