// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* health/checker.c on a changing model: who is checked, from which state, who is left alone. */
#include <criterion/criterion.h>
#include <event2/event.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/addr.h"
#include "base/cleanup.h"
#include "checks.h"
#include "loopback.h"

#define HEALTHY TARGET_HEALTHY, TARGET_REASON_NONE
#define FAILED TARGET_UNHEALTHY, TARGET_REASON_FAILED_HEALTH_CHECKS
#define REGISTERING TARGET_INITIAL, TARGET_REASON_REGISTRATION_IN_PROGRESS
#define CHECKING TARGET_INITIAL, TARGET_REASON_INITIAL_HEALTH_CHECKING
#define UNUSED TARGET_UNUSED, TARGET_REASON_NOT_IN_USE
#define DRAINING TARGET_DRAINING, TARGET_REASON_DEREGISTRATION_IN_PROGRESS
#define LINGERING TARGET_UNUSED, TARGET_REASON_NOT_REGISTERED
#define UNAVAILABLE TARGET_UNAVAILABLE, TARGET_REASON_HEALTH_CHECK_DISABLED

static struct checks checks;
static struct addr addr;
static int server;
static uint16_t port;			/* open */

static void init(void)
{
	checks_init(&checks);
	addr = loopback_addr(AF_INET);
	port = 0;
	server = loopback_listen(AF_INET, &port);
	checks_add_group(&checks, "web");
}

static void clean(void)
{
	checks_clean(&checks);
	close(server);
}

TestSuite(checker_follow, .init = init, .fini = clean, .timeout = 60);

static struct group *web(void)
{
	return model_find_group(checks.model, "web");
}

static void expect_state(enum target_state state, enum target_reason reason)
{
	struct target target = checks_find(&checks, "web", &addr, port);

	cr_expect_str_eq(target_state_name(target.state), target_state_name(state));
	cr_expect_str_eq(target_reason_name(target.reason), target_reason_name(reason));
}

/* Runs for ten checks of another target. */
static void let_time_pass(void)
{
	struct addr other;
	uint64_t count;

	addr_from_v4(&other, htonl(0x7f020304));
	if (!model_find_group(checks.model, "clock")) {
		checks_add_group(&checks, "clock");
		checks_add_target(&checks, "clock", &other, port);
		checks_follow(&checks);
	}
	count = checks_stats(&checks, "clock", &other, port).checks;
	checks_await_count(&checks, "clock", &other, port, count + 10);
}

static uint64_t count_checks(void)
{
	return checks_stats(&checks, "web", &addr, port).checks;
}

static void expect_unchecked(void)
{
	uint64_t before = count_checks();

	let_time_pass();
	cr_expect_eq(count_checks(), before, "it is still checked");
}

static void start_healthy(void)
{
	checks_add_target(&checks, "web", &addr, port);
	checks_follow(&checks);
	checks_await(&checks, "web", &addr, port, HEALTHY);
}

Test(checker_follow, a_target_that_is_not_followed_keeps_its_own_state)
{
	struct target *target = checks_add_target(&checks, "web", &addr, port);

	target->state = TARGET_UNHEALTHY;
	target->reason = TARGET_REASON_TIMEOUT;
	expect_state(TARGET_UNHEALTHY, TARGET_REASON_TIMEOUT);
	cr_expect_eq(count_checks(), 0);
}

Test(checker_follow, a_removed_target_is_not_checked)
{
	start_healthy();
	group_remove_target(web(), &addr, port);
	checks_follow(&checks);
	let_time_pass();
	cr_expect_eq(checks_find(&checks, "web", &addr, port).state, TARGET_STATE_COUNT);
	cr_expect_eq(count_checks(), 0);
}

Test(checker_follow, a_draining_target_is_not_checked)
{
	start_healthy();
	group_find_target(web(), &addr, port)->drain_deadline_ms = UINT64_MAX;
	checks_follow(&checks);
	expect_state(DRAINING);
	expect_unchecked();
	cr_expect_eq(group_find_target(web(), &addr, port)->state, TARGET_DRAINING);
}

Test(checker_follow, a_target_that_lingers_is_not_checked_and_stays_as_it_is)
{
	struct target *target;
	unsigned changes;

	start_healthy();
	target = group_find_target(web(), &addr, port);
	target->drain_deadline_ms = 1;
	target->state = TARGET_UNUSED;
	target->reason = TARGET_REASON_NOT_REGISTERED;
	changes = checks.changes;
	checks_follow(&checks);
	expect_state(LINGERING);
	expect_unchecked();
	cr_expect_eq(target->state, TARGET_UNUSED);
	target->drain_deadline_ms = 0;
	checks_follow(&checks);
	expect_state(REGISTERING);
	checks_await(&checks, "web", &addr, port, HEALTHY);
	cr_expect_gt(checks.changes, changes);
}

