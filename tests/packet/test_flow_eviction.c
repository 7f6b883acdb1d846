// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * What a full bucket gives up for a new flow, and how it is counted, for every kind of packet that
 * is recorded. There is only one bucket, so each flow is in it.
 */
#include <criterion/criterion.h>
#include <linux/bpf.h>
#include <netinet/in.h>
#include <string.h>

#include "base/cleanup.h"
#include "crowd.h"
#include "flows.h"

enum { CURRENT = 1, PREVIOUS, RECORDED, TARGETS = RECORDED };
enum { LISTENER_TIMEOUT = 60, LONGEST_TIMEOUT = 350 };

/* Packets that are recorded, and how. */
enum kind { SYN, DATA, DATAGRAM, DIRECT, KINDS };

static const enum flow_state recorded_as[KINDS] = {
	FLOW_EMBRYONIC, FLOW_ADOPTED, FLOW_EMBRYONIC, FLOW_ADOPTED,
};
static const uint32_t recorded_on[KINDS] = { CURRENT, PREVIOUS, CURRENT, 0 };

static struct packet_spec packet_of(enum kind kind, bool is_v6)
{
	uint8_t protocol = kind == DATAGRAM ? IPPROTO_UDP : IPPROTO_TCP;
	struct packet_spec packet = site_packet(is_v6, protocol);

	if (kind == SYN)
		packet.tcp_flags = TCP_SYN;
	return kind == DIRECT ? site_direct(is_v6, IPPROTO_TCP, site[is_v6].client) : packet;
}

/* Learning slots, so that TCP is recorded; UDP is by its listener. */
static void open_gateway(struct program *program)
{
	program_open(program);
	program->config.flow_bucket_mask = 0;
	program->config.idle_timeout_longest = LONGEST_TIMEOUT;
	program->config.idle_timeout_tcp = LISTENER_TIMEOUT;
	crowd_set_up(program, TARGETS);
	site_set_up_replies(program);
	for (int is_v6 = 0; is_v6 < 2; is_v6++) {
		crowd_set_listener(program, is_v6, IPPROTO_TCP, 0, LISTENER_TIMEOUT);
		crowd_set_listener(program, is_v6, IPPROTO_UDP, LISTENER_TRACKED, LISTENER_TIMEOUT);
		crowd_set_slots(program, is_v6, (union slot){
			.current = crowd_id(is_v6, CURRENT),
			.previous = crowd_id(is_v6, PREVIOUS),
			.condition = SLOT_LEARNING,
		});
	}
}

static void send_new(struct program *program, enum kind kind, bool is_v6)
{
	struct packet_spec packet = packet_of(kind, is_v6);

	if (kind == DIRECT)
		expect_packet(program, "direct", &packet, REASON_DIRECT, 0, NULL);
	else
		crowd_expect(program, "new flow", &packet, recorded_on[kind]);
}

struct content {
	enum flow_state state;
	uint32_t age;
	bool own;			/* of the flow that comes */
};

/* Tags count up from that of the packet's flow, so they differ. */
static union flow make_entry(const struct program *program, const struct content *content,
			     const struct packet_spec *packet, uint32_t at)
{
	return (union flow){
		.tag = flows_tag(program, packet) + (content->own ? 0 : 1 + at),
		.target = crowd_id(spec_is_v6(packet), RECORDED),
		.state = content->state,
		.seen = (uint16_t)(flows_now(program) - content->age),
	};
}

/* A bucket full of one content and one other, and what is counted when that has to go. */
static const struct row {
	struct content ordinary, victim;
	enum flow_event event;
} rows[] = {
	/* The flow's own entry, however old, before a free place. */
	{ { FLOW_FREE, 0, false }, { FLOW_ESTABLISHED, LONGEST_TIMEOUT + 1, true }, FLOW_INSERTED },
	{ { FLOW_EMBRYONIC, 99, false }, { FLOW_ESTABLISHED, 99, true }, FLOW_INSERTED },
	{ { FLOW_EMBRYONIC, 99, false }, { FLOW_FREE, 0, false }, FLOW_INSERTED },
	/* Expired is what no listener's timeout keeps. */
	{ { FLOW_EMBRYONIC, 99, false }, { FLOW_ESTABLISHED, LONGEST_TIMEOUT + 1, false },
	  FLOW_INSERTED },
	{ { FLOW_ESTABLISHED, LISTENER_TIMEOUT + 1, false }, { FLOW_EMBRYONIC, 9, false },
	  FLOW_REPLACED_EMBRYONIC },
	{ { FLOW_ADOPTED, 99, false }, { FLOW_EMBRYONIC, 9, false }, FLOW_REPLACED_EMBRYONIC },
	{ { FLOW_EMBRYONIC, 9, false }, { FLOW_EMBRYONIC, 20, false }, FLOW_REPLACED_EMBRYONIC },
	{ { FLOW_ESTABLISHED, 99, false }, { FLOW_ADOPTED, 9, false }, FLOW_REPLACED_ADOPTED },
	{ { FLOW_ADOPTED, 9, false }, { FLOW_ADOPTED, 20, false }, FLOW_REPLACED_ADOPTED },
	{ { FLOW_ESTABLISHED, 9, false }, { FLOW_ESTABLISHED, 20, false },
	  FLOW_REPLACED_ESTABLISHED },
};

