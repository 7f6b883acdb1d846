// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* bpf/affinity.h: which target a packet gets and what is recorded, by the condition of its slot. */
#include <criterion/criterion.h>
#include <linux/bpf.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "crowd.h"
#include "flows.h"

enum role { NOBODY, CURRENT, PREVIOUS, RECORDED, ROLES = RECORDED };
enum kind { SYN, DATA, DATAGRAM };

/* What becomes of the flow's entry. */
enum entry {
	UNTOUCHED,			/* there or not, it is as it was */
	GONE,
	EMBRYONIC, ADOPTED,		/* on the target that the packet got; there is no other */
	ESTABLISHED,			/* the same, by which an old entry keeps its target */
};

/* Seconds. The listener's is the shorter one, so that it is told from all others. */
enum { TIMEOUT = 60, A_MOMENT = 5 };

struct ending {
	enum role target;
	enum entry entry;
};

/* The table of rules: without and with a live entry on a living target. */
static const struct rule {
	bool tracked;
	enum slot_condition condition;
	enum kind kind;
	struct ending miss, hit;
} rules[] = {
	{ false, SLOT_STABLE, SYN, { CURRENT, UNTOUCHED }, { CURRENT, UNTOUCHED } },
	{ false, SLOT_STABLE, DATA, { CURRENT, UNTOUCHED }, { CURRENT, UNTOUCHED } },
	{ false, SLOT_STABLE, DATAGRAM, { CURRENT, UNTOUCHED }, { CURRENT, UNTOUCHED } },
	{ false, SLOT_LEARNING, SYN, { CURRENT, EMBRYONIC }, { CURRENT, EMBRYONIC } },
	{ false, SLOT_LEARNING, DATA, { PREVIOUS, ADOPTED }, { RECORDED, ESTABLISHED } },
	{ false, SLOT_LEARNING, DATAGRAM, { PREVIOUS, ADOPTED }, { RECORDED, ESTABLISHED } },
	{ false, SLOT_TRACKING, SYN, { CURRENT, GONE }, { CURRENT, GONE } },
	{ false, SLOT_TRACKING, DATA, { CURRENT, UNTOUCHED }, { RECORDED, ESTABLISHED } },
	{ false, SLOT_TRACKING, DATAGRAM, { CURRENT, UNTOUCHED }, { RECORDED, ESTABLISHED } },
	{ true, SLOT_STABLE, SYN, { CURRENT, EMBRYONIC }, { CURRENT, EMBRYONIC } },
	{ true, SLOT_STABLE, DATA, { CURRENT, ADOPTED }, { RECORDED, ESTABLISHED } },
	{ true, SLOT_STABLE, DATAGRAM, { CURRENT, EMBRYONIC }, { RECORDED, ESTABLISHED } },
	{ true, SLOT_LEARNING, SYN, { CURRENT, EMBRYONIC }, { CURRENT, EMBRYONIC } },
	{ true, SLOT_LEARNING, DATA, { PREVIOUS, ADOPTED }, { RECORDED, ESTABLISHED } },
	{ true, SLOT_LEARNING, DATAGRAM, { CURRENT, EMBRYONIC }, { RECORDED, ESTABLISHED } },
	{ true, SLOT_TRACKING, SYN, { CURRENT, EMBRYONIC }, { CURRENT, EMBRYONIC } },
	{ true, SLOT_TRACKING, DATA, { CURRENT, ADOPTED }, { RECORDED, ESTABLISHED } },
	{ true, SLOT_TRACKING, DATAGRAM, { CURRENT, EMBRYONIC }, { RECORDED, ESTABLISHED } },
};

/* One run of a rule. */
struct trial {
	struct program *program;
	const struct rule *rule;
	bool is_v6;
	uint8_t tcp_flags;		/* of DATA; 0: ACK */
	union flow entry;		/* its tag is filled in; free: there is none */
	const char *what;
};

static const char *title_of(const struct trial *trial)
{
	static const char *const conditions[] = { "stable", "learning", "tracking" };
	static const char *const kinds[] = { "SYN", "data", "datagram" };
	static char title[128];

	snprintf(title, sizeof(title), "IPv%c %s%s %s: %s", trial->is_v6 ? '6' : '4',
		 trial->rule->tracked ? "tracked, " : "", conditions[trial->rule->condition],
		 kinds[trial->rule->kind], trial->what);
	return title;
}

