// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* The small site of the packet tests: see site.h. */
#include "site.h"

#include <arpa/inet.h>
#include <criterion/criterion.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/addr.h"

const struct site_addresses site[2] = {
	{
		.client = "198.51.100.7",
		.vip = "192.0.2.10",
		.target = "10.0.0.11",
		.tunnel_source = "10.0.0.1",
	},
	{
		.client = "2001:db8:c::7",
		.vip = "2001:db8:2::10",
		.target = "2001:db8:a::11",
		.tunnel_source = "2001:db8:a::1",
	},
};
const uint8_t site_protocols[2] = { IPPROTO_TCP, IPPROTO_UDP };
const struct mac client_mac = { { 2, 0, 0, 0, 0x0c, 7 } };
const struct mac gateway_mac = { { 2, 0, 0, 0, 0, 1 } };
const struct mac target_mac = { { 2, 0, 0, 0, 0x0a, 11 } };

uint32_t site_listener_id(bool is_v6, uint8_t protocol)
{
	return 1 + 2 * is_v6 + (protocol == IPPROTO_UDP);
}

uint32_t site_target_index(bool is_v6)
{
	return 1 + is_v6;
}

struct target_entry site_target(bool is_v6, enum forwarding forwarding)
{
	struct target_entry entry = {
		.addr = port_key(site[is_v6].target, 0, 0).addr,
		.source = port_key(site[is_v6].tunnel_source, 0, 0).addr,
		.ifindex = LOOPBACK,
		.port = htons(TARGET_PORT),
		.mtu = SITE_MTU,
		.forwarding = (uint8_t)forwarding,
		.generation = 1,
		.flags = TARGET_ALIVE,
	};

	memcpy(entry.dst_mac, &target_mac, sizeof(entry.dst_mac));
	memcpy(entry.src_mac, &gateway_mac, sizeof(entry.src_mac));
	return entry;
}

void site_set_up(struct program *program, enum forwarding forwarding)
{
	for (int is_v6 = 0; is_v6 < 2; is_v6++) {
		uint32_t index = site_target_index(is_v6);
		uint32_t id = TARGET_ID(index, 1);
		struct target_entry target = site_target(is_v6, forwarding);
		struct listener_entry listener = program_add_ring(program, &id, 1);

		program_set_target(program, index, &target);
		for (int i = 0; i < 2; i++) {
			listener.id = site_listener_id(is_v6, site_protocols[i]);
			program_set_listener(program,
					     port_key(site[is_v6].vip, site_protocols[i], VIP_PORT),
					     &listener);
		}
	}
}

struct packet_spec site_packet(bool is_v6, uint8_t protocol)
{
	return (struct packet_spec){
		.dst_mac = gateway_mac,
		.src_mac = client_mac,
		.src = site[is_v6].client,
		.dst = site[is_v6].vip,
		.dont_fragment = true,
		.id = 0x1a2b,
		.protocol = protocol,
		.sport = CLIENT_PORT,
		.dport = VIP_PORT,
		.payload = 10,
	};
}

static struct packet_spec leave_for_target(const struct packet_spec *packet)
{
	struct packet_spec out = *packet;

	out.dst_mac = target_mac;
	out.src_mac = gateway_mac;
	memset(out.tag, 0, sizeof(out.tag));
	out.ttl = (uint8_t)((packet->ttl ? packet->ttl : 64) - 1);
	return out;
}

struct packet_spec site_natted(const struct packet_spec *packet)
{
	struct packet_spec out = leave_for_target(packet);

	out.dst = site[spec_is_v6(packet)].target;
	out.dport = TARGET_PORT;
	return out;
}

struct packet_spec site_tunneled(const struct packet_spec *packet)
{
	struct packet_spec out = leave_for_target(packet);

	out.outer_src = site[spec_is_v6(packet)].tunnel_source;
	out.outer_dst = site[spec_is_v6(packet)].target;
	return out;
}

void site_set_up_replies(struct program *program)
{
	for (int i = 0; i < 4; i++) {
		bool is_v6 = i & 1;
		uint8_t protocol = site_protocols[i >> 1];
		struct reply_entry reply = {
			.addr = port_key(site[is_v6].vip, 0, 0).addr,
			.port = htons(VIP_PORT),
		};

		program_set_reply(program, port_key(site[is_v6].target, protocol, TARGET_PORT),
				  &reply);
	}
	program->config.flags |= CONFIG_HAS_NAT;
	program_configure(program);
}

struct packet_spec site_reply(bool is_v6, uint8_t protocol, const char *to)
{
	struct packet_spec reply = site_packet(is_v6, protocol);

	reply.src_mac = target_mac;
	reply.src = site[is_v6].target;
	reply.sport = TARGET_PORT;
	reply.dst = to;
	reply.dport = CLIENT_PORT;
	return reply;
}

struct packet_spec site_direct(bool is_v6, uint8_t protocol, const char *from)
{
	struct packet_spec direct = site_packet(is_v6, protocol);

	direct.src = from;
	direct.dst = site[is_v6].target;
	direct.dport = TARGET_PORT;
	return direct;
}

const char *site_title(bool is_v6, uint8_t protocol, const char *what)
{
	static char title[128];

	snprintf(title, sizeof(title), "IPv%c %s %s", is_v6 ? '6' : '4',
		 protocol == IPPROTO_TCP ? "TCP" : "UDP", what);
	return title;
}

void site_command(const char *command)
{
	cr_assert_eq(system(command), 0, "failed: %s", command);
}
