// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * bpf/parse.h compiled natively: the facts it finds, and that it reads nothing beyond the frame
 * (each frame lies in memory of exactly its size, so the sanitizer sees it).
 */
#include <arpa/inet.h>
#include <criterion/criterion.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

#include "base/addr.h"
#include "base/cleanup.h"
#include "build_packet.h"
#include "parse.h"

static enum reason parse(const uint8_t *bytes, size_t length, struct packet *pkt)
{
	_cleanup_free_ uint8_t *memory = malloc(2 + length);

	cr_assert_not_null(memory);
	memcpy(memory + 2, bytes, length);
	memset(pkt, 0, sizeof(*pkt));
	return parse_packet(memory + 2, memory + 2 + length, pkt);
}

static struct addr addr(const char *text)
{
	struct addr parsed;

	cr_assert_eq(addr_parse(text, &parsed, NULL), 0);
	return parsed;
}

Test(parse, finds_every_fact_of_an_ipv4_packet)
{
	struct packet_spec spec = {
		.tag = { { 0x88a8, 7 }, { 0x8100, 9 } },
		.src = "198.51.100.1",
		.dst = "192.0.2.10",
		.ttl = 33,
		.tos = 0xb9,
		.dont_fragment = true,
		.options = 12,
		.protocol = IPPROTO_TCP,
		.sport = 40000,
		.dport = 443,
		.tcp_flags = TCP_SYN,
		.tcp_options = 8,
		.padding = 5,
	};
	struct addr src = addr(spec.src), dst = addr(spec.dst);
	struct packet pkt;
	struct frame frame;

	build_packet(&spec, &frame);
	cr_assert_eq(parse(frame.bytes, frame.length, &pkt), REASON_NEXT);
	cr_expect_eq(addr_compare(&pkt.tuple.src, &src), 0);
	cr_expect_eq(addr_compare(&pkt.tuple.dst, &dst), 0);
	cr_expect_eq(pkt.tuple.protocol, IPPROTO_TCP);
	cr_expect_eq(pkt.tuple.sport, htons(40000));
	cr_expect_eq(pkt.tuple.dport, htons(443));
	cr_expect_not(pkt.tuple.is_v6);
	cr_expect_eq(pkt.l3_offset, 22);
	cr_expect_eq(pkt.l4_offset, 22 + 32);
	cr_expect_eq(pkt.l3_length, 32 + 28);
	cr_expect_eq(pkt.ttl, 33);
	cr_expect_eq(pkt.tos, 0xb9);
	cr_expect_eq(pkt.flowinfo, 0);
	cr_expect(pkt.dont_fragment);
	cr_expect(pkt.is_syn);
}

Test(parse, finds_every_fact_of_an_ipv6_packet)
{
	struct packet_spec spec = {
		.src = "2001:db8::1",
		.dst = "2001:db8:2::10",
		.ttl = 2,
		.tos = 0xb9,
		.flow_label = 0x54321,
		.extension = { { IPPROTO_HOPOPTS, 0, 0 }, { IPPROTO_DSTOPTS, 2, 0 } },
		.extensions = 2,
		.protocol = IPPROTO_UDP,
		.sport = 53,
		.dport = 5353,
		.payload = 11,
		.padding = 3,
	};
	struct addr src = addr(spec.src), dst = addr(spec.dst);
	struct packet pkt;
	struct frame frame;

	build_packet(&spec, &frame);
	cr_assert_eq(parse(frame.bytes, frame.length, &pkt), REASON_NEXT);
	cr_expect_eq(addr_compare(&pkt.tuple.src, &src), 0);
	cr_expect_eq(addr_compare(&pkt.tuple.dst, &dst), 0);
	cr_expect_eq(pkt.tuple.protocol, IPPROTO_UDP);
	cr_expect_eq(pkt.tuple.sport, htons(53));
	cr_expect_eq(pkt.tuple.dport, htons(5353));
	cr_expect(pkt.tuple.is_v6);
	cr_expect_eq(pkt.l3_offset, 14);
	cr_expect_eq(pkt.l4_offset, 14 + 40 + 8 + 24);
	cr_expect_eq(pkt.l3_length, 40 + 8 + 24 + 8 + 11);
	cr_expect_eq(pkt.ttl, 2);
	cr_expect_eq(pkt.tos, 0xb9);
	cr_expect_eq(pkt.flowinfo, htonl(0x0b954321));
	cr_expect(pkt.dont_fragment);
	cr_expect_not(pkt.is_syn);
}

