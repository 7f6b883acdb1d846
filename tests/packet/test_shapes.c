// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Every shape of packet, in both IP versions and over both protocols, into every way of forwarding
 * and out of every kind of egress.
 */
#include <arpa/inet.h>
#include <criterion/criterion.h>
#include <linux/bpf.h>
#include <net/if.h>
#include <netinet/in.h>
#include <stdio.h>

#include "base/cleanup.h"
#include "program.h"
#include "site.h"

enum { EGRESS_VLAN = 0x6064 };	/* priority 3, VLAN 100 */

static const struct shape {
	const char *title;
	struct tag tag[SPEC_TAGS];
	uint8_t options;
	struct extension extension[SPEC_EXTENSIONS];
	uint8_t extensions;
	uint8_t tcp_options;
	uint16_t payload, padding;
} shapes[] = {
	{ "plain", .payload = 10 },
	{ "empty", .payload = 0 },
	{ "odd payload", .payload = 333 },
	{ "padding", .padding = 18 },
	{ "VLAN", .tag = { { 0x8100, 5 } }, .payload = 10 },
	{ "service VLAN", .tag = { { 0x88a8, 5 } }, .payload = 10 },
	{ "QinQ", .tag = { { 0x88a8, 5 }, { 0x8100, 0xe006 } }, .payload = 10 },
	{ "two VLANs", .tag = { { 0x8100, 5 }, { 0x8100, 6 } }, .payload = 1, .padding = 7 },
	{ "TCP options", .tcp_options = 40, .payload = 5 },
	{ "shortest options", .options = 4, .payload = 10 },
	{ "longest options", .options = 40, .tcp_options = 12, .padding = 3 },
	{ "QinQ and options", .tag = { { 0x88a8, 5 }, { 0x8100, 6 } }, .options = 8 },
	{ "hop-by-hop", .extension = { { IPPROTO_HOPOPTS, 0, 0 } }, .extensions = 1 },
	{ "destination options", .extension = { { IPPROTO_DSTOPTS, 3, 7 } }, .extensions = 1,
	  .payload = 99 },
	{ "routing done", .extension = { { IPPROTO_ROUTING, 2, 0 } }, .extensions = 1 },
	{ "all three and QinQ", .tag = { { 0x88a8, 5 }, { 0x8100, 6 } },
	  .extension = { { IPPROTO_HOPOPTS, 0, 0 }, { IPPROTO_ROUTING, 4, 0 },
			 { IPPROTO_DSTOPTS, 1, 9 } }, .extensions = 3, .payload = 7 },
	{ "eight extensions",
	  .extension = { { IPPROTO_HOPOPTS, 0, 0 }, { IPPROTO_DSTOPTS, 1, 0 },
			 { IPPROTO_DSTOPTS, 2, 0 }, { IPPROTO_DSTOPTS, 3, 0 },
			 { IPPROTO_DSTOPTS, 4, 0 }, { IPPROTO_ROUTING, 2, 0 },
			 { IPPROTO_DSTOPTS, 0, 0 }, { IPPROTO_DSTOPTS, 10, 0 } }, .extensions = 8 },
};

static struct packet_spec shaped_packet(const struct shape *shape, bool is_v6, uint8_t protocol)
{
	struct packet_spec packet = site_packet(is_v6, protocol);

	memcpy(packet.tag, shape->tag, sizeof(packet.tag));
	memcpy(packet.extension, shape->extension, sizeof(packet.extension));
	packet.options = shape->options;
	packet.extensions = shape->extensions;
	packet.tcp_options = shape->tcp_options;
	packet.payload = shape->payload;
	packet.padding = shape->padding;
	return packet;
}

static bool exists(const struct shape *shape, bool is_v6, uint8_t protocol)
{
	return !(shape->options && is_v6) && !(shape->extensions && !is_v6) &&
	       !(shape->tcp_options && !shape->options && protocol != IPPROTO_TCP);
}

/* Sends every shape of packet; the targets are already set to leave with this tag and action. */
static void expect_all_shapes(struct program *program, enum forwarding forwarding, uint16_t vlan,
			      int action)
{
	for (size_t i = 0; i < ARRAY_SIZE(shapes) * 4; i++) {
		const struct shape *shape = &shapes[i / 4];
		bool is_v6 = i & 1;
		uint8_t protocol = site_protocols[i >> 1 & 1];
		struct packet_spec packet, expected;
		struct frame in, out;

		if (!exists(shape, is_v6, protocol))
			continue;
		packet = shaped_packet(shape, is_v6, protocol);
		expected = forwarding == FORWARDING_NAT ? site_natted(&packet) :
							  site_tunneled(&packet);
		expected.tag[0].control = vlan;
		build_packet(&packet, &in);
		build_packet(&expected, &out);
		expect_outcome(program, site_title(is_v6, protocol, shape->title), &in,
			       REASON_FORWARDED, action, &out);
	}
}

static void set_egress(struct program *program, enum forwarding forwarding, uint16_t vlan,
		       uint32_t ifindex)
{
	for (int is_v6 = 0; is_v6 < 2; is_v6++) {
		struct target_entry target = site_target(is_v6, forwarding);

		target.vlan = htons(vlan);
		target.ifindex = ifindex;
		program_set_target(program, site_target_index(is_v6), &target);
	}
}

static void expect_everything(enum forwarding forwarding)
{
	static const uint16_t vlans[] = { 0, EGRESS_VLAN };
	_cleanup_program_ struct program program;
	uint32_t other;

	program_open(&program);
	site_set_up(&program, forwarding);
	site_command("ip link add other0 type veth peer name other0p");
	other = if_nametoindex("other0");
	program_add_device(&program, other);
	for (size_t i = 0; i < ARRAY_SIZE(vlans); i++) {
		set_egress(&program, forwarding, vlans[i], LOOPBACK);
		expect_all_shapes(&program, forwarding, vlans[i], XDP_TX);
		set_egress(&program, forwarding, vlans[i], other);
		expect_all_shapes(&program, forwarding, vlans[i], XDP_REDIRECT);
	}
}

Test(shapes, all_through_nat)
{
	expect_everything(FORWARDING_NAT);
}

Test(shapes, all_into_ipip)
{
	expect_everything(FORWARDING_IPIP);
}

Test(shapes, an_interface_that_does_not_take_frames_drops)
{
	_cleanup_program_ struct program program;
	struct packet_spec packet = site_packet(false, IPPROTO_TCP);
	struct frame in;

	program_open(&program);
	site_set_up(&program, FORWARDING_NAT);
	set_egress(&program, FORWARDING_NAT, 0, 77);
	build_packet(&packet, &in);
	expect_outcome(&program, "no such device", &in, REASON_NO_NEXT_HOP, 0, NULL);
}
