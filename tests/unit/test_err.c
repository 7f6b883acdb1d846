// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* base/err.c: sentences are set, put into context, and kept fit to be shown. */
#include "base/err.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <string.h>

enum { LONGEST = sizeof(((struct err *)NULL)->text) - 1 };

/* The letter x this many times. */
static const char *xs(size_t count)
{
	static char text[2048];

	memset(text, 'x', count);
	text[count] = '\0';
	return text;
}

Test(err, setting_returns_the_negative_code)
{
	struct err err = { 0 };

	cr_expect_eq(err_set(&err, ENOENT, "no group '%s'", "web"), -ENOENT);
	cr_expect_eq(err.code, ENOENT);
	cr_expect_str_eq(err.text, "no group 'web'");
}

Test(err, without_an_err_only_the_code_is_left)
{
	cr_expect_eq(err_set(NULL, ENOENT, "no group '%s'", "web"), -ENOENT);
	cr_expect_eq(err_prefix(NULL, "line %d", 7), -EINVAL);
}

Test(err, prefixes_come_before_the_sentence_and_keep_the_code)
{
	struct err err = { 0 };

	err_set(&err, ERANGE, "port 70000 is not in 1-65535");
	cr_expect_eq(err_prefix(&err, "target %s", "10.0.0.11"), -ERANGE);
	cr_expect_eq(err_prefix(&err, "line %d", 7), -ERANGE);
	cr_expect_eq(err.code, ERANGE);
	cr_expect_str_eq(err.text, "line 7: target 10.0.0.11: port 70000 is not in 1-65535");
}

Test(err, a_sentence_may_quote_itself)
{
	struct err err = { 0 };

	err_set(&err, EIO, "the disk is full");
	err_set(&err, EIO, "%s; and '%s' again", err.text, err.text);
	cr_expect_str_eq(err.text, "the disk is full; and 'the disk is full' again");
}

Test(err, the_longest_sentence_is_whole)
{
	struct err err = { 0 };

	err_set(&err, EINVAL, "%s", xs(LONGEST));
	cr_expect_str_eq(err.text, xs(LONGEST));
}

Test(err, a_longer_one_shows_that_it_was_cut)
{
	struct err err = { 0 };

	err_set(&err, EINVAL, "%s", xs(LONGEST + 1));
	cr_expect_eq(strlen(err.text), LONGEST);
	cr_expect_str_eq(err.text + LONGEST - 4, "x...");
}

Test(err, a_prefix_that_makes_it_too_long_shows_that_too)
{
	struct err err = { 0 };

	err_set(&err, EINVAL, "%s", xs(LONGEST - 2));
	err_prefix(&err, "line 7");
	cr_expect_eq(strlen(err.text), LONGEST);
	cr_expect_eq(strncmp(err.text, "line 7: xxx", 11), 0);
	cr_expect_str_eq(err.text + LONGEST - 4, "x...");

	err_set(&err, EINVAL, "wrong");
	err_prefix(&err, "%s", xs(2000));
	cr_expect_eq(strlen(err.text), LONGEST);
	cr_expect_str_eq(err.text + LONGEST - 4, "x...");
}

/* Else a JSON encoder refuses the sentence. */
Test(err, no_character_is_cut_in_two)
{
	for (size_t before = LONGEST - 12; before <= LONGEST; before++) {
		struct err err = { 0 };
		size_t whole;

		err_set(&err, EINVAL, "%s\u00e4\u20ac\U0001f600\u20ac\u00e4", xs(before));
		whole = strlen(err.text) - 3;
		cr_assert_str_eq(err.text + whole, "...");
		for (size_t i = before; i < whole;) {
			unsigned char lead = (unsigned char)err.text[i];

			i += lead >= 0xf0 ? 4 : lead >= 0xe0 ? 3 : lead >= 0xc0 ? 2 : 1;
			cr_expect_leq(i, whole, "%zu x and '%s'", before, err.text + before);
		}
	}
}

Test(err, a_sentence_is_one_line)
{
	struct err err = { 0 };

	err_set(&err, EINVAL, "group '%s'", "a\nb\tc\x1b[31m\x7f");
	cr_expect_str_eq(err.text, "group 'a?b?c?[31m?'");
	err_prefix(&err, "x\ny");
	cr_expect_str_eq(err.text, "x?y: group 'a?b?c?[31m?'");
}
