// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Clients that talk to a nat target directly: recorded, recognised in the answers, forgotten. */
#include <criterion/criterion.h>
#include <linux/bpf.h>
#include <netinet/in.h>
#include <string.h>

#include "base/cleanup.h"
#include "flows.h"
#include "network.h"
#include "program.h"
#include "site.h"

static void open_gateway(struct program *program, struct network *network)
{
	program_open(program);
	network_set_up(program, network);
	site_set_up_replies(program);
}

/* Where an entry is. */
struct place {
	uint32_t bucket;
	size_t entry;
};

/* The number of entries in the table, and the last one of them. */
static size_t count_entries(const struct program *program, struct place *place, union flow *flow)
{
	size_t entries = 0;

	for (uint32_t i = 0; i < TEST_FLOW_BUCKETS; i++) {
		struct flow_bucket bucket;

		program_get_bucket(program, i, &bucket);
		for (size_t j = 0; j < FLOWS_PER_BUCKET; j++) {
			if (bucket.flow[j].state == FLOW_FREE)
				continue;
			entries++;
			*place = (struct place){ i, j };
			*flow = bucket.flow[j];
		}
	}
	return entries;
}

static struct place find_only_entry(const struct program *program, union flow *flow)
{
	struct place place = {};

	cr_assert_eq(count_entries(program, &place, flow), 1);
	return place;
}

static void set_entry(struct program *program, struct place place, union flow flow)
{
	struct flow_bucket bucket;

	program_get_bucket(program, place.bucket, &bucket);
	bucket.flow[place.entry] = flow;
	program_set_bucket(program, place.bucket, &bucket);
}

/* Makes the only entry look as if its last packet had come so many seconds ago. */
static void age_entry(struct program *program, uint32_t seconds)
{
	union flow flow;
	struct place place = find_only_entry(program, &flow);

	flow.seen = (uint16_t)(flows_now(program) - seconds);
	set_entry(program, place, flow);
}

static void expect_direct(struct program *program, bool is_v6, uint8_t protocol)
{
	struct packet_spec direct = site_direct(is_v6, protocol, site[is_v6].client);

	expect_packet(program, site_title(is_v6, protocol, "direct"), &direct, REASON_DIRECT, 0,
		      NULL);
}

/* The target's answer to site[].client; all other reasons than REPLIED leave it alone. */
static void expect_answer(struct program *program, bool is_v6, uint8_t protocol,
			  enum reason reason)
{
	struct packet_spec answer = site_reply(is_v6, protocol, site[is_v6].client), out = answer;

	if (reason == REASON_REPLIED) {
		out.src = site[is_v6].vip;
		out.sport = VIP_PORT;
		out.dst_mac = network_peer_mac;
		out.src_mac = gateway_mac;
		out.ttl = 63;
	}
	expect_packet(program, site_title(is_v6, protocol, "answer"), &answer, reason, XDP_REDIRECT,
		      &out);
}

Test(direct, a_flow_to_the_target_s_own_address_is_respected_in_both_directions)
{
	for (int i = 0; i < 4; i++) {
		bool is_v6 = i & 1;
		uint8_t protocol = site_protocols[i >> 1];
		_cleanup_program_ struct program program;
		struct network network;

		open_gateway(&program, &network);
		expect_answer(&program, is_v6, protocol, REASON_REPLIED);
		expect_direct(&program, is_v6, protocol);
		expect_answer(&program, is_v6, protocol, REASON_REPLY_DIRECT);
		expect_direct(&program, is_v6, protocol);
		expect_answer(&program, is_v6, protocol, REASON_REPLY_DIRECT);
	}
}

Test(direct, is_recorded_once_as_what_it_is)
{
	_cleanup_program_ struct program program;
	struct network network;
	uint32_t before, after;
	union flow flow;

	open_gateway(&program, &network);
	before = flows_now(&program);
	cr_assert_eq(program_direct_recorded(&program), 0);
	for (int i = 0; i < 5; i++)
		expect_direct(&program, false, IPPROTO_TCP);
	after = flows_now(&program);
	find_only_entry(&program, &flow);
	cr_expect_eq(flow.state, FLOW_ADOPTED);
	cr_expect_eq(flow.target, 0);
	cr_expect((uint16_t)(flow.seen - before) <= after - before);
	cr_expect(program_direct_recorded(&program) >= before);
	cr_expect(program_direct_recorded(&program) <= after);
}

