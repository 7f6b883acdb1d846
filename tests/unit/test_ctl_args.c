// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* ctl/args.c: words become a command with arguments, options and a body, or a sentence. */
#include "ctl/args.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "ctl/command.h"

enum { WORDS_MAX = 16 };

/* Splits at blanks; the word '' is empty. */
static int parse(char *line, struct invocation *invocation, struct err *err)
{
	char *words[WORDS_MAX] = { (char *)"sluicectl" };
	int count = 1;

	for (char *word = strtok(line, " "); word; word = strtok(NULL, " "))
		words[count++] = strcmp(word, "''") ? word : word + 2;
	*invocation = (struct invocation){ 0 };
	*err = (struct err){ 0 };
	return args_parse(count, words, invocation, err);
}

/* The command's words and arguments as they were understood: "listener add/web". */
static void describe(const struct invocation *invocation, char *text, size_t size)
{
	const struct command *command = invocation->command;

	snprintf(text, size, "%s%s%s%s%s%s%s", command->object, command->verb ? " " : "",
		 command->verb ?: "", invocation->arguments[0] ? "/" : "",
		 invocation->arguments[0] ?: "", invocation->arguments[1] ? "/" : "",
		 invocation->arguments[1] ?: "");
}

struct args_case {
	const char *line;
	const char *understood;
	const char *body;
};

static void accepts(const struct args_case *expected)
{
	_cleanup_free_ char *line = strdup(expected->line), *body = NULL;
	struct invocation invocation;
	char understood[256] = "";
	struct err err;
	int r;

	r = parse(line, &invocation, &err);
	cr_expect_eq(r, 0, "%s: %s", expected->line, err.text);
	if (!r) {
		describe(&invocation, understood, sizeof(understood));
		body = json_dumps(invocation.body, JSON_COMPACT);
		cr_expect_str_eq(understood, expected->understood);
		cr_expect_str_eq(body, expected->body);
	}
	args_clean(&invocation);
}

static void refuses(const char *text, const char *sentence)
{
	_cleanup_free_ char *line = strdup(text);
	struct invocation invocation;
	struct err err;

	cr_expect_eq(parse(line, &invocation, &err), -EINVAL, "%s", text);
	cr_expect_str_eq(err.text, sentence);
	args_clean(&invocation);
}

Test(args, no_command_is_status)
{
	accepts(&(struct args_case){ "", "status", "{}" });
	accepts(&(struct args_case){ "--output json", "status", "{}" });
}

Test(args, options_may_stand_before_between_and_after_arguments)
{
	static const char understood[] = "target add/web/10.0.0.11:80";
	static const char body[] = "{\"weight\":5}";

	accepts(&(struct args_case){ "target add web 10.0.0.11:80 --weight 5", understood, body });
	accepts(&(struct args_case){ "target add --weight 5 web 10.0.0.11:80", understood, body });
	accepts(&(struct args_case){ "target add web --weight=5 10.0.0.11:80", understood, body });
}

Test(args, options_become_the_keys_of_the_body)
{
	accepts(&(struct args_case){
		"listener add web --address 192.0.2.10 --port 80 --protocol tcp --group 123",
		"listener add/web",
		"{\"address\":\"192.0.2.10\",\"port\":80,\"protocol\":\"tcp\",\"group\":\"123\"}" });
	accepts(&(struct args_case){ "listener set web --groups=blue=90,green=10 --port=1-9",
				     "listener set/web",
				     "{\"groups\":{\"blue\":90,\"green\":10},\"port\":\"1-9\"}" });
	accepts(&(struct args_case){
		"group add g --health-check interval=5s,port=81 --deregistration-delay 30",
		"group add/g",
		"{\"health_check\":{\"interval\":\"5s\",\"port\":81},\"deregistration_delay\":30}" });
	accepts(&(struct args_case){
		"group set g --idle-timeout=60 --connection-termination=true --slow-start=30s "
		"--unhealthy-connection-termination=false --unhealthy-draining-interval=1h",
		"group set/g",
		"{\"idle_timeout\":60,\"connection_termination\":true,\"slow_start\":\"30s\","
		"\"unhealthy_connection_termination\":false,\"unhealthy_draining_interval\":\"1h\"}" });
	accepts(&(struct args_case){ "listener set dns --affinity hash", "listener set/dns",
				     "{\"affinity\":\"hash\"}" });
}

