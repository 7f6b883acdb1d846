// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "control/handlers.h"

#include <criterion/criterion.h>
#include <errno.h>

#include "api_steps.h"
#include "model/model.h"

Test(handlers_group, groups_are_created_shown_changed_and_removed)
{
	api_close(RUN(
		{ "POST", "/v1/groups",
		  "{'name':'web','forwarding':'ipip','health_check':{'interval':'5s'},"
		  "'targets':[{'address':'10.0.0.1','port':80},{'address':'10.0.0.2','port':80}]}",
		  201,
		  "{'changes':[{'change':'add','object':'group','name':'web'},"
		  "{'change':'add','object':'target','name':'web 10.0.0.1:80'},"
		  "{'change':'add','object':'target','name':'web 10.0.0.2:80'}]}" },
		{ "GET", "/v1/groups/web", NULL, 200,
		  "{'name':'web','forwarding':'ipip','fails_open':false,'in_use':false,"
		  "'deregistration_delay':'300s','health_check':{'interval':'5s','timeout':'2s'},"
		  "'targets':[{'address':'10.0.0.1','packets':7,'bytes':700,'flows':3,"
		  "'state':'initial','in_service':false},{'address':'10.0.0.2'}]}" },
		{ "PATCH", "/v1/groups/web", "{'deregistration_delay':60,'forwarding':'nat'}", 200,
		  "{'changes':[{'change':'change','object':'group','name':'web'}]}" },
		{ "GET", "/v1/groups", NULL, 200,
		  "{'groups':[{'name':'web','forwarding':'nat','deregistration_delay':'60s',"
		  "'health_check':{'interval':'5s'},'targets':[{'packets':7},{'packets':7}]}]}" },
		{ "PATCH", "/v1/groups/web", "{'targets':[{'address':'10.0.0.2','port':80}]}", 200,
		  "{'changes':[{'change':'remove','object':'target','name':'web 10.0.0.1:80'}]}" },
		{ "DELETE", "/v1/groups/web", NULL, 200,
		  "{'changes':[{'change':'remove','object':'group','name':'web'},"
		  "{'change':'remove','object':'target','name':'web 10.0.0.2:80'}]}" },
		{ "GET", "/v1/groups", NULL, 200, "{'groups':[]}" }));
}

Test(handlers_group, bad_groups_are_refused)
{
	api_close(RUN(
		SETUP,
		{ "POST", "/v1/groups", "{'name':'web'}", 409, "group 'web' exists already" },
		{ "POST", "/v1/groups", "{}", 400, "'name' is missing" },
		{ "POST", "/v1/groups", "{'name':'a/b'}", 400, "a/b" },
		{ "POST", "/v1/groups", "{'name':'x','forwarding':'carrier-pigeon'}", 400,
		  "carrier-pigeon" },
		{ "POST", "/v1/groups", "{'name':'x','health_check':{'interval':'1ms'}}", 400,
		  "interval" },
		{ "POST", "/v1/groups",
		  "{'name':'x','targets':[{'address':'10.0.0.1','port':1},{'address':'10.0.0.1','port':1}]}",
		  400, "10.0.0.1:1" },
		{ "GET", "/v1/groups/nope", NULL, 404, "there is no group 'nope'" },
		{ "PATCH", "/v1/groups/nope", "{}", 404, "there is no group 'nope'" },
		{ "DELETE", "/v1/groups/nope", NULL, 404, "there is no group 'nope'" },
		{ "PATCH", "/v1/groups/web", "{'name':'x'}", 400, "name can not be changed" },
		{ "PATCH", "/v1/groups/web", "{'deregistration_delay':'2h'}", 400,
		  "deregistration_delay" },
		{ "DELETE", "/v1/groups/web", NULL, 409, "is used by listener 'www'" }));
}

#define GO(api, ...)                                                                               \
	do {                                                                                       \
		const struct step steps[] = { __VA_ARGS__ };                                       \
		for (size_t i = 0; i < sizeof(steps) / sizeof(steps[0]); i++)                      \
			run_step(api, &steps[i]);                                                  \
	} while (0)

Test(handlers_group, a_removed_group_drains_and_can_come_back)
{
	struct api *api = RUN(SETUP);
	struct target *target = api_target(api, "idle", 0);

	target->state = TARGET_HEALTHY;
	target->alive = true;
	GO(api,
	   { "DELETE", "/v1/groups/idle", NULL, 200,
	     "{'changes':[{'change':'remove','object':'group','name':'idle'},"
	     "{'change':'remove','object':'target','name':'idle 10.0.1.1:80'}]}" },
	   { "GET", "/v1/groups/idle", NULL, 200,
	     "{'name':'idle','removed':true,'in_use':false,'targets':[{'state':'draining'}]}" },
	   { "GET", "/v1/groups", NULL, 200,
	     "{'groups':[{'name':'dns'},{'name':'idle','removed':true},{'name':'web'}]}" },
	   { "PATCH", "/v1/groups/idle", "{}", 404, "there is no group 'idle' any more" },
	   { "DELETE", "/v1/groups/idle", NULL, 404, "there is no group 'idle' any more" },
	   { "POST", "/v1/listeners", "{'name':'x','address':'192.0.2.9','port':1,'group':'idle'}", 400,
	     "there is no group 'idle'" },
	   { "GET", "/v1/config", NULL, 200, "{'groups':[{'name':'dns'},{'name':'web'}]}" },
	   { "POST", "/v1/groups", "{'name':'idle','forwarding':'ipip'}", 201,
	     "{'changes':[{'change':'add','object':'group','name':'idle'}]}" },
	   { "GET", "/v1/groups/idle", NULL, 200,
	     "{'forwarding':'ipip','targets':[{'state':'draining'}]}" },
	   { "POST", "/v1/groups/idle/targets", "{'address':'10.0.1.1','port':80}", 201, "{}" },
	   { "GET", "/v1/groups/idle", NULL, 200, "{'targets':[{'state':'initial'}]}" });
	cr_assert(api_target(api, "idle", 0)->alive, "its flows stay");
	api_close(api);
}

/* Groups that are left out of a configuration are removed ones, and so with those that come back. */
Test(handlers_group, a_configuration_removes_groups_and_brings_them_back)
{
	struct api *api = RUN(SETUP);
	struct target *target = api_target(api, "idle", 0);

	target->state = TARGET_HEALTHY;
	target->alive = true;
	GO(api,
	   { "PUT", "/v1/config", "groups:\n- name: web\n", 200, "{}" },
	   { "GET", "/v1/groups", NULL, 200,
	     "{'groups':[{'name':'idle','removed':true,'targets':[{'state':'draining'}]},"
	     "{'name':'web','targets':[]}]}" },
	   { "PUT", "/v1/config", "groups:\n- name: idle\n", 200,
	     "{'changes':[{'change':'add','object':'group','name':'idle'},"
	     "{'change':'remove','object':'group','name':'web'}]}" },
	   { "GET", "/v1/groups", NULL, 200,
	     "{'groups':[{'name':'idle','targets':[{'state':'draining'}]}]}" });
	cr_assert_not(api->change.model->groups[0].removed);
	api_close(api);
}

Test(handlers_group, what_living_flows_stand_against_is_a_conflict)
{
	struct api *api = RUN(SETUP);

	api->dataplane.fail_from = api->dataplane.calls + 1;
	api->dataplane.fail_count = 1;
	api->dataplane.fail_code = EBUSY;
	run_step(api, &(struct step){ "POST", "/v1/groups", "{'name':'x'}", 409, "prepare" });
	api_close(api);
}
