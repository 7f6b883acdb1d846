// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* model/yaml_emit.c: what the text looks like, and that it means the tree it was made of. */
#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "model/yaml.h"
#include "random_tree.h"

static json_t *parse_tree(const char *text)
{
	struct lines *lines = NULL;
	json_t *tree = NULL;
	struct err err;

	cr_assert_eq(yaml_parse(text, strlen(text), &tree, &lines, &err), 0, "%s\nof\n%s", err.text,
		     text);
	lines_free(&lines);
	return tree;
}

Test(yaml_emit, writes_blocks_and_quotes_what_would_be_read_as_another_type)
{
	json_auto_t *tree = json_loads(
		"{\"hash_secret\": \"12345678901234567890123456789012\", \"listeners\": ["
		"{\"name\": \"80\", \"address\": \"2001:db8::10\", \"port\": 80, \"groups\": {\"true\": 1}},"
		"{\"name\": \"null\", \"address\": \"192.0.2.10\", \"port\": \"80-90\"}],"
		"\"groups\": [], \"note\": \"two\\nlines \\u00fc\", \"none\": {}, \"real\": 3.0,"
		"\"on\": true, \"nothing\": null}",
		0, NULL);
	_cleanup_free_ char *text = yaml_emit(tree);

	cr_assert_str_eq(text, "hash_secret: 12345678901234567890123456789012\n"
			       "listeners:\n"
			       "- name: '80'\n"
			       "  address: 2001:db8::10\n"
			       "  port: 80\n"
			       "  groups:\n"
			       "    'true': 1\n"
			       "- name: 'null'\n"
			       "  address: 192.0.2.10\n"
			       "  port: 80-90\n"
			       "groups: []\n"
			       "note: \"two\\nlines \xc3\xbc\"\n"
			       "none: {}\n"
			       "real: 3.0\n"
			       "on: true\n"
			       "nothing: null\n");
}

static void expect_round_trip(const json_t *tree)
{
	_cleanup_free_ char *json = json_dumps(tree, JSON_ENCODE_ANY);
	_cleanup_free_ char *text = yaml_emit(tree);
	json_auto_t *back = NULL;

	cr_assert_not_null(text, "%s", json);
	back = parse_tree(text);
	cr_assert(json_equal(tree, back), "%s\nbecame\n%s", json, text);
}

Test(yaml_emit, every_text_comes_back_as_itself)
{
	static const char *const texts[] = {
		"", " ", "  x", "x  ", "\n", "x\n", "\nx", "x\n\n", "x\ny", "\t", "x\ty", "\r",
		"x\r\ny", "'", "\"", "''", "x'y", "x\"y", "\\", "\\n", ":", "x:", ":x", "x: y",
		"x :y", "#", "#x", "x #y", "x# y", "-", "- x", "-x", "--", "---", "--- x", "...",
		"?", "? x", "[", "]", "{", "}", ",", "x,y", "&x", "*x", "!x", "!", "|", ">", "%",
		"%YAML 1.1", "@", "`", "0", "-1", "1.5", "1e5", "true", "null", "~", "False",
		"10.0.0.11:8080", "::", "fd00::", "<<", "=", "\x7f", "\xc2\x80", "\xc2\x85",
		"\xc2\xa0", "\xe2\x80\xa8", "\xef\xbb\xbf", "\xef\xbf\xbe", "\xf0\x9f\x98\x80",
		"\xed\x9f\xbf", "\xee\x80\x80", "\x01", "\x1b[31m", "x \xc3\xbc y",
	};

	for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
		json_auto_t *tree = json_pack("{s:s, s:[s], s:{s:i}}", "text", texts[i], "list",
					      texts[i], "key", texts[i], 1);

		cr_assert_not_null(tree);
		expect_round_trip(tree);
		expect_round_trip(json_object_get(tree, "text"));
	}
}

static size_t count_lines(const char *text)
{
	size_t lines = 0;

	for (; *text; text++)
		lines += *text == '\n';
	return lines;
}

Test(yaml_emit, long_lines_and_long_keys_stay_whole)
{
	_cleanup_free_ char *emitted = NULL;
	json_auto_t *tree = NULL;
	char text[4001];

	for (size_t i = 0; i + 1 < sizeof(text); i++)
		text[i] = i % 7 ? 'x' : ' ';
	text[sizeof(text) - 1] = '\0';
	tree = json_pack("{s:s, s:i}", "text", text, text, 1);
	expect_round_trip(tree);
	emitted = yaml_emit(tree);
	cr_assert_eq(count_lines(emitted), 3, "a text, a key of its own and its value");
}

Test(yaml_emit, numbers_keep_their_type_and_value)
{
	static const double reals[] = { 0.0,	1.0,  -1.5, 0.1,  0.1 + 0.2,  1e300,
					5e-324, 1e15, 1e16, 1e17, 123456789.0 };
	json_auto_t *tree = json_array();

	for (size_t i = 0; i < ARRAY_SIZE(reals); i++)
		json_array_append_new(tree, json_real(reals[i]));
	json_array_append_new(tree, json_integer(INT64_MAX));
	json_array_append_new(tree, json_integer(INT64_MIN));
	expect_round_trip(tree);
}

Test(yaml_emit, random_trees_come_back_as_they_were)
{
	struct random_source random = { .state = 1 };

	for (int i = 0; i < 3000; i++) {
		json_auto_t *tree = random_tree(&random, 5);

		expect_round_trip(tree);
	}
}
