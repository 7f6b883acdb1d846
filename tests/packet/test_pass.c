// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* What is not for a listener passes untouched, whatever it is; and the reason says why. */
#include <criterion/criterion.h>
#include <linux/bpf.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "program.h"
#include "site.h"

/* The site, and in the maps everything that makes the program look further. */
static void open_site(struct program *program)
{
	program_open(program);
	site_set_up(program, FORWARDING_NAT);
	program->config.flags = CONFIG_HAS_NAT | CONFIG_HAS_RANGES;
	program_configure(program);
}

static void expect_passed(struct program *program, const char *title, const struct frame *frame,
			  enum reason reason)
{
	cr_assert_eq(reason_action(reason), ACTION_PASS);
	expect_outcome(program, title, frame, reason, 0, NULL);
}

Test(pass, ethernet_frames_that_hold_no_ip_packet)
{
	static const uint16_t types[] = {
		0x0806, 0x88cc, 0x8847, 0x8863, 0x0000, 0x05dc, 0x9100, 0x0801, 0x86de, 0xffff,
	};
	_cleanup_program_ struct program program;
	struct packet_spec packet = site_packet(false, IPPROTO_TCP);
	struct frame frame;

	open_site(&program);
	build_packet(&packet, &frame);
	for (size_t i = 0; i < ARRAY_SIZE(types); i++) {
		frame.bytes[12] = (uint8_t)(types[i] >> 8);
		frame.bytes[13] = (uint8_t)types[i];
		expect_passed(&program, "type", &frame, REASON_NOT_IP);
	}
}

Test(pass, three_vlan_tags)
{
	_cleanup_program_ struct program program;
	struct packet_spec packet = site_packet(false, IPPROTO_TCP);
	struct frame frame;

	open_site(&program);
	for (size_t i = 0; i < 3; i++)
		packet.tag[i].control = 5;
	build_packet(&packet, &frame);
	expect_passed(&program, "three tags", &frame, REASON_NOT_IP);
}

Test(pass, multicast_and_broadcast)
{
	static const struct mac macs[] = {
		{ { 0xff, 0xff, 0xff, 0xff, 0xff, 0xff } },
		{ { 0x01, 0x00, 0x5e, 0, 0, 1 } },
		{ { 0x33, 0x33, 0, 0, 0, 1 } },
	};
	_cleanup_program_ struct program program;

	open_site(&program);
	for (size_t i = 0; i < ARRAY_SIZE(macs); i++) {
		struct packet_spec packet = site_packet(i & 1, IPPROTO_UDP);

		packet.dst_mac = macs[i];
		expect_packet(&program, "group address", &packet, REASON_NOT_UNICAST, 0, NULL);
	}
}

static const struct packet_spec shapes[] = {
	{ .src = "198.51.100.7", .dst = "192.0.2.10", .protocol = IPPROTO_TCP, .dport = VIP_PORT },
	{ .src = "198.51.100.7", .dst = "192.0.2.10", .protocol = IPPROTO_UDP, .dport = VIP_PORT,
	  .options = 8, .tag = { { 0, 5 } }, .payload = 3 },
	{ .src = "2001:db8:c::7", .dst = "2001:db8:2::10", .protocol = IPPROTO_TCP,
	  .dport = VIP_PORT, .tag = { { 0x88a8, 5 }, { 0, 6 } }, .tcp_options = 12 },
	{ .src = "2001:db8:c::7", .dst = "2001:db8:2::10", .protocol = IPPROTO_UDP,
	  .dport = VIP_PORT, .payload = 30, .extensions = 3,
	  .extension = { { IPPROTO_HOPOPTS, 1, 0 }, { IPPROTO_ROUTING, 2, 0 },
			 { IPPROTO_DSTOPTS, 0, 0 } } },
};

/* BPF_PROG_TEST_RUN takes nothing shorter than an Ethernet header. */
Test(pass, a_frame_cut_off_at_any_byte)
{
	_cleanup_program_ struct program program;

	open_site(&program);
	for (size_t i = 0; i < ARRAY_SIZE(shapes); i++) {
		struct outcome outcome;
		struct frame frame;
		char title[64];

		build_packet(&shapes[i], &frame);
		program_run(&program, &frame, &outcome);
		cr_assert_eq(outcome.reason, REASON_FORWARDED, "shape %zu", i);
		while (--frame.length >= 14) {
			snprintf(title, sizeof(title), "shape %zu, %zu bytes", i, frame.length);
			expect_passed(&program, title, &frame, REASON_TRUNCATED);
		}
	}
}

/* One byte of a valid packet, from the Ethernet header on, is set to a wrong value. */
struct broken {
	const char *title;
	bool is_v6;
	uint8_t protocol;
	size_t at;
	uint8_t value;
	enum reason reason;
};

enum { ETH = 14, L4_V4 = ETH + 20, L4_V6 = ETH + 40 };

