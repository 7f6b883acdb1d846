// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* What nat targets send: replies on their way to clients, and what only looks like one. */
#include <arpa/inet.h>
#include <criterion/criterion.h>
#include <linux/bpf.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "network.h"
#include "program.h"
#include "site.h"

static void open_gateway(struct program *program, struct network *network)
{
	program_open(program);
	network_set_up(program, network);
	site_set_up_replies(program);
}

/* The listener's address and port as source, but neither routed nor in another frame. */
static struct packet_spec with_new_source(const struct packet_spec *reply)
{
	struct packet_spec out = *reply;

	out.src = site[spec_is_v6(reply)].vip;
	out.sport = VIP_PORT;
	return out;
}

static struct packet_spec routed(const struct packet_spec *reply, uint16_t vlan)
{
	struct packet_spec out = with_new_source(reply);

	out.dst_mac = network_peer_mac;
	out.src_mac = gateway_mac;
	memset(out.tag, 0, sizeof(out.tag));
	out.tag[0].control = vlan;
	out.ttl = (uint8_t)((reply->ttl ? reply->ttl : 64) - 1);
	return out;
}

static const struct row {
	const char *title;
	const char *const *client;	/* by IP version */
	enum reason reason;
	int action;			/* XDP_TX or XDP_REDIRECT if replied */
	uint16_t vlan;			/* of the frame that leaves */
} rows[] = {
	{ "near", network_near, REASON_REPLIED, XDP_REDIRECT, 0 },
	{ "routed", network_routed, REASON_REPLIED, XDP_REDIRECT, 0 },
	{ "tagged", network_tagged, REASON_REPLIED, XDP_REDIRECT, NETWORK_VLAN },
	{ "narrow", network_narrow, REASON_REPLIED, XDP_REDIRECT, 0 },
	{ "same interface", network_same, REASON_REPLIED, XDP_TX, 0 },
	{ "unresolved", network_unresolved, REASON_REPLY_BY_KERNEL, 0, 0 },
	{ "interface without XDP", network_dark, REASON_REPLY_BY_KERNEL, 0, 0 },
	{ "blackhole", network_blackhole, REASON_REPLY_BY_KERNEL, 0, 0 },
	{ "the gateway itself", network_gateway, REASON_REPLY_LOCAL, 0, 0 },
	{ "no route", network_nowhere, REASON_REPLY_LOCAL, 0, 0 },
};

static struct packet_spec expected_of(const struct row *row, const struct packet_spec *reply)
{
	switch (row->reason) {
	case REASON_REPLIED:
		return routed(reply, row->vlan);
	case REASON_REPLY_BY_KERNEL:
		return with_new_source(reply);
	default:
		return *reply;
	}
}

static void expect_row(struct program *program, const struct row *row,
		       const struct packet_spec *reply)
{
	struct packet_spec expected = expected_of(row, reply);

	expect_packet(program, site_title(spec_is_v6(reply), reply->protocol, row->title), reply,
		      row->reason, row->action, &expected);
}

Test(reply, goes_where_the_route_to_the_client_leads)
{
	_cleanup_program_ struct program program;
	struct network network;

	open_gateway(&program, &network);
	for (size_t i = 0; i < 4 * ARRAY_SIZE(rows); i++) {
		const struct row *row = &rows[i / 4];
		bool is_v6 = i & 1;
		struct packet_spec reply = site_reply(is_v6, site_protocols[i >> 1 & 1],
						      row->client[is_v6]);

		expect_row(&program, row, &reply);
		reply.tag[0].control = 5;
		reply.tag[1] = (struct tag){ 0x8100, 6 };
		reply.padding = 5;
		expect_row(&program, row, &reply);
		reply.tag[0].control = 0;
		reply.options = is_v6 ? 0 : 12;
		reply.extension[0] = (struct extension){ IPPROTO_DSTOPTS, 2, 0 };
		reply.extensions = is_v6;
		expect_row(&program, row, &reply);
	}
}

Test(reply, a_reply_of_no_udp_checksum_gets_none)
{
	_cleanup_program_ struct program program;
	struct network network;
	struct packet_spec reply;

	open_gateway(&program, &network);
	reply = site_reply(false, IPPROTO_UDP, network_near[false]);
	reply.no_udp_checksum = true;
	expect_row(&program, &rows[0], &reply);
}

