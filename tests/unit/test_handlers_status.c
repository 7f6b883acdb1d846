// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "control/handlers.h"

#include <criterion/criterion.h>
#include <string.h>

#include "api_steps.h"
#include "base/cleanup.h"
#include "base/clock.h"
#include "model/model.h"
#include "reasons.h"

Test(handlers_status, version_and_status_describe_the_daemon)
{
	api_close(RUN(
		{ "GET", "/v1/version", NULL, 200, "{'abi':2}" },
		SETUP,
		{ "GET", "/v1/status", NULL, 200,
		  "{'abi':2,'listeners':2,'groups':3,'fails_open':[],'targets':{'initial':4},"
		  "'interfaces':[{'name':'eth0','mode':'generic','why':'no native XDP'}],"
		  "'packets_per_second':{'forwarded':0.0,'replied':0.0,'passed':0.0,'dropped':0.0}}" },
		{ "GET", "/v1/status?now=1", NULL, 400, "query parameter 'now' is not known" }));
}

Test(handlers_status, status_lists_every_reason_in_the_tables_order)
{
	static const char *const labels[] = {
#define REASON_LABEL(name, label, action, help) label,
		REASONS(REASON_LABEL)
	};
	struct api *api = api_open();
	struct reply reply;
	json_t *reason;
	size_t i;

	api_request(api, "GET", "/v1/status", NULL, NULL, &reply);
	cr_assert_eq(json_array_size(json_object_get(reply.json, "reasons")), ARRAY_SIZE(labels));
	json_array_foreach(json_object_get(reply.json, "reasons"), i, reason) {
		cr_assert_str_eq(json_string_value(json_object_get(reason, "reason")), labels[i]);
		cr_assert_eq(json_integer_value(json_object_get(reason, "packets")),
			     (json_int_t)i + 1);
		cr_assert(json_string_length(json_object_get(reason, "help")));
	}
	reply_clean(&reply);
	api_close(api);
}

Test(handlers_status, status_shows_transitions_and_what_is_recorded)
{
	struct api *api = api_open();

	api->dataplane.rings[0] = (struct ring_info){ .routing = "a", .slots = { 120, 5, 3 } };
	api->dataplane.rings[1] = (struct ring_info){ .routing = "b", .slots = { 1000, 4, 20 } };
	api->dataplane.ring_count = 2;
	api->dataplane.flows = (struct flow_info){
		.capacity = 8192,
		.entries = { [FLOW_EMBRYONIC] = 1, [FLOW_ADOPTED] = 2, [FLOW_ESTABLISHED] = 3 },
		.direct = 4,
	};
	run_step(api, &(struct step){
		"GET", "/v1/status", NULL, 200,
		"{'slots':{'stable':1120,'learning':9,'tracking':23},"
		"'flow_table':{'capacity':8192,'embryonic':1,'adopted':2,'established':3,"
		"'direct':4}}" });
	api_close(api);
}

Test(handlers_status, groups_that_were_removed_are_not_counted)
{
	struct api *api = RUN(SETUP);

	model_find_group(api->change.model, "idle")->removed = true;
	run_step(api, &(struct step){ "GET", "/v1/status", NULL, 200, "{'groups':2}" });
	api_close(api);
}

Test(handlers_status, status_sums_packet_rates_by_action)
{
	struct api *api = api_open();

	api->rates.per_second[REASON_FORWARDED] = 1000.04;
	api->rates.per_second[REASON_REPLIED] = 900;
	api->rates.per_second[REASON_NOT_IP] = 1;
	api->rates.per_second[REASON_NO_LISTENER] = 2.5;
	api->rates.per_second[REASON_NO_TARGET] = 4;
	api->rates.per_second[REASON_TOO_BIG] = 8;
	run_step(api, &(struct step){
		"GET", "/v1/status", NULL, 200,
		"{'packets_per_second':{'forwarded':1000.0,'replied':900.0,'passed':3.5,"
		"'dropped':12.0}}" });
	api_close(api);
}

