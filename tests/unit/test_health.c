// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* health/health.c: every transition as a row: where it starts, the results, where it ends. */
#include <criterion/criterion.h>
#include <string.h>

#include "base/cleanup.h"
#include "health/health.h"

#define INITIAL TARGET_INITIAL, TARGET_REASON_INITIAL_HEALTH_CHECKING
#define HEALTHY TARGET_HEALTHY, TARGET_REASON_NONE
#define TIMED_OUT TARGET_UNHEALTHY, TARGET_REASON_TIMEOUT
#define FAILED TARGET_UNHEALTHY, TARGET_REASON_FAILED_HEALTH_CHECKS

struct row {
	const char *title;
	enum target_state state;
	enum target_reason reason;
	uint8_t rise, fall;
	const char *results;		/* . passed, t timed out, f failed */
	enum target_state end_state;
	enum target_reason end_reason;
	unsigned changes;		/* how many of the results changed something */
};

static enum check_result result_of(char letter)
{
	return letter == '.' ? CHECK_PASSED : letter == 't' ? CHECK_TIMED_OUT : CHECK_FAILED;
}

static void expect(const struct row *row)
{
	struct health_check check = {
		.healthy_threshold = row->rise,
		.unhealthy_threshold = row->fall,
	};
	struct health health;
	unsigned changes = 0;

	health_init(&health, row->state, row->reason);
	health_begin(&health);
	for (const char *letter = row->results; *letter; letter++) {
		struct health before = health;
		bool changed = health_report(&health, &check, result_of(*letter));

		cr_expect_eq(changed,
			     before.state != health.state || before.reason != health.reason,
			     "%s: what '%c' returned", row->title, *letter);
		changes += changed;
	}
	cr_expect_str_eq(target_state_name(health.state), target_state_name(row->end_state), "%s",
			 row->title);
	cr_expect_str_eq(target_reason_name(health.reason), target_reason_name(row->end_reason),
			 "%s", row->title);
	cr_expect_eq(changes, row->changes, "%s: %u changes", row->title, changes);
}

static void expect_all(const struct row *rows, size_t count)
{
	for (size_t i = 0; i < count; i++)
		expect(&rows[i]);
}

Test(health, a_new_target_needs_one_pass)
{
	static const struct row rows[] = {
		{ "nothing yet", INITIAL, 3, 3, "", INITIAL, 0 },
		{ "pass", INITIAL, 3, 3, ".", HEALTHY, 1 },
		{ "pass, rise 10", INITIAL, 10, 10, ".", HEALTHY, 1 },
		{ "pass after failures", INITIAL, 3, 3, "ff.", HEALTHY, 1 },
	};

	expect_all(rows, ARRAY_SIZE(rows));
}

Test(health, a_new_target_falls_after_the_threshold)
{
	static const struct row rows[] = {
		{ "one of 3", INITIAL, 3, 3, "f", INITIAL, 0 },
		{ "two of 3", INITIAL, 3, 3, "ff", INITIAL, 0 },
		{ "three of 3", INITIAL, 3, 3, "fff", FAILED, 1 },
		{ "one of 1", INITIAL, 3, 1, "f", FAILED, 1 },
		{ "nine of 10", INITIAL, 3, 10, "fffffffff", INITIAL, 0 },
		{ "ten of 10", INITIAL, 3, 10, "ffffffffff", FAILED, 1 },
	};

	expect_all(rows, ARRAY_SIZE(rows));
}

Test(health, a_healthy_target_falls_after_the_threshold)
{
	static const struct row rows[] = {
		{ "passes", HEALTHY, 3, 3, "....", HEALTHY, 0 },
		{ "two of 3", HEALTHY, 3, 3, "ff", HEALTHY, 0 },
		{ "three of 3", HEALTHY, 3, 3, "fff", FAILED, 1 },
		{ "a pass between resets the streak", HEALTHY, 3, 3, "ff.ff", HEALTHY, 0 },
		{ "and it begins anew", HEALTHY, 3, 3, "ff.fff", FAILED, 1 },
		{ "one of 1", HEALTHY, 3, 1, "f", FAILED, 1 },
		{ "nine of 10", HEALTHY, 1, 10, "fffffffff", HEALTHY, 0 },
		{ "ten of 10", HEALTHY, 1, 10, "ffffffffff", FAILED, 1 },
		{ "ten with a pass between", HEALTHY, 1, 10, "fffff.fffff", HEALTHY, 0 },
		{ "failures of both kinds count together", HEALTHY, 3, 3, "ftf", FAILED, 1 },
	};

	expect_all(rows, ARRAY_SIZE(rows));
}