static void expect_counted(const struct program *program, const uint64_t *before,
			   enum flow_event event)
{
	uint64_t after[FLOW_EVENT_COUNT];

	flows_get_events(program, after);
	for (size_t i = 0; i < FLOW_EVENT_COUNT; i++)
		cr_assert_eq(after[i], before[i] + (i == event), "event %zu", i);
}

/* A first packet pushes out first packets at most. */
static bool has_no_room(const struct row *row, enum kind kind)
{
	return recorded_as[kind] == FLOW_EMBRYONIC && (row->event == FLOW_REPLACED_ADOPTED ||
						       row->event == FLOW_REPLACED_ESTABLISHED);
}

static void expect_row(struct program *program, const struct row *row, size_t at, enum kind kind,
		       bool is_v6)
{
	struct packet_spec packet = packet_of(kind, is_v6);
	union flow *bucket = program->flows[0].flow;
	uint64_t events[FLOW_EVENT_COUNT];
	struct flow_bucket then;

	for (uint32_t i = 0; i < FLOWS_PER_BUCKET; i++)
		bucket[i] = make_entry(program, i == at ? &row->victim : &row->ordinary, &packet,
				       i);
	then = program->flows[0];
	flows_get_events(program, events);
	send_new(program, kind, is_v6);
	if (has_no_room(row, kind)) {
		cr_assert_arr_eq(bucket, &then, sizeof(then));
		expect_counted(program, events, FLOW_NO_ROOM);
		return;
	}
	for (size_t i = 0; i < FLOWS_PER_BUCKET; i++)
		cr_assert(i == at || bucket[i].word == then.flow[i].word, "entry %zu, not %zu", i,
			  at);
	cr_assert_eq(bucket[at].tag, flows_tag(program, &packet));
	cr_assert_eq(bucket[at].target, crowd_id(is_v6, recorded_on[kind]));
	cr_assert_eq(bucket[at].state, recorded_as[kind]);
	expect_counted(program, events, row->event);
}

Test(flow_eviction, takes_the_least_valuable_entry)
{
	_cleanup_program_ struct program program;

	open_gateway(&program);
	for (size_t i = 0; i < ARRAY_SIZE(rows) * KINDS * 2; i++) {
		const struct row *row = &rows[i / KINDS / 2];
		enum kind kind = i / 2 % KINDS;

		/* A packet whose own entry counts is not a new flow. */
		if (row->victim.own && kind != SYN && row->victim.age <= LISTENER_TIMEOUT)
			continue;
		expect_row(&program, row, (i * 3 + 1) % FLOWS_PER_BUCKET, kind, i % 2);
	}
}

/* Seven flows on their own target, and new flows without end. */
static void expect_flood_survived(enum kind kind, bool is_v6)
{
	_cleanup_program_ struct program program;
	struct packet_spec flood = packet_of(kind, is_v6), data = packet_of(DATA, is_v6);
	struct content established = { FLOW_ESTABLISHED, LISTENER_TIMEOUT - 10, false };
	struct outcome outcome;
	struct frame frame;

	open_gateway(&program);
	for (uint16_t i = 0; i < FLOWS_PER_BUCKET - 1; i++) {
		data.sport = i;
		program.flows[0].flow[i] = make_entry(&program, &established, &data, 0);
		program.flows[0].flow[i].tag = flows_tag(&program, &data);
	}
	for (uint16_t port = 1000; port < 2000; port++) {
		flood.sport = port;
		build_packet(&flood, &frame);
		program_run(&program, &frame, &outcome);
	}
	for (uint16_t i = 0; i < FLOWS_PER_BUCKET - 1; i++) {
		data.sport = i;
		crowd_expect(&program, "established", &data, RECORDED);
	}
}

Test(flow_eviction, a_flood_of_new_flows_does_not_push_out_an_established_one)
{
	for (int i = 0; i < 2 * KINDS; i++)
		expect_flood_survived(i / 2, i % 2);
}
