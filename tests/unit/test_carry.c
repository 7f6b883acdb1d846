// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* model/carry.c, and facts.c about targets: who drains, who comes back, who is in service. */
#include <arpa/inet.h>
#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "base/addr.h"
#include "base/cleanup.h"
#include "build_model.h"
#include "model/model.h"

#define NOW UINT64_C(1000000)
#define V4 "listener l tcp 192.0.2.10 80 web;"
#define V6 "listener l6 tcp 2001:db8::1 80 web;"

/* Every target: "web 10.0.0.11:80 draining w5 until 1000 alive; ". */
static const char *show(const struct model *model)
{
	static char text[4096];
	FILE *out = fmemopen(text, sizeof(text), "w");

	for (size_t i = 0; i < model->group_count; i++) {
		const struct group *group = &model->groups[i];

		if (group->removed && !group->target_count)
			fprintf(out, "removed %s, empty; ", group->name);
		for (size_t j = 0; j < group->target_count; j++) {
			const struct target *target = &group->targets[j];
			char endpoint[ENDPOINT_TEXT_SIZE];

			fprintf(out, "%s%s %s %s w%u", group->removed ? "removed " : "",
				group->name,
				endpoint_format(&target->addr, target->port, endpoint),
				target_state_name(target->state), target->weight);
			if (target->drain_deadline_ms)
				fprintf(out, " until %llu",
					(unsigned long long)target->drain_deadline_ms);
			fprintf(out, "%s; ", target->alive ? " alive" : "");
		}
	}
	fputc('\0', out);
	fclose(out);
	return text;
}

struct row {
	const char *title, *current, *next, *expected;
};

