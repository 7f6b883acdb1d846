// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* model/encode.c: what a configuration and API objects look like, and that decoding undoes it. */
#include "model/encode.h"

#include <criterion/criterion.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "build_model.h"
#include "decode_text.h"
#include "model/decode.h"
#include "model/model.h"
#include "model/yaml.h"
#include "random_model.h"
#include "same_model.h"

static void expect_json(json_t *tree, const char *expected)
{
	json_auto_t *wanted = json_loads(expected, 0, NULL);
	_cleanup_free_ char *got = json_dumps(tree, 0);

	cr_assert_not_null(wanted, "%s", expected);
	cr_assert(json_equal(tree, wanted), "got %s\nnot %s", got, expected);
}

static void expect_config(const char *statements, const char *yaml)
{
	_cleanup_(model_free) struct model *model = build_model(statements);
	json_auto_t *tree = encode_model(model);
	_cleanup_free_ char *text = yaml_emit(tree);

	cr_assert_str_eq(text, yaml);
}

/* ---- the configuration ---------------------------------------------------------------------- */

Test(encode_model, of_nothing_has_empty_lists)
{
	expect_config("", "listeners: []\n"
			  "groups: []\n");
}

Test(encode_model, leaves_out_what_has_its_default)
{
	expect_config("group web; target web 10.0.0.11:8080; target web [fd00::11]:8080;"
		      "listener web tcp 192.0.2.10 80 web;",
		      "listeners:\n"
		      "- name: web\n"
		      "  address: 192.0.2.10\n"
		      "  protocol: tcp\n"
		      "  port: 80\n"
		      "  group: web\n"
		      "groups:\n"
		      "- name: web\n"
		      "  targets:\n"
		      "  - address: 10.0.0.11\n"
		      "    port: 8080\n"
		      "  - address: fd00::11\n"
		      "    port: 8080\n");
}

Test(encode_model, says_what_has_not)
{
	expect_config(
		"group dns ipip delay=0 check=none interval=1500 timeout=300000 source4=10.0.0.1"
		" idle=60 termination=true unhealthy_termination=false unhealthy_draining=360000"
		" slow_start=900; target dns 10.0.0.53:53 weight=0;"
		"group dual source4=10.0.0.1 source6=fd00::1;"
		"listener any udp 192.0.2.10 any dns=5 affinity=hash;"
		"listener dns udp 2001:db8::53 53-54 dns=90 dual=10;",
		"listeners:\n"
		"- name: any\n"
		"  address: 192.0.2.10\n"
		"  protocol: udp\n"
		"  port: any\n"
		"  affinity: hash\n"
		"  groups:\n"
		"    dns: 5\n"
		"- name: dns\n"
		"  address: 2001:db8::53\n"
		"  protocol: udp\n"
		"  port: 53-54\n"
		"  groups:\n"
		"    dns: 90\n"
		"    dual: 10\n"
		"groups:\n"
		"- name: dns\n"
		"  forwarding: ipip\n"
		"  health_check:\n"
		"    protocol: none\n"
		"    interval: 1500ms\n"
		"    timeout: 300s\n"
		"  idle_timeout: 60s\n"
		"  deregistration_delay: 0s\n"
		"  connection_termination: true\n"
		"  unhealthy_connection_termination: false\n"
		"  unhealthy_draining_interval: 360000s\n"
		"  slow_start: 900s\n"
		"  tunnel_source: 10.0.0.1\n"
		"  targets:\n"
		"  - address: 10.0.0.53\n"
		"    port: 53\n"
		"    weight: 0\n"
		"- name: dual\n"
		"  tunnel_source:\n"
		"  - 10.0.0.1\n"
		"  - fd00::1\n"
		"  targets: []\n");
}

Test(encode_model, says_ports_and_thresholds_of_checks)
{
	_cleanup_(model_free) struct model *model = build_model("group web;");
	json_auto_t *tree = NULL;

	model->groups[0].health_check.port = 81;
	model->groups[0].health_check.healthy_threshold = 1;
	model->groups[0].health_check.unhealthy_threshold = 10;
	tree = encode_model(model);
	expect_json(tree, "{\"listeners\": [], \"groups\": [{\"name\": \"web\", \"health_check\": {"
			  "\"port\": 81, \"healthy_threshold\": 1, \"unhealthy_threshold\": 10},"
			  "\"targets\": []}]}");
}

Test(encode_model, includes_a_secret_that_is_set)
{
	_cleanup_(model_free) struct model *model = model_new();
	json_auto_t *tree = NULL;

	memcpy(model->hash_secret, "\0\1\2\3\4\5\6\7\x89\x9a\xab\xbc\xcd\xde\xef\xff", SECRET_SIZE);
	tree = encode_model(model);
	expect_json(tree,
		    "{\"hash_secret\": \"0001020304050607899aabbccddeefff\", \"listeners\": [],"
		    "\"groups\": []}");
}

