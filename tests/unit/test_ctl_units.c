// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Numbers as people read them: exact while small, three digits when large, never a false rounding. */
#include <criterion/criterion.h>

#include "base/cleanup.h"
#include "ctl/units.h"

Test(units, counts_are_exact_up_to_four_digits_and_have_three_digits_above)
{
	static const struct {
		uint64_t count;
		const char *text;
	} cases[] = {
		{ 0, "0" },
		{ 1, "1" },
		{ 9999, "9999" },
		{ 10000, "10.0k" },
		{ 12345, "12.3k" },
		{ 99949, "99.9k" },
		{ 99950, "100k" },
		{ 999499, "999k" },
		{ 999500, "1.00M" },
		{ 1234567, "1.23M" },
		{ 9994999, "9.99M" },
		{ 9995000, "10.0M" },
		{ 1000000000, "1.00G" },
		{ UINT64_MAX, "18.4E" },
	};
	char text[UNITS_TEXT_SIZE];

	for (unsigned i = 0; i < ARRAY_SIZE(cases); i++)
		cr_expect_str_eq(units_count(cases[i].count, text), cases[i].text);
}

Test(units, bytes_are_powers_of_1024)
{
	static const struct {
		uint64_t bytes;
		const char *text;
	} cases[] = {
		{ 0, "0B" },
		{ 9999, "9999B" },
		{ 10240, "10.0KiB" },
		{ 1 << 20, "1.00MiB" },
		{ 1000ull << 20, "0.98GiB" },
		{ 3650722202ull, "3.40GiB" },
		{ UINT64_MAX, "16.0EiB" },
	};
	char text[UNITS_TEXT_SIZE];

	for (unsigned i = 0; i < ARRAY_SIZE(cases); i++)
		cr_expect_str_eq(units_bytes(cases[i].bytes, text), cases[i].text);
}

Test(units, a_rate_above_zero_never_reads_as_zero)
{
	static const struct {
		double rate;
		const char *text;
	} cases[] = {
		{ 0, "0" },
		{ -1, "0" },
		{ 0.001, "<0.1" },
		{ 0.05, "0.1" },
		{ 0.44, "0.4" },
		{ 9.94, "9.9" },
		{ 9.96, "10" },
		{ 44.4, "44" },
		{ 12345.6, "12.3k" },
	};
	char text[UNITS_TEXT_SIZE];

	for (unsigned i = 0; i < ARRAY_SIZE(cases); i++)
		cr_expect_str_eq(units_rate(cases[i].rate, text), cases[i].text);
}

Test(units, durations_have_the_two_largest_units_and_no_empty_one)
{
	static const struct {
		uint64_t seconds;
		const char *text;
	} cases[] = {
		{ 0, "0s" },
		{ 59, "59s" },
		{ 60, "1m" },
		{ 290, "4m 50s" },
		{ 3600, "1h" },
		{ 3659, "1h" },
		{ 3660, "1h 1m" },
		{ 86399, "23h 59m" },
		{ 86400, "1d" },
		{ 273912, "3d 4h" },
	};
	char text[UNITS_TEXT_SIZE];

	for (unsigned i = 0; i < ARRAY_SIZE(cases); i++)
		cr_expect_str_eq(units_duration(cases[i].seconds, text), cases[i].text);
}