/* The most options that a command has, all at once. */
Test(args, a_command_takes_every_option_that_it_has)
{
	accepts(&(struct args_case){
		"group add g --forwarding=nat --health-check=port=1 --idle-timeout=2 "
		"--deregistration-delay=3 --connection-termination=false "
		"--unhealthy-connection-termination=true --unhealthy-draining-interval=4 "
		"--slow-start=5 --tunnel-source=a",
		"group add/g",
		"{\"forwarding\":\"nat\",\"health_check\":{\"port\":1},\"idle_timeout\":2,"
		"\"deregistration_delay\":3,\"connection_termination\":false,"
		"\"unhealthy_connection_termination\":true,\"unhealthy_draining_interval\":4,"
		"\"slow_start\":5,\"tunnel_source\":[\"a\"]}" });
}

Test(args, an_option_without_a_key_is_for_the_handler_alone)
{
	_cleanup_free_ char *line = strdup("apply -f - --dry-run");
	struct invocation invocation;
	struct err err;

	cr_assert_eq(parse(line, &invocation, &err), 0);
	cr_expect_str_eq(invocation_value(&invocation, "file"), "-");
	cr_expect_not_null(invocation_value(&invocation, "dry-run"));
	cr_expect_eq(json_object_size(invocation.body), 0);
	args_clean(&invocation);
	accepts(&(struct args_case){ "apply --file=a.yaml", "apply", "{}" });
	accepts(&(struct args_case){ "apply -f=a.yaml", "apply", "{}" });
}

Test(args, global_options_may_stand_anywhere)
{
	static const char *const lines[] = {
		"--socket /s --output json listener list",
		"listener --socket=/s list --output=json",
		"listener list --output json --socket /s",
	};

	for (unsigned i = 0; i < ARRAY_SIZE(lines); i++) {
		_cleanup_free_ char *line = strdup(lines[i]);
		struct invocation invocation;
		struct err err;

		cr_assert_eq(parse(line, &invocation, &err), 0, "%s: %s", lines[i], err.text);
		cr_expect_str_eq(invocation.client.socket, "/s");
		cr_expect(invocation.output.json);
		args_clean(&invocation);
	}
}

Test(args, without_global_options_it_is_the_default_socket_and_a_table)
{
	struct invocation invocation;
	char line[] = "listener list";
	struct err err;

	cr_assert_eq(parse(line, &invocation, &err), 0);
	cr_expect_str_eq(invocation.client.socket, "/run/sluice/sluice.sock");
	cr_expect_not(invocation.output.json);
	args_clean(&invocation);
}

Test(args, two_dashes_end_the_options)
{
	accepts(&(struct args_case){ "listener show -- --web", "listener show/--web", "{}" });
	accepts(&(struct args_case){ "-- status", "status", "{}" });
	refuses("listener show --web", "listener show: unknown option '--web': it is one of "
				       "--socket, --output, --help");
}

Test(args, an_optional_argument_may_be_left_out)
{
	accepts(&(struct args_case){ "target list", "target list", "{}" });
	accepts(&(struct args_case){ "target list web", "target list/web", "{}" });
}

Test(args, an_unknown_word_is_named_with_those_that_would_be_right)
{
	refuses("lisener", "unknown command 'lisener': it is one of status, apply, export, listener, "
			   "group, target, metrics, detach, version, help, words");
	refuses("listener ad", "listener: unknown verb 'ad': it is one of add, set, remove, show, "
			       "list");
	refuses("listener", "listener needs a verb: one of add, set, remove, show, list");
	refuses("target remove --later", "target remove: unknown option '--later': it is one of "
					 "--now, --socket, --output, --help");
	refuses("-x", "unknown option '-x': it is one of --socket, --output, --help");
	refuses("--weight=5 target list", "unknown option '--weight': it is one of --socket, "
					  "--output, --help");
}