Test(direct, other_flows_of_the_target_are_replies_all_the_while)
{
	_cleanup_program_ struct program program;
	struct network network;

	open_gateway(&program, &network);
	expect_direct(&program, false, IPPROTO_TCP);
	expect_answer(&program, false, IPPROTO_UDP, REASON_REPLIED);
	expect_answer(&program, true, IPPROTO_TCP, REASON_REPLIED);
	expect_answer(&program, false, IPPROTO_TCP, REASON_REPLY_DIRECT);
}

Test(direct, is_forgotten_after_its_protocol_s_idle_timeout)
{
	for (int i = 0; i < 2; i++) {
		uint8_t protocol = site_protocols[i];
		_cleanup_program_ struct program program;
		struct network network;
		uint32_t timeout;

		open_gateway(&program, &network);
		timeout = protocol == IPPROTO_TCP ? program.config.idle_timeout_tcp :
						    program.config.idle_timeout_udp;
		expect_direct(&program, false, protocol);
		/* Not to the second, for time goes on between here and there. */
		age_entry(&program, timeout - 5);
		expect_answer(&program, false, protocol, REASON_REPLY_DIRECT);
		age_entry(&program, timeout + 1);
		expect_answer(&program, false, protocol, REASON_REPLIED);
	}
}

Test(direct, packets_in_both_directions_keep_it_alive)
{
	for (int answers = 0; answers < 2; answers++) {
		_cleanup_program_ struct program program;
		struct network network;
		uint32_t before;
		union flow flow;

		open_gateway(&program, &network);
		expect_direct(&program, true, IPPROTO_TCP);
		age_entry(&program, 300);
		program_set_direct_recorded(&program, flows_now(&program) - 300);
		before = flows_now(&program);
		if (answers)
			expect_answer(&program, true, IPPROTO_TCP, REASON_REPLY_DIRECT);
		else
			expect_direct(&program, true, IPPROTO_TCP);
		find_only_entry(&program, &flow);
		cr_expect((uint16_t)(flow.seen - before) < 60);
		cr_expect(program_direct_recorded(&program) - before < 60);
	}
}

Test(direct, the_table_is_not_read_when_there_can_be_none)
{
	_cleanup_program_ struct program program;
	uint32_t timeout, now;
	struct network network;

	open_gateway(&program, &network);
	timeout = program.config.idle_timeout_longest;
	now = flows_now(&program);
	expect_direct(&program, false, IPPROTO_TCP);
	program_set_direct_recorded(&program, 0);
	expect_answer(&program, false, IPPROTO_TCP, REASON_REPLIED);
	program_set_direct_recorded(&program, now - timeout - 1);
	expect_answer(&program, false, IPPROTO_TCP, REASON_REPLIED);
	program_set_direct_recorded(&program, now - timeout + 5);
	expect_answer(&program, false, IPPROTO_TCP, REASON_REPLY_DIRECT);
}

/* Whatever has the same tag, of a listener's flow or not, and what takes its place. */
Test(direct, only_an_adopted_entry_without_target_makes_a_flow_direct)
{
	static const struct {
		enum flow_state state;
		uint32_t target;
	} rows[] = {
		{ FLOW_EMBRYONIC, 0 }, { FLOW_ESTABLISHED, 0 }, { FLOW_ADOPTED, TARGET_ID(1, 1) },
		{ FLOW_ESTABLISHED, TARGET_ID(1, 1) },
	};
	_cleanup_program_ struct program program;
	struct network network;
	struct place place;
	union flow flow;

	open_gateway(&program, &network);
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		expect_direct(&program, false, IPPROTO_TCP);
		expect_answer(&program, false, IPPROTO_TCP, REASON_REPLY_DIRECT);
		place = find_only_entry(&program, &flow);
		flow.state = rows[i].state;
		flow.target = rows[i].target;
		set_entry(&program, place, flow);
		expect_answer(&program, false, IPPROTO_TCP, REASON_REPLIED);
		expect_direct(&program, false, IPPROTO_TCP);
		find_only_entry(&program, &flow);
		cr_expect(flow.state == FLOW_ADOPTED && !flow.target);
	}
}

