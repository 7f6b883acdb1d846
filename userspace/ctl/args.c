// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Parses the command line: between sluicectl.c and the handlers (ctl/cmd.h). */
#include "ctl/args.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "ctl/command.h"

enum { LIST_SIZE = 384 };		/* of the words that would be right */

/* Where the parser stands. */
struct parser {
	int argc;
	char *const *argv;
	int next;			/* the word after the current one */
	const char *object;		/* the first word */
	bool help;			/* that word was `help`, and the next is the first */
	bool options_ended;		/* by -- */
	struct invocation *out;
	struct err *err;
};

/* An option as it was found: its row, and where its value goes. */
struct place {
	const struct option *option;
	const char **value;
};

/* Appends ", word" to a list that is cut off when it grows past its size. */
static void append(char *list, size_t size, const char *dashes, const char *word)
{
	size_t used = strlen(list);

	snprintf(list + used, size - used, "%s%s%s", used ? ", " : "", dashes, word);
}

static void list_objects(char *list, size_t size)
{
	const char *last = "";

	for (const struct command *command = commands; command->object; command++) {
		if (strcmp(command->object, last))
			append(list, size, "", command->object);
		last = command->object;
	}
}

static void list_verbs(const char *object, char *list, size_t size)
{
	for (const struct command *command = commands; command->object; command++) {
		if (!strcmp(command->object, object))
			append(list, size, "", command->verb);
	}
}

static void list_options(const struct option *options, char *list, size_t size)
{
	for (; options && options->name; options++)
		append(list, size, "--", options->name);
}

/* Sets the sentence, with "listener add: " in front of it once the command is known. */
__attribute__((format(printf, 2, 3)))
static int fail(const struct parser *parser, const char *format, ...)
{
	const struct command *command = parser->out->command;
	char text[sizeof(parser->err->text)];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	if (!command)
		return err_set(parser->err, EINVAL, "%s", text);
	return err_set(parser->err, EINVAL, "%s%s%s: %s", command->object, command->verb ? " " : "",
		       command->verb ?: "", text);
}

static bool is_option_named(const struct option *option, const char *word, size_t length)
{
	if (!strncmp(word, "--", 2))
		return strlen(option->name) == length - 2 &&
		       !strncmp(option->name, word + 2, length - 2);
	return option->letter && length == 2 && word[1] == option->letter;
}

static bool find_in(const struct option *options, const char **values, const char *word,
		    size_t length, struct place *place)
{
	for (unsigned i = 0; options && options[i].name; i++) {
		if (!is_option_named(&options[i], word, length))
			continue;
		*place = (struct place){ .option = &options[i], .value = &values[i] };
		return true;
	}
	return false;
}

static bool find_option(const struct parser *parser, const char *word, size_t length,
			struct place *place)
{
	struct invocation *out = parser->out;

	return find_in(global_options, out->global_values, word, length, place) ||
	       (out->command &&
		find_in(out->command->options, out->values, word, length, place));
}

static int unknown_option(const struct parser *parser, const char *word, size_t length)
{
	char valid[LIST_SIZE] = "";

	if (parser->out->command)
		list_options(parser->out->command->options, valid, sizeof(valid));
	list_options(global_options, valid, sizeof(valid));
	return fail(parser, "unknown option '%.*s': it is one of %s", (int)length, word, valid);
}

/* The value that follows: after the equals sign, or the next word unless that is an option. */
static int take_value(struct parser *parser, const struct option *option, const char *attached,
		      const char **value)
{
	const char *next = parser->next < parser->argc ? parser->argv[parser->next] : NULL;

	if (!option->value && attached)
		return fail(parser, "--%s takes no value", option->name);
	if (!option->value) {
		attached = "";
	} else if (!attached && next && strncmp(next, "--", 2)) {
		attached = next;
		parser->next++;
	}
	if (!attached)
		return fail(parser, "--%s needs a value: %s", option->name, option->value);
	*value = attached;
	return 0;
}

static int put_in_body(const struct parser *parser, const struct option *option, const char *text)
{
	struct err problem = { 0 };
	json_t *value = option->encode(text, &problem);

	if (!value)
		return fail(parser, "--%s: %s", option->name, problem.text);
	if (json_object_set_new(parser->out->body, option->key, value))
		return err_set(parser->err, ENOMEM, "out of memory");
	return 0;
}

static int parse_option(struct parser *parser, const char *word)
{
	size_t length = strcspn(word, "=");
	struct place place;
	int r;

	if (!find_option(parser, word, length, &place))
		return unknown_option(parser, word, length);
	if (*place.value)
		return fail(parser, "--%s is given twice", place.option->name);
	r = take_value(parser, place.option, word[length] ? word + length + 1 : NULL, place.value);
	if (!r && place.option->key)
		r = put_in_body(parser, place.option, *place.value);
	return r;
}

