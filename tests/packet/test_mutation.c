// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Many mutated and random frames: each ends with one reason and its action, and what passes is
 * untouched.
 */
#include <criterion/criterion.h>
#include <linux/bpf.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "network.h"
#include "program.h"
#include "site.h"

enum { RUNS = 100000 };

/* Reasons for which the packet goes to the kernel with a new source. */
static bool is_untouched(enum reason reason)
{
	return reason_action(reason) == ACTION_PASS && reason != REASON_REPLY_BY_KERNEL;
}

static struct packet_spec random_packet(void)
{
	bool is_v6 = random() & 1;
	uint8_t protocol = site_protocols[random() & 1];
	struct packet_spec packet = random() & 1 ?
		site_packet(is_v6, protocol) : site_reply(is_v6, protocol, network_near[is_v6]);

	if (random() % 4 == 0)
		packet.tag[0] = (struct tag){ 0x88a8, 5 };
	if (random() % 8 == 0)
		packet.tag[1] = (struct tag){ 0x8100, 6 };
	packet.options = is_v6 ? 0 : (uint8_t)(random() % 4 * 4);
	for (size_t i = 0; is_v6 && i < (size_t)random() % 4; i++)
		packet.extension[packet.extensions++] =
			(struct extension){ IPPROTO_DSTOPTS, (uint8_t)(random() % 3), 0 };
	packet.payload = (uint16_t)(random() % 64);
	packet.padding = (uint16_t)(random() % 3 * (random() % 20));
	packet.dont_fragment = random() & 1;
	return packet;
}

/* Up to four bytes become random, most often in the headers; one in eight loses its end. */
static void mutate(struct frame *frame)
{
	for (long i = random() % 5; i > 0; i--) {
		size_t at = (size_t)random() % (random() % 4 ? 64 : frame->length);

		if (at < frame->length)
			frame->bytes[at] = (uint8_t)(random() % 3 ? random() :
								    frame->bytes[at] ^ 1);
	}
	if (random() % 8 == 0)
		frame->length -= (size_t)random() % (frame->length - 13);
}

static void fill_randomly(struct frame *frame)
{
	frame->length = 14 + (size_t)random() % 200;
	for (size_t i = 0; i < frame->length; i++)
		frame->bytes[i] = (uint8_t)random();
	if (random() & 1) {
		frame->bytes[0] &= (uint8_t)~1;
		frame->bytes[12] = random() & 1 ? 0x08 : 0x86;
		frame->bytes[13] = frame->bytes[12] == 0x08 ? 0x00 : 0xdd;
	}
}

static void expect_sane(struct program *program, const struct frame *in, int run)
{
	static const int actions[] = { [ACTION_PASS] = XDP_PASS, [ACTION_DROP] = XDP_DROP };
	enum action kind;
	struct outcome outcome;

	program_run(program, in, &outcome);
	kind = reason_action(outcome.reason);
	if (kind == ACTION_FORWARD)
		cr_assert(outcome.action == XDP_TX || outcome.action == XDP_REDIRECT, "run %d",
			  run);
	else
		cr_assert_eq(outcome.action, actions[kind], "run %d", run);
	if (!is_untouched(outcome.reason))
		return;
	cr_assert_eq(outcome.out.length, in->length, "run %d", run);
	cr_assert_eq(memcmp(outcome.out.bytes, in->bytes, in->length), 0, "run %d: %s changed it",
		     run, reason_label(outcome.reason));
}

Test(mutation, whatever_comes_is_handled_and_what_passes_is_untouched)
{
	_cleanup_program_ struct program program;
	struct network network;
	struct frame frame;

	program_open(&program);
	network_set_up(&program, &network);
	program_add_device(&program, LOOPBACK);
	site_set_up(&program, FORWARDING_NAT);
	site_set_up_replies(&program);
	program.config.flags |= CONFIG_HAS_RANGES;
	program_configure(&program);
	srandom(7);
	for (int run = 0; run < RUNS; run++) {
		if (run % 10) {
			struct packet_spec packet = random_packet();

			build_packet(&packet, &frame);
			mutate(&frame);
		} else {
			fill_randomly(&frame);
		}
		expect_sane(&program, &frame, run);
	}
	/* Or the mutations would be too wild to test anything. */
	cr_assert_gt(program.reasons[REASON_FORWARDED], RUNS / 20);
	cr_assert_gt(program.reasons[REASON_REPLIED], RUNS / 20);
	cr_assert_gt(program.reasons[REASON_TRUNCATED], RUNS / 100);
}