Test(reply, only_the_target_s_own_port_and_protocol_make_a_reply)
{
	_cleanup_program_ struct program program;
	struct network network;

	open_gateway(&program, &network);
	for (int is_v6 = 0; is_v6 < 2; is_v6++) {
		struct packet_spec other_port, other_host;

		other_port = site_reply(is_v6, IPPROTO_TCP, network_near[is_v6]);
		other_port.sport++;
		expect_packet(&program, "port", &other_port, REASON_NO_LISTENER, 0, NULL);
		other_host = site_reply(is_v6, IPPROTO_TCP, network_near[is_v6]);
		other_host.src = network_same[is_v6];
		expect_packet(&program, "host", &other_host, REASON_NO_LISTENER, 0, NULL);
	}
}

Test(reply, without_nat_targets_nothing_is_a_reply)
{
	_cleanup_program_ struct program program;
	struct network network;
	struct packet_spec reply;

	open_gateway(&program, &network);
	program.config.flags = 0;
	program_configure(&program);
	reply = site_reply(false, IPPROTO_TCP, network_near[false]);
	expect_packet(&program, "no nat", &reply, REASON_NO_LISTENER, 0, NULL);
}

Test(reply, the_source_port_stays_if_the_entry_has_none)
{
	_cleanup_program_ struct program program;
	struct network network;

	open_gateway(&program, &network);
	for (int is_v6 = 0; is_v6 < 2; is_v6++) {
		struct reply_entry entry = { .addr = port_key(site[is_v6].vip, 0, 0).addr };
		struct port_ranges ranges = { .count = 1, .range = { { 5000, 6000, 3 } } };
		struct packet_spec reply, out;

		program.config.flags |= CONFIG_HAS_RANGES;
		program_configure(&program);
		program_set_reply_ranges(&program, site[is_v6].target, IPPROTO_UDP, &ranges);
		program_set_reply(&program, range_key(site[is_v6].target, IPPROTO_UDP, 3), &entry);
		reply = site_reply(is_v6, IPPROTO_UDP, network_near[is_v6]);
		for (reply.sport = 4999; reply.sport <= 6001; reply.sport += 167) {
			if (reply.sport < 5000 || reply.sport > 6000) {
				expect_packet(&program, "outside", &reply, REASON_NO_LISTENER, 0,
					      NULL);
				continue;
			}
			out = routed(&reply, 0);
			out.sport = reply.sport;
			expect_packet(&program, "inside", &reply, REASON_REPLIED, XDP_REDIRECT,
				      &out);
		}
	}
}

Test(reply, ttl_counts_only_for_what_is_routed_here)
{
	_cleanup_program_ struct program program;
	struct network network;

	open_gateway(&program, &network);
	for (int is_v6 = 0; is_v6 < 2; is_v6++) {
		struct packet_spec reply = site_reply(is_v6, IPPROTO_TCP, network_near[is_v6]);
		struct packet_spec by_kernel, rewritten, local;

		reply.ttl = 1;
		expect_packet(&program, "routed", &reply, REASON_TTL_EXPIRED, 0, NULL);
		reply.ttl = 2;
		expect_row(&program, &rows[0], &reply);
		by_kernel = site_reply(is_v6, IPPROTO_TCP, network_unresolved[is_v6]);
		by_kernel.ttl = 1;
		rewritten = with_new_source(&by_kernel);
		expect_packet(&program, "by kernel", &by_kernel, REASON_REPLY_BY_KERNEL, 0,
			      &rewritten);
		local = site_reply(is_v6, IPPROTO_TCP, network_gateway[is_v6]);
		local.ttl = 1;
		expect_packet(&program, "local", &local, REASON_REPLY_LOCAL, 0, NULL);
	}
}

