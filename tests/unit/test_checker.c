// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* health/checker.c and check.c, real sockets: which state a target gets from how it answers. */
#include <criterion/criterion.h>
#include <criterion/redirect.h>
#include <event2/event.h>
#include <stdio.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/addr.h"
#include "base/cleanup.h"
#include "base/clock.h"
#include "base/log.h"
#include "checks.h"
#include "loopback.h"

#define HEALTHY TARGET_HEALTHY, TARGET_REASON_NONE
#define TIMED_OUT TARGET_UNHEALTHY, TARGET_REASON_TIMEOUT
#define FAILED TARGET_UNHEALTHY, TARGET_REASON_FAILED_HEALTH_CHECKS
#define REGISTERING TARGET_INITIAL, TARGET_REASON_REGISTRATION_IN_PROGRESS
#define CHECKING TARGET_INITIAL, TARGET_REASON_INITIAL_HEALTH_CHECKING

static const int families[] = { AF_INET, AF_INET6 };

static struct checks checks;
static struct addr addr;

static void init(void)
{
	checks_init(&checks);
	addr = loopback_addr(AF_INET);
}

static void clean(void)
{
	checks_clean(&checks);
}

TestSuite(checker, .init = init, .fini = clean, .timeout = 60);

static void expect_state(const char *group, uint16_t port, enum target_state state,
			 enum target_reason reason)
{
	struct target target = checks_find(&checks, group, &addr, port);

	cr_expect_str_eq(target_state_name(target.state), target_state_name(state));
	cr_expect_str_eq(target_reason_name(target.reason), target_reason_name(reason));
}

Test(checker, a_new_target_is_healthy_after_one_pass)
{
	for (size_t i = 0; i < ARRAY_SIZE(families); i++) {
		uint16_t port = 0;
		int server = loopback_listen(families[i], &port);

		addr = loopback_addr(families[i]);
		checks_add_group(&checks, "web")->health_check.healthy_threshold = 10;
		model_find_group(checks.model, "web")->health_check.interval_ms = 300000;
		checks_add_target(&checks, "web", &addr, port);
		checks_follow(&checks);
		expect_state("web", port, REGISTERING);
		checks_await(&checks, "web", &addr, port, HEALTHY);
		cr_expect_eq(checks_stats(&checks, "web", &addr, port).checks, 1);
		close(server);
	}
}

Test(checker, registration_ends_with_the_first_check)
{
	uint16_t port = 0;
	int filler, server = loopback_listen_full(AF_INET, &port, &filler);

	checks_add_group(&checks, "web")->health_check.timeout_ms = 300000;
	checks_add_target(&checks, "web", &addr, port);
	checks_follow(&checks);
	expect_state("web", port, REGISTERING);
	checks_await(&checks, "web", &addr, port, CHECKING);
	cr_expect_eq(checks_stats(&checks, "web", &addr, port).checks, 0);
	event_base_loop(checks.base, EVLOOP_ONCE);
	cr_expect_eq(checks.changes, 1);
	close(filler);
	close(server);
}

Test(checker, a_refusing_target_is_unhealthy_after_the_threshold)
{
	for (size_t i = 0; i < ARRAY_SIZE(families); i++) {
		uint16_t port = loopback_closed_port(families[i]);
		struct check_stats stats;

		addr = loopback_addr(families[i]);
		checks_add_group(&checks, "web");
		checks_add_target(&checks, "web", &addr, port);
		checks_follow(&checks);
		checks_await(&checks, "web", &addr, port, FAILED);
		stats = checks_stats(&checks, "web", &addr, port);
		cr_expect_eq(stats.checks, 3);
		cr_expect_eq(stats.failures[CHECK_FAILED], 3);
		cr_expect_eq(stats.failures[CHECK_TIMED_OUT], 0);
		cr_expect_eq(stats.failures[CHECK_PASSED], 0);
	}
}

Test(checker, a_silent_target_is_unhealthy_after_the_threshold)
{
	for (size_t i = 0; i < ARRAY_SIZE(families); i++) {
		uint16_t port = 0;
		int filler, server = loopback_listen_full(families[i], &port, &filler);
		struct check_stats stats;

		addr = loopback_addr(families[i]);
		checks_add_group(&checks, "web");
		checks_add_target(&checks, "web", &addr, port);
		checks_follow(&checks);
		checks_await(&checks, "web", &addr, port, TIMED_OUT);
		stats = checks_stats(&checks, "web", &addr, port);
		cr_expect_eq(stats.failures[CHECK_TIMED_OUT], 3);
		cr_expect_geq(stats.last_duration_us, 80000);
		cr_expect_geq(stats.duration_sum_us, 3 * 80000);
		close(filler);
		close(server);
	}
}

