// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "stats/rates.h"

#include <criterion/criterion.h>
#include <string.h>

static void sample(struct rates *rates, uint64_t forwarded, uint64_t last, uint64_t now_ms)
{
	uint64_t count[REASON_COUNT] = { 0 };

	count[REASON_FORWARDED] = forwarded;
	count[REASON_COUNT - 1] = last;
	rates_sample(rates, count, now_ms);
}

Test(rates, the_first_sample_has_no_rate)
{
	struct rates rates = { 0 };

	sample(&rates, 1000000, 5, 123456);
	for (int i = 0; i < REASON_COUNT; i++)
		cr_expect_eq(rates.per_second[i], 0);
}

Test(rates, are_the_rise_since_the_previous_sample_per_second)
{
	struct rates rates = { 0 };

	sample(&rates, 1000000, 5, 123456);
	sample(&rates, 1000500, 5, 123956);
	cr_expect_float_eq(rates.per_second[REASON_FORWARDED], 1000, 1e-9);
	cr_expect_eq(rates.per_second[REASON_COUNT - 1], 0);
	cr_expect_eq(rates.per_second[REASON_NO_TARGET], 0);
	sample(&rates, 1000501, 15, 125956);
	cr_expect_float_eq(rates.per_second[REASON_FORWARDED], 0.5, 1e-9);
	cr_expect_float_eq(rates.per_second[REASON_COUNT - 1], 5, 1e-9);
}

Test(rates, a_sample_without_time_in_between_changes_nothing)
{
	struct rates rates = { 0 }, before;

	sample(&rates, 100, 0, 1000);
	sample(&rates, 200, 0, 2000);
	before = rates;
	sample(&rates, 300, 0, 2000);
	cr_expect_eq(memcmp(&rates, &before, sizeof(rates)), 0);
	sample(&rates, 300, 0, 1999);
	cr_expect_eq(memcmp(&rates, &before, sizeof(rates)), 0);
	sample(&rates, 300, 0, 3000);
	cr_expect_float_eq(rates.per_second[REASON_FORWARDED], 100, 1e-9);
}

Test(rates, a_counter_that_went_backwards_stands_still)
{
	struct rates rates = { 0 };

	sample(&rates, 1000, 7, 1000);
	sample(&rates, 10, 8, 2000);
	cr_expect_eq(rates.per_second[REASON_FORWARDED], 0);
	cr_expect_float_eq(rates.per_second[REASON_COUNT - 1], 1, 1e-9);
	sample(&rates, 30, 8, 3000);
	cr_expect_float_eq(rates.per_second[REASON_FORWARDED], 20, 1e-9);
}
