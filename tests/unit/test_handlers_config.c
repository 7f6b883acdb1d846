// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "control/handlers.h"

#include <criterion/criterion.h>
#include <string.h>

#include "api_steps.h"
#include "base/cleanup.h"
#include "model/model.h"

Test(handlers_config, a_configuration_is_exported_and_taken_back)
{
	struct api *api = RUN(SETUP);
	struct reply yaml;

	api_request(api, "GET", "/v1/config", "Accept: application/yaml\r\n", NULL, &yaml);
	cr_assert_eq(yaml.status, 200);
	cr_assert(strstr(yaml.text, "Content-Type: application/yaml\r\n"));
	cr_assert(strstr(yaml.body, "000102030405060708090a0b0c0d0e0f"));
	cr_assert(!strstr(yaml.body, "\n\n"), "%s", yaml.body);
	run_step(api, &(struct step){ "GET", "/v1/config", NULL, 200,
				      "{'listeners':[{},{}],'groups':[{},{},{}]}" });
	run_step(api, &(struct step){ "PUT", "/v1/config", yaml.body, 200, "{'changes':[]}" });
	run_step(api, &(struct step){ "PUT", "/v1/config", "{}", 200,
				      "{'changes':[{},{},{},{},{},{},{},{},{}]}" });
	run_step(api, &(struct step){ "PUT", "/v1/config", yaml.body, 200,
				      "{'changes':[{},{},{},{},{},{},{},{},{}]}" });
	reply_clean(&yaml);
	api_close(api);
}

Test(handlers_config, a_configuration_without_a_secret_keeps_the_current_one)
{
	static const uint8_t secret[SECRET_SIZE] = { 0, 1, 2,  3,  4,  5,  6,  7,
						     8, 9, 10, 11, 12, 13, 14, 15 };
	struct api *api = RUN(SETUP, { "PUT", "/v1/config", "{}", 200, "{}" });

	cr_assert_arr_eq(api->change.model->hash_secret, secret, SECRET_SIZE);
	api_close(api);
}

Test(handlers_config, a_dry_run_answers_what_would_change_and_changes_nothing)
{
	struct api *api = RUN(SETUP);
	_cleanup_free_ char *before = api_snapshot(api), *after = NULL;

	run_step(api, &(struct step){
		"PUT", "/v1/config?dry_run=1", "groups:\n- name: web\n- name: new\n", 200,
		"{'changes':[{'change':'remove','object':'group','name':'dns'},{},{},{},"
		"{'change':'add','object':'group','name':'new'},{},{},{},{}]}" });
	run_step(api, &(struct step){ "PUT", "/v1/config?dry_run=1",
				      "listeners:\n- {name: x, address: 192.0.2.1, protocol: tcp, "
				      "port: 1, group: nope}\n", 400, "'nope'" });
	after = api_snapshot(api);
	cr_assert_str_eq(before, after);
	api_close(api);
}

Test(handlers_config, bad_configurations_are_refused_with_their_line)
{
	api_close(RUN(
		SETUP,
		{ "PUT", "/v1/config", "listeners:\n- name: [\n", 400, "line" },
		{ "PUT", "/v1/config", "groups:\n- name: a\n  colour: red\n", 400, "line 3" },
		{ "PUT", "/v1/config", "groups:\n- name: a\n- name: a\n", 400, "a" },
		{ "PUT", "/v1/config", "- a\n- b\n", 400, "not an object" },
		{ "PUT", "/v1/config", "{'groups':[{'name':'a'}],'gruops':[]}", 400, "gruops" },
		{ "PUT", "/v1/config?dryrun=1", "{}", 400, "'dryrun' is not known" }));
}