/* The current model is settled before: who is healthy is alive. */
static const struct row rows[] = {
	{ "one that stays keeps its facts and gets its new weight",
	  V4 "group web; target web 10.0.0.11:80 unhealthy; target web 10.0.0.12:80 healthy",
	  V4 "group web; target web 10.0.0.11:80 weight=5; target web 10.0.0.12:80",
	  "web 10.0.0.11:80 unhealthy w5; web 10.0.0.12:80 healthy w1 alive; " },
	{ "one that is new starts as it is",
	  V4 "group web",
	  V4 "group web; target web 10.0.0.11:80",
	  "web 10.0.0.11:80 initial w1; " },
	{ "one that leaves drains",
	  V4 "group web; target web 10.0.0.11:80 healthy; target web 10.0.0.12:80 healthy weight=3",
	  V4 "group web; target web 10.0.0.11:80",
	  "web 10.0.0.11:80 healthy w1 alive; "
	  "web 10.0.0.12:80 draining w3 until 1300000 alive; " },
	{ "one that no flow can be on is gone at once",
	  V4 "group web; target web 10.0.0.11:80; target web 10.0.0.12:80 unhealthy;"
	     "target web 10.0.0.13:80 healthy",
	  V4 "group web",
	  "web 10.0.0.13:80 draining w1 until 1300000 alive; " },
	{ "one that was unchecked drains",
	  V4 "group web check=none; target web 10.0.0.11:80 unavailable",
	  V4 "group web",
	  "web 10.0.0.11:80 draining w1 until 1300000 alive; " },
	{ "and whoever may still have flows, whatever its state",
	  V4 "group web unhealthy_termination=false; target web 10.0.0.1:80 unhealthy alive;"
	     "target web 10.0.0.2:80 unhealthy.draining alive; target web 10.0.0.3:80 initial alive;"
	     "target web 10.0.0.4:80 healthy weight=0",
	  V4 "group web",
	  "web 10.0.0.1:80 draining w1 until 1300000 alive; "
	  "web 10.0.0.2:80 draining w1 until 1300000 alive; "
	  "web 10.0.0.3:80 draining w1 until 1300000 alive; "
	  "web 10.0.0.4:80 draining w0 until 1300000 alive; " },
	{ "the next configuration's delay counts",
	  V4 "group web delay=300; target web 10.0.0.11:80 healthy",
	  V4 "group web delay=60",
	  "web 10.0.0.11:80 draining w1 until 1060000 alive; " },
	{ "the longest delay",
	  V4 "group web; target web 10.0.0.11:80 healthy",
	  V4 "group web delay=3600",
	  "web 10.0.0.11:80 draining w1 until 4600000 alive; " },
	{ "without a delay its time is over already",
	  V4 "group web; target web 10.0.0.11:80 healthy",
	  V4 "group web delay=0",
	  "web 10.0.0.11:80 draining w1 until 1000000 alive; " },
	{ "and if flows end then, it is gone at once",
	  V4 "group web; target web 10.0.0.11:80 healthy",
	  V4 "group web delay=0 termination=true",
	  "" },
	{ "which with a delay it is not",
	  V4 "group web; target web 10.0.0.11:80 healthy",
	  V4 "group web delay=1 termination=true",
	  "web 10.0.0.11:80 draining w1 until 1001000 alive; " },
	{ "the same address with another port is another target",
	  V4 "group web; target web 10.0.0.11:80 healthy",
	  V4 "group web; target web 10.0.0.11:81",
	  "web 10.0.0.11:80 draining w1 until 1300000 alive; web 10.0.0.11:81 initial w1; " },
	{ "the same target of another group too",
	  V4 "group web; target web 10.0.0.11:80 healthy",
	  V4 "group web; group other; target other 10.0.0.11:80",
	  "other 10.0.0.11:80 initial w1; "
	  "web 10.0.0.11:80 draining w1 until 1300000 alive; " },
	{ "it drains without a listener",
	  V4 "group web; target web 10.0.0.11:80 healthy; target web 10.0.0.12:80 healthy",
	  "group web; target web 10.0.0.11:80",
	  "web 10.0.0.11:80 healthy w1 alive; "
	  "web 10.0.0.12:80 draining w1 until 1300000 alive; " },
	{ "and in a group that no listener has used lately",
	  "group web; target web 10.0.0.11:80 unused alive",
	  "group web",
	  "web 10.0.0.11:80 draining w1 until 1300000 alive; " },
	{ "IPv6 targets drain as others do",
	  V6 "group web; target web [fd00::11]:80 healthy; target web [fd00::12]:80",
	  V6 "group web; target web [fd00::12]:80",
	  "web [fd00::11]:80 draining w1 until 1300000 alive; web [fd00::12]:80 initial w1; " },
	{ "a draining one that a new file does not name goes on draining",
	  V4 "group web; target web 10.0.0.11:80 draining until=1100000 alive",
	  V4 "group web delay=60",
	  "web 10.0.0.11:80 draining w1 until 1100000 alive; " },
	{ "and one that an edited clone holds",
	  V4 "group web; target web 10.0.0.11:80 draining until=1100000 alive",
	  V4 "group web; target web 10.0.0.11:80 draining until=1100000 alive",
	  "web 10.0.0.11:80 draining w1 until 1100000 alive; " },
	{ "one that lingers goes on lingering",
	  V4 "group web; target web 10.0.0.11:80 unused until=900000 alive remembered",
	  V4 "group web",
	  "web 10.0.0.11:80 unused w1 until 900000 alive; " },
	{ "one that drained when the maps were lost drains on",
	  V4 "group web; target web 10.0.0.11:80 draining until=1100000",
	  V4 "group web",
	  "web 10.0.0.11:80 draining w1 until 1100000; " },
	{ "one that is back is new but keeps its flows",
	  V4 "group web; target web 10.0.0.11:80 draining until=1100000 alive",
	  V4 "group web; target web 10.0.0.11:80 weight=2",
	  "web 10.0.0.11:80 initial w2 alive; " },
	{ "and one that lingered",
	  V4 "group web; target web 10.0.0.11:80 unused until=900000 alive remembered",
	  V4 "group web; target web 10.0.0.11:80",
	  "web 10.0.0.11:80 initial w1 alive; " },
	{ "one that a state file holds as draining",
	  "",
	  V4 "group web; target web 10.0.0.11:80 draining until=1100000",
	  "web 10.0.0.11:80 draining w1 until 1100000; " },
	{ "one that is set to drain",
	  V4 "group web; target web 10.0.0.11:80 healthy",
	  V4 "group web; target web 10.0.0.11:80 until=1100000",
	  "web 10.0.0.11:80 draining w1 until 1100000 alive; " },
	{ "a group that left stays, removed, while its targets drain, by its delay",
	  V4 "group web delay=60; target web 10.0.0.11:80 healthy; target web 10.0.0.12:80;"
	     "target web 10.0.0.13:80 draining until=1100000 alive",
	  "group other",
	  "removed web 10.0.0.11:80 draining w1 until 1060000 alive; "
	  "removed web 10.0.0.13:80 draining w1 until 1100000 alive; " },
	{ "nothing is left of one without living targets",
	  V4 "group web; target web 10.0.0.11:80; group empty",
	  "group other",
	  "" },
	{ "nor of one whose flows end with it",
	  V4 "group web delay=0 termination=true; target web 10.0.0.11:80 healthy",
	  "",
	  "" },
	{ "a removed group goes on draining, not named in a new file",
	  "group web removed; target web 10.0.0.11:80 draining until=1100000 alive",
	  "group other",
	  "removed web 10.0.0.11:80 draining w1 until 1100000 alive; " },
	{ "or held by an edited clone",
	  "group web removed; target web 10.0.0.11:80 draining until=1100000 alive",
	  "group web removed; target web 10.0.0.11:80 draining until=1100000 alive",
	  "removed web 10.0.0.11:80 draining w1 until 1100000 alive; " },
	{ "a group that is back is no removed one, and its targets drain in it",
	  "group web removed; target web 10.0.0.11:80 draining until=1100000 alive;"
	  "target web 10.0.0.12:80 draining until=1100000 alive",
	  V4 "group web delay=60; target web 10.0.0.12:80; target web 10.0.0.13:80",
	  "web 10.0.0.11:80 draining w1 until 1100000 alive; "
	  "web 10.0.0.12:80 initial w1 alive; web 10.0.0.13:80 initial w1; " },
	{ "who is unhealthy with flows gets the time that its group gives from now on",
	  V4 "group web unhealthy_termination=false; target web 10.0.0.1:80 unhealthy alive;"
	     "target web 10.0.0.2:80 unhealthy; target web 10.0.0.3:80 healthy",
	  V4 "group web unhealthy_termination=false unhealthy_draining=60; target web 10.0.0.1:80;"
	     "target web 10.0.0.2:80; target web 10.0.0.3:80",
	  "web 10.0.0.1:80 unhealthy.draining w1 alive; web 10.0.0.2:80 unhealthy w1; "
	  "web 10.0.0.3:80 healthy w1 alive; " },
	{ "but not anew with every change",
	  V4 "group web unhealthy_termination=false unhealthy_draining=60; target web 10.0.0.1:80 "
	     "unhealthy",
	  V4 "group web unhealthy_termination=false unhealthy_draining=30; target web 10.0.0.1:80",
	  "web 10.0.0.1:80 unhealthy w1 alive; " },
	{ "all at once, in order",
	  V4 "group web; target web 10.0.0.2:80 healthy; target web 10.0.0.4:80 unhealthy;"
	     "target web 10.0.0.5:80 draining until=1000001 alive; target web 10.0.0.9:80 healthy",
	  V4 "group web; target web 10.0.0.1:80; target web 10.0.0.3:80; target web 10.0.0.4:80;"
	     "target web 10.0.0.6:80",
	  "web 10.0.0.1:80 initial w1; web 10.0.0.2:80 draining w1 until 1300000 alive; "
	  "web 10.0.0.3:80 initial w1; web 10.0.0.4:80 unhealthy w1; "
	  "web 10.0.0.5:80 draining w1 until 1000001 alive; web 10.0.0.6:80 initial w1; "
	  "web 10.0.0.9:80 draining w1 until 1300000 alive; " },
};