Test(encode_model, leaves_out_targets_that_drain)
{
	expect_config(
		"group web; target web 10.0.0.11:80; target web 10.0.0.12:80 until=1760000000000;",
		"listeners: []\n"
		"groups:\n"
		"- name: web\n"
		"  targets:\n"
		"  - address: 10.0.0.11\n"
		"    port: 80\n");
}

Test(encode_model, leaves_out_groups_that_are_removed)
{
	expect_config("group a delay=60 removed; target a 10.0.0.11:80 until=1760000000000;"
		      "group b; target b 10.0.0.11:80; group c removed;",
		      "listeners: []\n"
		      "groups:\n"
		      "- name: b\n"
		      "  targets:\n"
		      "  - address: 10.0.0.11\n"
		      "    port: 80\n");
}

Test(encode_model, leaves_out_facts)
{
	expect_config("group web; target web 10.0.0.11:80 unhealthy;", "listeners: []\n"
								       "groups:\n"
								       "- name: web\n"
								       "  targets:\n"
								       "  - address: 10.0.0.11\n"
								       "    port: 80\n");
}

Test(encode_model, is_undone_by_decode_model)
{
	struct random_source random = { .state = 2 };

	for (int i = 0; i < 1000; i++) {
		_cleanup_(model_free) struct model *model = random_model(&random, false);
		_cleanup_(model_free) struct model *back = NULL;
		json_auto_t *tree = encode_model(model);
		struct err err;

		cr_assert_eq(decode_model(tree, NULL, &back, &err), 0, "%s", err.text);
		expect_same_model(back, model);
	}
}

Test(encode_model, survives_the_way_through_yaml)
{
	struct random_source random = { .state = 3 };

	for (int i = 0; i < 500; i++) {
		_cleanup_(model_free) struct model *model = random_model(&random, false);
		_cleanup_(model_free) struct model *back = NULL;
		json_auto_t *tree = encode_model(model);
		_cleanup_free_ char *text = yaml_emit(tree);
		struct err err;

		cr_assert_eq(decode_text(text, &back, &err), 0, "%s\n%s", err.text, text);
		expect_same_model(back, model);
	}
}

/* ---- objects of the API --------------------------------------------------------------------- */

