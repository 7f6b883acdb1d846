// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Whole commands: what is asked of the daemon, and what is printed of its answer. */
#include <criterion/criterion.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "capture.h"
#include "ctl/args.h"
#include "ctl/command.h"
#include "stub_server.h"

enum { WORDS_MAX = 16 };

static struct stub_server server;

static void make_server(void)
{
	stub_init(&server);
}

static void remove_server(void)
{
	stub_clean(&server);
}

TestSuite(run, .init = make_server, .fini = remove_server, .timeout = 30);

static int run(const char *line, struct capture *capture, struct err *err)
{
	char *words[WORDS_MAX] = { (char *)"sluicectl", (char *)"--socket", server.path };
	struct invocation invocation = { 0 };
	_cleanup_free_ char *copy = strdup(line);
	int count = 3, r;

	for (char *word = strtok(copy, " "); word; word = strtok(NULL, " "))
		words[count++] = word;
	invocation.output = capture->output;
	r = args_parse(count, words, &invocation, err);
	cr_expect_eq(r, 0, "%s: %s", line, err->text);
	r = r ?: invocation.command->run(&invocation, err);
	args_clean(&invocation);
	return r;
}

struct run_case {
	const char *line;
	const char *request;		/* the first line, without the HTTP version */
	const char *body;
	const char *answer;
	const char *output;
};

static void check(const struct run_case *expected)
{
	char request[256];
	struct capture capture;
	struct err err = { 0 };
	const char *body;

	capture_open(&capture);
	stub_start(&server, expected->answer);
	cr_expect_eq(run(expected->line, &capture, &err), 0, "%s: %s", expected->line, err.text);
	stub_stop(&server);
	snprintf(request, sizeof(request), "%.*s", (int)strcspn(server.request, "\r"),
		 server.request);
	if (strrchr(request, ' '))
		*strrchr(request, ' ') = '\0';
	body = strstr(server.request, "\r\n\r\n");
	cr_expect_str_eq(request, expected->request);
	cr_expect_str_eq(body ? body + 4 : "", expected->body);
	cr_expect_str_eq(capture_text(&capture), expected->output);
	capture_close(&capture);
}

#define CHANGED \
	STUB_ANSWER("200 OK", "{\"changes\": [{\"change\": \"add\", \"object\": \"group\"," \
			      " \"name\": \"web\", \"detail\": \"\"}]}")

Test(run, every_change_goes_to_its_object_and_prints_what_it_did)
{
	static const struct {
		const char *line, *request, *body;
	} cases[] = {
		{ "listener add web --address 192.0.2.10 --port 80 --group web",
		  "POST /v1/listeners",
		  "{\"address\":\"192.0.2.10\",\"port\":80,\"group\":\"web\",\"name\":\"web\"}" },
		{ "listener set web --port any", "PATCH /v1/listeners/web", "{\"port\":\"any\"}" },
		{ "listener set web --groups blue=90,green=10 --affinity tracked",
		  "PATCH /v1/listeners/web",
		  "{\"groups\":{\"blue\":90,\"green\":10},\"affinity\":\"tracked\"}" },
		{ "listener remove web", "DELETE /v1/listeners/web", "" },
		{ "group add web", "POST /v1/groups", "{\"name\":\"web\"}" },
		{ "group set a/b --forwarding ipip", "PATCH /v1/groups/a%2Fb",
		  "{\"forwarding\":\"ipip\"}" },
		{ "group set web --unhealthy-connection-termination false --idle-timeout 10m",
		  "PATCH /v1/groups/web",
		  "{\"unhealthy_connection_termination\":false,\"idle_timeout\":\"10m\"}" },
		{ "group remove web", "DELETE /v1/groups/web", "" },
		{ "target add web 10.0.0.11:80", "POST /v1/groups/web/targets",
		  "{\"address\":\"10.0.0.11\",\"port\":80}" },
		{ "target add web [fd00:0::11]:80 --weight 7", "POST /v1/groups/web/targets",
		  "{\"weight\":7,\"address\":\"fd00::11\",\"port\":80}" },
		{ "target set web 10.0.0.11:80 --weight 0",
		  "PATCH /v1/groups/web/targets/10.0.0.11%3A80", "{\"weight\":0}" },
		{ "target remove web 10.0.0.11:80", "DELETE /v1/groups/web/targets/10.0.0.11%3A80",
		  "" },
		{ "target remove --now web [fd00::11]:80",
		  "DELETE /v1/groups/web/targets/%5Bfd00%3A%3A11%5D%3A80?now=1", "" },
	};

	for (unsigned i = 0; i < ARRAY_SIZE(cases); i++)
		check(&(struct run_case){ cases[i].line, cases[i].request, cases[i].body, CHANGED,
					  "+ group web\n" });
}

Test(run, a_draining_target_that_is_dropped_is_no_change_but_gone)
{
	check(&(struct run_case){ "target remove web 10.0.0.11:80 --now",
				  "DELETE /v1/groups/web/targets/10.0.0.11%3A80?now=1", "",
				  STUB_ANSWER("200 OK", "{\"changes\": []}"),
				  "no longer draining, gone at once\n" });
}

