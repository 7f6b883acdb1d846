// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "control/handlers.h"

#include <criterion/criterion.h>

#include "api_steps.h"
#include "base/clock.h"
#include "model/model.h"

#define WEB_TARGETS "/v1/groups/web/targets"

/* After SETUP, with flows on every target. */
static struct api *open_living(void)
{
	struct api *api = RUN(SETUP);
	const struct model *model = api->change.model;

	for (size_t i = 0; i < model->group_count; i++) {
		for (size_t j = 0; j < model->groups[i].target_count; j++) {
			model->groups[i].targets[j].state = TARGET_HEALTHY;
			model->groups[i].targets[j].alive = true;
		}
	}
	return api;
}

#define GO(api, ...) go(api, (const struct step[]){ __VA_ARGS__, { .method = NULL } })
static void go(struct api *api, const struct step *steps)
{
	for (; steps->method; steps++)
		run_step(api, steps);
}

Test(handlers_target, targets_are_registered_shown_changed_and_removed)
{
	api_close(RUN(
		SETUP,
		{ "POST", WEB_TARGETS, "{'address':'10.0.0.3','port':8080,'weight':9}", 201,
		  "{'changes':[{'change':'add','object':'target','name':'web 10.0.0.3:8080'}]}" },
		{ "POST", "/v1/groups/dns/targets", "{'address':'fd00::2','port':53}", 201,
		  "{'changes':[{'change':'add','name':'dns [fd00::2]:53'}]}" },
		{ "GET", WEB_TARGETS, NULL, 200,
		  "{'targets':[{'address':'10.0.0.1'},{'address':'10.0.0.2'},{'address':'10.0.0.3'}]}" },
		{ "GET", WEB_TARGETS "/10.0.0.3:8080", NULL, 200,
		  "{'address':'10.0.0.3','port':8080,'weight':9,'state':'initial','in_service':false,"
		  "'reason':'Elb.RegistrationInProgress','next_hop':{'state':'unknown'},'packets':7,"
		  "'bytes':700,'flows':3}" },
		{ "GET", "/v1/groups/dns/targets/%5Bfd00::2%5D:53", NULL, 200, "{'address':'fd00::2'}" },
		{ "GET", "/v1/groups/dns/targets/[fd00:0::2]:53", NULL, 200, "{'address':'fd00::2'}" },
		{ "PATCH", WEB_TARGETS "/10.0.0.3:8080", "{'weight':0}", 200,
		  "{'changes':[{'change':'change','detail':'weight 9 -> 0'}]}" },
		{ "DELETE", WEB_TARGETS "/10.0.0.3:8080?now=1", NULL, 200,
		  "{'changes':[{'change':'remove','object':'target','name':'web 10.0.0.3:8080'}]}" },
		{ "GET", WEB_TARGETS "/10.0.0.3:8080", NULL, 404, "has no target 10.0.0.3:8080" }));
}

Test(handlers_target, bad_targets_are_refused)
{
	api_close(RUN(
		SETUP,
		{ "POST", WEB_TARGETS, "{'address':'10.0.0.1','port':8080}", 409,
		  "group 'web' has target 10.0.0.1:8080 already" },
		{ "POST", WEB_TARGETS, "{'address':'10.0.0.9'}", 400, "'port' is missing" },
		{ "POST", WEB_TARGETS, "{'port':80}", 400, "'address' is missing" },
		{ "POST", WEB_TARGETS, "{'address':'10.0.0.9','port':80,'weight':1000}", 400, "1000" },
		{ "POST", WEB_TARGETS, "{'address':'fd00::9','port':80}", 400, "IPv6" },
		{ "POST", WEB_TARGETS, "{'address':'127.0.0.1','port':80}", 400, "loopback" },
		{ "POST", "/v1/groups/nope/targets", "{'address':'10.0.0.9','port':80}", 404,
		  "there is no group 'nope'" },
		{ "GET", "/v1/groups/nope/targets", NULL, 404, "there is no group 'nope'" },
		{ "GET", "/v1/groups/nope/targets/10.0.0.1:80", NULL, 404, "no group 'nope'" },
		{ "GET", WEB_TARGETS "/10.0.0.9:80", NULL, 404, "has no target 10.0.0.9:80" },
		{ "GET", WEB_TARGETS "/ten", NULL, 400, "'ten' is not ADDRESS:PORT" },
		{ "DELETE", WEB_TARGETS "/10.0.0.9:80", NULL, 404, "has no target 10.0.0.9:80" },
		{ "DELETE", WEB_TARGETS "/10.0.0.1:8080?now=yes", NULL, 400, "not 1 or 0" },
		{ "DELETE", WEB_TARGETS "/10.0.0.1:8080?soon=1", NULL, 400, "'soon' is not known" },
		{ "DELETE", WEB_TARGETS "/10.0.0.1:8080?now", NULL, 400, "?NAME=VALUE" },
		{ "PATCH", WEB_TARGETS "/10.0.0.9:80", "{'weight':1}", 404, "has no target" },
		{ "PATCH", WEB_TARGETS "/10.0.0.1:8080", "{'weight':-1}", 400, "weight" },
		{ "PATCH", WEB_TARGETS "/10.0.0.1:8080", "{'port':81}", 400, "can not be changed" }));
}