Test(carry, from_the_current_model_into_the_next)
{
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		_cleanup_(model_free) struct model *current = build_model(rows[i].current);
		_cleanup_(model_free) struct model *next = build_model(rows[i].next);

		model_settle(current, NOW);
		cr_assert_eq(model_carry(next, current, NOW), 0);
		cr_expect_str_eq(show(next), rows[i].expected, "%s: %s", rows[i].title, show(next));
		cr_assert_eq(model_carry(next, current, NOW), 0);
		cr_expect_str_eq(show(next), rows[i].expected, "%s, twice: %s", rows[i].title,
				 show(next));
	}
}

Test(carry, reasons_and_times_follow_the_states)
{
	_cleanup_(model_free) struct model *current = build_model(
		V4 "group web; target web 10.0.0.1:80 unhealthy since=1; target web 10.0.0.2:80 healthy"
		   " alive since=2; target web 10.0.0.3:80 draining until=1100000 since=3;"
		   "target web 10.0.0.4:80 draining until=1100000 since=4");
	_cleanup_(model_free) struct model *next = build_model(
		V4 "group web; target web 10.0.0.1:80; target web 10.0.0.3:80; target web 10.0.0.5:80");
	const struct target *targets;

	current->groups[0].targets[0].reason = TARGET_REASON_TIMEOUT;
	cr_assert_eq(model_carry(next, current, NOW), 0);
	targets = next->groups[0].targets;
	cr_expect_eq(targets[0].reason, TARGET_REASON_TIMEOUT);
	cr_expect_eq(targets[0].since_ms, 1);
	cr_expect_eq(targets[1].reason, TARGET_REASON_DEREGISTRATION_IN_PROGRESS);
	cr_expect_eq(targets[1].since_ms, NOW);
	cr_expect_eq(targets[2].reason, TARGET_REASON_REGISTRATION_IN_PROGRESS);
	cr_expect_eq(targets[2].since_ms, NOW);
	cr_expect_eq(targets[3].since_ms, 4);
	cr_expect_eq(targets[4].since_ms, NOW);
}