Test(run, apply_sends_the_file_as_it_is_and_counts_the_changes)
{
	static const char answer[] = STUB_ANSWER(
		"200 OK", "{\"changes\": [{\"change\": \"remove\", \"object\": \"group\","
			  " \"name\": \"a\"}, {\"change\": \"add\", \"object\": \"group\","
			  " \"name\": \"b\"}]}");
	static const char none[] = STUB_ANSWER("200 OK", "{\"changes\": []}");
	static const char text[] = "groups: [] # as it is\n";
	char file[64], line[96], dry_line[96];
	FILE *stream;

	snprintf(file, sizeof(file), "%s/f", server.dir);
	snprintf(line, sizeof(line), "apply -f %s", file);
	snprintf(dry_line, sizeof(dry_line), "apply --dry-run --file=%s", file);
	stream = fopen(file, "w");
	cr_assert_not_null(stream);
	fputs(text, stream);
	fclose(stream);
	check(&(struct run_case){ line, "PUT /v1/config", text, CHANGED,
				  "+ group web\n1 change applied\n" });
	cr_expect_not_null(strstr(server.request, "\r\nContent-Type: application/yaml\r\n"));
	check(&(struct run_case){ dry_line, "PUT /v1/config?dry_run=1", text, answer,
				  "- group a\n+ group b\n2 changes would be applied\n" });
	check(&(struct run_case){ line, "PUT /v1/config", text, none, "no changes\n" });
	unlink(file);
}

Test(run, export_asks_for_yaml_or_for_json)
{
	check(&(struct run_case){ "export", "GET /v1/config", "",
				  STUB_ANSWER("200 OK", "groups: []\n"), "groups: []\n" });
	cr_expect_not_null(strstr(server.request, "\r\nAccept: application/yaml\r\n"));
	check(&(struct run_case){ "export --output json", "GET /v1/config", "",
				  STUB_ANSWER("200 OK", "{\"groups\": []}"),
				  "{\n  \"groups\": []\n}\n" });
}

Test(run, listeners_are_listed_with_their_groups_and_traffic)
{
	check(&(struct run_case){
		"listener list", "GET /v1/listeners", "",
		STUB_ANSWER("200 OK",
			    "{\"listeners\": [{\"name\": \"web\", \"address\": \"192.0.2.10\","
			    " \"protocol\": \"tcp\", \"port\": 80, \"group\": \"web\","
			    " \"packets\": 12345, \"bytes\": 12345, \"flows\": 7},"
			    " {\"name\": \"dns\", \"address\": \"2001:db8::1\","
			    " \"protocol\": \"udp\", \"port\": \"1-99\","
			    " \"groups\": {\"blue\": 90, \"green\": 10},"
			    " \"packets\": 0, \"bytes\": 0, \"flows\": 0}]}"),
		"NAME  ADDRESS      PORT  PROTOCOL  GROUPS            PACKETS    BYTES  FLOWS\n"
		"web   192.0.2.10     80  tcp       web                 12.3k  12.1KiB      7\n"
		"dns   2001:db8::1  1-99  udp       blue=90,green=10        0       0B      0\n" });
}

#define TARGET(state) "{\"address\": \"10.0.0.1\", \"port\": 80, \"state\": \"" state "\"}"

Test(run, groups_are_listed_with_those_targets_that_are_well_and_stay)
{
	check(&(struct run_case){
		"group list", "GET /v1/groups", "",
		STUB_ANSWER("200 OK",
			    "{\"groups\": [{\"name\": \"a\", \"forwarding\": \"nat\","
			    " \"health_check\": {\"protocol\": \"tcp\", \"port\": \"traffic-port\","
			    " \"interval\": \"10s\"}, \"fails_open\": false, \"targets\": ["
			    TARGET("healthy") "," TARGET("unhealthy") "," TARGET("draining") ","
			    "{\"state\": \"unused\", \"reason\": \"Target.NotRegistered\"}]},"
			    " {\"name\": \"b\", \"forwarding\": \"ipip\","
			    " \"health_check\": {\"protocol\": \"tcp\", \"port\": 81,"
			    " \"interval\": \"500ms\"}, \"fails_open\": true, \"targets\": []},"
			    " {\"name\": \"c\", \"forwarding\": \"nat\","
			    " \"health_check\": {\"protocol\": \"none\"}, \"fails_open\": false,"
			    " \"targets\": [" TARGET("unavailable") "]},"
			    " {\"name\": \"d\", \"forwarding\": \"nat\", \"removed\": true,"
			    " \"health_check\": {\"protocol\": \"none\"}, \"fails_open\": false,"
			    " \"targets\": [" TARGET("draining") "]}]}"),
		"NAME         FORWARDING  HEALTH CHECK        HEALTHY  FAILS OPEN\n"
		"a            nat         tcp every 10s           1/2  no\n"
		"b            ipip        tcp:81 every 500ms      0/0  yes\n"
		"c            nat         none                    1/1  no\n"
		"d (removed)  nat         none                    0/0  no\n" });
}