/* The check goes on from unhealthy, and says nothing as long as it is so. */
Test(checker_follow, a_target_that_drains_unhealthily_is_checked_as_an_unhealthy_one)
{
	struct target *target = checks_add_target(&checks, "web", &addr, port);

	checks.forgets = true;
	target->state = TARGET_UNHEALTHY_DRAINING;
	target->reason = TARGET_REASON_TIMEOUT;
	checks_follow(&checks);
	expect_state(TARGET_UNHEALTHY, TARGET_REASON_TIMEOUT);
	checks_await_count(&checks, "web", &addr, port, 1);
	cr_expect_eq(checks.changes, 0);
	expect_state(TARGET_UNHEALTHY, TARGET_REASON_TIMEOUT);
	checks_await(&checks, "web", &addr, port, HEALTHY);
	cr_expect_eq(count_checks(), 3);
}

Test(checker_follow, a_target_that_stops_draining_is_new_again)
{
	start_healthy();
	group_find_target(web(), &addr, port)->drain_deadline_ms = UINT64_MAX;
	checks_follow(&checks);
	group_find_target(web(), &addr, port)->drain_deadline_ms = 0;
	checks_follow(&checks);
	expect_state(REGISTERING);
	checks_await(&checks, "web", &addr, port, HEALTHY);
}

Test(checker_follow, targets_of_an_unused_group_are_not_checked)
{
	start_healthy();
	cr_assert(model_remove_listener(checks.model, "l-web"));
	checks_follow(&checks);
	expect_state(UNUSED);
	expect_unchecked();
	cr_expect_eq(group_find_target(web(), &addr, port)->state, TARGET_UNUSED);
}

Test(checker_follow, targets_of_a_group_that_comes_into_use_are_new)
{
	struct listener listener = *model_find_listener(checks.model, "l-web");

	start_healthy();
	model_remove_listener(checks.model, "l-web");
	checks_follow(&checks);
	expect_state(UNUSED);
	listener.groups[0].weight = 0;
	cr_assert_not(model_put_listener(checks.model, &listener));
	checks_follow(&checks);
	expect_state(REGISTERING);
	checks_await(&checks, "web", &addr, port, HEALTHY);
}

Test(checker_follow, a_group_without_a_check_is_unavailable)
{
	start_healthy();
	web()->health_check.protocol = CHECK_NONE;
	checks_follow(&checks);
	expect_state(UNAVAILABLE);
	expect_unchecked();
	cr_expect_eq(group_find_target(web(), &addr, port)->state, TARGET_UNAVAILABLE);
}

Test(checker_follow, a_group_that_gets_a_check_stays_in_service)
{
	web()->health_check.protocol = CHECK_NONE;
	checks_add_target(&checks, "web", &addr, port);
	checks_follow(&checks);
	expect_state(UNAVAILABLE);
	close(server);
	web()->health_check.protocol = CHECK_TCP;
	checks_follow(&checks);
	expect_state(HEALTHY);
	checks_await(&checks, "web", &addr, port, FAILED);
	cr_expect_eq(count_checks(), 3);
	server = loopback_listen(AF_INET, &port);
}

/* Draining says more than unused, unused more than unavailable. */
Test(checker_follow, the_strongest_fact_gives_the_state)
{
	struct target *target = checks_add_target(&checks, "web", &addr, port);

	web()->health_check.protocol = CHECK_NONE;
	model_remove_listener(checks.model, "l-web");
	checks_follow(&checks);
	expect_state(UNUSED);
	target->drain_deadline_ms = UINT64_MAX;
	checks_follow(&checks);
	expect_state(DRAINING);
}

Test(checker_follow, a_state_that_survived_a_restart_needs_the_thresholds)
{
	struct target *target = checks_add_target(&checks, "web", &addr, port);

	target->state = TARGET_UNHEALTHY;
	target->reason = TARGET_REASON_TIMEOUT;
	checks_follow(&checks);
	expect_state(TARGET_UNHEALTHY, TARGET_REASON_TIMEOUT);
	checks_await(&checks, "web", &addr, port, HEALTHY);
	cr_expect_eq(count_checks(), 3);
}

Test(checker_follow, following_the_same_model_leaves_checks_alone)
{
	uint16_t silent = 0;
	int filler, full = loopback_listen_full(AF_INET, &silent, &filler);

	web()->health_check.interval_ms = 300000;
	checks_add_target(&checks, "web", &addr, silent);
	start_healthy();
	/* One is waiting for 300 s, the other is in flight: a timeout would never come. */
	while (!checks_stats(&checks, "web", &addr, silent).checks) {
		checks_follow(&checks);
		event_base_loop(checks.base, EVLOOP_ONCE);
	}
	cr_expect_eq(checks_stats(&checks, "web", &addr, silent).failures[CHECK_TIMED_OUT], 1);
	cr_expect_eq(count_checks(), 1);
	cr_expect_lt(checks_stats(&checks, "web", &addr, silent).last_duration_us, 1000000);
	close(filler);
	close(full);
}

