// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* What the handlers have in common: questions to the table, the way to the daemon and back. */
#include "ctl/command.h"

#include <assert.h>
#include <errno.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/err.h"

const struct command *command_find(const char *object, const char *verb)
{
	for (const struct command *command = commands; command->object; command++) {
		if (strcmp(command->object, object))
			continue;
		if (!verb || (command->verb && !strcmp(command->verb, verb)))
			return command;
	}
	return NULL;
}

bool command_argument(const struct command *command, unsigned index, char name[ARGUMENT_NAME_SIZE])
{
	const char *word = command->arguments;
	size_t length = strcspn(word, " ");

	for (; index && *word; index--) {
		word += length;
		word += strspn(word, " ");
		length = strcspn(word, " ");
	}
	if (!length)
		return false;
	assert(length < ARGUMENT_NAME_SIZE);
	memcpy(name, word, length);
	name[length] = '\0';
	return true;
}

bool option_is_needed(const struct command *command, const struct option *option)
{
	return option->needed && !command->edits;
}

static void print_option(const struct option *option, bool needed, FILE *stream)
{
	fputs(needed ? " " : " [", stream);
	if (option->letter)
		fprintf(stream, "-%c", option->letter);
	else
		fprintf(stream, "--%s", option->name);
	fprintf(stream, "%s%s%s", option->value ? " " : "", option->value ?: "", needed ? "" : "]");
}

void command_synopsis(const struct command *command, bool whole, FILE *stream)
{
	const struct option *option = command->options;
	bool needed;

	fprintf(stream, "%s%s%s%s%s", command->object, command->verb ? " " : "",
		command->verb ?: "", *command->arguments ? " " : "", command->arguments);
	for (; option && option->name; option++) {
		needed = option_is_needed(command, option);
		if (whole || needed)
			print_option(option, needed, stream);
	}
}

const char *invocation_value(const struct invocation *invocation, const char *name)
{
	const struct option *options = invocation->command->options;
	unsigned i = 0;

	while (options[i].name && strcmp(options[i].name, name))
		i++;
	assert(options[i].name);
	return invocation->values[i];
}

int invocation_show(const struct invocation *invocation, const json_t *reply, show_fn *show,
		    struct err *err)
{
	const struct output *output = &invocation->output;
	int r;

	r = output->json ? output_json(output, reply) : show(reply, output);
	return r ? err_set(err, -r, "cannot write the output: %s", strerror(-r)) : 0;
}

int invocation_ask(const struct invocation *invocation, const char *method, char *path,
		   show_fn *show, struct err *err)
{
	bool has_body = strcmp(method, "GET") && strcmp(method, "DELETE");
	_cleanup_free_ char *owned_path = path;
	json_auto_t *reply = NULL;
	int r;

	r = client_json(&invocation->client, method, owned_path,
			has_body ? invocation->body : NULL, &reply, err);
	return r ?: invocation_show(invocation, reply, show, err);
}
