// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* model/settle.c: what becomes of targets by their health and by time. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "base/addr.h"
#include "base/cleanup.h"
#include "build_model.h"
#include "model/model.h"

#define HEALTHY TARGET_HEALTHY, TARGET_REASON_NONE
#define INITIAL TARGET_INITIAL, TARGET_REASON_REGISTRATION_IN_PROGRESS
#define FAILED TARGET_UNHEALTHY, TARGET_REASON_FAILED_HEALTH_CHECKS
#define TIMED_OUT TARGET_UNHEALTHY, TARGET_REASON_TIMEOUT
#define UNUSED TARGET_UNUSED, TARGET_REASON_NOT_IN_USE

/* ---- following health ----------------------------------------------------------------------- */

struct step {
	uint64_t now_ms;
	enum target_state state;	/* as the checks have it */
	enum target_reason reason;
	const char *expected;		/* "STATE since N alive" */
};

struct history {
	const char *title, *group, *target;
	struct step steps[6];
};

#define KEEPS "unhealthy_termination=false "

static const struct history histories[] = {
	{ "flows end with the target's health", "", "healthy alive since=5",
	  { { 10, FAILED, "unhealthy since 10" }, { 20, FAILED, "unhealthy since 10" },
	    { 30, HEALTHY, "healthy since 30 alive" } } },
	{ "since goes with the state, from the first one on", "", "initial",
	  { { 10, INITIAL, "initial since 0" }, { 20, HEALTHY, "healthy since 20 alive" },
	    { 30, HEALTHY, "healthy since 20 alive" }, { 40, UNUSED, "unused since 40 alive" } } },
	{ "another reason is no other state", "", "unhealthy since=5",
	  { { 10, FAILED, "unhealthy since 5" }, { 20, TIMED_OUT, "unhealthy since 5" } } },
	{ "where they outlive it, they stay for as long as they are", KEEPS, "healthy alive",
	  { { 10, FAILED, "unhealthy since 10 alive" },
	    { 99999999, FAILED, "unhealthy since 10 alive" },
	    { 100000000, HEALTHY, "healthy since 100000000 alive" } } },
	{ "or for the interval", KEEPS "unhealthy_draining=60", "healthy alive",
	  { { 1000, FAILED, "unhealthy.draining since 1000 alive" },
	    { 60999, TIMED_OUT, "unhealthy.draining since 1000 alive" },
	    { 61000, TIMED_OUT, "unhealthy since 61000" },
	    { 62000, TIMED_OUT, "unhealthy since 61000" },
	    { 63000, HEALTHY, "healthy since 63000 alive" } } },
	{ "recovery ends that at once, and it can begin again", KEEPS "unhealthy_draining=60",
	  "healthy alive",
	  { { 1000, FAILED, "unhealthy.draining since 1000 alive" },
	    { 2000, HEALTHY, "healthy since 2000 alive" },
	    { 3000, FAILED, "unhealthy.draining since 3000 alive" },
	    { 62999, FAILED, "unhealthy.draining since 3000 alive" },
	    { 63000, FAILED, "unhealthy since 63000" } } },
	{ "one that was back from a drain has flows, too", KEEPS "unhealthy_draining=60",
	  "initial alive", { { 1000, FAILED, "unhealthy.draining since 1000 alive" } } },
	{ "one that never was in service has none", KEEPS "unhealthy_draining=60", "initial",
	  { { 1000, FAILED, "unhealthy since 1000" } } },
	{ "nor one whose time is over", KEEPS "unhealthy_draining=60", "unhealthy since=1",
	  { { 1000, FAILED, "unhealthy since 1" } } },
	{ "without the interval any more it does not drain", KEEPS, "unhealthy.draining alive",
	  { { 1000, FAILED, "unhealthy since 1000 alive" } } },
	{ "with termination again it ends", "unhealthy_draining=60",
	  "unhealthy.draining alive since=999", { { 1000, FAILED, "unhealthy since 1000" } } },
	{ "it is checks' business no more once it is removed", KEEPS "unhealthy_draining=60",
	  "draining alive until=99 since=1",
	  { { 10, FAILED, "draining since 1 alive" }, { 20, HEALTHY, "draining since 1 alive" } } },
	{ "nor when it lingers", "", "unused alive until=5 since=5",
	  { { 10, TARGET_DRAINING, TARGET_REASON_DEREGISTRATION_IN_PROGRESS,
	      "unused since 5 alive" } } },
};

static const char *show(const struct target *target)
{
	static char text[128];

	snprintf(text, sizeof(text), "%s since %llu%s", target_state_name(target->state),
		 (unsigned long long)target->since_ms, target->alive ? " alive" : "");
	return text;
}