Test(checker, a_target_that_dies_falls_and_one_that_returns_rises)
{
	for (size_t i = 0; i < ARRAY_SIZE(families); i++) {
		uint16_t port = 0;
		int server = loopback_listen(families[i], &port);
		struct check_stats stats;

		addr = loopback_addr(families[i]);
		checks_add_group(&checks, "web");
		checks_add_target(&checks, "web", &addr, port);
		checks_follow(&checks);
		checks_await(&checks, "web", &addr, port, HEALTHY);
		close(server);
		checks_await(&checks, "web", &addr, port, FAILED);
		stats = checks_stats(&checks, "web", &addr, port);
		cr_expect_eq(stats.failures[CHECK_FAILED], 3);
		server = loopback_listen(families[i], &port);
		checks_await(&checks, "web", &addr, port, HEALTHY);
		cr_expect_geq(checks_stats(&checks, "web", &addr, port).checks, stats.checks + 3);
		close(server);
	}
}

Test(checker, a_silent_target_that_answers_again_rises)
{
	uint16_t port = 0;
	int filler, server = loopback_listen_full(AF_INET, &port, &filler);

	checks_add_group(&checks, "web");
	checks_add_target(&checks, "web", &addr, port);
	checks_follow(&checks);
	checks_await(&checks, "web", &addr, port, TIMED_OUT);
	close(filler);
	close(accept(server, NULL, NULL));
	checks_await(&checks, "web", &addr, port, HEALTHY);
	close(server);
}

Test(checker, the_reason_follows_the_last_failure)
{
	uint16_t port = 0;
	int filler, server = loopback_listen_full(AF_INET, &port, &filler);

	checks_add_group(&checks, "web");
	checks_add_target(&checks, "web", &addr, port);
	checks_follow(&checks);
	checks_await(&checks, "web", &addr, port, TIMED_OUT);
	close(filler);
	close(server);
	checks_await(&checks, "web", &addr, port, FAILED);
}

Test(checker, the_check_goes_to_its_own_port_if_it_has_one)
{
	uint16_t port = 0, closed = loopback_closed_port(AF_INET);
	int server = loopback_listen(AF_INET, &port);

	checks_add_group(&checks, "web")->health_check.port = port;
	checks_add_target(&checks, "web", &addr, closed);
	checks_add_group(&checks, "dead")->health_check.port = closed;
	checks_add_target(&checks, "dead", &addr, port);
	checks_follow(&checks);
	checks_await(&checks, "web", &addr, closed, HEALTHY);
	checks_await(&checks, "dead", &addr, port, FAILED);
	close(server);
}

Test(checker, checks_keep_the_interval)
{
	uint16_t port = 0;
	int server = loopback_listen(AF_INET, &port);
	uint64_t began_ms;

	checks_add_group(&checks, "web");
	checks_add_target(&checks, "web", &addr, port);
	checks_follow(&checks);
	checks_await_count(&checks, "web", &addr, port, 1);
	began_ms = monotonic_ms();
	checks_await_count(&checks, "web", &addr, port, 11);
	/* Ten intervals of 20 ms, each at most a tenth and a tick of the loop's clock short. */
	cr_expect_geq(monotonic_ms() - began_ms, 10 * (20 - 2 - 4));
	close(server);
}

/* In the time of ten quick checks there are about ten slow ones too. */
Test(checker, the_interval_counts_from_the_start_of_a_check)
{
	uint16_t port = 0, silent = 0;
	int filler, full = loopback_listen_full(AF_INET, &silent, &filler);
	int server = loopback_listen(AF_INET, &port);

	checks_add_group(&checks, "slow")->health_check.interval_ms = 120;
	checks_add_target(&checks, "slow", &addr, silent);
	checks_add_group(&checks, "fast")->health_check.interval_ms = 120;
	checks_add_target(&checks, "fast", &addr, port);
	checks_follow(&checks);
	checks_await_count(&checks, "fast", &addr, port, 11);
	cr_expect_geq(checks_stats(&checks, "slow", &addr, silent).checks, 8);
	close(server);
	close(filler);
	close(full);
}

Test(checker, a_timeout_above_the_interval_keeps_one_check_in_flight)
{
	uint16_t port = 0;
	int filler, server = loopback_listen_full(AF_INET, &port, &filler);
	unsigned descriptors = count_descriptors();
	uint64_t checked = 0;

	checks_add_group(&checks, "web");
	checks_add_target(&checks, "web", &addr, port);
	checks_follow(&checks);
	while (checked < 3) {
		event_base_loop(checks.base, EVLOOP_ONCE);
		cr_assert_leq(count_descriptors(), descriptors + 1);
		checked = checks_stats(&checks, "web", &addr, port).checks;
	}
	close(filler);
	close(server);
}

