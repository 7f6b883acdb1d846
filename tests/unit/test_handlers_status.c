// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "control/handlers.h"

#include <criterion/criterion.h>
#include <string.h>

#include "api_steps.h"
#include "base/cleanup.h"
#include "model/model.h"
#include "reasons.h"

Test(handlers_status, version_and_status_describe_the_daemon)
{
	api_close(RUN(
		{ "GET", "/v1/version", NULL, 200, "{'abi':1}" },
		SETUP,
		{ "GET", "/v1/status", NULL, 200,
		  "{'abi':1,'listeners':2,'groups':3,'fails_open':[],'targets':{'initial':4},"
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