/* The kernel tells the target, who must recognise the packet that is quoted. */
Test(reply, a_reply_too_big_for_the_path_is_the_kernel_s_to_refuse)
{
	_cleanup_program_ struct program program;
	struct network network;

	open_gateway(&program, &network);
	for (int is_v6 = 0; is_v6 < 2; is_v6++) {
		struct packet_spec reply = site_reply(is_v6, IPPROTO_UDP, network_narrow[is_v6]);
		struct packet_spec out;

		reply.payload = (uint16_t)(NARROW_MTU - (is_v6 ? 40 : 20) - 8);
		out = routed(&reply, 0);
		expect_packet(&program, "mtu", &reply, REASON_REPLIED, XDP_REDIRECT, &out);
		reply.payload++;
		expect_packet(&program, "mtu + 1", &reply, REASON_REPLY_TOO_BIG, 0, NULL);
	}
}

Test(reply, a_reply_that_may_be_fragmented_is_the_kernel_s_to_fragment)
{
	_cleanup_program_ struct program program;
	struct network network;
	struct packet_spec reply, out;

	open_gateway(&program, &network);
	reply = site_reply(false, IPPROTO_UDP, network_narrow[false]);
	reply.payload = NARROW_MTU;
	reply.dont_fragment = false;
	out = with_new_source(&reply);
	expect_packet(&program, "fragment", &reply, REASON_REPLY_BY_KERNEL, 0, &out);
}

/* Or the answers to health checks would be lost too, and with them the hint at what is wrong. */
Test(reply, where_the_host_does_not_forward_a_reply_is_left_alone)
{
	_cleanup_program_ struct program program;
	struct network network;

	open_gateway(&program, &network);
	site_command("echo 0 >/proc/sys/net/ipv4/conf/in0/forwarding;"
		     "echo 0 >/proc/sys/net/ipv6/conf/in0/forwarding");
	for (int is_v6 = 0; is_v6 < 2; is_v6++) {
		struct packet_spec reply = site_reply(is_v6, IPPROTO_TCP, network_near[is_v6]);
		struct packet_spec check = site_reply(is_v6, IPPROTO_TCP, network_gateway[is_v6]);

		expect_packet(&program, "reply", &reply, REASON_REPLY_FORWARDING_OFF, 0, NULL);
		expect_packet(&program, "check", &check, REASON_REPLY_FORWARDING_OFF, 0, NULL);
	}
}

Test(reply, an_interface_that_does_not_take_frames_drops)
{
	_cleanup_program_ struct program program;
	struct network network;
	struct link_entry nowhere = { .ifindex = 77 };
	struct packet_spec reply;

	open_gateway(&program, &network);
	program_set_link(&program, network.out, &nowhere);
	reply = site_reply(false, IPPROTO_TCP, network_near[false]);
	expect_packet(&program, "no such device", &reply, REASON_NO_NEXT_HOP, 0, NULL);
}

Test(reply, checksums_are_right_for_any_client)
{
	_cleanup_program_ struct program program;
	struct network network;

	open_gateway(&program, &network);
	srandom(6);
	for (int run = 0; run < 2000; run++) {
		bool is_v6 = run & 1;
		char client[INET6_ADDRSTRLEN];
		struct packet_spec reply, out;

		snprintf(client, sizeof(client), is_v6 ? "2001:db8:100::%lx:%lx" : "100.64.%ld.%ld",
			 random() & 0xff, random() & 0xff);
		reply = site_reply(is_v6, site_protocols[run >> 1 & 1], client);
		reply.dport = (uint16_t)random();
		reply.payload = (uint16_t)(random() % 100);
		reply.ttl = (uint8_t)(2 + random() % 254);
		out = routed(&reply, 0);
		expect_packet(&program, client, &reply, REASON_REPLIED, XDP_REDIRECT, &out);
	}
}

Test(reply, a_packet_for_a_listener_is_steered_whoever_sends_it)
{
	_cleanup_program_ struct program program;
	struct network network;

	open_gateway(&program, &network);
	site_set_up(&program, FORWARDING_NAT);
	for (int is_v6 = 0; is_v6 < 2; is_v6++) {
		struct target_entry target = site_target(is_v6, FORWARDING_NAT);
		struct packet_spec packet = site_reply(is_v6, IPPROTO_TCP, site[is_v6].vip), natted;

		target.ifindex = network.in;
		program_set_target(&program, site_target_index(is_v6), &target);
		packet.dport = VIP_PORT;
		natted = site_natted(&packet);
		expect_packet(&program, "target as client", &packet, REASON_FORWARDED, XDP_TX,
			      &natted);
	}
}