/* And is told once, not once a check. */
Test(checker, our_own_lack_of_descriptors_takes_no_target_down)
{
	struct rlimit limit, none;
	uint16_t port = 0;
	int server = loopback_listen(AF_INET, &port);
	char expected[256];

	checks_add_group(&checks, "web");
	checks_add_target(&checks, "web", &addr, port);
	checks_follow(&checks);
	checks_await(&checks, "web", &addr, port, HEALTHY);
	checks_await_count(&checks, "web", &addr, port, 2);
	cr_redirect_stderr();
	log_set_level(LOG_LEVEL_WARNING);
	cr_assert_not(getrlimit(RLIMIT_NOFILE, &limit));
	none = limit;
	none.rlim_cur = 0;
	cr_assert_not(setrlimit(RLIMIT_NOFILE, &none));
	/* Nothing is in flight, so each turn of the loop is a check that cannot begin. */
	for (int turn = 0; turn < 10; turn++)
		event_base_loop(checks.base, EVLOOP_ONCE);
	cr_assert_not(setrlimit(RLIMIT_NOFILE, &limit));
	expect_state("web", port, HEALTHY);
	cr_expect_eq(checks_stats(&checks, "web", &addr, port).failures[CHECK_FAILED], 0);
	close(server);
	checks_await(&checks, "web", &addr, port, FAILED);
	snprintf(expected, sizeof(expected),
		 "warning health: target 'web 127.0.0.1:%u': tcp check not possible, state kept: "
		 "Too many open files\n", port);
	cr_expect_stderr_eq_str(expected);
}

Test(checker, opening_raises_the_descriptor_limit_to_the_hard_one)
{
	struct rlimit limit;

	checks_clean(&checks);
	cr_assert_not(getrlimit(RLIMIT_NOFILE, &limit));
	limit.rlim_cur = limit.rlim_max / 2;
	cr_assert_not(setrlimit(RLIMIT_NOFILE, &limit));
	checks_init(&checks);
	cr_assert_not(getrlimit(RLIMIT_NOFILE, &limit));
	cr_expect_eq(limit.rlim_cur, limit.rlim_max);
}

/* Enough targets that several change state in each turn of the loop. */
Test(checker, changes_are_told_at_most_once_a_turn)
{
	enum { TARGETS = 300 };
	unsigned healthy = 0, turns_with_change = 0;
	uint16_t port = 0;
	int server = loopback_listen(AF_INET, &port);

	checks_add_group(&checks, "web");
	for (unsigned i = 0; i < TARGETS; i++) {
		addr_from_v4(&addr, htonl(0x7f010000 + i));
		checks_add_target(&checks, "web", &addr, port);
	}
	checks_follow(&checks);
	while (healthy < TARGETS) {
		unsigned before = checks.changes;
		const struct group *group = model_find_group(checks.model, "web");

		event_base_loop(checks.base, EVLOOP_ONCE);
		cr_assert_leq(checks.changes, before + 1);
		turns_with_change += checks.changes != before;
		healthy = 0;
		for (size_t i = 0; i < group->target_count; i++)
			healthy += group->targets[i].state == TARGET_HEALTHY;
	}
	cr_expect_eq(checks.changes, turns_with_change);
	close(server);
}

Test(checker, nothing_is_told_when_nothing_changes)
{
	uint16_t port = 0;
	int server = loopback_listen(AF_INET, &port);
	unsigned changes;

	checks_add_group(&checks, "web");
	checks_add_target(&checks, "web", &addr, port);
	checks_follow(&checks);
	checks_await(&checks, "web", &addr, port, HEALTHY);
	checks_await_count(&checks, "web", &addr, port, 2);
	changes = checks.changes;
	checks_await_count(&checks, "web", &addr, port, 10);
	cr_expect_eq(checks.changes, changes);
	close(server);
}

Test(checker, a_state_change_is_one_line_in_the_log)
{
	uint16_t port = loopback_closed_port(AF_INET);
	char expected[256];
	int server;

	cr_redirect_stderr();
	log_set_level(LOG_LEVEL_INFO);
	checks_add_group(&checks, "web");
	checks_add_target(&checks, "web", &addr, port);
	checks_follow(&checks);
	checks_await(&checks, "web", &addr, port, FAILED);
	checks_await_count(&checks, "web", &addr, port, 5);
	server = loopback_listen(AF_INET, &port);
	checks_await(&checks, "web", &addr, port, HEALTHY);
	close(server);
	snprintf(expected, sizeof(expected),
		 "info health: target 'web 127.0.0.1:%u': initial -> unhealthy "
		 "(tcp: Connection refused)\n"
		 "info health: target 'web 127.0.0.1:%u': unhealthy -> healthy (tcp: connected)\n",
		 port, port);
	cr_expect_stderr_eq_str(expected);
}

Test(checker, closing_ends_checks_in_flight)
{
	uint16_t port = 0;
	int filler, server = loopback_listen_full(AF_INET, &port, &filler);
	unsigned descriptors = count_descriptors();

	checks_add_group(&checks, "web");
	checks_add_target(&checks, "web", &addr, port);
	checks_follow(&checks);
	checks_await(&checks, "web", &addr, port, CHECKING);
	cr_expect_eq(count_descriptors(), descriptors + 1);
	checker_close(&checks.checker);
	cr_expect_eq(count_descriptors(), descriptors);
	cr_expect_eq(event_base_get_num_events(checks.base, EVENT_BASE_COUNT_ADDED), 0);
	close(filler);
	close(server);
}
