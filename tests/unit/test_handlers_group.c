// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "control/handlers.h"

#include <criterion/criterion.h>

#include "api_steps.h"

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
