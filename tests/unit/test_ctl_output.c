// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Tables: aligned by what a terminal shows, nothing at the end of a line, colour only when asked. */
#include <criterion/criterion.h>
#include <errno.h>
#include <fcntl.h>
#include <locale.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "capture.h"

static const struct column columns[] = { { "NAME", false }, { "PACKETS", true }, { "WHY", false } };

static struct capture capture;
static struct table *table;

static void open_all(void)
{
	setlocale(LC_CTYPE, "C.UTF-8");
	capture_open(&capture);
	table = table_new(columns, ARRAY_SIZE(columns));
	cr_assert_not_null(table);
}

static void close_all(void)
{
	table_free(&table);
	cr_expect_null(table);
	capture_close(&capture);
}

TestSuite(output, .init = open_all, .fini = close_all);

static void add_row(const char *name, const char *packets, const char *why)
{
	table_cell(table, STYLE_PLAIN, "%s", name);
	table_cell(table, STYLE_BAD, "%s", packets);
	table_cell(table, STYLE_PLAIN, "%s", why);
}

Test(output, text_is_aligned_left_and_numbers_right)
{
	add_row("web", "7", "a b");
	add_row("longer", "12345678", "c");
	cr_assert_eq(table_print(table, &capture.output), 0);
	cr_expect_str_eq(capture_text(&capture), "NAME     PACKETS  WHY\n"
						 "web            7  a b\n"
						 "longer  12345678  c\n");
}

Test(output, no_line_ends_in_blanks)
{
	add_row("web", "7", "");
	add_row("longer", "", "");
	add_row("", "1", "");
	cr_assert_eq(table_print(table, &capture.output), 0);
	cr_expect_str_eq(capture_text(&capture), "NAME    PACKETS  WHY\n"
						 "web           7\n"
						 "longer\n"
						 "              1\n");
}

Test(output, width_counts_columns_of_the_terminal_not_bytes)
{
	add_row("köln", "1", "x");
	add_row("東京", "2", "x");
	add_row("oslo", "3", "x");
	cr_assert_eq(table_print(table, &capture.output), 0);
	cr_expect_str_eq(capture_text(&capture), "NAME  PACKETS  WHY\n"
						 "köln        1  x\n"
						 "東京        2  x\n"
						 "oslo        3  x\n");
}

Test(output, bytes_that_are_no_characters_count_one_each)
{
	add_row("a\xff", "1", "x");
	cr_assert_eq(table_print(table, &capture.output), 0);
	cr_expect_str_eq(capture_text(&capture), "NAME  PACKETS  WHY\n"
						 "a\xff          1  x\n");
}

Test(output, colour_changes_no_alignment_and_appears_only_when_asked)
{
	add_row("web", "7", "x");
	cr_assert_eq(table_print(table, &capture.output), 0);
	cr_expect_null(strchr(capture_text(&capture), '\033'));
	capture.output.colour = true;
	cr_assert_eq(table_print(table, &capture.output), 0);
	cr_expect_not_null(strstr(capture_text(&capture), "web         \033[31m7\033[0m  x\n"));
}

Test(output, a_note_follows_its_row_and_is_folded_to_the_width)
{
	capture.output.width = 21;
	add_row("web", "7", "x");
	table_note(table, "one two three four averyveryverylongword five");
	add_row("dns", "8", "y");
	cr_assert_eq(table_print(table, &capture.output), 0);
	cr_expect_str_eq(capture_text(&capture), "NAME  PACKETS  WHY\n"
						 "web         7  x\n"
						 "    one two three\n"
						 "    four\n"
						 "    averyveryverylongword\n"
						 "    five\n"
						 "dns         8  y\n");
}

Test(output, a_table_without_titles_is_a_block_of_labels)
{
	table_free(&table);
	table = table_new(NULL, 2);
	table_cell(table, STYLE_STRONG, "Name");
	table_cell(table, STYLE_PLAIN, "web");
	table_cell(table, STYLE_STRONG, "Address");
	table_cell(table, STYLE_PLAIN, "192.0.2.10");
	cr_assert_eq(table_print(table, &capture.output), 0);
	cr_expect_str_eq(capture_text(&capture), "Name     web\n"
						 "Address  192.0.2.10\n");
}

Test(output, many_rows_are_all_printed)
{
	char last[] = "1999     1999  x\n";

	for (unsigned i = 1000; i < 2000; i++) {
		table_cell(table, STYLE_PLAIN, "%u", i);
		table_cell(table, STYLE_PLAIN, "%u", i);
		table_cell(table, STYLE_PLAIN, "x");
	}
	cr_assert_eq(table_print(table, &capture.output), 0);
	cr_expect_str_eq(capture_text(&capture) + capture.length - strlen(last), last);
	cr_expect_eq(capture.length, strlen("NAME  PACKETS  WHY\n") + 1000 * strlen(last));
}

Test(output, a_table_that_lacks_memory_is_reported_not_printed)
{
	cr_expect(table_is_empty(table));
	add_row("web", "7", "x");
	cr_expect_not(table_is_empty(table));
	table_fail(table);
	cr_expect_eq(table_print(table, &capture.output), -ENOMEM);
	cr_expect_eq(table_print(NULL, &capture.output), -ENOMEM);
	cr_expect_str_empty(capture_text(&capture));
	table_cell(NULL, STYLE_PLAIN, "x");
	table_note(NULL, "x");
	table_fail(NULL);
}

Test(output, json_is_indented_and_keeps_the_order_of_keys)
{
	json_auto_t *tree = json_pack("{s:i, s:[s]}", "b", 1, "a", "x");

	cr_assert_eq(output_json(&capture.output, tree), 0);
	cr_expect_str_eq(capture_text(&capture), "{\n"
						 "  \"b\": 1,\n"
						 "  \"a\": [\n"
						 "    \"x\"\n"
						 "  ]\n"
						 "}\n");
}

Test(output, a_file_gets_no_colour)
{
	struct output output;
	FILE *file = tmpfile();

	output_init(&output, file);
	cr_expect_not(output.colour);
	cr_expect_not(output.json);
	fclose(file);
}

/* A terminal that nobody looks at. */
static FILE *open_terminal(int *controller)
{
	*controller = posix_openpt(O_RDWR | O_NOCTTY);
	cr_assert_geq(*controller, 0);
	cr_assert_eq(grantpt(*controller), 0);
	cr_assert_eq(unlockpt(*controller), 0);
	return fopen(ptsname(*controller), "w");
}

Test(output, a_terminal_gets_colour_unless_it_is_dumb_or_the_user_wants_none)
{
	struct output output;
	FILE *terminal;
	int controller;

	terminal = open_terminal(&controller);
	cr_assert_not_null(terminal);
	unsetenv("NO_COLOR");
	setenv("TERM", "xterm", 1);
	output_init(&output, terminal);
	cr_expect(output.colour);
	setenv("TERM", "dumb", 1);
	output_init(&output, terminal);
	cr_expect_not(output.colour);
	setenv("TERM", "xterm", 1);
	setenv("NO_COLOR", "1", 1);
	output_init(&output, terminal);
	cr_expect_not(output.colour);
	fclose(terminal);
	close(controller);
}