/* Tests may set the clock, for entries and for the mark that some were recorded. */
Test(direct, the_clock_can_be_set)
{
	_cleanup_program_ struct program program;
	struct network network;

	open_gateway(&program, &network);
	expect_direct(&program, false, IPPROTO_TCP);
	expect_answer(&program, false, IPPROTO_TCP, REASON_REPLY_DIRECT);
	program.config.clock_offset = program.config.idle_timeout_tcp + 1;
	program_configure(&program);
	expect_answer(&program, false, IPPROTO_TCP, REASON_REPLIED);
	expect_direct(&program, false, IPPROTO_TCP);
	expect_answer(&program, false, IPPROTO_TCP, REASON_REPLY_DIRECT);
}

struct kind {
	enum flow_state state;
	uint32_t age;
};

/* No flow has tag 0 but by great ill luck, so none of these is taken for the one under test. */
static union flow make_entry(const struct program *program, const struct kind *kind)
{
	return (union flow){
		.state = kind->state, .seen = (uint16_t)(flows_now(program) - kind->age),
	};
}

/* Fills every bucket with entries of one kind but one, which is the one to go. */
static void fill_table(struct program *program, const struct kind *ordinary, size_t victim_at,
		       const struct kind *victim)
{
	struct flow_bucket bucket;

	for (size_t i = 0; i < FLOWS_PER_BUCKET; i++)
		bucket.flow[i] = make_entry(program, i == victim_at ? victim : ordinary);
	for (uint32_t i = 0; i < TEST_FLOW_BUCKETS; i++)
		program_set_bucket(program, i, &bucket);
}

/* Which of its bucket's entries the new flow, the only one with a tag, took. */
static size_t find_taken(const struct program *program)
{
	size_t taken = FLOWS_PER_BUCKET;

	for (uint32_t i = 0; i < TEST_FLOW_BUCKETS; i++) {
		struct flow_bucket bucket;

		program_get_bucket(program, i, &bucket);
		for (size_t j = 0; j < FLOWS_PER_BUCKET; j++)
			if (bucket.flow[j].tag)
				taken = j;
	}
	return taken;
}

Test(direct, in_a_full_bucket_takes_the_least_valuable_entry)
{
	static const struct {
		struct kind ordinary, victim;
	} rows[] = {
		{ { FLOW_EMBRYONIC, 200 }, { FLOW_FREE, 0 } },
		{ { FLOW_EMBRYONIC, 200 }, { FLOW_ESTABLISHED, 351 } },
		{ { FLOW_ESTABLISHED, 200 }, { FLOW_EMBRYONIC, 10 } },
		{ { FLOW_ADOPTED, 200 }, { FLOW_EMBRYONIC, 10 } },
		{ { FLOW_ESTABLISHED, 200 }, { FLOW_ADOPTED, 10 } },
		{ { FLOW_ESTABLISHED, 10 }, { FLOW_ESTABLISHED, 20 } },
		{ { FLOW_EMBRYONIC, 10 }, { FLOW_EMBRYONIC, 20 } },
	};
	_cleanup_program_ struct program program;
	struct network network;

	open_gateway(&program, &network);
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		size_t at = (i * 3 + 1) % FLOWS_PER_BUCKET;

		fill_table(&program, &rows[i].ordinary, at, &rows[i].victim);
		expect_direct(&program, false, IPPROTO_TCP);
		cr_assert_eq(find_taken(&program), at, "row %zu", i);
		expect_answer(&program, false, IPPROTO_TCP, REASON_REPLY_DIRECT);
	}
}

Test(direct, to_a_port_range_of_the_target)
{
	_cleanup_program_ struct program program;
	struct network network;
	struct reply_entry entry = { .addr = port_key(site[false].vip, 0, 0).addr };
	struct port_ranges ranges = { .count = 1, .range = { { 1, 65535, 3 } } };
	struct packet_spec direct = site_direct(false, IPPROTO_UDP, site[false].client), answer;

	open_gateway(&program, &network);
	program.config.flags |= CONFIG_HAS_RANGES;
	program_configure(&program);
	program_set_reply_ranges(&program, site[false].target, IPPROTO_UDP, &ranges);
	program_set_reply(&program, range_key(site[false].target, IPPROTO_UDP, 3), &entry);
	direct.dport = 9999;
	answer = site_reply(false, IPPROTO_UDP, site[false].client);
	answer.sport = 9999;
	expect_packet(&program, "direct", &direct, REASON_DIRECT, 0, NULL);
	expect_packet(&program, "answer", &answer, REASON_REPLY_DIRECT, 0, NULL);
}
