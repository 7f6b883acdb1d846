// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Packets, bytes and flows, by listener and target. */
#include <criterion/criterion.h>
#include <linux/bpf.h>
#include <netinet/in.h>

#include "base/cleanup.h"
#include "program.h"
#include "site.h"

enum { IPV4_TCP = 20 + 20, IPV4_UDP = 20 + 8, IPV6_TCP = 40 + 20 };

static void run(struct program *program, const struct packet_spec *packet, enum reason reason)
{
	struct outcome outcome;
	struct frame in;

	build_packet(packet, &in);
	program_run(program, &in, &outcome);
	cr_assert_eq(outcome.reason, reason, "%s", reason_label(outcome.reason));
}

static void expect_traffic(const struct traffic *traffic, uint64_t packets, uint64_t bytes,
			   uint64_t flows)
{
	cr_expect_eq(traffic->packets, packets, "%llu packets", traffic->packets);
	cr_expect_eq(traffic->bytes, bytes, "%llu bytes", traffic->bytes);
	cr_expect_eq(traffic->flows, flows, "%llu flows", traffic->flows);
}

static void expect_listener(const struct program *program, uint32_t id, uint64_t packets,
			    uint64_t bytes, uint64_t flows)
{
	struct traffic traffic;

	program_get_listener_traffic(program, id, &traffic);
	expect_traffic(&traffic, packets, bytes, flows);
}

static void expect_target(const struct program *program, uint32_t index, uint64_t packets,
			  uint64_t bytes, uint64_t flows)
{
	struct traffic traffic;

	program_get_target_traffic(program, index, &traffic);
	expect_traffic(&traffic, packets, bytes, flows);
}

/* IP packets as they came in: no Ethernet, no tags, no padding, no outer header. */
static void expect_counted(enum forwarding forwarding)
{
	_cleanup_program_ struct program program;
	struct packet_spec syn = site_packet(false, IPPROTO_TCP), data = syn;
	struct packet_spec datagram = site_packet(false, IPPROTO_UDP);
	struct packet_spec v6 = site_packet(true, IPPROTO_TCP);

	program_open(&program);
	site_set_up(&program, forwarding);
	syn.tcp_flags = TCP_SYN;
	syn.payload = 0;
	syn.padding = 6;
	data.payload = 100;
	data.tcp_flags = TCP_SYN | TCP_ACK;	/* no beginning */
	data.tag[0].control = 5;
	run(&program, &syn, REASON_FORWARDED);
	run(&program, &syn, REASON_FORWARDED);
	run(&program, &data, REASON_FORWARDED);
	run(&program, &datagram, REASON_FORWARDED);
	run(&program, &v6, REASON_FORWARDED);

	expect_listener(&program, site_listener_id(false, IPPROTO_TCP), 3, 3 * IPV4_TCP + 100, 2);
	expect_listener(&program, site_listener_id(false, IPPROTO_UDP), 1, IPV4_UDP + 10, 0);
	expect_listener(&program, site_listener_id(true, IPPROTO_TCP), 1, IPV6_TCP + 10, 0);
	expect_listener(&program, site_listener_id(true, IPPROTO_UDP), 0, 0, 0);
	expect_target(&program, site_target_index(false), 4, 3 * IPV4_TCP + 100 + IPV4_UDP + 10, 2);
	expect_target(&program, site_target_index(true), 1, IPV6_TCP + 10, 0);
}

Test(count, what_goes_through_nat)
{
	expect_counted(FORWARDING_NAT);
}

Test(count, what_goes_into_ipip)
{
	expect_counted(FORWARDING_IPIP);
}

Test(count, what_is_dropped_is_the_listener_s_but_not_the_target_s)
{
	_cleanup_program_ struct program program;
	struct packet_spec expired = site_packet(false, IPPROTO_TCP), big = expired;

	program_open(&program);
	site_set_up(&program, FORWARDING_NAT);
	expired.ttl = 1;
	expired.tcp_flags = TCP_SYN;
	big.payload = SITE_MTU;
	run(&program, &expired, REASON_TTL_EXPIRED);
	run(&program, &big, REASON_TOO_BIG);
	expect_listener(&program, site_listener_id(false, IPPROTO_TCP), 2,
			2 * IPV4_TCP + 10 + SITE_MTU, 1);
	expect_target(&program, site_target_index(false), 0, 0, 0);
}

Test(count, what_the_egress_interface_does_not_take_is_not_the_target_s)
{
	_cleanup_program_ struct program program;
	struct packet_spec packet = site_packet(false, IPPROTO_TCP);
	struct target_entry target = site_target(false, FORWARDING_NAT);

	program_open(&program);
	site_set_up(&program, FORWARDING_NAT);
	target.ifindex = 77;
	program_set_target(&program, site_target_index(false), &target);
	run(&program, &packet, REASON_NO_NEXT_HOP);
	expect_target(&program, site_target_index(false), 0, 0, 0);
}

Test(count, what_is_for_no_listener_is_no_one_s)
{
	_cleanup_program_ struct program program;
	struct packet_spec packet = site_packet(false, IPPROTO_TCP);

	program_open(&program);
	site_set_up(&program, FORWARDING_NAT);
	packet.dport = VIP_PORT + 1;
	run(&program, &packet, REASON_NO_LISTENER);
	for (uint32_t id = 0; id < 6; id++) {
		expect_listener(&program, id, 0, 0, 0);
		expect_target(&program, id, 0, 0, 0);
	}
}