Test(handlers_status, status_counts_the_states_that_occur_and_names_groups_that_fail_open)
{
	struct api *api = RUN(SETUP);
	json_auto_t *wanted = json_pack("{s:i, s:i, s:i}", "initial", 1, "healthy", 1,
					"unhealthy", 2);
	struct reply reply;

	api_target(api, "web", 0)->state = TARGET_UNHEALTHY;
	api_target(api, "web", 1)->state = TARGET_UNHEALTHY;
	api_target(api, "dns", 0)->state = TARGET_HEALTHY;
	api_request(api, "GET", "/v1/status", NULL, NULL, &reply);
	cr_assert(json_equal(json_object_get(reply.json, "targets"), wanted), "%s", reply.body);
	cr_assert(strstr(reply.body, "\"fails_open\":[\"web\"]"), "%s", reply.body);
	reply_clean(&reply);
	api_close(api);
}

static const json_t *shown_target(struct api *api, struct reply *reply, const char *key)
{
	api_request(api, "GET", "/v1/groups/idle/targets", NULL, NULL, reply);
	return json_object_get(json_array_get(json_object_get(reply->json, "targets"), 0), key);
}

Test(handlers_status, targets_show_what_is_recorded_and_how_long_they_drain)
{
	static const struct {
		enum target_state state;
		int64_t deadline_s, since_s;	/* from now; 0: none */
		uint32_t interval_s;
		int left_s;			/* -1: not shown */
	} rows[] = {
		{ TARGET_HEALTHY, 0, -100, 0, -1 },
		{ TARGET_HEALTHY, 0, -100, 600, -1 },
		{ TARGET_DRAINING, 500, -100, 0, 500 },
		{ TARGET_DRAINING, -5, -100, 0, 0 },
		{ TARGET_UNUSED, -5, -100, 600, -1 },
		{ TARGET_UNHEALTHY_DRAINING, 0, -100, 600, 500 },
		{ TARGET_UNHEALTHY_DRAINING, 0, -700, 600, 0 },
		{ TARGET_UNHEALTHY_DRAINING, 0, -100, 0, -1 },
		{ TARGET_UNHEALTHY, 0, -100, 600, -1 },
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct api *api = RUN(SETUP);
		struct target *target = api_target(api, "idle", 0);
		const json_t *left;
		struct reply reply;

		model_find_group(api->change.model, "idle")->unhealthy_draining_interval_s =
			rows[i].interval_s;
		target->state = rows[i].state;
		target->since_ms = wall_ms() + (uint64_t)(rows[i].since_s * 1000);
		if (rows[i].deadline_s)
			target->drain_deadline_ms = wall_ms() +
						    (uint64_t)(rows[i].deadline_s * 1000);
		left = shown_target(api, &reply, "drain_seconds_left");
		cr_expect_eq(left != NULL, rows[i].left_s >= 0, "%zu: %s", i, reply.body);
		if (left && rows[i].left_s >= 0) {
			cr_expect_leq(json_integer_value(left), rows[i].left_s, "%zu", i);
			cr_expect_geq(json_integer_value(left), rows[i].left_s - 100, "%zu", i);
		}
		reply_clean(&reply);
		left = shown_target(api, &reply, "tracked_flows");
		cr_expect_eq(json_integer_value(left), FAKE_TRACKED_FLOWS);
		reply_clean(&reply);
		api_close(api);
	}
}

Test(handlers_status, metrics_are_prometheus_text)
{
	struct api *api = api_open();
	struct reply reply;

	api_request(api, "GET", "/metrics", NULL, NULL, &reply);
	cr_assert_eq(reply.status, 200);
	cr_assert(strstr(reply.text, "Content-Type: text/plain; version=0.0.4\r\n"), "%s",
		  reply.text);
	cr_assert(strstr(reply.body, "sluice_build_info"));
	reply_clean(&reply);
	api_close(api);
}
