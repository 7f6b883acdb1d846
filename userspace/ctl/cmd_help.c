// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* sluicectl help, words: the table of commands as text for people, and as words for completion. */
#include "ctl/cmd.h"

#include <errno.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/err.h"

static void option_cells(struct table *table, const struct option *option)
{
	char letter[] = { '-', option->letter, ',', ' ', '\0' };

	table_cell(table, STYLE_PLAIN, "  %s--%s%s%s", option->letter ? letter : "", option->name,
		   option->value ? " " : "", option->value ?: "");
	table_cell(table, STYLE_PLAIN, "%s", option->help);
}

static int print_options(const char *title, const struct option *options,
			 const struct output *output)
{
	_cleanup_(table_free) struct table *table = table_new(NULL, 2);

	if (!options)
		return 0;
	for (; options->name; options++)
		option_cells(table, options);
	fprintf(output->stream, "\n%s\n", title);
	return table_print(table, output);
}

static int command_cells(struct table *table, const struct command *command)
{
	_cleanup_free_ char *text = NULL;
	size_t length;
	FILE *stream = open_memstream(&text, &length);

	if (!stream)
		return -ENOMEM;
	command_synopsis(command, false, stream);
	if (fclose(stream))
		return -ENOMEM;
	table_cell(table, STYLE_PLAIN, "  %s", text);
	table_cell(table, STYLE_PLAIN, "%s", command->help);
	return 0;
}

/* Every command, or those of one object. */
static int print_commands(const char *object, const struct output *output)
{
	_cleanup_(table_free) struct table *table = table_new(NULL, 2);
	int r = 0;

	for (const struct command *command = commands; command->object && !r; command++) {
		if (!object || !strcmp(command->object, object))
			r = command_cells(table, command);
	}
	fprintf(output->stream,
		"Usage: sluicectl [--socket PATH] [--output table|json] COMMAND\n\n"
		"Commands (help COMMAND VERB explains the options of each)\n");
	return r ?: table_print(table, output);
}

static int print_command(const struct command *command, const struct output *output)
{
	fputs("Usage: sluicectl ", output->stream);
	command_synopsis(command, true, output->stream);
	fprintf(output->stream, "\n\n%s.\n", command->help);
	return print_options("Options", command->options, output);
}

static void print_option_words(const struct option *option, FILE *stream)
{
	const char *separator = "";

	for (; option && option->name; option++) {
		fprintf(stream, "%s--%s%s%s", separator, option->name, option->value ? "=" : "",
			option->value ?: "");
		if (option->letter)
			fprintf(stream, " -%c%s%s", option->letter, option->value ? "=" : "",
				option->value ?: "");
		separator = " ";
	}
}

/* A line each of "object verb;arguments;options", the global options first, for scripts. */
static void print_words(FILE *stream)
{
	fputs(";;", stream);
	print_option_words(global_options, stream);
	fputc('\n', stream);
	for (const struct command *command = commands; command->object; command++) {
		fprintf(stream, "%s%s%s;%s;", command->object, command->verb ? " " : "",
			command->verb ?: "", command->arguments);
		print_option_words(command->options, stream);
		fputc('\n', stream);
	}
}

static int print_help(const char *object, const char *verb, const struct output *output)
{
	const struct command *command = object ? command_find(object, verb) : NULL;
	int r;

	if (command && (verb || !command->verb))
		r = print_command(command, output);
	else
		r = print_commands(object, output);
	return r ?: print_options("Global options", global_options, output);
}

/* Its arguments are words that exist: ctl/args.c has looked them up. */
int cmd_help(const struct invocation *invocation, struct err *err)
{
	int r = print_help(invocation->arguments[0], invocation->arguments[1],
			   &invocation->output);

	return r ? err_set(err, -r, "out of memory") : 0;
}

int cmd_words(const struct invocation *invocation, struct err *err)
{
	(void)err;
	print_words(invocation->output.stream);
	return 0;
}