static struct packet_spec packet_of(const struct trial *trial)
{
	bool is_udp = trial->rule->kind == DATAGRAM;
	struct packet_spec packet = site_packet(trial->is_v6, is_udp ? IPPROTO_UDP : IPPROTO_TCP);

	packet.tcp_flags = trial->rule->kind == SYN ? TCP_SYN : trial->tcp_flags;
	return packet;
}

static union flow entry_on(const struct trial *trial, enum role role, enum flow_state state,
			   uint32_t age)
{
	return (union flow){
		.target = crowd_id(trial->is_v6, role),
		.state = state,
		.seen = (uint16_t)(flows_now(trial->program) - age),
	};
}

/* Only a learning slot has a previous target and a deadline; elsewhere they must not count. */
static union slot slot_of(const struct trial *trial, enum role current, enum role previous)
{
	return (union slot){
		.current = crowd_id(trial->is_v6, current),
		.previous = crowd_id(trial->is_v6, previous),
		.condition = trial->rule->condition,
		.deadline = 0x1234,
	};
}

/* The flow's bucket: its entry among those of other flows, and two free ones. */
static void fill_bucket(const struct trial *trial, const struct packet_spec *packet)
{
	struct flow_bucket *bucket = flows_bucket(trial->program, packet);
	uint32_t tag = flows_tag(trial->program, packet);

	flows_clear(trial->program);
	for (uint32_t i = 0; i < FLOWS_PER_BUCKET - 2; i++) {
		bucket->flow[i] = entry_on(trial, PREVIOUS, FLOW_ESTABLISHED, 1);
		bucket->flow[i].tag = tag ^ (1u << i);
	}
	bucket->flow[4] = trial->entry;
	if (trial->entry.state)
		bucket->flow[4].tag = tag;
}

/* The only entry of the flow, with nothing in it but what is said here. */
static void expect_recorded(const struct trial *trial, enum role target, enum flow_state state,
			    uint32_t before)
{
	struct packet_spec packet = packet_of(trial);
	uint32_t after = flows_now(trial->program);
	union flow *entry;

	cr_assert_eq(flows_find(trial->program, &packet, &entry), 1, "%s", title_of(trial));
	cr_assert_eq(entry->target, crowd_id(trial->is_v6, target), "%s: target %x",
		     title_of(trial), (unsigned)entry->target);
	cr_assert_eq(entry->state, state, "%s: state %u", title_of(trial), (unsigned)entry->state);
	cr_assert((uint16_t)(entry->seen - before) <= after - before, "%s: seen", title_of(trial));
}

/* then: the bucket as it was. */
static void expect_entry(const struct trial *trial, const struct flow_bucket *then,
			 enum role target, enum entry expected, uint32_t before)
{
	static const enum flow_state states[] = {
		[EMBRYONIC] = FLOW_EMBRYONIC,
		[ADOPTED] = FLOW_ADOPTED,
		[ESTABLISHED] = FLOW_ESTABLISHED,
	};
	struct packet_spec packet = packet_of(trial);
	const struct flow_bucket *now = flows_bucket(trial->program, &packet);
	uint32_t tag = flows_tag(trial->program, &packet);
	union flow *entry;

	if (expected == GONE)
		cr_assert_eq(flows_find(trial->program, &packet, &entry), 0, "%s", title_of(trial));
	else if (expected != UNTOUCHED)
		expect_recorded(trial, target, states[expected], before);
	for (size_t i = 0; i < FLOWS_PER_BUCKET; i++) {
		bool of_flow = then->flow[i].tag == tag || now->flow[i].tag == tag;

		cr_assert(then->flow[i].word == now->flow[i].word ||
				  (of_flow && expected != UNTOUCHED),
			  "%s: entry %zu", title_of(trial), i);
	}
}

/* The packet in a slot with these targets. */
static void run_trial(const struct trial *trial, enum role current, enum role previous,
		      struct ending expected)
{
	struct packet_spec packet = packet_of(trial);
	uint32_t before = flows_now(trial->program);
	struct flow_bucket then;

	crowd_set_slots(trial->program, trial->is_v6, slot_of(trial, current, previous));
	crowd_set_listener(trial->program, trial->is_v6, packet.protocol,
			   trial->rule->tracked ? LISTENER_TRACKED : 0, TIMEOUT);
	fill_bucket(trial, &packet);
	then = *flows_bucket(trial->program, &packet);
	crowd_expect(trial->program, title_of(trial), &packet, expected.target);
	expect_entry(trial, &then, expected.target, expected.entry, before);
}

