// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Two CPUs that change one bucket of the flow table at the same time. There is no other bucket, so
 * every flow is in it.
 */
#include <criterion/criterion.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "crowd.h"
#include "flows.h"
#include "two_cpus.h"

enum { FIRST = 1, SECOND, RECORDED, TARGETS = RECORDED };
enum { ROUNDS = 2000, SHORT_ROUNDS = 300, TIMEOUT = 60 };

static struct packet_spec packet_of(bool is_v6, uint8_t tcp_flags, uint16_t port)
{
	struct packet_spec packet = site_packet(is_v6, IPPROTO_TCP);

	packet.tcp_flags = tcp_flags;
	packet.sport = port;
	return packet;
}

static struct frame frame_of(bool is_v6, uint8_t tcp_flags, uint16_t port)
{
	struct packet_spec packet = packet_of(is_v6, tcp_flags, port);
	struct frame frame;

	build_packet(&packet, &frame);
	return frame;
}

static void set_slots(struct program *program, uint32_t current, enum slot_condition condition)
{
	for (int is_v6 = 0; is_v6 < 2; is_v6++)
		crowd_set_slots(program, is_v6, (union slot){
			.current = crowd_id(is_v6, current), .condition = condition,
		});
}

static void open_gateway(struct program *program, uint8_t listener_flags)
{
	program_open(program);
	program->config.flow_bucket_mask = 0;
	program_configure(program);
	crowd_set_up(program, TARGETS);
	for (int is_v6 = 0; is_v6 < 2; is_v6++)
		crowd_set_listener(program, is_v6, IPPROTO_TCP, listener_flags, TIMEOUT);
	set_slots(program, FIRST, SLOT_STABLE);
}

static uint64_t event_count(const struct program *program, enum flow_event event)
{
	uint64_t events[FLOW_EVENT_COUNT];

	flows_get_events(program, events);
	return events[event];
}

/* ---- new flows ---- */

/* Half of the bucket from each side; IPv4 and IPv6 in turn. */
static void check_full(struct side *side)
{
	for (uint16_t i = 0; i < FLOWS_PER_BUCKET; i++) {
		struct packet_spec packet = packet_of(i & 1, TCP_SYN, i);
		union flow *entry;

		side_check(side, flows_find(side->program, &packet, &entry) == 1, "flow %u", i);
	}
}

static void begin_half(struct side *side)
{
	struct frame syn[FLOWS_PER_BUCKET / 2];

	for (uint16_t i = 0; i < FLOWS_PER_BUCKET / 2; i++)
		syn[i] = frame_of(i & 1, TCP_SYN,
				  (uint16_t)(side->number * FLOWS_PER_BUCKET / 2 + i));
	for (int round = 0; round < ROUNDS; round++) {
		side_meet(side);
		for (int i = 0; i < FLOWS_PER_BUCKET / 2; i++)
			side_check(side, side_send(side, &syn[i]) == FIRST, "astray");
		side_meet(side);
		if (side->number)
			continue;
		check_full(side);
		flows_clear(side->program);
	}
}

Test(flow_races, new_flows_do_not_take_each_other_s_place)
{
	_cleanup_program_ struct program program;

	open_gateway(&program, LISTENER_TRACKED);
	two_cpus_run(&program, begin_half, begin_half);
	cr_expect_eq(event_count(&program, FLOW_INSERTED), ROUNDS * FLOWS_PER_BUCKET);
	cr_expect_eq(event_count(&program, FLOW_NOT_INSERTED), 0);
}

/* ---- one flow ---- */

enum { PORT = 7 };

/* Data of the flow, on one of the two targets, until the other side is done. */
static void keep_talking(struct side *side)
{
	struct frame data = frame_of(false, TCP_ACK, PORT);

	while (!side->both->done) {
		uint32_t target = side_send(side, &data);

		side_check(side, target == FIRST || target == SECOND, "data to %u", target);
	}
}

/* The same 5-tuple again and again, on another target each time. */
static void begin_again(struct side *side)
{
	struct frame syn = frame_of(false, TCP_SYN, PORT), data = frame_of(false, TCP_ACK, PORT);

	for (int round = 0; round < 10 * ROUNDS; round++) {
		uint32_t target = round % 2 ? SECOND : FIRST, went;

		set_slots(side->program, target, SLOT_STABLE);
		went = side_send(side, &syn);
		side_check(side, went == target, "SYN to %u instead of %u", went, target);
		went = side_send(side, &data);
		side_check(side, went == target, "data to %u instead of %u", went, target);
	}
	side->both->done = true;
}

Test(flow_races, a_refresh_does_not_bring_back_what_a_syn_replaced)
{
	_cleanup_program_ struct program program;
	struct packet_spec packet = packet_of(false, TCP_SYN, PORT);
	struct frame syn = frame_of(false, TCP_SYN, PORT);
	union flow *entry;
	struct frame out;

	open_gateway(&program, LISTENER_TRACKED);
	program_pass(&program, &syn, &out);
	two_cpus_run(&program, begin_again, keep_talking);
	cr_expect_eq(flows_find(&program, &packet, &entry), 1);
}