/* Beside a healthy target, so that the group does not fail open. */
static struct model *build(const char *group, const char *target)
{
	char text[512];

	snprintf(text, sizeof(text),
		 "group web %s; target web 10.0.0.1:80 %s; target web 10.0.0.2:80 healthy alive",
		 group, target);
	return build_model(text);
}

Test(follow_health, from_checks_to_states)
{
	for (size_t i = 0; i < ARRAY_SIZE(histories); i++) {
		const struct history *history = &histories[i];
		_cleanup_(model_free) struct model *model = build(history->group, history->target);
		struct target *target = &model->groups[0].targets[0];

		for (const struct step *step = history->steps; step->expected; step++) {
			struct target before = *target;
			bool changed;

			changed = target_follow_health(&model->groups[0], target, step->state,
						       step->reason, step->now_ms);
			cr_expect_eq(changed,
				     before.state != target->state || before.reason != target->reason,
				     "%s at %llu", history->title, (unsigned long long)step->now_ms);
			model_settle(model, step->now_ms);
			cr_expect_str_eq(show(target), step->expected, "%s at %llu: %s",
					 history->title, (unsigned long long)step->now_ms,
					 show(target));
			cr_expect(target_is_draining(target) || target->reason == step->reason, "%s",
				  history->title);
		}
	}
}

/* ---- alive ---------------------------------------------------------------------------------- */

/* Targets of group g; a digit for each in order: alive after settling. */
static const struct {
	const char *title, *group, *targets, *alive;
} lives[] = {
	{ "who is in service or fit is", "",
	  "target g 10.0.0.1:1 healthy; target g 10.0.0.2:1 unavailable;"
	  "target g 10.0.0.3:1 healthy weight=0; target g 10.0.0.4:1 unavailable weight=0", "1111" },
	{ "who was not in service yet is not", "",
	  "target g 10.0.0.1:1 initial; target g 10.0.0.2:1 unused; target g 10.0.0.3:1 unhealthy;"
	  "target g 10.0.0.4:1 initial", "0000" },
	{ "who was stays so", "",
	  "target g 10.0.0.1:1 initial alive; target g 10.0.0.2:1 unused alive;"
	  "target g 10.0.0.3:1 draining until=9 alive; target g 10.0.0.4:1 unused until=9 alive;"
	  "target g 10.0.0.5:1 unhealthy.draining alive", "11111" },
	{ "unhealthy ones die", "",
	  "target g 10.0.0.1:1 unhealthy alive; target g 10.0.0.2:1 healthy", "01" },
	{ "not where flows outlive that", KEEPS,
	  "target g 10.0.0.1:1 unhealthy alive; target g 10.0.0.2:1 healthy;"
	  "target g 10.0.0.3:1 unhealthy", "110" },
	{ "unless their time was limited, and is over", KEEPS "unhealthy_draining=1",
	  "target g 10.0.0.1:1 unhealthy alive; target g 10.0.0.2:1 healthy", "01" },
	{ "where all are unhealthy, all are in service", "",
	  "target g 10.0.0.1:1 unhealthy; target g [fd00::1]:1 unhealthy alive;"
	  "target g [fd00::2]:1 unhealthy weight=0 alive", "110" },
	{ "draining ones too", KEEPS "unhealthy_draining=1",
	  "target g 10.0.0.1:1 unhealthy; target g 10.0.0.2:1 unhealthy.draining", "11" },
	{ "one that drained through the loss of the maps is dead", "",
	  "target g 10.0.0.1:1 draining until=9", "0" },
};

Test(settle, who_may_have_flows)
{
	for (size_t i = 0; i < ARRAY_SIZE(lives); i++) {
		_cleanup_(model_free) struct model *model = NULL;
		char text[512], alive[16] = "";

		snprintf(text, sizeof(text), "group g %s; %s", lives[i].group, lives[i].targets);
		model = build_model(text);
		cr_expect(model_settle(model, 1), "%s: shares at least", lives[i].title);
		cr_expect_not(model_settle(model, 1), "%s: again", lives[i].title);
		for (size_t j = 0; j < model->groups[0].target_count; j++)
			strcat(alive, model->groups[0].targets[j].alive ? "1" : "0");
		cr_expect_str_eq(alive, lives[i].alive, "%s: %s", lives[i].title, alive);
	}
}

