// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Packets through nat: the expected packet is built anew, with its checksums summed up in full. */
#include <arpa/inet.h>
#include <criterion/criterion.h>
#include <linux/bpf.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/cleanup.h"
#include "program.h"
#include "site.h"

static void expect_natted(struct program *program, const char *title,
			  const struct packet_spec *packet, const struct packet_spec *natted)
{
	expect_packet(program, title, packet, REASON_FORWARDED, XDP_TX, natted);
}

Test(nat, ttl_is_decremented_and_a_packet_at_its_end_is_dropped)
{
	_cleanup_program_ struct program program;

	program_open(&program);
	site_set_up(&program, FORWARDING_NAT);
	for (int is_v6 = 0; is_v6 < 2; is_v6++) {
		struct packet_spec packet = site_packet(is_v6, IPPROTO_TCP), natted;

		packet.ttl = 1;
		expect_packet(&program, "ttl", &packet, REASON_TTL_EXPIRED, 0, NULL);
		for (packet.ttl = 2; packet.ttl; packet.ttl++) {
			natted = site_natted(&packet);
			expect_natted(&program, site_title(is_v6, IPPROTO_TCP, "ttl"), &packet,
				      &natted);
		}
	}
}

Test(nat, ttl_zero_is_dropped)
{
	_cleanup_program_ struct program program;

	program_open(&program);
	site_set_up(&program, FORWARDING_NAT);
	for (int is_v6 = 0; is_v6 < 2; is_v6++) {
		struct packet_spec packet = site_packet(is_v6, IPPROTO_TCP);
		struct frame in;

		build_packet(&packet, &in);
		in.bytes[14 + (is_v6 ? 7 : 8)] = 0;
		expect_outcome(&program, "ttl 0", &in, REASON_TTL_EXPIRED, 0, NULL);
	}
}

Test(nat, a_packet_of_exactly_the_mtu_passes_and_one_byte_more_does_not)
{
	_cleanup_program_ struct program program;

	program_open(&program);
	site_set_up(&program, FORWARDING_NAT);
	for (int is_v6 = 0; is_v6 < 2; is_v6++) {
		struct packet_spec packet = site_packet(is_v6, IPPROTO_UDP), natted;

		packet.payload = (uint16_t)(SITE_MTU - (is_v6 ? 40 : 20) - 8);
		packet.padding = 9;	/* does not count */
		natted = site_natted(&packet);
		expect_natted(&program, "mtu", &packet, &natted);
		packet.payload++;
		expect_packet(&program, "mtu", &packet, REASON_TOO_BIG, 0, NULL);
	}
}

Test(nat, the_port_stays_if_the_target_or_the_listener_says_so)
{
	_cleanup_program_ struct program program;

	program_open(&program);
	site_set_up(&program, FORWARDING_NAT);
	for (int is_v6 = 0; is_v6 < 2; is_v6++) {
		uint32_t index = site_target_index(is_v6), id = TARGET_ID(index, 1);
		struct target_entry target = site_target(is_v6, FORWARDING_NAT);
		struct listener_entry keeps_port = program_add_ring(&program, &id, 1);
		struct packet_spec packet = site_packet(is_v6, IPPROTO_TCP), natted;

		keeps_port.flags = LISTENER_KEEPS_PORT;
		packet.dport = 81;
		program_set_listener(&program, port_key(packet.dst, IPPROTO_TCP, 81), &keeps_port);
		natted = site_natted(&packet);
		natted.dport = 81;
		expect_natted(&program, "listener", &packet, &natted);

		target.port = 0;
		program_set_target(&program, index, &target);
		packet.dport = VIP_PORT;
		natted.dport = VIP_PORT;
		expect_natted(&program, "target", &packet, &natted);
	}
}

Test(nat, no_udp_checksum_stays_none)
{
	_cleanup_program_ struct program program;

	program_open(&program);
	site_set_up(&program, FORWARDING_NAT);
	for (int is_v6 = 0; is_v6 < 2; is_v6++) {
		struct packet_spec packet = site_packet(is_v6, IPPROTO_UDP), natted;

		packet.no_udp_checksum = true;
		natted = site_natted(&packet);
		expect_natted(&program, "no checksum", &packet, &natted);
	}
}

