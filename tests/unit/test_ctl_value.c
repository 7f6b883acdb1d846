// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* ctl/value.c: the text of an option becomes the JSON that the daemon expects, or a sentence. */
#include "ctl/value.h"

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/err.h"

struct value_case {
	json_t *(*encode)(const char *text, struct err *err);
	const char *text;
	const char *json;		/* NULL: refused */
	const char *sentence;
};

static void check(const struct value_case *cases, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		struct err err = { 0 };
		json_auto_t *value = cases[i].encode(cases[i].text, &err);
		_cleanup_free_ char *json =
			value ? json_dumps(value, JSON_COMPACT | JSON_ENCODE_ANY) : NULL;

		if (cases[i].json)
			cr_expect_str_eq(json ?: err.text, cases[i].json);
		else
			cr_expect_str_eq(value ? json : err.text, cases[i].sentence);
	}
}

Test(value, text_stays_text_even_if_it_is_digits)
{
	static const struct value_case cases[] = {
		{ value_text, "web", "\"web\"", NULL },
		{ value_text, "123", "\"123\"", NULL },
		{ value_text, "", "\"\"", NULL },
		{ value_text, "a\xff", NULL, "the value is not UTF-8 text" },
	};

	check(cases, ARRAY_SIZE(cases));
}

Test(value, digits_alone_are_a_number_and_anything_else_is_left_to_the_daemon)
{
	static const struct value_case cases[] = {
		{ value_number, "80", "80", NULL },
		{ value_number, "0", "0", NULL },
		{ value_number, "70000", "70000", NULL },
		{ value_number, "8000-8099", "\"8000-8099\"", NULL },
		{ value_number, "any", "\"any\"", NULL },
		{ value_number, "10s", "\"10s\"", NULL },
		{ value_number, "-1", "\"-1\"", NULL },
		{ value_number, "", "\"\"", NULL },
		{ value_number, "999999999999999999", "999999999999999999", NULL },
		{ value_number, "99999999999999999999", "\"99999999999999999999\"", NULL },
	};

	check(cases, ARRAY_SIZE(cases));
}

Test(value, true_and_false_are_booleans_and_anything_else_is_left_to_the_daemon)
{
	static const struct value_case cases[] = {
		{ value_bool, "true", "true", NULL },
		{ value_bool, "false", "false", NULL },
		{ value_bool, "True", "\"True\"", NULL },
		{ value_bool, "yes", "\"yes\"", NULL },
		{ value_bool, "truer", "\"truer\"", NULL },
		{ value_bool, "1", "\"1\"", NULL },
		{ value_bool, "", "\"\"", NULL },
		{ value_bool, "\xff", NULL, "the value is not UTF-8 text" },
	};

	check(cases, ARRAY_SIZE(cases));
}

Test(value, a_list_is_split_at_commas)
{
	static const struct value_case cases[] = {
		{ value_list, "192.0.2.1", "[\"192.0.2.1\"]", NULL },
		{ value_list, "192.0.2.1,fd00::1", "[\"192.0.2.1\",\"fd00::1\"]", NULL },
		{ value_list, "", "[]", NULL },
		{ value_list, "a,", "[\"a\",\"\"]", NULL },
		{ value_list, "a,\xff", NULL, "the value is not UTF-8 text" },
	};

	check(cases, ARRAY_SIZE(cases));
}

Test(value, pairs_become_an_object_and_must_be_pairs)
{
	static const struct value_case cases[] = {
		{ value_pairs, "blue=90,green=10", "{\"blue\":90,\"green\":10}", NULL },
		{ value_pairs, "port=traffic-port,interval=5s",
		  "{\"port\":\"traffic-port\",\"interval\":\"5s\"}", NULL },
		{ value_pairs, "a=b=c", "{\"a\":\"b=c\"}", NULL },
		{ value_pairs, "interval", NULL, "'interval' is not NAME=VALUE" },
		{ value_pairs, "blue=", NULL, "'blue=' is not NAME=VALUE" },
		{ value_pairs, "=90", NULL, "'=90' is not NAME=VALUE" },
		{ value_pairs, "blue=90,", NULL, "'' is not NAME=VALUE" },
		{ value_pairs, "", NULL, "'' is not NAME=VALUE" },
		{ value_pairs, "blue=90,blue=10", NULL, "blue is given twice" },
		{ value_pairs, "\xff=1", NULL, "'\xff' is not UTF-8 text" },
		{ value_pairs, "a=\xff", NULL, "the value is not UTF-8 text" },
	};

	check(cases, ARRAY_SIZE(cases));
}