static const struct broken broken[] = {
	{ "v4: version 0", false, IPPROTO_TCP, ETH, 0x05, REASON_MALFORMED },
	{ "v4: version 6", false, IPPROTO_TCP, ETH, 0x65, REASON_MALFORMED },
	{ "v4: header of 16 bytes", false, IPPROTO_TCP, ETH, 0x44, REASON_MALFORMED },
	{ "v4: no header", false, IPPROTO_TCP, ETH, 0x40, REASON_MALFORMED },
	{ "v4: header longer than the packet", false, IPPROTO_UDP, ETH, 0x4f, REASON_MALFORMED },
	{ "v4: packet longer than the frame", false, IPPROTO_TCP, ETH + 3, 51, REASON_TRUNCATED },
	{ "v4: packet ends in its header", false, IPPROTO_TCP, ETH + 3, 19, REASON_MALFORMED },
	{ "v4: packet is its header", false, IPPROTO_TCP, ETH + 3, 20, REASON_MALFORMED },
	{ "v4: packet ends in the TCP header", false, IPPROTO_TCP, ETH + 3, 39, REASON_MALFORMED },
	{ "v4: packet ends in the UDP header", false, IPPROTO_UDP, ETH + 3, 27, REASON_MALFORMED },
	{ "v4: more fragments", false, IPPROTO_TCP, ETH + 6, 0x20, REASON_FRAGMENT },
	{ "v4: fragment of high offset", false, IPPROTO_TCP, ETH + 6, 0x10, REASON_FRAGMENT },
	{ "v4: fragment of low offset", false, IPPROTO_UDP, ETH + 7, 0x01, REASON_FRAGMENT },
	{ "v4: don't and more fragments", false, IPPROTO_UDP, ETH + 6, 0x60, REASON_FRAGMENT },
	{ "v6: version 4", true, IPPROTO_TCP, ETH, 0x40, REASON_MALFORMED },
	{ "v6: packet longer than the frame", true, IPPROTO_TCP, ETH + 5, 31, REASON_TRUNCATED },
	{ "v6: much longer", true, IPPROTO_TCP, ETH + 4, 0xff, REASON_TRUNCATED },
	{ "v6: nothing after the header", true, IPPROTO_TCP, ETH + 5, 0, REASON_MALFORMED },
	{ "v6: packet ends in the TCP header", true, IPPROTO_TCP, ETH + 5, 19, REASON_MALFORMED },
	{ "v6: packet ends in the UDP header", true, IPPROTO_UDP, ETH + 5, 7, REASON_MALFORMED },
	{ "TCP: header of 16 bytes", false, IPPROTO_TCP, L4_V4 + 12, 0x40, REASON_MALFORMED },
	{ "TCP: no header", true, IPPROTO_TCP, L4_V6 + 12, 0x00, REASON_MALFORMED },
	{ "TCP: header longer than packet", true, IPPROTO_TCP, L4_V6 + 12, 0xf0, REASON_MALFORMED },
	{ "UDP: length 7", false, IPPROTO_UDP, L4_V4 + 5, 7, REASON_MALFORMED },
	{ "UDP: length 0", true, IPPROTO_UDP, L4_V6 + 5, 0, REASON_MALFORMED },
	{ "UDP: longer than the packet", true, IPPROTO_UDP, L4_V6 + 5, 19, REASON_MALFORMED },
	{ "UDP: much longer", false, IPPROTO_UDP, L4_V4 + 4, 1, REASON_MALFORMED },
};

Test(pass, headers_that_can_not_be_right_and_fragments)
{
	_cleanup_program_ struct program program;

	open_site(&program);
	for (size_t i = 0; i < ARRAY_SIZE(broken); i++) {
		struct packet_spec packet = site_packet(broken[i].is_v6, broken[i].protocol);
		struct frame frame;

		build_packet(&packet, &frame);
		cr_assert_neq(frame.bytes[broken[i].at], broken[i].value, "%s", broken[i].title);
		frame.bytes[broken[i].at] = broken[i].value;
		expect_passed(&program, broken[i].title, &frame, broken[i].reason);
	}
}

/* Would otherwise be taken for a packet to the IPv4 listener. */
Test(pass, ipv4_addresses_in_an_ipv6_header)
{
	_cleanup_program_ struct program program;
	struct packet_spec packet = site_packet(true, IPPROTO_TCP);

	open_site(&program);
	packet.dst = "::ffff:192.0.2.10";
	expect_packet(&program, "destination", &packet, REASON_MALFORMED, 0, NULL);
	packet.dst = site[true].vip;
	packet.src = "::ffff:198.51.100.7";
	expect_packet(&program, "source", &packet, REASON_MALFORMED, 0, NULL);
}

#define EXTENSIONS(...) .extension = { __VA_ARGS__ }, \
	.extensions = ARRAY_SIZE(((struct extension[]){ __VA_ARGS__ }))