enum health { ALIVE, DEAD, RENEWED };

static void set_health(const struct trial *trial, enum role role, enum health health)
{
	struct target_entry target = crowd_target(trial->is_v6, role);

	if (health == DEAD)
		target.flags = 0;
	if (health == RENEWED)
		target.generation++;
	crowd_set_target(trial->program, trial->is_v6, role, &target);
}

/* Each rule, in both IP versions, by a fresh trial. */
static void for_each_rule(void (*run)(struct trial *trial))
{
	_cleanup_program_ struct program program;

	program_open(&program);
	crowd_set_up(&program, ROLES);
	for (size_t i = 0; i < 2 * ARRAY_SIZE(rules); i++) {
		struct trial trial = {
			.program = &program, .rule = &rules[i / 2], .is_v6 = i % 2,
		};

		run(&trial);
	}
}

static void without_entry(struct trial *trial)
{
	static const uint8_t flags[] = { 0, TCP_SYN | TCP_ACK, TCP_FIN | TCP_ACK, TCP_RST };

	trial->what = "no entry";
	for (size_t i = 0; i < (trial->rule->kind == DATA ? ARRAY_SIZE(flags) : 1); i++) {
		trial->tcp_flags = flags[i];
		run_trial(trial, CURRENT, PREVIOUS, trial->rule->miss);
	}
}

Test(affinity, of_flows_without_an_entry)
{
	for_each_rule(without_entry);
}

static void with_entry(struct trial *trial)
{
	static const uint8_t flags[] = { 0, TCP_SYN | TCP_ACK, TCP_FIN | TCP_ACK, TCP_RST };
	static const uint32_t ages[] = { 0, 1, TIMEOUT - A_MOMENT };
	size_t tries = ARRAY_SIZE(flags) * ARRAY_SIZE(ages) * FLOW_ESTABLISHED;

	trial->what = "live entry";
	for (size_t i = 0; i < tries; i++) {
		enum flow_state state = FLOW_EMBRYONIC + i % FLOW_ESTABLISHED;
		uint32_t age = ages[i / FLOW_ESTABLISHED % ARRAY_SIZE(ages)];

		trial->tcp_flags = flags[i / FLOW_ESTABLISHED / ARRAY_SIZE(ages)];
		trial->entry = entry_on(trial, RECORDED, state, age);
		run_trial(trial, CURRENT, PREVIOUS, trial->rule->hit);
	}
}

Test(affinity, of_flows_that_are_recorded)
{
	for_each_rule(with_entry);
}

/* As without an entry; what is recorded then takes its place. */
static void with_entry_that_does_not_count(struct trial *trial)
{
	for (enum flow_state state = FLOW_EMBRYONIC; state <= FLOW_ESTABLISHED; state++) {
		trial->what = "expired";
		trial->entry = entry_on(trial, RECORDED, state, TIMEOUT + 1);
		run_trial(trial, CURRENT, PREVIOUS, trial->rule->miss);

		trial->what = "an earlier generation";
		trial->entry = entry_on(trial, RECORDED, state, 0);
		set_health(trial, RECORDED, RENEWED);
		run_trial(trial, CURRENT, PREVIOUS, trial->rule->miss);

		trial->what = "on a dead target";
		set_health(trial, RECORDED, DEAD);
		run_trial(trial, CURRENT, PREVIOUS, trial->rule->miss);
		set_health(trial, RECORDED, ALIVE);

		trial->what = "on no target";
		trial->entry.target = 0;
		run_trial(trial, CURRENT, PREVIOUS, trial->rule->miss);
	}
}

Test(affinity, of_flows_whose_entry_does_not_count)
{
	for_each_rule(with_entry_that_does_not_count);
}

/* A previous target that is none: who would have got it gets the current one. */
static void without_previous(struct trial *trial)
{
	struct ending expected = trial->rule->miss;

	if (expected.target == PREVIOUS)
		expected.target = CURRENT;
	trial->what = "no previous target";
	run_trial(trial, CURRENT, NOBODY, expected);

	trial->what = "previous target dead";
	set_health(trial, PREVIOUS, DEAD);
	run_trial(trial, CURRENT, PREVIOUS, expected);

	trial->what = "previous target of an earlier generation";
	set_health(trial, PREVIOUS, RENEWED);
	run_trial(trial, CURRENT, PREVIOUS, expected);
	set_health(trial, PREVIOUS, ALIVE);
}

Test(affinity, where_the_previous_target_is_none)
{
	for_each_rule(without_previous);
}