/* Nothing has looked for its flows since it left. */
Test(carry, who_leaves_is_remembered_until_a_sweep_says_otherwise)
{
	_cleanup_(model_free) struct model *current = build_model(
		V4 "group web; target web 10.0.0.1:80 healthy alive; group old;"
		   "target old 10.0.0.2:80 healthy alive");
	_cleanup_(model_free) struct model *next = build_model(V4 "group web delay=0");

	cr_assert_eq(model_carry(next, current, NOW), 0);
	cr_assert_eq(next->group_count, 2);
	cr_expect(next->groups[0].targets[0].remembered);
	cr_expect(next->groups[1].targets[0].remembered);
	cr_expect_eq(model_expire(next, NOW), 1);
	cr_expect_str_eq(show(next), "removed old 10.0.0.2:80 draining w1 until 1300000 alive; "
				     "web 10.0.0.1:80 unused w1 until 1000000 alive; ");
}

Test(carry, a_removed_group_keeps_its_attributes)
{
	_cleanup_(model_free) struct model *current = build_model(
		"group web ipip idle=60 termination=true source4=10.0.0.1; target web 10.0.0.1:80 "
		"healthy alive");
	_cleanup_(model_free) struct model *next = model_new();
	const struct group *group;

	cr_assert_eq(model_carry(next, current, NOW), 0);
	group = model_find_group(next, "web");
	cr_assert_not_null(group);
	cr_expect(group->removed);
	cr_expect_eq(group->forwarding, FORWARDING_IPIP);
	cr_expect_eq(group->idle_timeout_s, 60);
	cr_expect(group->connection_termination);
	cr_expect_not(addr_is_zero(&group->tunnel_source[0]));
}

Test(carry, the_secret_is_carried_unless_there_is_a_new_one)
{
	_cleanup_(model_free) struct model *current = model_new();
	_cleanup_(model_free) struct model *next = model_new();

	memset(current->hash_secret, 7, SECRET_SIZE);
	cr_assert_eq(model_carry(next, current, NOW), 0);
	cr_expect_arr_eq(next->hash_secret, current->hash_secret, SECRET_SIZE);
	memset(next->hash_secret, 8, SECRET_SIZE);
	cr_assert_eq(model_carry(next, current, NOW), 0);
	cr_expect_eq(next->hash_secret[0], 8);
}

/* Also where the state starts afresh: the way there is as well known as before. */
Test(carry, next_hops_are_carried)
{
	_cleanup_(model_free) struct model *current = build_model(
		V4 "group web; target web 10.0.0.1:80; target web 10.0.0.2:80 healthy alive;"
		   "target web 10.0.0.3:80 draining until=1100000");
	_cleanup_(model_free) struct model *next = build_model(
		V4 "group web; target web 10.0.0.1:80; target web 10.0.0.3:80");
	struct next_hop hop = { .state = HOP_RESOLVED, .ifindex = 3, .mtu = 1500 };

	for (int i = 0; i < 3; i++)
		current->groups[0].targets[i].hop = hop;
	cr_assert_eq(model_carry(next, current, NOW), 0);
	cr_assert_eq(next->groups[0].target_count, 3);
	for (int i = 0; i < 3; i++)
		cr_expect_eq(memcmp(&next->groups[0].targets[i].hop, &hop, sizeof(hop)), 0, "%d", i);
}