static const struct {
	const char *title;
	struct extension extension[SPEC_EXTENSIONS];
	uint8_t extensions;
	enum reason reason;
} extension_rows[] = {
	{ "fragment", EXTENSIONS({ IPPROTO_FRAGMENT, 0, 0 }), REASON_FRAGMENT },
	{ "atomic fragment behind others",
	  EXTENSIONS({ IPPROTO_HOPOPTS, 0, 0 }, { IPPROTO_FRAGMENT, 0, 0 }), REASON_FRAGMENT },
	{ "authentication", EXTENSIONS({ IPPROTO_AH, 4, 0 }), REASON_EXTENSION_HEADERS },
	{ "routing not done", EXTENSIONS({ IPPROTO_ROUTING, 2, 1 }), REASON_EXTENSION_HEADERS },
	{ "mobility", EXTENSIONS({ IPPROTO_MH, 0, 0 }), REASON_PROTOCOL },
	{ "encrypted", EXTENSIONS({ IPPROTO_ESP, 0, 0 }), REASON_PROTOCOL },
	{ "nothing more", EXTENSIONS({ IPPROTO_NONE, 0, 0 }), REASON_PROTOCOL },
	{ "nine headers",
	  EXTENSIONS({ IPPROTO_HOPOPTS, 0, 0 }, { IPPROTO_DSTOPTS, 0, 0 },
		     { IPPROTO_DSTOPTS, 0, 0 }, { IPPROTO_DSTOPTS, 0, 0 },
		     { IPPROTO_DSTOPTS, 0, 0 }, { IPPROTO_DSTOPTS, 0, 0 },
		     { IPPROTO_DSTOPTS, 0, 0 }, { IPPROTO_DSTOPTS, 0, 0 },
		     { IPPROTO_DSTOPTS, 0, 0 }),
	  REASON_EXTENSION_HEADERS },
};

Test(pass, extension_headers_that_are_not_followed)
{
	_cleanup_program_ struct program program;

	open_site(&program);
	for (size_t i = 0; i < ARRAY_SIZE(extension_rows); i++) {
		struct packet_spec packet = site_packet(true, IPPROTO_UDP);

		memcpy(packet.extension, extension_rows[i].extension, sizeof(packet.extension));
		packet.extensions = extension_rows[i].extensions;
		expect_packet(&program, extension_rows[i].title, &packet, extension_rows[i].reason,
			      0, NULL);
	}
}

Test(pass, an_extension_header_longer_than_the_packet)
{
	struct packet_spec packet = site_packet(true, IPPROTO_TCP);
	_cleanup_program_ struct program program;
	struct frame frame;

	open_site(&program);
	packet.extension[0].type = IPPROTO_DSTOPTS;
	packet.extensions = 1;
	build_packet(&packet, &frame);
	frame.bytes[ETH + 40 + 1] = 200;
	expect_passed(&program, "length of 201 words", &frame, REASON_MALFORMED);
}

Test(pass, other_protocols)
{
	static const uint8_t protocols[] = {
		IPPROTO_ICMP, IPPROTO_IGMP, IPPROTO_IPIP, IPPROTO_GRE, IPPROTO_ICMPV6, 89, 132, 255,
	};
	_cleanup_program_ struct program program;

	open_site(&program);
	for (size_t i = 0; i < 2 * ARRAY_SIZE(protocols); i++) {
		struct packet_spec packet = site_packet(i & 1, protocols[i / 2]);

		packet.payload = 40;
		expect_packet(&program, "protocol", &packet, REASON_PROTOCOL, 0, NULL);
	}
}

Test(pass, packets_for_no_listener)
{
	_cleanup_program_ struct program program;

	open_site(&program);
	for (int i = 0; i < 4; i++) {
		bool is_v6 = i & 1;
		uint8_t protocol = site_protocols[i >> 1];
		struct packet_spec packet = site_packet(is_v6, protocol);

		packet.dport = VIP_PORT + 1;
		expect_packet(&program, "other port", &packet, REASON_NO_LISTENER, 0, NULL);
		packet = site_packet(is_v6, protocol);
		packet.dst = site[is_v6].client;
		expect_packet(&program, "other address", &packet, REASON_NO_LISTENER, 0, NULL);
		packet = site_packet(is_v6, protocol);
		packet.src = site[is_v6].vip;
		packet.sport = VIP_PORT;
		packet.dst = site[is_v6].client;
		packet.dport = CLIENT_PORT;
		expect_packet(&program, "the other way", &packet, REASON_NO_LISTENER, 0, NULL);
	}
}

Test(pass, a_listener_of_one_protocol_leaves_the_other_alone)
{
	_cleanup_program_ struct program program;
	uint32_t none = 0;
	struct listener_entry listener;

	open_site(&program);
	listener = program_add_ring(&program, &none, 1);
	program_set_listener(&program, port_key("192.0.2.99", IPPROTO_TCP, 53), &listener);
	for (int i = 0; i < 2; i++) {
		struct packet_spec packet = site_packet(false, site_protocols[i]);

		packet.dst = "192.0.2.99";
		packet.dport = 53;
		expect_packet(&program, "protocol", &packet,
			      i ? REASON_NO_LISTENER : REASON_NO_TARGET, 0, NULL);
	}
}
