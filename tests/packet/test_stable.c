// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * A stable slot asks no table. The table is full of poison: wherever the program might look, the
 * flow is recorded on another living target.
 */
#include <criterion/criterion.h>
#include <linux/bpf.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "crowd.h"
#include "flows.h"

enum { CURRENT = 1, OTHER = 2, FLOWS = 50 };

static void poison(struct program *program, const struct packet_spec *packet,
		   enum flow_state state)
{
	union flow flow = {
		.tag = flows_tag(program, packet),
		.target = crowd_id(spec_is_v6(packet), OTHER),
		.state = state,
		.seen = (uint16_t)flows_now(program),
	};

	for (size_t i = 0; i < TEST_FLOW_BUCKETS; i++)
		for (size_t j = 0; j < FLOWS_PER_BUCKET; j++)
			program->flows[i].flow[j] = flow;
}

static void expect_untouched(struct program *program, const struct packet_spec *packet)
{
	size_t size = TEST_FLOW_BUCKETS * sizeof(*program->flows);
	_cleanup_free_ struct flow_bucket *before = aligned_alloc(64, size);

	cr_assert_not_null(before);
	for (enum flow_state state = FLOW_FREE; state < FLOW_STATE_COUNT; state++) {
		poison(program, packet, state);
		memcpy(before, program->flows, size);
		crowd_expect(program, site_title(spec_is_v6(packet), packet->protocol, "stable"),
			     packet, CURRENT);
		cr_assert_eq(memcmp(before, program->flows, size), 0);
	}
}

static void expect_stable(bool is_v6, uint8_t protocol)
{
	static const uint8_t flags[] = { TCP_SYN, TCP_ACK, TCP_SYN | TCP_ACK, TCP_FIN | TCP_ACK,
					 TCP_RST };
	_cleanup_program_ struct program program;
	uint64_t events[FLOW_EVENT_COUNT];

	program_open(&program);
	crowd_set_up(&program, OTHER);
	/* What is left in the rest of the word means nothing. */
	crowd_set_slots(&program, is_v6, (union slot){
		.current = crowd_id(is_v6, CURRENT),
		.previous = crowd_id(is_v6, OTHER),
		.condition = SLOT_STABLE,
		.deadline = 77,
	});
	for (uint16_t i = 0; i < FLOWS; i++) {
		struct packet_spec packet = site_packet(is_v6, protocol);

		packet.sport = (uint16_t)(packet.sport + i);
		packet.tcp_flags = flags[i % ARRAY_SIZE(flags)];
		expect_untouched(&program, &packet);
	}
	flows_get_events(&program, events);
	for (size_t i = 0; i < FLOW_EVENT_COUNT; i++)
		cr_assert_eq(events[i], 0);
}

Test(stable, the_table_is_neither_read_nor_written)
{
	for (int i = 0; i < 4; i++)
		expect_stable(i & 1, site_protocols[i >> 1]);
}

/* The poison is one: in a slot that tracks, the same packets go where it says. */
Test(stable, and_in_any_other_slot_it_is_read)
{
	for (int i = 0; i < 4; i++) {
		bool is_v6 = i & 1;
		struct packet_spec packet = site_packet(is_v6, site_protocols[i >> 1]);
		_cleanup_program_ struct program program;

		program_open(&program);
		crowd_set_up(&program, OTHER);
		crowd_set_slots(&program, is_v6, (union slot){
			.current = crowd_id(is_v6, CURRENT),
			.condition = SLOT_TRACKING,
		});
		poison(&program, &packet, FLOW_ESTABLISHED);
		crowd_expect(&program, "tracking", &packet, OTHER);
	}
}