Test(health, an_unhealthy_target_rises_after_the_threshold)
{
	static const struct row rows[] = {
		{ "failures", FAILED, 3, 3, "fff", FAILED, 0 },
		{ "two of 3", FAILED, 3, 3, "..", FAILED, 0 },
		{ "three of 3", FAILED, 3, 3, "...", HEALTHY, 1 },
		{ "a failure between resets the streak", FAILED, 3, 3, "..f..", FAILED, 0 },
		{ "and it begins anew", FAILED, 3, 3, "..f...", HEALTHY, 1 },
		{ "one of 1", FAILED, 1, 3, ".", HEALTHY, 1 },
		{ "nine of 10", FAILED, 10, 1, ".........", FAILED, 0 },
		{ "ten of 10", FAILED, 10, 1, "..........", HEALTHY, 1 },
	};

	expect_all(rows, ARRAY_SIZE(rows));
}

Test(health, one_pass_is_for_new_targets_only)
{
	static const struct row rows[] = {
		{ "fell while new", INITIAL, 3, 3, "fff.", FAILED, 1 },
		{ "fell while new, rises", INITIAL, 3, 3, "fff...", HEALTHY, 2 },
		{ "fell once, a pass", INITIAL, 3, 3, ".fff.", FAILED, 2 },
		{ "up, down, up", INITIAL, 2, 2, ".ff..", HEALTHY, 3 },
	};

	expect_all(rows, ARRAY_SIZE(rows));
}

Test(health, the_last_failure_gives_the_reason)
{
	static const struct row rows[] = {
		{ "timed out", HEALTHY, 3, 3, "ttt", TIMED_OUT, 1 },
		{ "timed out last", HEALTHY, 3, 3, "fft", TIMED_OUT, 1 },
		{ "failed last", HEALTHY, 3, 3, "ttf", FAILED, 1 },
		{ "new, timed out last", INITIAL, 3, 3, "fft", TIMED_OUT, 1 },
		{ "later failure of the other kind", HEALTHY, 3, 3, "tttf", FAILED, 2 },
		{ "and back", HEALTHY, 3, 3, "tttft", TIMED_OUT, 3 },
		{ "a pass in between says nothing", TIMED_OUT, 3, 3, "..", TIMED_OUT, 0 },
		{ "the other kind resets the streak too", TIMED_OUT, 3, 3, "..f..", FAILED, 1 },
	};

	expect_all(rows, ARRAY_SIZE(rows));
}

Test(health, a_lowered_threshold_counts_the_streak_so_far)
{
	struct health_check check = { .healthy_threshold = 10, .unhealthy_threshold = 10 };
	struct health health;

	health_init(&health, TARGET_HEALTHY, TARGET_REASON_NONE);
	for (int i = 0; i < 5; i++)
		cr_assert_not(health_report(&health, &check, CHECK_FAILED));
	check.unhealthy_threshold = 2;
	cr_assert(health_report(&health, &check, CHECK_FAILED));
	cr_assert_eq(health.state, TARGET_UNHEALTHY);
}

Test(health, starts_from_what_is_known)
{
	static const struct {
		enum target_state state;
		enum target_reason reason;
		enum target_state start_state;
		enum target_reason start_reason;
	} rows[] = {
		{ HEALTHY, HEALTHY },
		{ TIMED_OUT, TIMED_OUT },
		{ FAILED, FAILED },
		{ TARGET_UNAVAILABLE, TARGET_REASON_HEALTH_CHECK_DISABLED, HEALTHY },
		{ INITIAL, TARGET_INITIAL, TARGET_REASON_REGISTRATION_IN_PROGRESS },
		{ TARGET_UNUSED, TARGET_REASON_NOT_IN_USE, TARGET_INITIAL,
		  TARGET_REASON_REGISTRATION_IN_PROGRESS },
		{ TARGET_DRAINING, TARGET_REASON_DEREGISTRATION_IN_PROGRESS, TARGET_INITIAL,
		  TARGET_REASON_REGISTRATION_IN_PROGRESS },
		{ TARGET_UNHEALTHY_DRAINING, TARGET_REASON_TIMEOUT, TIMED_OUT },
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct health health;

		memset(&health, 0xff, sizeof(health));
		health_init(&health, rows[i].state, rows[i].reason);
		cr_expect_eq(health.state, rows[i].start_state, "row %zu", i);
		cr_expect_eq(health.reason, rows[i].start_reason, "row %zu", i);
		cr_expect_eq(health.streak, 0, "row %zu", i);
	}
}

Test(health, registration_ends_when_the_first_check_begins)
{
	struct health health;

	health_init(&health, TARGET_INITIAL, TARGET_REASON_NONE);
	cr_assert_eq(health.reason, TARGET_REASON_REGISTRATION_IN_PROGRESS);
	cr_assert(health_begin(&health));
	cr_assert_eq(health.state, TARGET_INITIAL);
	cr_assert_eq(health.reason, TARGET_REASON_INITIAL_HEALTH_CHECKING);
	cr_assert_not(health_begin(&health));

	health_init(&health, TARGET_HEALTHY, TARGET_REASON_NONE);
	cr_assert_not(health_begin(&health));
	cr_assert_eq(health.reason, TARGET_REASON_NONE);
}