Test(checker_follow, new_settings_hold_from_the_next_check)
{
	start_healthy();
	web()->health_check.port = loopback_closed_port(AF_INET);
	web()->health_check.unhealthy_threshold = 1;
	checks_follow(&checks);
	expect_state(HEALTHY);
	checks_await(&checks, "web", &addr, port, FAILED);
	cr_expect_eq(checks_stats(&checks, "web", &addr, port).failures[CHECK_FAILED], 1);
}

Test(checker_follow, a_new_interval_does_not_wait_for_the_old_one)
{
	web()->health_check.interval_ms = 300000;
	start_healthy();
	web()->health_check.interval_ms = 20;
	checks_follow(&checks);
	checks_await_count(&checks, "web", &addr, port, 4);
}

Test(checker_follow, the_same_target_in_two_groups_is_checked_twice)
{
	checks_add_group(&checks, "other")->health_check.port = loopback_closed_port(AF_INET);
	checks_add_target(&checks, "other", &addr, port);
	start_healthy();
	checks_await(&checks, "other", &addr, port, FAILED);
	expect_state(HEALTHY);
}

Test(checker_follow, a_model_with_other_facts_is_told_of_the_right_ones)
{
	struct target *target;

	start_healthy();
	let_time_pass();
	target = group_find_target(web(), &addr, port);
	target->state = TARGET_INITIAL;
	checks_follow(&checks);
	cr_expect_eq(target->state, TARGET_INITIAL);
	event_base_loop(checks.base, EVLOOP_ONCE);
	cr_expect_eq(target->state, TARGET_HEALTHY);
	target->reason = TARGET_REASON_INTERNAL_ERROR;
	checks_follow(&checks);
	event_base_loop(checks.base, EVLOOP_ONCE);
	cr_expect_eq(target->reason, TARGET_REASON_NONE);
}

enum { MANY = 2000 };

static unsigned count_begun(void)
{
	unsigned begun = 0;
	struct addr each;

	for (unsigned i = 0; i < MANY; i++) {
		addr_from_v4(&each, htonl(0x7f030000 + i));
		begun += checks_find(&checks, "web", &each, port).reason !=
			 TARGET_REASON_REGISTRATION_IN_PROGRESS;
	}
	return begun;
}

static bool have_all_begun(void *context)
{
	(void)context;
	return count_begun() == MANY;
}

/* They are spread over 2 s: right after the first turn of the loop a few have begun. */
Test(checker_follow, many_new_targets_are_not_checked_in_one_burst)
{
	struct addr each;

	web()->health_check.interval_ms = 300000;
	for (unsigned i = 0; i < MANY; i++) {
		addr_from_v4(&each, htonl(0x7f030000 + i));
		checks_add_target(&checks, "web", &each, port);
	}
	checks.forgets = true;
	checks_follow(&checks);
	event_base_loop(checks.base, EVLOOP_ONCE);
	cr_expect_lt(count_begun(), MANY / 4);
	cr_expect(loop_until(checks.base, have_all_begun, NULL));
}

/* The endpoint with this number; in group "a" or "b" by its lowest bit. */
static const char *name_endpoint(unsigned number, struct addr *out)
{
	addr_from_v4(out, htonl(0x7f040000 + number / 2));
	return number % 2 ? "a" : "b";
}

/*
 * Random additions and removals in two groups. Every target of the model is checked exactly once
 * (the interval is long), those that stay are not begun anew, those that left are not known.
 */
Test(checker_follow, any_history_of_the_model_is_followed)
{
	enum { ENDPOINTS = 60, ROUNDS = 40 };
	bool present[ENDPOINTS] = { false };
	struct addr each;

	checks_add_group(&checks, "a")->health_check.interval_ms = 300000;
	checks_add_group(&checks, "b")->health_check.interval_ms = 300000;
	srandom(1);
	for (int round = 0; round < ROUNDS; round++) {
		for (int edit = random() % 20; edit >= 0; edit--) {
			unsigned number = (unsigned)random() % ENDPOINTS;
			const char *name = name_endpoint(number, &each);

			if (present[number])
				group_remove_target(model_find_group(checks.model, name), &each,
						    port);
			else
				checks_add_target(&checks, name, &each, port);
			present[number] = !present[number];
		}
		checks_follow(&checks);
		for (unsigned number = 0; number < ENDPOINTS; number++) {
			const char *name = name_endpoint(number, &each);

			if (!present[number]) {
				cr_assert_eq(checks_find(&checks, name, &each, port).state,
					     TARGET_STATE_COUNT);
				continue;
			}
			checks_await(&checks, name, &each, port, HEALTHY);
			cr_assert_eq(checks_stats(&checks, name, &each, port).checks, 1);
		}
	}
}