Test(parse, only_a_syn_without_ack_begins_a_flow)
{
	static const struct {
		uint8_t flags;
		bool begins;
	} rows[] = {
		{ TCP_SYN, true },
		{ TCP_SYN | TCP_PSH, true },
		{ TCP_SYN | TCP_ACK, false },
		{ TCP_ACK, false },
		{ TCP_FIN | TCP_ACK, false },
		{ TCP_RST, false },
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct packet_spec spec = {
			.src = "198.51.100.1",
			.dst = "192.0.2.10",
			.protocol = IPPROTO_TCP,
			.tcp_flags = rows[i].flags,
		};
		struct packet pkt;
		struct frame frame;

		build_packet(&spec, &frame);
		cr_assert_eq(parse(frame.bytes, frame.length, &pkt), REASON_NEXT);
		cr_expect_eq(pkt.is_syn, rows[i].begins, "flags %02x", rows[i].flags);
	}
}

static const struct packet_spec shapes[] = {
	{ .src = "198.51.100.1", .dst = "192.0.2.10", .protocol = IPPROTO_TCP, .payload = 20 },
	{ .src = "198.51.100.1", .dst = "192.0.2.10", .protocol = IPPROTO_UDP, .options = 40 },
	{ .src = "2001:db8::1", .dst = "2001:db8:2::10", .protocol = IPPROTO_TCP,
	  .tag = { { 0, 1 }, { 0, 2 } }, .tcp_options = 40 },
	{ .src = "2001:db8::1", .dst = "2001:db8:2::10", .protocol = IPPROTO_UDP, .extensions = 8,
	  .extension = { { IPPROTO_HOPOPTS, 0, 0 }, { IPPROTO_ROUTING, 1, 0 },
			 { IPPROTO_DSTOPTS, 0, 0 }, { IPPROTO_DSTOPTS, 5, 0 },
			 { IPPROTO_DSTOPTS, 0, 0 }, { IPPROTO_ROUTING, 0, 0 },
			 { IPPROTO_DSTOPTS, 2, 0 }, { IPPROTO_DSTOPTS, 0, 0 } } },
};

Test(parse, a_frame_cut_off_anywhere_is_truncated)
{
	for (size_t i = 0; i < ARRAY_SIZE(shapes); i++) {
		struct frame frame;
		struct packet pkt;

		build_packet(&shapes[i], &frame);
		cr_assert_eq(parse(frame.bytes, frame.length, &pkt), REASON_NEXT);
		for (size_t length = 0; length < frame.length; length++)
			cr_assert_eq(parse(frame.bytes, length, &pkt), REASON_TRUNCATED,
				     "shape %zu, %zu bytes of %zu", i, length, frame.length);
	}
}

Test(parse, reads_nothing_beyond_the_frame_whatever_it_holds)
{
	struct frame frame;
	struct packet pkt;

	srandom(4);
	for (int run = 0; run < 200000; run++) {
		size_t length;

		build_packet(&shapes[(size_t)run % ARRAY_SIZE(shapes)], &frame);
		length = frame.length - (size_t)random() % 4 * ((size_t)random() % 20);
		for (int i = random() % 5; i >= 0; i--)
			frame.bytes[12 + (size_t)random() % (length - 12)] = (uint8_t)random();
		if (parse(frame.bytes, length, &pkt) != REASON_NEXT)
			continue;
		cr_assert_leq(pkt.l3_offset + pkt.l3_length, length, "run %d", run);
		cr_assert_lt(pkt.l4_offset, pkt.l3_offset + pkt.l3_length, "run %d", run);
	}
}