Test(settle, tells_whether_somebody_died)
{
	_cleanup_(model_free) struct model *model = build("", "healthy");

	cr_expect(model_settle(model, 1));
	cr_expect_not(model_settle(model, 2));
	model->groups[0].targets[0].state = TARGET_UNHEALTHY;
	cr_expect(model_settle(model, 3));
	cr_expect_not(model_settle(model, 4));
}

/* ---- slow start ----------------------------------------------------------------------------- */

static uint8_t share_at(struct model *model, uint64_t now_ms)
{
	model_settle(model, now_ms);
	return model->groups[0].targets[0].share;
}

Test(settle, a_slow_start_goes_in_equal_steps)
{
	_cleanup_(model_free) struct model *model = build("slow_start=90", "healthy since=1000");

	cr_expect_eq(share_at(model, 1000), 1);
	cr_expect_eq(share_at(model, 10999), 1);
	cr_expect_eq(share_at(model, 11000), 2);
	cr_expect_eq(share_at(model, 20999), 2);
	cr_expect_eq(share_at(model, 21000), 3);
	cr_expect_eq(share_at(model, 90999), 9);
	cr_expect_eq(share_at(model, 91000), SHARE_FULL);
	cr_expect_eq(share_at(model, UINT64_MAX), SHARE_FULL);
	cr_expect_eq(share_at(model, 500), 1, "the clock was set back");
}