static uint16_t l4_checksum(const struct packet_spec *spec)
{
	struct frame frame;
	const uint8_t *header;

	build_packet(spec, &frame);
	header = frame.bytes + 14 + (spec_is_v6(spec) ? 40 : 20);
	header += spec->protocol == IPPROTO_TCP ? 16 : 6;
	return (uint16_t)(header[0] << 8 | header[1]);
}

/* Finds a client port for which the packet that came in, or the one that leaves, has this sum. */
static bool find_port(struct packet_spec *packet, uint16_t checksum, bool leaving)
{
	for (uint32_t port = 1; port < 0x10000; port++) {
		struct packet_spec natted;

		packet->sport = (uint16_t)port;
		natted = site_natted(packet);
		if (l4_checksum(leaving ? &natted : packet) == checksum)
			return true;
	}
	return false;
}

Test(nat, checksums_are_right_where_one_s_complement_has_two_zeros)
{
	static const uint16_t sums[] = { 0x0000, 0xffff, 0x0001, 0xfffe };
	_cleanup_program_ struct program program;
	int found = 0;

	program_open(&program);
	site_set_up(&program, FORWARDING_NAT);
	for (int i = 0; i < 32; i++) {
		bool is_v6 = i & 1, leaving = i & 2;
		uint8_t protocol = site_protocols[i >> 2 & 1];
		struct packet_spec packet = site_packet(is_v6, protocol), natted;

		if (!find_port(&packet, sums[i >> 3], leaving))
			continue;
		found++;
		natted = site_natted(&packet);
		expect_natted(&program, site_title(is_v6, protocol, "sum"), &packet, &natted);
	}
	/* TCP never has ffff and UDP never 0; all others can be reached. */
	cr_assert_eq(found, 24);
}

static void random_addr(bool is_v6, char *text)
{
	uint16_t w[8];

	for (size_t i = 0; i < 8; i++)
		w[i] = random() % 4 ? (uint16_t)random() : random() % 2 ? 0xffff : 0;
	if (is_v6)
		snprintf(text, INET6_ADDRSTRLEN, "2001:%x:%x:%x:%x:%x:%x:%x", w[1], w[2], w[3],
			 w[4], w[5], w[6], w[7]);
	else
		snprintf(text, INET6_ADDRSTRLEN, "10.%u.%u.%u", w[0] & 0xff, w[0] >> 8,
			 w[1] & 0xff);
}

Test(nat, checksums_are_right_for_any_addresses_ports_and_payload)
{
	_cleanup_program_ struct program program;

	program_open(&program);
	site_set_up(&program, FORWARDING_NAT);
	srandom(5);
	for (int run = 0; run < 4000; run++) {
		bool is_v6 = run & 1;
		uint8_t protocol = site_protocols[run >> 1 & 1];
		struct packet_spec packet = site_packet(is_v6, protocol), natted;
		struct target_entry target = site_target(is_v6, FORWARDING_NAT);
		char client[INET6_ADDRSTRLEN], to[INET6_ADDRSTRLEN];

		random_addr(is_v6, client);
		random_addr(is_v6, to);
		packet.src = client;
		packet.sport = (uint16_t)random();
		packet.ttl = (uint8_t)(2 + random() % 254);
		packet.tos = (uint8_t)random();
		packet.id = (uint16_t)random();
		packet.payload = (uint16_t)(random() % 300);
		natted = site_natted(&packet);
		natted.dst = to;
		natted.dport = (uint16_t)(1 + random() % 65535);
		target.addr = port_key(to, 0, 0).addr;
		target.port = htons(natted.dport);
		program_set_target(&program, site_target_index(is_v6), &target);
		expect_natted(&program, site_title(is_v6, protocol, client), &packet, &natted);
	}
}
