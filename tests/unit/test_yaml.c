// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* model/yaml.c, yaml_scalar.c and lines.c: from text to tree, and what was on which line. */
#include "model/yaml.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/err.h"

#define TEXT(literal)                                                                              \
	{                                                                                          \
		literal, sizeof(literal) - 1                                                       \
	}

struct text {
	const char *bytes;
	size_t length;
};

static json_t *parse(const char *text, struct lines **lines)
{
	json_t *tree = NULL;
	struct err err;

	cr_assert_eq(yaml_parse(text, strlen(text), &tree, lines, &err), 0, "%s\nof\n%s", err.text,
		     text);
	return tree;
}

static json_t *parse_tree(const char *text)
{
	struct lines *lines = NULL;
	json_t *tree = parse(text, &lines);

	lines_free(&lines);
	return tree;
}

static void expect_tree(const char *text, const char *json)
{
	json_auto_t *expected = json_loads(json, JSON_DECODE_ANY, NULL);
	json_auto_t *tree = parse_tree(text);
	_cleanup_free_ char *got = json_dumps(tree, JSON_ENCODE_ANY);

	cr_assert_not_null(expected, "%s", json);
	cr_assert(json_equal(tree, expected), "%s\nis %s, not %s", text, got, json);
}

Test(yaml, blocks_and_flows_are_objects_and_lists)
{
	static const struct {
		const char *text, *json;
	} cases[] = {
		{ "a: 1\nb:\n  c: x\n", "{\"a\": 1, \"b\": {\"c\": \"x\"}}" },
		{ "- a\n- - b\n  - c\n", "[\"a\", [\"b\", \"c\"]]" },
		{ "{ a: [1, 2], b: {} }", "{\"a\": [1, 2], \"b\": {}}" },
		{ "a:\n- { b: 1 }\n- { b: 2 }\n", "{\"a\": [{\"b\": 1}, {\"b\": 2}]}" },
		{ "80: x\ntrue: y\n", "{\"80\": \"x\", \"true\": \"y\"}" },
		{ "# comment\na: b # comment\n", "{\"a\": \"b\"}" },
		{ "---\na: b\n...\n", "{\"a\": \"b\"}" },
		{ "%YAML 1.1\n---\na: b\n", "{\"a\": \"b\"}" },
		{ "\xef\xbb\xbf"
		  "a: b\n",
		  "{\"a\": \"b\"}" },
		{ "a: b\r\nc: d\r\n", "{\"a\": \"b\", \"c\": \"d\"}" },
		{ "a: |\n  x\n  y\n", "{\"a\": \"x\\ny\\n\"}" },
		{ "a: >\n  x\n  y\n", "{\"a\": \"x y\\n\"}" },
		{ "gr\xc3\xb6\xc3\x9f"
		  "e: \"\\u00fc\"\n",
		  "{\"gr\\u00f6\\u00dfe\": \"\\u00fc\"}" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
		expect_tree(cases[i].text, cases[i].json);
}

Test(yaml, nothing_is_an_empty_object)
{
	static const char *const texts[] = { "", "\n", "# only a comment\n", "---\n", "~", "null" };

	for (size_t i = 0; i < ARRAY_SIZE(texts); i++)
		expect_tree(texts[i], "{}");
}

Test(yaml, plain_scalars_have_the_types_of_json)
{
	static const struct {
		const char *text, *json;
	} cases[] = {
		{ "0", "0" },
		{ "-0", "0" },
		{ "80", "80" },
		{ "-7", "-7" },
		{ "9223372036854775807", "9223372036854775807" },
		{ "-9223372036854775808", "-9223372036854775808" },
		{ "1.5", "1.5" },
		{ "-0.25", "-0.25" },
		{ "2e3", "2000.0" },
		{ "2.5E-1", "0.25" },
		{ "true", "true" },
		{ "True", "true" },
		{ "TRUE", "true" },
		{ "false", "false" },
		{ "False", "false" },
		{ "FALSE", "false" },
		{ "[~]", "[null]" },
		{ "[null]", "[null]" },
		{ "[Null]", "[null]" },
		{ "[NULL]", "[null]" },
		{ "{a: }", "{\"a\": null}" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
		expect_tree(cases[i].text, cases[i].json);
}

Test(yaml, what_only_some_readers_take_for_a_number_or_a_word_stays_text)
{
	static const char *const texts[] = {
		"080", "00", "-01", "1_000", "0x10", "0o17", "0b1", "+5", ".5", "5.", "1.e3", "1e",
		"1e+", "e3", "--1", "1-", "12:30:45", "10.0.0.11", "10.0.0.11:8080", "80-90",
		"2001:db8::10", "::1", "10s", "500ms", ".inf", "-.inf", ".nan", "NaN", "1e999",
		"-1.5e999", "9223372036854775808", "-9223372036854775809",
		"12345678901234567890123456789012", "00000000000000000000000000000001", "yes", "no",
		"on", "off", "y", "nUlL", "tRUE", "truely", "2026-01-01", "=", "<<",
	};

	for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
		json_auto_t *tree = parse_tree(texts[i]);

		cr_assert(json_is_string(tree), "%s", texts[i]);
		cr_assert_str_eq(json_string_value(tree), texts[i]);
	}
}

Test(yaml, quoted_scalars_are_text)
{
	static const char *const texts[] = { "'80'", "\"80\"", "'true'", "\"null\"",
					     "''",   "'~'",    "\"1.5\"" };

	for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
		json_auto_t *tree = parse_tree(texts[i]);

		cr_assert(json_is_string(tree), "%s", texts[i]);
		cr_assert_eq(json_string_length(tree), strlen(texts[i]) - 2, "%s", texts[i]);
	}
	expect_tree("|\n  80\n", "\"80\\n\"");
}

Test(yaml, each_mistake_has_its_sentence_and_line)
{
	static const struct {
		struct text text;
		const char *sentence;
	} cases[] = {
		{ TEXT("a: 1\nb: 2\na: 3\n"), "line 3: the key 'a' is given twice" },
		{ TEXT("x:\n- { p: 1, p: 2 }\n"), "line 2: the key 'p' is given twice" },
		{ TEXT("1: x\n'1': y\n"), "line 2: the key '1' is given twice" },
		{ TEXT("a: 1\nb: &web 2\n"), "line 2: anchors such as &web are not supported" },
		{ TEXT("a: &list [ 1 ]\n"), "line 1: anchors such as &list are not supported" },
		{ TEXT("&root { a: 1 }\n"), "line 1: anchors such as &root are not supported" },
		{ TEXT("a: 1\nb: *web\n"), "line 2: aliases such as *web are not supported" },
		{ TEXT("a: !!str 80\n"), "line 1: tags such as !!str are not supported" },
		{ TEXT("a: ! 80\n"), "line 1: tags such as !!str are not supported" },
		{ TEXT("a:\n  !mine [ 80 ]\n"), "line 2: tags such as !!str are not supported" },
		{ TEXT("a: 1\n---\nb: 2\n"),
		  "line 2: a second document begins here; there must be only one" },
		{ TEXT("---\n---\n"),
		  "line 2: a second document begins here; there must be only one" },
		{ TEXT("a: 1\n? [ x ]\n: 2\n"), "line 2: a key must be a word, not a list" },
		{ TEXT("? { x: 1 }\n: 2\n"), "line 1: a key must be a word, not an object" },
		{ TEXT("a:\n  [[[[[[[[[[[[[[[[]]]]]]]]]]]]]]]]\n"),
		  "line 2: nested more than 16 levels deep" },
		{ TEXT("a: 1\nb: \"\\0\"\n"), "line 2: the character \\0 is not allowed" },
		{ TEXT("\"\\0\": 1\n"), "line 1: the character \\0 is not allowed" },
		{ TEXT("a: 1\n\tb: 2\n"), "line 2: a tab; YAML is indented with spaces" },
		{ TEXT("a:\n  b: 1\n \t c: 2\n"), "line 3: a tab; YAML is indented with spaces" },
		{ TEXT("a: 1\n\xff\n"), "line 2: invalid leading UTF-8 octet" },
		{ TEXT("a: 1\nb: \xc3\n"), "line 2: invalid trailing UTF-8 octet" },
		{ TEXT("a: \xc0\x80\n"), "line 1: invalid length of a UTF-8 sequence" },
		{ TEXT("a: \xed\xa0\x80\n"), "line 1: invalid Unicode character" },
		{ TEXT("\xff\xfe"
		       "a\0:\0"),
		  "line 1: invalid leading UTF-8 octet" },
		{ TEXT("a: 1\nb: \x01\n"), "line 2: control characters are not allowed" },
		{ TEXT("a: 1\nb: \0\n"), "line 2: control characters are not allowed" },
		{ TEXT("a: \"\\ud800\"\n"),
		  "line 1: found invalid Unicode character escape code while "
		  "parsing a quoted scalar" },
		{ TEXT("a: 1\nb"),
		  "line 2: could not find expected ':' while scanning a simple key" },
		{ TEXT("{ a: 1\n"),
		  "line 1: did not find expected ',' or '}' while parsing a flow mapping" },
		{ TEXT("a: \"x\n"),
		  "line 1: found unexpected end of stream while scanning a quoted "
		  "scalar" },
		{ TEXT("a: b: c\n"), "line 1: mapping values are not allowed in this context" },
		{ TEXT("a:\n- 1\nb\n- 2\n"), "line 4: could not find expected ':' while scanning a "
					     "simple key" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct err err = { .code = 0 };
		struct lines *lines = NULL;
		json_t *tree = NULL;
		int r = yaml_parse(cases[i].text.bytes, cases[i].text.length, &tree, &lines, &err);

		cr_expect_eq(r, -EINVAL, "%s", cases[i].sentence);
		cr_expect_str_eq(err.text, cases[i].sentence);
		cr_assert(!tree && !lines);
	}
}

Test(yaml, sixteen_levels_are_not_too_deep)
{
	expect_tree("[[[[[[[[[[[[[[[[]]]]]]]]]]]]]]]]", "[[[[[[[[[[[[[[[[]]]]]]]]]]]]]]]]");
}

Test(yaml, a_sentence_quotes_no_more_of_a_key_than_is_readable)
{
	char text[512], sentence[128];
	struct lines *lines = NULL;
	json_t *tree = NULL;
	struct err err;

	snprintf(text, sizeof(text), "%0200d: 1\n%0200d: 1\n", 0, 0);
	snprintf(sentence, sizeof(sentence), "line 2: the key '%064d...' is given twice", 0);
	cr_assert_eq(yaml_parse(text, strlen(text), &tree, &lines, &err), -EINVAL);
	cr_assert_str_eq(err.text, sentence);
}

Test(yaml, a_text_above_16_mib_is_refused_unread)
{
	struct lines *lines = NULL;
	json_t *tree = NULL;
	struct err err;

	cr_assert_eq(yaml_parse(NULL, YAML_SIZE_MAX + 1, &tree, &lines, &err), -EFBIG);
	cr_assert_str_eq(err.text,
			 "16777217 bytes are too many: at most 16777216 (16 MiB) are accepted");
}

Test(yaml, a_text_of_16_mib_is_read)
{
	_cleanup_free_ char *text = malloc(YAML_SIZE_MAX + 1);

	memset(text, ' ', YAML_SIZE_MAX);
	memcpy(text, "a: b\n#", 6);
	text[YAML_SIZE_MAX] = '\0';
	expect_tree(text, "{\"a\": \"b\"}");
}

/* ---- lines ---------------------------------------------------------------------------------- */

Test(lines, name_the_place_of_each_member)
{
	struct lines *lines = NULL;
	json_auto_t *tree = parse("a: 1\n"
				  "b:\n"
				  "  # a comment\n"
				  "  - x\n"
				  "\n"
				  "  - c: null\n"
				  "    d:\n"
				  "      true\n",
				  &lines);
	const json_t *list = json_object_get(tree, "b");
	const json_t *object = json_array_get(list, 1);

	cr_expect_eq(lines_find(lines, tree, 0), 1);
	cr_expect_eq(lines_find(lines, tree, 1), 2);
	cr_expect_eq(lines_find(lines, list, 0), 4);
	cr_expect_eq(lines_find(lines, list, 1), 6);
	cr_expect_eq(lines_find(lines, object, 0), 6);
	cr_expect_eq(lines_find(lines, object, 1), 7, "a member begins where its key does");
	lines_free(&lines);
	cr_expect_null(lines);
}

Test(lines, of_what_is_not_there_are_0)
{
	struct lines *lines = NULL;
	json_auto_t *tree = parse("a: 1\n", &lines);
	json_auto_t *other = json_object();

	cr_expect_eq(lines_find(lines, tree, 1), 0);
	cr_expect_eq(lines_find(lines, other, 0), 0);
	cr_expect_eq(lines_find(NULL, tree, 0), 0);
	lines_free(&lines);
	lines_free(&lines);
}