Test(settle, others_have_their_full_share)
{
	static const struct {
		const char *group, *target;
	} cases[] = {
		{ "", "healthy since=1000" },
		{ "slow_start=90", "healthy" },
		{ "slow_start=90", "initial since=1000" },
		{ "slow_start=90", "unhealthy since=1000" },
		{ "slow_start=90", "draining until=9 since=1000" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		_cleanup_(model_free) struct model *model = build(cases[i].group, cases[i].target);

		cr_expect_eq(share_at(model, 1000), SHARE_FULL, "case %zu", i);
	}
}

Test(settle, who_recovers_starts_slowly_again)
{
	_cleanup_(model_free) struct model *model = build("slow_start=900", "healthy since=1000");
	struct group *group = &model->groups[0];

	cr_expect_eq(share_at(model, 1000000), SHARE_FULL);
	target_follow_health(group, &group->targets[0], FAILED, 1000000);
	target_follow_health(group, &group->targets[0], HEALTHY, 1000001);
	cr_expect_eq(share_at(model, 1000001), 1);
}

/* ---- deadlines ------------------------------------------------------------------------------ */

Test(deadline, every_step_of_a_slow_start_has_one)
{
	_cleanup_(model_free) struct model *model = build("slow_start=7", "healthy since=1000");
	uint64_t now = 1000, deadline;
	uint8_t share = share_at(model, now);

	while ((deadline = model_next_deadline(model, now))) {
		cr_assert_gt(deadline, now);
		cr_expect_eq(share_at(model, deadline - 1), share, "too late at %llu",
			     (unsigned long long)deadline);
		now = deadline;
		cr_assert_eq(share_at(model, now), ++share);
	}
	cr_expect_eq(share, SHARE_FULL);
	cr_expect_eq(now, 8000);
}

Test(deadline, of_unhealthy_draining_is_its_end)
{
	_cleanup_(model_free) struct model *model =
		build(KEEPS "unhealthy_draining=60", "unhealthy.draining alive since=1000");

	model_settle(model, 2000);
	cr_expect_eq(model_next_deadline(model, 2000), 61000);
	model->groups[0].unhealthy_draining_interval_s = 0;
	cr_expect_leq(model_next_deadline(model, 2000), 2000, "nothing waits for anything any more");
	model->groups[0].unhealthy_connection_termination = true;
	cr_expect_eq(model_next_deadline(model, 2000), 2000);
}

Test(deadline, the_earliest_of_all_counts)
{
	_cleanup_(model_free) struct model *model = build_model(
		"group a slow_start=900; target a 10.0.0.1:80 healthy since=100000;"
		"target a 10.0.0.2:80 draining until=180000 alive;"
		"group b unhealthy_termination=false unhealthy_draining=60;"
		"target b 10.0.0.1:80 unhealthy.draining alive since=130000;"
		"group c removed; target c 10.0.0.1:80 draining until=195000 alive");
	static const uint64_t expected[] = { 180000, 190000, 195000, 200000, 0 };
	uint64_t now = 150000;

	for (size_t i = 0; i < ARRAY_SIZE(expected); i++) {
		struct group *b;

		model_settle(model, now);
		cr_assert_eq(model_next_deadline(model, now), expected[i], "%zu", i);
		now = expected[i];
		model_expire(model, now);
		b = model_find_group(model, "b");
		target_follow_health(b, &b->targets[0], FAILED, now);
		if (now == 200000)
			model->groups[0].slow_start_s = 0;
	}
}

/* ---- the end of draining -------------------------------------------------------------------- */

/* "a 10.0.0.1:80 unused; " for each target. */
static const char *list(const struct model *model)
{
	static char text[1024];
	FILE *out = fmemopen(text, sizeof(text), "w");

	for (size_t i = 0; i < model->group_count; i++) {
		const struct group *group = &model->groups[i];

		for (size_t j = 0; j < group->target_count; j++) {
			const struct target *target = &group->targets[j];
			char endpoint[ENDPOINT_TEXT_SIZE];

			fprintf(out, "%s %s %s; ", group->name,
				endpoint_format(&target->addr, target->port, endpoint),
				target_state_name(target->state));
		}
	}
	fputc('\0', out);
	fclose(out);
	return text;
}

Test(drain, targets_expire_at_their_deadline)
{
	_cleanup_(model_free) struct model *model = build_model(
		"group a; target a 10.0.0.1:80 until=500; target a 10.0.0.2:80 healthy;"
		"target a 10.0.0.3:80 until=700; group b; target b 10.0.0.4:80 until=600;"
		"group c; target c 10.0.0.5:80");

	cr_expect_eq(model_next_deadline(model, 1), 500);
	cr_expect_eq(model_expire(model, 499), 0);
	cr_expect_eq(model_expire(model, 500), 1);
	cr_expect_eq(model_next_deadline(model, 500), 600);
	cr_expect_eq(model_expire(model, 1000), 2);
	cr_expect_eq(model_next_deadline(model, 1000), 0);
	cr_expect_eq(model_expire(model, UINT64_MAX), 0);
	cr_expect_str_eq(list(model), "a 10.0.0.2:80 healthy; c 10.0.0.5:80 initial; ");
}

Test(drain, one_that_flows_are_on_lingers_until_nothing_remembers_it)
{
	_cleanup_(model_free) struct model *model = build_model(
		"group a; target a 10.0.0.1:80 draining until=500 alive remembered since=1;"
		"target a [fd00::1]:80 draining until=500 alive remembered since=1");
	struct target *targets = model->groups[0].targets;

	cr_expect_eq(model_expire(model, 500), 2);
	cr_expect_eq(targets[0].state, TARGET_UNUSED);
	cr_expect_eq(targets[0].reason, TARGET_REASON_NOT_REGISTERED);
	cr_expect_eq(targets[0].since_ms, 500);
	cr_expect(targets[0].alive && target_is_draining(&targets[0]) && target_lingers(&targets[0]));
	cr_expect_eq(model_next_deadline(model, 600), 0, "time alone does not end that");
	cr_expect_eq(model_expire(model, 600), 0);
	cr_expect_eq(targets[0].since_ms, 500);
	targets[0].remembered = false;
	cr_expect_leq(model_next_deadline(model, 600), 600, "it is to go now");
	cr_expect_eq(model_expire(model, 600), 1);
	cr_expect_eq(model->groups[0].target_count, 1);
	cr_expect_eq(model_next_deadline(model, 600), 0);
}

Test(drain, flows_end_at_the_deadline_where_the_group_says_so)
{
	_cleanup_(model_free) struct model *model = build_model(
		"group a termination=true; target a 10.0.0.1:80 draining until=500 alive remembered;"
		"group b; target b 10.0.0.2:80 draining until=500 alive remembered");

	cr_expect_eq(model_expire(model, 499), 0);
	cr_expect_eq(model_expire(model, 500), 2);
	cr_expect_str_eq(list(model), "b 10.0.0.2:80 unused; ");
	model->groups[1].connection_termination = true;
	cr_expect_leq(model_next_deadline(model, 600), 600);
	cr_expect_eq(model_expire(model, 600), 1);
	cr_expect_str_eq(list(model), "");
}

Test(drain, a_removed_group_goes_with_its_last_target)
{
	_cleanup_(model_free) struct model *model = build_model(
		"group a removed; target a 10.0.0.1:80 draining until=500 alive;"
		"target a 10.0.0.2:80 draining until=600 alive;"
		"group b; target b 10.0.0.3:80 draining until=500 alive; group c removed");

	cr_expect_eq(model_expire(model, 500), 2);
	cr_expect_not_null(model_find_group(model, "a"));
	cr_expect_not_null(model_find_group(model, "b"), "it is registered");
	cr_expect_null(model_find_group(model, "c"));
	cr_expect_eq(model_expire(model, 600), 1);
	cr_expect_null(model_find_group(model, "a"));
	cr_assert_eq(model->group_count, 1);
}