Test(encode_listener, shows_every_attribute)
{
	static const struct {
		const char *statement, *json;
	} cases[] = {
		{ "listener web tcp 192.0.2.10 80 web;",
		  "{\"name\": \"web\", \"address\": \"192.0.2.10\", \"protocol\": \"tcp\", \"port\": 80,"
		  " \"affinity\": \"auto\", \"group\": \"web\"}" },
		{ "listener dns udp 2001:db8::53 any dns=0 affinity=hash;",
		  "{\"name\": \"dns\", \"address\": \"2001:db8::53\", \"protocol\": \"udp\","
		  " \"port\": \"any\", \"affinity\": \"hash\", \"groups\": {\"dns\": 0}}" },
		{ "listener many tcp 2001:db8::10 1-65535 blue=90 green=1 affinity=tracked;",
		  "{\"name\": \"many\", \"address\": \"2001:db8::10\", \"protocol\": \"tcp\","
		  " \"port\": \"1-65535\", \"affinity\": \"tracked\","
		  " \"groups\": {\"blue\": 90, \"green\": 1}}" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		_cleanup_(model_free) struct model *model = build_model(cases[i].statement);
		json_auto_t *tree = encode_listener(&model->listeners[0]);

		expect_json(tree, cases[i].json);
	}
}

Test(encode_group, shows_defaults_use_and_targets)
{
	_cleanup_(model_free) struct model *model =
		build_model("group web; listener web tcp 192.0.2.10 80 web;"
			    "target web 10.0.0.11:80 healthy; target web 10.0.0.12:80 unhealthy;");
	json_auto_t *tree = encode_group(&model->groups[0], group_is_used(model, &model->groups[0]));

	expect_json(
		tree,
		"{\"name\": \"web\", \"forwarding\": \"nat\", \"health_check\": {\"protocol\": \"tcp\","
		" \"port\": \"traffic-port\", \"interval\": \"10s\", \"timeout\": \"2s\","
		" \"healthy_threshold\": 3, \"unhealthy_threshold\": 3},"
		" \"idle_timeout\": \"350s\", \"deregistration_delay\": \"300s\","
		" \"connection_termination\": false, \"unhealthy_connection_termination\": true,"
		" \"unhealthy_draining_interval\": \"0s\", \"slow_start\": \"0s\","
		" \"tunnel_source\": [], \"in_use\": true, \"fails_open\": false, \"targets\": ["
		"{\"address\": \"10.0.0.11\", \"port\": 80, \"weight\": 1, \"state\": \"healthy\","
		" \"reason\": \"\", \"in_service\": true, \"next_hop\": {\"state\": \"unknown\"}},"
		"{\"address\": \"10.0.0.12\", \"port\": 80, \"weight\": 1, \"state\": \"unhealthy\","
		" \"reason\": \"\", \"in_service\": false, \"next_hop\": {\"state\": \"unknown\"}}]}");
}

Test(encode_group, that_fails_open_shows_its_targets_in_service)
{
	_cleanup_(model_free) struct model *model =
		build_model("group web; target web [fd00::11]:80 unhealthy;");
	json_auto_t *tree = encode_group(&model->groups[0], group_is_used(model, &model->groups[0]));
	const json_t *target = json_array_get(json_object_get(tree, "targets"), 0);

	cr_assert(json_is_true(json_object_get(tree, "fails_open")));
	cr_assert(json_is_false(json_object_get(tree, "in_use")));
	cr_assert(json_is_true(json_object_get(target, "in_service")));
}

Test(encode_group, says_so_if_it_is_removed)
{
	_cleanup_(model_free) struct model *model =
		build_model("group web removed; target web 10.0.0.11:80 draining until=9;");
	json_auto_t *tree = encode_group(&model->groups[0], false);

	cr_assert(json_is_true(json_object_get(tree, "removed")));
	cr_assert_eq(json_array_size(json_object_get(tree, "targets")), 1);
}

/* A model of nothing but the group, registered and without its targets. */
static struct model *settings_of(const struct group *group)
{
	struct model *model = model_new();
	struct group copy = *group;

	copy.targets = NULL;
	copy.target_count = 0;
	copy.removed = false;
	cr_assert_eq(model_put_group(model, &copy), 0);
	return model;
}

static void expect_settings_back(const struct group *group)
{
	_cleanup_(model_free) struct model *expected = settings_of(group), *back = model_new();
	json_auto_t *tree = encode_group_settings(group);
	struct group fresh;
	struct err err;

	group_init(&fresh, "");
	cr_assert_eq(decode_group(tree, &fresh, &err), 0, "%s", err.text);
	cr_assert_eq(model_put_group(back, &fresh), 0);
	expect_same_model(back, expected);
}

/* What the state file keeps of a removed group. */
Test(encode_group_settings, is_undone_by_decode_group_but_for_the_targets)
{
	struct random_source random = { .state = 5 };

	for (int i = 0; i < 200; i++) {
		_cleanup_(model_free) struct model *model = random_model(&random, true);

		for (size_t j = 0; j < model->group_count; j++)
			expect_settings_back(&model->groups[j]);
	}
}

Test(encode_group_settings, leaves_out_what_has_its_default)
{
	_cleanup_(model_free) struct model *model =
		build_model("group web removed delay=60; target web 10.0.0.11:80 until=9;");
	json_auto_t *tree = encode_group_settings(&model->groups[0]);

	expect_json(tree, "{\"name\": \"web\", \"deregistration_delay\": \"60s\"}");
}

Test(encode_target, shows_what_is_known_of_it)
{
	const struct target target = {
		.addr = { .word = { htonl(0xfd000000), 0, 0, htonl(0x11) } },
		.port = 8080,
		.weight = 5,
		.state = TARGET_UNHEALTHY,
		.reason = TARGET_REASON_TIMEOUT,
		.hop = { .state = HOP_RESOLVED,
			 .ifindex = 7,
			 .vlan = 100,
			 .mtu = 1500,
			 .dst_mac = { 2, 0, 0xab, 0, 0, 1 } },
	};
	json_auto_t *tree = encode_target(&target, false);

	expect_json(tree, "{\"address\": \"fd00::11\", \"port\": 8080, \"weight\": 5,"
			  " \"state\": \"unhealthy\", \"reason\": \"Target.Timeout\","
			  " \"in_service\": false, \"next_hop\": {\"state\": \"resolved\","
			  " \"interface\": 7, \"mac\": \"02:00:ab:00:00:01\", \"mtu\": 1500,"
			  " \"vlan\": 100}}");
}

Test(encode_target, shows_no_next_hop_that_is_not_resolved)
{
	const struct target target = {
		.addr = { .word = { 0, 0, htonl(0xffff), htonl(0x0a00000b) } },
		.port = 53,
		.hop = { .state = HOP_NO_NEIGHBOUR, .ifindex = 7, .mtu = 1500 },
	};
	json_auto_t *tree = encode_target(&target, true);

	expect_json(tree, "{\"address\": \"10.0.0.11\", \"port\": 53, \"weight\": 0,"
			  " \"state\": \"initial\", \"reason\": \"\", \"in_service\": true,"
			  " \"next_hop\": {\"state\": \"no_neighbour\"}}");
}