/* The flow is recorded on another target than the current one, until its SYN comes. */
static void begin_and_forget(struct side *side)
{
	struct frame syn = frame_of(false, TCP_SYN, PORT), data = frame_of(false, TCP_ACK, PORT);
	struct packet_spec packet = packet_of(false, TCP_SYN, PORT);
	union flow recorded = {
		.tag = flows_tag(side->program, &packet),
		.target = crowd_id(false, SECOND),
		.state = FLOW_EMBRYONIC,
	};

	for (int round = 0; round < 10 * ROUNDS; round++) {
		__u64 *word = &side->program->flows[0].flow[round % FLOWS_PER_BUCKET].word;
		uint32_t went;

		recorded.seen = (uint16_t)flows_now(side->program);
		__atomic_store_n(word, recorded.word, __ATOMIC_RELEASE);
		went = side_send(side, &syn);
		side_check(side, went == FIRST, "SYN to %u", went);
		went = side_send(side, &data);
		side_check(side, went == FIRST, "data to %u", went);
	}
	side->both->done = true;
}

Test(flow_races, a_refresh_does_not_keep_what_a_syn_forgets)
{
	_cleanup_program_ struct program program;

	open_gateway(&program, 0);
	set_slots(&program, FIRST, SLOT_TRACKING);
	two_cpus_run(&program, begin_and_forget, keep_talking);
}

/* Both sides begin the flow while its slot changes; afterwards they agree on where it is. */
static void begin_together(struct side *side)
{
	static uint32_t went[4];		/* both sides' data */
	struct frame syn = frame_of(true, TCP_SYN, PORT), data = frame_of(true, TCP_ACK, PORT);

	for (int round = 0; round < ROUNDS; round++) {
		side_meet(side);
		if (side->number)
			set_slots(side->program, round % 2 ? SECOND : FIRST, SLOT_STABLE);
		side_send(side, &syn);
		side_meet(side);
		for (int i = 0; i < 2; i++)
			went[2 * side->number + i] = side_send(side, &data);
		side_meet(side);
		for (int i = 0; i < 4; i++)
			side_check(side, went[i] && went[i] == went[0], "data to %u and %u",
				   went[0], went[i]);
		side_meet(side);
		if (!side->number)
			flows_clear(side->program);
	}
}

Test(flow_races, a_flow_begun_on_both_sides_is_on_one_target)
{
	_cleanup_program_ struct program program;

	open_gateway(&program, LISTENER_TRACKED);
	two_cpus_run(&program, begin_together, begin_together);
	cr_expect_eq(event_count(&program, FLOW_NOT_INSERTED), 0);
}

/* ---- established flows and a flood ---- */

enum { ESTABLISHED = 6, FLOOD = 4 };

static void put_established(struct program *program)
{
	for (uint16_t i = 0; i < ESTABLISHED; i++) {
		struct packet_spec packet = packet_of(i & 1, TCP_ACK, i);

		program->flows[0].flow[i] = (union flow){
			.tag = flows_tag(program, &packet),
			.target = crowd_id(i & 1, RECORDED),
			.state = FLOW_ESTABLISHED,
			.seen = (uint16_t)flows_now(program),
		};
	}
}

/* Each word of the bucket, at any moment, is one that some packet wrote. */
static void check_words(struct side *side, const union flow *established)
{
	for (size_t i = 0; i < FLOWS_PER_BUCKET; i++) {
		union flow flow = { .word = __atomic_load_n(&side->program->flows[0].flow[i].word,
							    __ATOMIC_ACQUIRE) };
		bool is_flood = flow.target == crowd_id(false, FIRST) ||
				flow.target == crowd_id(true, FIRST);

		flow.seen = established[i].seen;
		if (i < ESTABLISHED)
			side_check(side, flow.word == established[i].word, "established flow %zu",
				   i);
		else
			side_check(side, !flow.word || (is_flood && flow.state == FLOW_EMBRYONIC),
				   "flooded entry %zu", i);
	}
}

/* A second passes in each round, so that each packet refreshes. */
static void flood(struct side *side)
{
	struct flow_bucket established = side->program->flows[0];
	struct frame data[ESTABLISHED];

	for (uint16_t i = 0; i < ESTABLISHED; i++)
		data[i] = frame_of(i & 1, TCP_ACK, i);
	for (int round = 0; round < SHORT_ROUNDS; round++) {
		if (!side->number) {
			side->program->config.clock_offset++;
			program_configure(side->program);
		}
		side_meet(side);
		for (int i = 0; i < ESTABLISHED; i++)
			side_check(side, side_send(side, &data[i]) == RECORDED, "flow %d", i);
		for (int i = 0; i < FLOOD; i++) {
			uint16_t port = (uint16_t)(1000 + (round * FLOOD + i) * 2 + side->number);
			struct frame syn = frame_of(i & 1, TCP_SYN, port);

			side_check(side, side_send(side, &syn) == FIRST, "flood");
			check_words(side, established.flow);
		}
		side_meet(side);
	}
}

Test(flow_races, a_flood_from_both_sides_loses_no_established_flow)
{
	_cleanup_program_ struct program program;

	open_gateway(&program, LISTENER_TRACKED);
	put_established(&program);
	two_cpus_run(&program, flood, flood);
	cr_expect_eq(event_count(&program, FLOW_REPLACED_ESTABLISHED), 0);
}
