// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* model/duration.c and model/show.c: small texts in, small texts out. */
#include "model/duration.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "model/show.h"

Test(duration, is_read_in_every_unit_and_says_which)
{
	static const struct {
		const char *text;
		uint64_t ms, unit_ms;
	} cases[] = {
		{ "0", 0, 1000 },
		{ "10", 10000, 1000 },
		{ "10s", 10000, 1000 },
		{ "250ms", 250, 1 },
		{ "5m", 300000, 60000 },
		{ "1h", 3600000, 3600000 },
		{ "18446744073709551615ms", UINT64_MAX, 1 },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		uint64_t ms = 0, unit_ms = 0;

		cr_expect(duration_parse(cases[i].text, &ms, &unit_ms), "%s", cases[i].text);
		cr_expect_eq(ms, cases[i].ms, "%s", cases[i].text);
		cr_expect_eq(unit_ms, cases[i].unit_ms, "%s", cases[i].text);
	}
}

Test(duration, is_nothing_else)
{
	static const char *const texts[] = { "",
					     "s",
					     "-1s",
					     "+1s",
					     " 1s",
					     "1 s",
					     "1s ",
					     "1.5s",
					     "1d",
					     "1S",
					     "1sm",
					     "0x10",
					     "18446744073709551616ms",
					     "18446744073709551615s",
					     "5124095576030432h" };

	for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
		uint64_t ms = 7, unit_ms = 7;

		cr_expect_not(duration_parse(texts[i], &ms, &unit_ms), "%s", texts[i]);
		cr_expect(ms == 7 && unit_ms == 7);
	}
}

Test(duration, is_written_in_the_unit_asked_for_or_the_next_that_is_exact)
{
	static const struct {
		uint64_t ms, unit_ms;
		const char *text;
	} cases[] = {
		{ 0, 1000, "0s" },	    { 10000, 1000, "10s" },
		{ 1500, 1000, "1500ms" },   { 3600000, 1000, "3600s" },
		{ 3600000, 3600000, "1h" }, { 300000, 3600000, "5m" },
		{ 100, 60000, "100ms" },    { 90000, 60000, "90s" },
		{ 10000, 1, "10000ms" },    { UINT64_MAX, 3600000, "18446744073709551615ms" },
	};
	char text[DURATION_TEXT_SIZE];

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
		cr_expect_str_eq(duration_format(cases[i].ms, cases[i].unit_ms, text),
				 cases[i].text);
}

Test(show, keeps_printable_ascii_and_cuts_at_64)
{
	char long_text[66], shown[SHOWN_SIZE], expected[SHOWN_SIZE];

	memset(long_text, 'x', sizeof(long_text));
	long_text[65] = '\0';
	snprintf(expected, sizeof(expected), "%.64s...", long_text);
	cr_expect_str_eq(show_text(long_text, shown), expected);
	long_text[64] = '\0';
	cr_expect_str_eq(show_text(long_text, shown), long_text);
	cr_expect_str_eq(show_text("", shown), "");
	cr_expect_str_eq(show_text("a ~'\"", shown), "a ~'\"");
	cr_expect_str_eq(show_text("\n\t\x1b[31m\x7f", shown), "???[31m?");
	cr_expect_str_eq(show_text("\xc3\xbc\xe2\x82\xac\xf0\x9f\x98\x80.", shown), "???.");
	cr_expect_str_eq(show_text("\xc2\x9b"
				   "2J",
				   shown),
			 "?2J");
}
