// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* ctl/commands.c: the table is whole, fits the limits of the parser, and help knows every row. */
#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "capture.h"
#include "ctl/cmd.h"

static unsigned count_options(const struct option *options)
{
	unsigned count = 0;

	while (options && options[count].name)
		count++;
	return count;
}

Test(commands, every_row_is_whole_and_fits_the_parser)
{
	char name[ARGUMENT_NAME_SIZE];

	for (const struct command *command = commands; command->object; command++) {
		cr_expect_not_null(command->help);
		cr_expect_not_null(command->run);
		cr_expect_leq(count_options(command->options), OPTIONS_MAX);
		cr_expect_not(command_argument(command, ARGUMENTS_MAX, name), "%s",
			      command->object);
	}
	cr_expect_eq(count_options(global_options), GLOBAL_COUNT);
}

Test(commands, an_option_that_goes_into_the_body_says_how)
{
	for (const struct command *command = commands; command->object; command++) {
		for (unsigned i = 0; i < count_options(command->options); i++) {
			const struct option *option = &command->options[i];

			cr_expect_eq(!option->key, !option->encode, "--%s", option->name);
			cr_expect(!option->key || option->value, "--%s", option->name);
			cr_expect_not_null(option->help, "--%s", option->name);
		}
	}
}

Test(commands, no_two_rows_have_the_same_words_and_objects_stand_together)
{
	for (const struct command *a = commands; a->object; a++) {
		cr_expect_eq(command_find(a->object, a->verb), a, "%s", a->object);
		for (const struct command *b = a + 1; b->object; b++) {
			if (!strcmp(a->object, b->object))
				cr_expect_str_eq(b[-1].object, b->object);
		}
	}
}

Test(commands, finding_needs_both_words_to_be_right)
{
	cr_expect_null(command_find("lisener", NULL));
	cr_expect_null(command_find("listener", "ad"));
	cr_expect_null(command_find("status", "add"));
	cr_expect_str_eq(command_find("listener", "set")->verb, "set");
	cr_expect_null(command_find("status", NULL)->verb);
}

Test(commands, arguments_are_found_by_their_place)
{
	const struct command *command = command_find("target", "add");
	char name[ARGUMENT_NAME_SIZE] = "untouched";

	cr_assert(command_argument(command, 0, name));
	cr_expect_str_eq(name, "GROUP");
	cr_assert(command_argument(command, 1, name));
	cr_expect_str_eq(name, "ADDR:PORT");
	cr_expect_not(command_argument(command, 2, name));
	cr_expect_not(command_argument(command_find("status", NULL), 0, name));
	cr_expect_str_eq(name, "ADDR:PORT");
}

Test(commands, a_synopsis_has_optional_parts_in_brackets)
{
	struct capture capture;

	capture_open(&capture);
	command_synopsis(command_find("apply", NULL), true, capture.output.stream);
	fputc('\n', capture.output.stream);
	command_synopsis(command_find("apply", NULL), false, capture.output.stream);
	fputc('\n', capture.output.stream);
	command_synopsis(command_find("target", "set"), true, capture.output.stream);
	cr_expect_str_eq(capture_text(&capture), "apply -f FILE [--dry-run]\n"
						 "apply -f FILE\n"
						 "target set GROUP ADDR:PORT [--weight WEIGHT]");
	capture_close(&capture);
}

static void print_help(struct capture *capture, const char *object, const char *verb)
{
	struct invocation invocation = {
		.command = command_find("help", NULL),
		.arguments = { object, verb },
	};
	struct err err;

	capture_open(capture);
	invocation.output = capture->output;
	cr_assert_eq(cmd_help(&invocation, &err), 0);
}

Test(commands, help_lists_every_command)
{
	struct capture capture;
	char words[64];

	print_help(&capture, NULL, NULL);
	for (const struct command *command = commands; command->object; command++) {
		snprintf(words, sizeof(words), "\n  %s%s%s ", command->object,
			 command->verb ? " " : "", command->verb ?: "");
		cr_expect_not_null(strstr(capture_text(&capture), words), "%s", words);
	}
	capture_close(&capture);
}

Test(commands, help_of_an_object_lists_its_verbs_alone)
{
	struct capture capture;

	print_help(&capture, "group", NULL);
	cr_expect_not_null(strstr(capture_text(&capture), "\n  group add NAME "));
	cr_expect_null(strstr(capture_text(&capture), "target add"));
	capture_close(&capture);
}

Test(commands, help_of_a_command_explains_its_options)
{
	struct capture capture;

	print_help(&capture, "target", "remove");
	cr_expect_str_eq(
		capture_text(&capture),
		"Usage: sluicectl target remove GROUP ADDR:PORT [--now]\n"
		"\n"
		"Let a target drain and then forget it.\n"
		"\n"
		"Options\n"
		"  --now  Drop its flows at once instead of draining them.\n"
		"\n"
		"Global options\n"
		"  --socket PATH        The daemon's socket; /run/sluice/sluice.sock unless given.\n"
		"  --output table|json  For people (the default) or for programs.\n"
		"  -h, --help           Explain the command instead of running it.\n");
	capture_close(&capture);
}

Test(commands, words_are_one_line_a_command_with_its_arguments_and_options)
{
	struct invocation invocation = { .command = command_find("words", NULL) };
	struct capture capture;
	struct err err;

	capture_open(&capture);
	invocation.output = capture.output;
	cr_assert_eq(cmd_words(&invocation, &err), 0);
	cr_expect_not_null(strstr(capture_text(&capture),
				  "\napply;;--file=FILE -f=FILE --dry-run\n"));
	cr_expect_not_null(strstr(capture_text(&capture),
				  "\ntarget remove;GROUP ADDR:PORT;--now\n"));
	cr_expect_not_null(strstr(capture_text(&capture), "\nlistener list;;\n"));
	capture_close(&capture);
}