Test(carry, a_carried_group_can_grow)
{
	for (uint16_t before = 0; before < 9; before++) {
		_cleanup_(model_free) struct model *current = build_model(V4 "group web");
		_cleanup_(model_free) struct model *next = model_clone(current);
		struct target target = { .weight = 1, .alive = true };

		addr_from_v4(&target.addr, htonl(0x0a000001));
		for (target.port = 1; target.port <= before; target.port++)
			cr_assert_eq(group_put_target(&current->groups[0], &target), 0);
		cr_assert_eq(model_carry(next, current, NOW), 0);
		for (target.port = 101; target.port <= 110; target.port++)
			cr_assert_eq(group_put_target(&next->groups[0], &target), 0);
		cr_expect_eq(next->groups[0].target_count, before + 10);
	}
}

/* in_service: a digit for each target, in order. */
static const struct {
	const char *title, *targets;
	bool fails_open;
	const char *in_service;
} services[] = {
	{ "nobody is there", "", false, "" },
	{ "every state",
	  "target g 10.0.0.1:1 initial; target g 10.0.0.2:1 healthy; target g 10.0.0.3:1 unhealthy;"
	  "target g 10.0.0.4:1 unhealthy.draining; target g 10.0.0.5:1 unused;"
	  "target g 10.0.0.6:1 draining until=9; target g 10.0.0.7:1 unavailable",
	  false, "0100001" },
	{ "weight 0 takes nothing", "target g 10.0.0.1:1 healthy weight=0", false, "0" },
	{ "all unhealthy: fail open",
	  "target g 10.0.0.1:1 unhealthy; target g 10.0.0.2:1 unhealthy weight=9", true, "11" },
	{ "not to weight 0",
	  "target g 10.0.0.1:1 unhealthy; target g 10.0.0.2:1 unhealthy weight=0", true, "10" },
	{ "unhealthy.draining is unhealthy, too",
	  "target g 10.0.0.1:1 unhealthy; target g 10.0.0.2:1 unhealthy.draining", true, "11" },
	{ "whose health does not matter",
	  "target g 10.0.0.1:1 unhealthy; target g 10.0.0.2:1 healthy weight=0", true, "10" },
	{ "not if only weight 0 is there", "target g 10.0.0.1:1 unhealthy weight=0", false, "0" },
	{ "not while one may turn out healthy",
	  "target g 10.0.0.1:1 unhealthy; target g 10.0.0.2:1 initial", false, "00" },
	{ "nor while all may", "target g 10.0.0.1:1 initial; target g 10.0.0.2:1 initial", false,
	  "00" },
	{ "not to draining ones",
	  "target g 10.0.0.1:1 unhealthy; target g 10.0.0.2:1 unhealthy until=9;"
	  "target g 10.0.0.3:1 draining until=9", true, "100" },
	{ "not if only draining ones are there", "target g 10.0.0.1:1 draining until=9", false,
	  "0" },
	{ "one healthy is enough",
	  "target g 10.0.0.1:1 unhealthy; target g 10.0.0.2:1 healthy", false, "01" },
};

Test(service, who_takes_new_flows)
{
	for (size_t i = 0; i < ARRAY_SIZE(services); i++) {
		_cleanup_(model_free) struct model *model = NULL;
		char text[512], in_service[16] = "";
		const struct group *group;

		snprintf(text, sizeof(text), "group g; %s", services[i].targets);
		model = build_model(text);
		group = &model->groups[0];
		cr_expect_eq(group_fails_open(group), services[i].fails_open, "%s",
			     services[i].title);
		for (size_t j = 0; j < group->target_count; j++)
			strcat(in_service, target_in_service(&group->targets[j],
							     services[i].fails_open) ? "1" : "0");
		cr_expect_str_eq(in_service, services[i].in_service, "%s", services[i].title);
	}
}