/* The first word. `help` in front of others means what --help behind them does. */
static int parse_object(struct parser *parser, const char *word)
{
	const struct command *command = command_find(word, NULL);
	char valid[LIST_SIZE] = "";

	if (!parser->help && !strcmp(word, "help")) {
		parser->help = true;
		return 0;
	}
	if (!command) {
		list_objects(valid, sizeof(valid));
		return err_set(parser->err, EINVAL, "unknown command '%s': it is one of %s", word,
			       valid);
	}
	parser->object = word;
	if (!command->verb)
		parser->out->command = command;
	return 0;
}

/* The second word of a command that has one; NULL: it is missing. */
static int parse_verb(struct parser *parser, const char *word)
{
	const struct command *command = word ? command_find(parser->object, word) : NULL;
	char valid[LIST_SIZE] = "";

	parser->out->command = command;
	if (command)
		return 0;
	list_verbs(parser->object, valid, sizeof(valid));
	if (!word)
		return err_set(parser->err, EINVAL, "%s needs a verb: one of %s", parser->object,
			       valid);
	return err_set(parser->err, EINVAL, "%s: unknown verb '%s': it is one of %s", parser->object,
		       word, valid);
}

static int parse_argument(struct parser *parser, const char *word)
{
	struct invocation *out = parser->out;
	char name[ARGUMENT_NAME_SIZE];
	unsigned i = 0;

	while (i < ARGUMENTS_MAX && out->arguments[i])
		i++;
	if (!command_argument(out->command, i, name))
		return fail(parser, "unexpected argument '%s'", word);
	if (!*word)
		return fail(parser, "%s is empty", name);
	out->arguments[i] = word;
	return 0;
}

static int parse_word(struct parser *parser, const char *word)
{
	if (!parser->options_ended && !strcmp(word, "--")) {
		parser->options_ended = true;
		return 0;
	}
	if (!parser->options_ended && word[0] == '-' && word[1])
		return parse_option(parser, word);
	if (!parser->object)
		return parse_object(parser, word);
	if (!parser->out->command)
		return parse_verb(parser, word);
	return parse_argument(parser, word);
}

static int check_options(const struct parser *parser)
{
	const struct command *command = parser->out->command;
	char valid[LIST_SIZE] = "";

	for (unsigned i = 0; command->options && command->options[i].name; i++) {
		if (option_is_needed(command, &command->options[i]) && !parser->out->values[i])
			return fail(parser, "--%s %s is missing", command->options[i].name,
				    command->options[i].value);
	}
	if (command->edits && !json_object_size(parser->out->body)) {
		list_options(command->options, valid, sizeof(valid));
		return fail(parser, "nothing to set: give one or more of %s", valid);
	}
	return 0;
}

/* What can be judged only when every word has been read. */
static int finish(struct parser *parser)
{
	struct invocation *out = parser->out;
	char name[ARGUMENT_NAME_SIZE];

	if (!parser->object)
		out->command = command_find("status", NULL);
	if (!out->command)
		return parse_verb(parser, NULL);
	for (unsigned i = 0; command_argument(out->command, i, name) && *name != '['; i++) {
		if (!out->arguments[i])
			return fail(parser, "%s is missing", name);
	}
	return check_options(parser);
}

/* Turns any command line, however unfinished, into `help` about its words. */
static void ask_for_help(struct parser *parser)
{
	struct invocation *out = parser->out;

	memset(out->arguments, 0, sizeof(out->arguments));
	memset(out->values, 0, sizeof(out->values));
	out->arguments[0] = parser->object;
	out->arguments[1] = out->command ? out->command->verb : NULL;
	out->command = command_find("help", NULL);
	parser->object = out->command->object;
}

static int set_globals(struct invocation *out, struct err *err)
{
	const char *format = out->global_values[GLOBAL_OUTPUT] ?: "table";

	if (strcmp(format, "table") && strcmp(format, "json"))
		return err_set(err, EINVAL, "--output is table or json, not '%s'", format);
	out->output.json = !strcmp(format, "json");
	out->client = (struct client){
		.socket = out->global_values[GLOBAL_SOCKET] ?: CLIENT_SOCKET_DEFAULT,
		.timeout_ms = CLIENT_TIMEOUT_MS,
	};
	return 0;
}

int args_parse(int argc, char *const *argv, struct invocation *out, struct err *err)
{
	struct parser parser = { .argc = argc, .argv = argv, .next = 1, .out = out, .err = err };
	int r = 0;

	out->body = json_object();
	if (!out->body)
		return err_set(err, ENOMEM, "out of memory");
	while (!r && parser.next < argc)
		r = parse_word(&parser, argv[parser.next++]);
	if (r)
		return r;
	if (parser.help || out->global_values[GLOBAL_HELP])
		ask_for_help(&parser);
	return set_globals(out, err) ?: finish(&parser);
}

void args_clean(struct invocation *invocation)
{
	json_decref(invocation->body);
	invocation->body = NULL;
}