Test(handlers_target, a_removed_target_drains_and_can_come_back)
{
	struct api *api = open_living();
	struct target *target = api_target(api, "web", 0);
	uint64_t before_ms = wall_ms();

	target->hop.state = HOP_RESOLVED;
	run_step(api, &(struct step){
		"DELETE", WEB_TARGETS "/10.0.0.1:8080?now=0", NULL, 200,
		"{'changes':[{'change':'remove','object':'target','name':'web 10.0.0.1:8080'}]}" });
	target = api_target(api, "web", 0);
	cr_assert(target->drain_deadline_ms >= before_ms + 300000);
	cr_assert(target->drain_deadline_ms <= wall_ms() + 300000);
	run_step(api, &(struct step){
		"GET", WEB_TARGETS "/10.0.0.1:8080", NULL, 200,
		"{'state':'draining','reason':'Target.DeregistrationInProgress','in_service':false,"
		"'drain_seconds_left':300}" });
	run_step(api, &(struct step){ "DELETE", WEB_TARGETS "/10.0.0.1:8080", NULL, 409,
				      "is draining already" });
	run_step(api, &(struct step){ "PATCH", WEB_TARGETS "/10.0.0.1:8080", "{'weight':2}", 409,
				      "is draining already; add it again" });
	run_step(api, &(struct step){
		"POST", WEB_TARGETS, "{'address':'10.0.0.1','port':8080,'weight':3}", 201,
		"{'changes':[{'change':'add','object':'target','name':'web 10.0.0.1:8080'}]}" });
	target = api_target(api, "web", 0);
	cr_assert_eq(target->drain_deadline_ms, 0);
	cr_assert_eq(target->state, TARGET_INITIAL);
	cr_assert_eq(target->reason, TARGET_REASON_REGISTRATION_IN_PROGRESS);
	cr_assert_eq(target->weight, 3);
	cr_assert_eq(target->hop.state, HOP_RESOLVED, "the next hop is known still");
	cr_assert(target->alive, "its flows stay");
	api_close(api);
}

Test(handlers_target, a_draining_target_can_be_removed_now)
{
	struct api *api = open_living();

	GO(api,
	   { "DELETE", WEB_TARGETS "/10.0.0.1:8080", NULL, 200, "{'changes':[{}]}" },
	   { "DELETE", WEB_TARGETS "/10.0.0.1:8080?now=1", NULL, 200, "{'changes':[]}" },
	   { "GET", WEB_TARGETS, NULL, 200, "{'targets':[{'address':'10.0.0.2'}]}" });
	api_close(api);
}

Test(handlers_target, a_living_target_can_be_removed_now)
{
	struct api *api = open_living();

	GO(api,
	   { "DELETE", WEB_TARGETS "/10.0.0.1:8080?now=1", NULL, 200, "{'changes':[{}]}" },
	   { "GET", WEB_TARGETS, NULL, 200, "{'targets':[{'address':'10.0.0.2'}]}" });
	cr_assert_eq(api->dataplane.alive, 3);
	api_close(api);
}

