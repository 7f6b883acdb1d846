/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The command line as data: commands, their arguments and options, each with its help. Parsing
 * (ctl/args.h), help, completion and the check of the man page all read these tables.
 */
#pragma once

#include <jansson.h>
#include <stdbool.h>
#include <stdio.h>

#include "ctl/client.h"
#include "ctl/output.h"

struct err;
struct invocation;

/* 0, or -errno with the sentence that explains it. */
typedef int command_fn(const struct invocation *invocation, struct err *err);

enum { ARGUMENTS_MAX = 2, ARGUMENT_NAME_SIZE = 32, OPTIONS_MAX = 12 };

struct option {
	const char *name;	/* without its dashes */
	char letter;		/* its short form, 0: none */
	bool needed;		/* but not by a command that edits */
	const char *value;	/* what help calls its value; NULL: it takes none */
	const char *key;	/* in the body of the request; NULL: the handler reads it */
	json_t *(*encode)(const char *text, struct err *err);	/* value -> what key gets */
	const char *help;
};

/*
 * arguments names the positional ones, optional ones in brackets. The names say what completion
 * offers: LISTENER and GROUP those that exist, FILE and PATH files, a|b one of these.
 */
struct command {
	const char *object;
	const char *verb;		/* NULL: the object stands alone */
	const char *arguments;
	const char *help;
	const struct option *options;	/* ended by one without a name; NULL: none */
	bool edits;			/* takes one option or more, none in particular */
	command_fn *run;
};

extern const struct command commands[];		/* ended by one without an object */

enum global_option { GLOBAL_SOCKET, GLOBAL_OUTPUT, GLOBAL_HELP, GLOBAL_COUNT };
extern const struct option global_options[];

/* A command line, understood. arguments and values are borrowed from it; NULL: not given. */
struct invocation {
	const struct command *command;
	const char *arguments[ARGUMENTS_MAX];
	const char *values[OPTIONS_MAX];	/* as command->options; "" for one without a value */
	const char *global_values[GLOBAL_COUNT];
	json_t *body;				/* owned: the options that have a key */
	struct client client;
	struct output output;
};

/* Of verb NULL: the command that stands alone, or any of the object. NULL if there is none. */
const struct command *command_find(const char *object, const char *verb);

/* The index-th word of its arguments, with brackets if it is optional; false if there are fewer. */
bool command_argument(const struct command *command, unsigned index,
		      char name[ARGUMENT_NAME_SIZE]);

bool option_is_needed(const struct command *command, const struct option *option);

/* "listener add NAME --address ADDR [--port PORT]"; whole: with the options that are not needed. */
void command_synopsis(const struct command *command, bool whole, FILE *stream);

/* An option's value by its name, NULL if it was not given. The command must have the option. */
const char *invocation_value(const struct invocation *invocation, const char *name);

/* How a command shows a reply as text: 0 or -errno. */
typedef int show_fn(const json_t *reply, const struct output *output);

/* Shows a reply: as JSON, or by show. */
int invocation_show(const struct invocation *invocation, const json_t *reply, show_fn *show,
		    struct err *err);

/*
 * Sends a request to path (takes it; NULL is out of memory), with the body unless it is a GET or a
 * DELETE, and shows the reply.
 */
int invocation_ask(const struct invocation *invocation, const char *method, char *path,
		   show_fn *show, struct err *err);