Test(args, a_longer_or_shorter_name_is_not_an_option)
{
	refuses("target remove a b --no", "target remove: unknown option '--no': it is one of --now, "
					  "--socket, --output, --help");
	refuses("target remove a b --nowx", "target remove: unknown option '--nowx': it is one of "
					    "--now, --socket, --output, --help");
	refuses("apply -fx", "apply: unknown option '-fx': it is one of --file, --dry-run, --socket, "
			     "--output, --help");
}

Test(args, what_is_missing_is_named)
{
	refuses("listener add", "listener add: NAME is missing");
	refuses("target add web", "target add: ADDR:PORT is missing");
	refuses("listener add web --port 80", "listener add: --address ADDR is missing");
	refuses("listener add web --address 192.0.2.10", "listener add: --port PORT is missing");
	refuses("apply", "apply: --file FILE is missing");
	refuses("listener show ''", "listener show: LISTENER is empty");
	refuses("target set web 10.0.0.11:80",
		"target set: nothing to set: give one or more of --weight");
	refuses("group set web",
		"group set: nothing to set: give one or more of --forwarding, --health-check, "
		"--idle-timeout, --deregistration-delay, --connection-termination, "
		"--unhealthy-connection-termination, --unhealthy-draining-interval, --slow-start, "
		"--tunnel-source");
}

Test(args, what_is_too_much_is_named)
{
	refuses("status now", "status: unexpected argument 'now'");
	refuses("target add web 10.0.0.11:80 x", "target add: unexpected argument 'x'");
	refuses("target list web x", "target list: unexpected argument 'x'");
	refuses("target set web a --weight 1 --weight=2", "target set: --weight is given twice");
	refuses("--socket a status --socket b", "status: --socket is given twice");
	refuses("target remove web a --now=1", "target remove: --now takes no value");
}

Test(args, an_option_that_needs_a_value_does_not_swallow_the_next_option)
{
	refuses("target set web a --weight", "target set: --weight needs a value: WEIGHT");
	refuses("listener add web --address --port 80", "listener add: --address needs a value: ADDR");
	refuses("--output", "--output needs a value: table|json");
	refuses("group set web --connection-termination --slow-start 5",
		"group set: --connection-termination needs a value: true|false");
}

Test(args, values_of_a_wrong_form_are_refused_with_their_option)
{
	refuses("group add g --health-check interval",
		"group add: --health-check: 'interval' is not NAME=VALUE");
	refuses("--output xml", "--output is table or json, not 'xml'");
}

Test(args, help_is_given_for_any_beginning_of_a_command)
{
	accepts(&(struct args_case){ "--help", "help", "{}" });
	accepts(&(struct args_case){ "-h", "help", "{}" });
	accepts(&(struct args_case){ "help", "help", "{}" });
	accepts(&(struct args_case){ "help help", "help/help", "{}" });
	accepts(&(struct args_case){ "help --help", "help", "{}" });
	accepts(&(struct args_case){ "help listener -h", "help/listener", "{}" });
	accepts(&(struct args_case){ "help listener", "help/listener", "{}" });
	accepts(&(struct args_case){ "listener --help", "help/listener", "{}" });
	accepts(&(struct args_case){ "help listener add", "help/listener/add", "{}" });
	accepts(&(struct args_case){ "listener add --help", "help/listener/add", "{}" });
	accepts(&(struct args_case){ "target remove web --now -h", "help/target/remove", "{}" });
	refuses("help lisener", "unknown command 'lisener': it is one of status, apply, export, "
				"listener, group, target, metrics, detach, version, help, words");
	refuses("help listener ad", "listener: unknown verb 'ad': it is one of add, set, remove, "
				    "show, list");
}
