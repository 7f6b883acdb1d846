// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "control/handlers.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include "api_steps.h"
#include "base/cleanup.h"

Test(handlers, bad_bodies_are_refused)
{
	api_close(RUN(
		{ "POST", "/v1/groups", NULL, 400, "the body is empty" },
		{ "POST", "/v1/groups", "{'name':", 400, "not JSON: line 1, column 8" },
		{ "POST", "/v1/groups", "{'name':'a'} x", 400, "not JSON: line 1" },
		{ "POST", "/v1/groups", "{'name':'a','name':'b'}", 400, "not JSON: line 1" },
		{ "POST", "/v1/groups", "{'name':'\xff'}", 400, "not JSON" },
		{ "POST", "/v1/groups", "['a']", 400, "not an object" },
		{ "POST", "/v1/groups", "3", 400, "not JSON" },
		{ "POST", "/v1/groups", "{'name':3}", 400, "name" }));
}

Test(handlers, unknown_paths_and_methods_are_refused)
{
	api_close(RUN(
		SETUP,
		{ "GET", "/", NULL, 404, "there is no path '/'" },
		{ "GET", "/v2/status", NULL, 404, "there is no path '/v2/status'" },
		{ "GET", "/v1/listeners/", NULL, 404, "there is no path" },
		{ "GET", "/v1/listeners/www/", NULL, 404, "there is no path" },
		{ "GET", "/v1/listeners/w%00ww", NULL, 404, "there is nothing named w%00ww" },
		{ "GET", "/v1/listeners/www%00x", NULL, 404, "there is nothing named www%00x" },
		{ "GET", "/v1/listeners/%77ww", NULL, 200, "{'name':'www'}" },
		{ "GET", "/v1/listeners/a%2fb%0a%ff", NULL, 404, "there is no listener 'a/b?\?'" },
		{ "DELETE", "/v1/config", NULL, 405, "does not take DELETE; it takes GET, PUT" },
		{ "PUT", "/v1/listeners/www", "{}", 405, "it takes GET, PATCH, DELETE" },
		{ "OPTIONS", "/v1/status", NULL, 405, "it takes GET" },
		{ "BREW", "/v1/status", NULL, 405, "it takes GET" },
		{ "GET", "/v1/detach", NULL, 405, "it takes POST" }));
}

Test(handlers, what_fails_below_the_model_is_an_internal_error)
{
	struct api *api = RUN(SETUP);

	api->dataplane.fail_from = api->dataplane.calls + 1;
	api->dataplane.fail_count = 1;
	api->dataplane.fail_code = EINVAL;
	run_step(api, &(struct step){ "POST", "/v1/groups", "{'name':'x'}", 500, "prepare" });
	api->dataplane.fail_from = api->dataplane.calls + 1;
	api->dataplane.fail_code = ENOSPC;
	run_step(api, &(struct step){ "POST", "/v1/groups", "{'name':'x'}", 409, "prepare" });
	run_step(api, &(struct step){ "POST", "/v1/groups", "{'name':'x'}", 201, "{}" });
	api_close(api);
}

/* What the steps write to the log, as text (free). */
static char *log_of(struct api *api, const struct step *steps)
{
	int before = dup(STDERR_FILENO), file;
	char *text = NULL, path[96];
	size_t size = 0;
	FILE *stream;

	snprintf(path, sizeof(path), "%s/log", api->dir);
	file = open(path, O_CREAT | O_RDWR | O_APPEND, 0600);
	dup2(file, STDERR_FILENO);
	for (; steps->method; steps++)
		run_step(api, steps);
	dup2(before, STDERR_FILENO);
	close(before);
	lseek(file, 0, SEEK_SET);
	stream = fdopen(file, "r");
	if (getdelim(&text, &size, '\0', stream) < 0)
		text[0] = '\0';
	fclose(stream);
	return text;
}

Test(handlers, changes_and_refusals_are_logged_and_reads_are_not)
{
	struct api *api = RUN(SETUP);
	_cleanup_free_ char *text = NULL;

	text = log_of(api, (const struct step[]){
		{ "PATCH", "/v1/groups/web/targets/10.0.0.2:8080", "{'weight':1}", 200, "{}" },
		{ "POST", "/v1/groups", "{'name':'web'}", 409, "exists" },
		{ "PUT", "/v1/config?dry_run=1", "{}", 200, "{}" },
		{ "GET", "/v1/groups/nope", NULL, 404, "nope" },
		{ "PATCH", "/v1/groups/web", "{}", 200, "{}" },
		{ .method = NULL } });
	cr_assert_str_eq(text,
			 "info control: change target 'web 10.0.0.2:8080': weight 5 -> 1\n"
			 "info control: POST /v1/groups refused: group 'web' exists already\n"
			 "info control: PATCH /v1/groups/web: done, the configuration stays as it is\n");
	api_close(api);
}

Test(handlers, the_log_of_a_large_change_has_an_end)
{
	_cleanup_free_ char *yaml = strdup("groups:\n"), *text = NULL;
	struct api *api = api_open();

	for (int i = 0; i < 22; i++) {
		_cleanup_free_ char *shorter = yaml;

		cr_assert(asprintf(&yaml, "%s- name: g%02d\n", shorter, i) > 0);
	}
	text = log_of(api, (const struct step[]){ { "PUT", "/v1/config", yaml, 200, "{}" },
						  { .method = NULL } });
	cr_assert(strstr(text, "add group 'g19'\ninfo control: ... and 2 more\n"), "%s", text);
	api_close(api);
}
