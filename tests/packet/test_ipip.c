// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Packets into ipip: the expected packet is built anew, with its checksums summed up in full. */
#include <criterion/criterion.h>
#include <linux/bpf.h>
#include <netinet/in.h>
#include <string.h>

#include "base/cleanup.h"
#include "program.h"
#include "site.h"

enum { OUTER_AT = 14, ID_AT = OUTER_AT + 4 };

static void expect_tunneled(struct program *program, const char *title,
			    const struct packet_spec *packet)
{
	struct packet_spec tunneled = site_tunneled(packet);

	expect_packet(program, title, packet, REASON_FORWARDED, XDP_TX, &tunneled);
}

Test(ipip, dscp_and_ecn_are_copied_outwards)
{
	_cleanup_program_ struct program program;

	program_open(&program);
	site_set_up(&program, FORWARDING_IPIP);
	for (int is_v6 = 0; is_v6 < 2; is_v6++) {
		struct packet_spec packet = site_packet(is_v6, IPPROTO_TCP);

		for (int tos = 0; tos < 256; tos++) {
			packet.tos = (uint8_t)tos;
			expect_tunneled(&program, site_title(is_v6, IPPROTO_TCP, "tos"), &packet);
		}
	}
}

Test(ipip, the_flow_label_is_copied_outwards)
{
	static const uint32_t labels[] = { 0, 1, 0xfffff, 0x12345, 0x80000 };
	_cleanup_program_ struct program program;

	program_open(&program);
	site_set_up(&program, FORWARDING_IPIP);
	for (size_t i = 0; i < ARRAY_SIZE(labels); i++) {
		struct packet_spec packet = site_packet(true, IPPROTO_UDP);

		packet.flow_label = labels[i];
		packet.tos = 0x2e << 2;
		expect_tunneled(&program, "flow label", &packet);
	}
}

static uint16_t read16(const uint8_t *at)
{
	return (uint16_t)(at[0] << 8 | at[1]);
}

/* Returns the outer id, after everything else was compared. */
static uint16_t expect_tunneled_with_any_id(struct program *program,
					    const struct packet_spec *packet)
{
	struct packet_spec tunneled = site_tunneled(packet);
	struct outcome outcome;
	struct frame in, out;

	build_packet(packet, &in);
	program_run(program, &in, &outcome);
	cr_assert_eq(outcome.reason, REASON_FORWARDED, "%s", reason_label(outcome.reason));
	tunneled.outer_id = read16(&outcome.out.bytes[ID_AT]);
	build_packet(&tunneled, &out);
	cr_assert_eq(outcome.out.length, out.length);
	cr_assert_arr_eq(outcome.out.bytes, out.bytes, out.length);
	return tunneled.outer_id;
}

Test(ipip, an_inner_packet_that_may_be_fragmented_makes_an_outer_one_with_an_id)
{
	struct packet_spec packet = site_packet(false, IPPROTO_TCP);
	_cleanup_program_ struct program program;
	uint16_t first;
	int others = 0;

	program_open(&program);
	site_set_up(&program, FORWARDING_IPIP);
	packet.dont_fragment = false;
	first = expect_tunneled_with_any_id(&program, &packet);
	for (int i = 0; i < 20; i++)
		others += expect_tunneled_with_any_id(&program, &packet) != first;
	cr_assert_geq(others, 10, "the id does not change");
}

Test(ipip, dont_fragment_is_copied_and_makes_the_id_zero)
{
	struct packet_spec packet = site_packet(false, IPPROTO_TCP);
	_cleanup_program_ struct program program;

	program_open(&program);
	site_set_up(&program, FORWARDING_IPIP);
	packet.dont_fragment = true;
	expect_tunneled(&program, "don't fragment", &packet);
}

Test(ipip, the_outer_header_counts_against_the_mtu)
{
	_cleanup_program_ struct program program;

	program_open(&program);
	site_set_up(&program, FORWARDING_IPIP);
	for (int is_v6 = 0; is_v6 < 2; is_v6++) {
		struct packet_spec packet = site_packet(is_v6, IPPROTO_UDP);

		packet.payload = (uint16_t)(SITE_MTU - 2 * (is_v6 ? 40 : 20) - 8);
		packet.padding = 9;	/* does not count */
		expect_tunneled(&program, "mtu", &packet);
		packet.payload++;
		expect_packet(&program, "mtu", &packet, REASON_TOO_BIG, 0, NULL);
	}
}

Test(ipip, the_inner_ttl_is_decremented_and_a_packet_at_its_end_is_dropped)
{
	_cleanup_program_ struct program program;

	program_open(&program);
	site_set_up(&program, FORWARDING_IPIP);
	for (int is_v6 = 0; is_v6 < 2; is_v6++) {
		struct packet_spec packet = site_packet(is_v6, IPPROTO_TCP);

		packet.ttl = 1;
		expect_packet(&program, "ttl", &packet, REASON_TTL_EXPIRED, 0, NULL);
		for (packet.ttl = 2; packet.ttl; packet.ttl++)
			expect_tunneled(&program, "ttl", &packet);
	}
}

Test(ipip, the_inner_packet_keeps_its_transport_checksum_whatever_it_is)
{
	struct packet_spec packet = site_packet(false, IPPROTO_UDP);
	_cleanup_program_ struct program program;

	program_open(&program);
	site_set_up(&program, FORWARDING_IPIP);
	packet.no_udp_checksum = true;
	expect_tunneled(&program, "no checksum", &packet);
}

Test(ipip, a_driver_without_room_for_the_outer_header_drops)
{
	struct packet_spec packet = site_packet(false, IPPROTO_TCP);
	_cleanup_program_ struct program program;
	struct frame in;

	program_open(&program);
	site_set_up(&program, FORWARDING_IPIP);
	build_packet(&packet, &in);
	program_leave_no_headroom(&program, in.length);
	expect_outcome(&program, "no headroom", &in, REASON_NO_HEADROOM, 0, NULL);
}
