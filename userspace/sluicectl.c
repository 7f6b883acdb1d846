// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* sluicectl: understand the command line, run the command, say in one sentence why it failed. */
#include <errno.h>
#include <locale.h>
#include <stdio.h>
#include <string.h>

#include "base/err.h"
#include "ctl/args.h"
#include "ctl/command.h"

enum exit_status { EXIT_DONE, EXIT_REFUSED, EXIT_USAGE };

static enum exit_status complain(const struct err *err, enum exit_status status)
{
	fprintf(stderr, "sluicectl: %s\n", err->text);
	return status;
}

static enum exit_status explain(const struct err *err, const struct command *command)
{
	complain(err, EXIT_USAGE);
	if (command) {
		fputs("usage: sluicectl ", stderr);
		command_synopsis(command, true, stderr);
		fputc('\n', stderr);
	}
	return EXIT_USAGE;
}

static enum exit_status run(const struct invocation *invocation)
{
	struct err err = { 0 };

	if (invocation->command->run(invocation, &err))
		return complain(&err, EXIT_REFUSED);
	/* A full disk must not pass for a complete export. */
	if (fflush(stdout) || ferror(stdout)) {
		err_set(&err, EIO, "cannot write the output: %s", strerror(errno));
		return complain(&err, EXIT_REFUSED);
	}
	return EXIT_DONE;
}

int main(int argc, char **argv)
{
	struct invocation invocation = { 0 };
	struct err err = { 0 };
	enum exit_status status;

	setlocale(LC_CTYPE, "C.UTF-8");		/* as in JSON, whatever the terminal's locale says */
	output_init(&invocation.output, stdout);
	if (args_parse(argc, argv, &invocation, &err))
		status = explain(&err, invocation.command);
	else
		status = run(&invocation);
	args_clean(&invocation);
	return status;
}