/* Nothing is recorded on no target. Forgetting is what it always is. */
static void without_current(struct trial *trial)
{
	struct ending expected = trial->rule->miss;

	if (expected.target == CURRENT)
		expected = (struct ending){ NOBODY, expected.entry == GONE ? GONE : UNTOUCHED };
	trial->what = "no current target";
	run_trial(trial, NOBODY, PREVIOUS, expected);

	expected = trial->rule->hit;
	if (expected.target == CURRENT)
		expected = (struct ending){ NOBODY, expected.entry == GONE ? GONE : UNTOUCHED };
	trial->entry = entry_on(trial, RECORDED, FLOW_ESTABLISHED, 0);
	run_trial(trial, NOBODY, PREVIOUS, expected);
}

Test(affinity, where_the_current_target_is_none)
{
	for_each_rule(without_current);
}

/* A slot's current target is there for who begins, also while it drains. */
static void with_current_not_alive(struct trial *trial)
{
	trial->what = "current target not alive";
	set_health(trial, CURRENT, DEAD);
	run_trial(trial, CURRENT, PREVIOUS, trial->rule->miss);
}

Test(affinity, the_current_target_needs_not_be_alive)
{
	for_each_rule(with_current_not_alive);
}

/* The second packet of a flow that is recorded makes it established, and so do all that follow. */
static void followed_by_others(struct trial *trial)
{
	struct packet_spec packet = packet_of(trial);

	trial->what = "followed by others";
	if (trial->rule->miss.entry != EMBRYONIC && trial->rule->miss.entry != ADOPTED)
		return;
	run_trial(trial, CURRENT, PREVIOUS, trial->rule->miss);
	packet.tcp_flags = TCP_ACK;
	for (int i = 0; i < 2; i++) {
		uint32_t before = flows_now(trial->program) - 1;

		crowd_expect(trial->program, title_of(trial), &packet, trial->rule->miss.target);
		expect_recorded(trial, trial->rule->miss.target, FLOW_ESTABLISHED, before);
	}
}

Test(affinity, the_second_packet_establishes)
{
	for_each_rule(followed_by_others);
}

/* A flow is never moved for want of a way to its target. */
static void on_a_target_out_of_reach(struct trial *trial)
{
	struct target_entry target = crowd_target(trial->is_v6, RECORDED);
	struct packet_spec packet = packet_of(trial);

	trial->what = "target out of reach";
	trial->entry = entry_on(trial, RECORDED, FLOW_ESTABLISHED, 0);
	if (trial->rule->hit.target != RECORDED)
		return;
	run_trial(trial, CURRENT, PREVIOUS, trial->rule->hit);
	target.ifindex = 0;
	crowd_set_target(trial->program, trial->is_v6, RECORDED, &target);
	expect_packet(trial->program, title_of(trial), &packet, REASON_NO_NEXT_HOP, 0, NULL);
	set_health(trial, RECORDED, ALIVE);
	run_trial(trial, CURRENT, PREVIOUS, trial->rule->hit);
}

Test(affinity, a_target_out_of_reach_keeps_its_flows)
{
	for_each_rule(on_a_target_out_of_reach);
}

/* By the program's own clock from the first packet to the end. */
static void silent_for_too_long(struct trial *trial)
{
	struct packet_spec packet = packet_of(trial);
	struct ending first = trial->rule->miss, hit = trial->rule->hit;
	struct config *config = &trial->program->config;

	trial->what = "silent";
	if (hit.target != RECORDED || first.entry == UNTOUCHED)
		return;
	run_trial(trial, CURRENT, PREVIOUS, first);
	for (int i = 0; i < 3; i++) {
		uint32_t before;

		config->clock_offset += TIMEOUT - A_MOMENT;
		program_configure(trial->program);
		before = flows_now(trial->program);
		crowd_expect(trial->program, title_of(trial), &packet, first.target);
		expect_recorded(trial, first.target, FLOW_ESTABLISHED, before);
	}
	config->clock_offset += TIMEOUT + 1;
	program_configure(trial->program);
	crowd_expect(trial->program, title_of(trial), &packet, first.target);
	expect_recorded(trial, first.target,
			first.entry == ADOPTED ? FLOW_ADOPTED : FLOW_EMBRYONIC,
			flows_now(trial->program) - 1);
}

Test(affinity, a_flow_lives_while_its_packets_come_and_no_longer)
{
	for_each_rule(silent_for_too_long);
}