Test(run, a_group_is_shown_with_its_targets)
{
	check(&(struct run_case){
		"group show a", "GET /v1/groups/a", "",
		STUB_ANSWER("200 OK", "{\"name\": \"a\", \"health_check\": {\"protocol\": \"tcp\","
				      " \"interval\": \"10s\"}, \"idle_timeout\": \"350s\","
				      " \"connection_termination\": false,"
				      " \"unhealthy_connection_termination\": true,"
				      " \"removed\": true, \"targets\": []}"),
		"Name                              a\n"
		"Health check                      protocol=tcp,interval=10s\n"
		"Idle timeout                      350s\n"
		"Connection termination            no\n"
		"Unhealthy connection termination  yes\n"
		"Removed                           yes\n"
		"\n"
		"no targets\n" });
}

Test(run, targets_of_one_group_and_of_all_have_the_same_shape)
{
	static const char output[] = "{\n"
				     "  \"targets\": [\n"
				     "    {\n"
				     "      \"group\": \"a\",\n"
				     "      \"address\": \"10.0.0.1\",\n"
				     "      \"port\": 80,\n"
				     "      \"state\": \"healthy\"\n"
				     "    }\n"
				     "  ]\n"
				     "}\n";

	check(&(struct run_case){ "target list a --output json", "GET /v1/groups/a/targets", "",
				  STUB_ANSWER("200 OK", "{\"targets\": [" TARGET("healthy") "]}"),
				  output });
	check(&(struct run_case){
		"target list --output json", "GET /v1/groups", "",
		STUB_ANSWER("200 OK", "{\"groups\": [{\"name\": \"a\", \"targets\": ["
				      TARGET("healthy") "]}, {\"name\": \"b\", \"targets\": []}]}"),
		output });
}

Test(run, a_target_that_is_no_endpoint_is_not_asked_for)
{
	static const char *const lines[] = {
		"target add web 10.0.0.1",
		"target set web 10.0.0.1 --weight 1",
		"target remove web 10.0.0.1",
	};
	struct capture capture;
	struct err err;

	capture_open(&capture);
	for (unsigned i = 0; i < ARRAY_SIZE(lines); i++) {
		cr_expect_eq(run(lines[i], &capture, &err), -EINVAL);
		cr_expect_str_eq(err.text, "'10.0.0.1' is not ADDRESS:PORT such as 10.0.0.11:8080 "
					   "or [fd00::11]:8080");
	}
	capture_close(&capture);
}

Test(run, the_daemons_sentence_is_the_error)
{
	struct capture capture;
	struct err err;

	capture_open(&capture);
	stub_start(&server, STUB_ANSWER("409 Conflict", "{\"error\": \"group 'web' exists\"}"));
	cr_expect_eq(run("group add web", &capture, &err), -EREMOTEIO);
	stub_stop(&server);
	cr_expect_str_eq(err.text, "group 'web' exists");
	cr_expect_str_empty(capture_text(&capture));
	capture_close(&capture);
}

Test(run, version_is_answered_without_a_daemon_too)
{
	static const char answer[] =
		STUB_ANSWER("200 OK", "{\"version\": \"1.0\", \"abi\": 3}");
	struct capture capture;
	struct err err;

	check(&(struct run_case){ "version", "GET /v1/version", "", answer,
				  "sluicectl " SLUICE_VERSION "\n"
				  "sluiced   1.0 (ABI 3)\n" });
	unlink(server.path);
	capture_open(&capture);
	cr_expect_eq(run("version", &capture, &err), 0);
	cr_expect_str_eq(capture_text(&capture), "sluicectl " SLUICE_VERSION "\n"
						 "sluiced   is not running\n");
	capture_close(&capture);
}

Test(run, detach_asks_the_daemon_and_touches_no_pins)
{
	check(&(struct run_case){
		"detach --pin-dir /nonexistent", "POST /v1/detach", "",
		STUB_ANSWER("200 OK", "{\"detaching\": true}"),
		"detached: sluiced took its program off every interface and ends\n" });
}

Test(run, detach_without_a_daemon_and_pins_has_nothing_to_do)
{
	struct capture capture;
	char sentence[256];
	struct err err;

	snprintf(sentence, sizeof(sentence),
		 "nothing is attached: no sluiced answers on %s and there is no /nonexistent\n",
		 server.path);
	capture_open(&capture);
	cr_expect_eq(run("detach --pin-dir /nonexistent", &capture, &err), 0);
	cr_expect_str_eq(capture_text(&capture), sentence);
	capture_close(&capture);
}

Test(run, metrics_are_printed_as_they_come)
{
	check(&(struct run_case){ "metrics", "GET /metrics", "",
				  STUB_ANSWER("200 OK", "# HELP x\nx 1\n"), "# HELP x\nx 1\n" });
}
