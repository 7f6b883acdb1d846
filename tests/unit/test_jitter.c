// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* health/jitter.c: bounds, spread, and that the seed is all there is. */
#include <criterion/criterion.h>

#include "base/cleanup.h"
#include "health/jitter.h"

enum { SAMPLES = 100000 };

Test(jitter, the_next_check_is_due_within_a_tenth_of_the_interval)
{
	static const uint32_t intervals_ms[] = { 100, 5000, 300000 };

	for (size_t i = 0; i < ARRAY_SIZE(intervals_ms); i++) {
		uint64_t interval_us = intervals_ms[i] * 1000ULL;
		uint64_t least = UINT64_MAX, most = 0;
		struct jitter jitter;
		double sum = 0;

		jitter_init(&jitter, 1);
		for (int n = 0; n < SAMPLES; n++) {
			uint64_t delay = jitter_next_us(&jitter, intervals_ms[i]);

			least = delay < least ? delay : least;
			most = delay > most ? delay : most;
			sum += (double)delay;
		}
		cr_expect_geq(least, interval_us * 90 / 100);
		cr_expect_leq(most, interval_us * 110 / 100);
		/* The whole range is used, evenly: on average the interval is kept. */
		cr_expect_lt(least, interval_us * 901 / 1000);
		cr_expect_gt(most, interval_us * 1099 / 1000);
		cr_expect_float_eq(sum / SAMPLES, (double)interval_us, (double)interval_us / 1000);
	}
}

/* The latest of many first checks when count targets are new. */
static uint64_t latest_first_us(uint32_t interval_ms, size_t count)
{
	struct jitter jitter;
	uint64_t most = 0;

	jitter_init(&jitter, 2);
	for (int n = 0; n < SAMPLES; n++) {
		uint64_t delay = jitter_first_us(&jitter, interval_ms, count);

		most = delay > most ? delay : most;
	}
	return most;
}

Test(jitter, a_handful_of_new_targets_is_checked_at_once)
{
	cr_expect_leq(latest_first_us(10000, 1), 1000);
	cr_expect_leq(latest_first_us(10000, 5), 5000);
	cr_expect_gt(latest_first_us(10000, 5), 4000);
}

Test(jitter, many_new_targets_are_spread_over_one_interval)
{
	cr_expect_leq(latest_first_us(5000, 10000), 5000000);
	cr_expect_gt(latest_first_us(5000, 10000), 4900000);
	cr_expect_leq(latest_first_us(20000, 10000), 10000000);
}

Test(jitter, first_checks_come_evenly)
{
	unsigned per_tenth[10] = { 0 };
	struct jitter jitter;

	jitter_init(&jitter, 3);
	for (int n = 0; n < SAMPLES; n++)
		per_tenth[jitter_first_us(&jitter, 5000, 10000) * 10 / 5000001]++;
	for (int i = 0; i < 10; i++) {
		cr_expect_gt(per_tenth[i], SAMPLES / 10 * 95 / 100);
		cr_expect_lt(per_tenth[i], SAMPLES / 10 * 105 / 100);
	}
}

Test(jitter, the_seed_decides)
{
	struct jitter a, b, c;
	unsigned differences = 0;

	jitter_init(&a, 4);
	jitter_init(&b, 4);
	jitter_init(&c, 5);
	for (int n = 0; n < 100; n++) {
		uint64_t delay = jitter_next_us(&a, 10000);

		cr_expect_eq(delay, jitter_next_us(&b, 10000));
		differences += delay != jitter_next_us(&c, 10000);
	}
	cr_expect_gt(differences, 90);
}