Test(handlers_target, a_target_without_flows_goes_at_once_and_one_with_flows_in_no_case)
{
	struct api *api;

	api_close(RUN(
		SETUP,
		{ "DELETE", "/v1/groups/idle/targets/10.0.1.1:80", NULL, 200, "{'changes':[{}]}" },
		{ "GET", "/v1/groups/idle/targets", NULL, 200, "{'targets':[]}" },
		{ "DELETE", WEB_TARGETS "/10.0.0.1:8080", NULL, 200, "{'changes':[{}]}" },
		{ "GET", WEB_TARGETS, NULL, 200, "{'targets':[{'address':'10.0.0.2'}]}" }));
	api = open_living();
	GO(api,
	   { "DELETE", "/v1/groups/idle/targets/10.0.1.1:80", NULL, 200, "{'changes':[{}]}" },
	   { "GET", "/v1/groups/idle/targets", NULL, 200, "{'targets':[{'state':'draining'}]}" },
	   { "PATCH", "/v1/groups/web", "{'deregistration_delay':'0s'}", 200, "{}" },
	   { "DELETE", WEB_TARGETS "/10.0.0.1:8080", NULL, 200, "{'changes':[{}]}" },
	   { "GET", WEB_TARGETS, NULL, 200, "{'targets':[{'state':'draining'},{}]}" },
	   { "PATCH", "/v1/groups/web", "{'connection_termination':true}", 200, "{}" },
	   { "DELETE", WEB_TARGETS "/10.0.0.2:8080", NULL, 200, "{'changes':[{}]}" },
	   { "GET", WEB_TARGETS, NULL, 200, "{'targets':[{'address':'10.0.0.1'}]}" });
	api_close(api);
}

Test(handlers_target, targets_left_out_of_a_group_or_a_configuration_drain)
{
	struct api *api = open_living();

	GO(api,
	   { "PATCH", "/v1/groups/web", "{'targets':[{'address':'10.0.0.2','port':8080}]}", 200,
	     "{'changes':[{'change':'remove','name':'web 10.0.0.1:8080'},"
	     "{'change':'change','detail':'weight 5 -> 1'}]}" },
	   { "GET", WEB_TARGETS, NULL, 200,
	     "{'targets':[{'state':'draining'},{'state':'healthy'}]}" },
	   SETUP,
	   { "GET", WEB_TARGETS, NULL, 200, "{'targets':[{'state':'initial'},{'weight':5}]}" });
	cr_assert(api_target(api, "web", 0)->alive);
	api_close(api);
}

/* Only what drains in it is there still, to be seen and to be ended. */
Test(handlers_target, targets_of_a_removed_group_can_be_seen_and_removed_now)
{
	struct api *api = open_living();

	GO(api,
	   { "POST", "/v1/groups/idle/targets", "{'address':'10.0.1.2','port':80}", 201, "{}" },
	   { "DELETE", "/v1/groups/idle", NULL, 200,
	     "{'changes':[{'change':'remove','object':'group','name':'idle'},"
	     "{'change':'remove','name':'idle 10.0.1.1:80'},"
	     "{'change':'remove','name':'idle 10.0.1.2:80'}]}" },
	   { "GET", "/v1/groups/idle/targets", NULL, 200, "{'targets':[{'state':'draining'}]}" },
	   { "GET", "/v1/groups/idle/targets/10.0.1.1:80", NULL, 200, "{'state':'draining'}" },
	   { "POST", "/v1/groups/idle/targets", "{'address':'10.0.1.3','port':80}", 404,
	     "there is no group 'idle' any more" },
	   { "PATCH", "/v1/groups/idle/targets/10.0.1.1:80", "{'weight':2}", 404,
	     "there is no group 'idle' any more" },
	   { "DELETE", "/v1/groups/idle/targets/10.0.1.1:80", NULL, 404,
	     "there is no group 'idle' any more" },
	   { "DELETE", "/v1/groups/idle/targets/10.0.1.9:80?now=1", NULL, 404,
	     "group 'idle' has no target 10.0.1.9:80" },
	   { "DELETE", "/v1/groups/idle/targets/10.0.1.1:80?now=1", NULL, 200, "{'changes':[]}" },
	   { "GET", "/v1/groups/idle", NULL, 404, "there is no group 'idle'" });
	cr_assert_eq(api->dataplane.alive, 3);
	api_close(api);
}
