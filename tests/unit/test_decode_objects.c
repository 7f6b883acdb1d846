// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* model/decode*.c over objects that are there: what is replaced, what stays, what can not change. */
#include <criterion/criterion.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "build_model.h"
#include "model/decode.h"
#include "model/model.h"
#include "refusal.h"
#include "same_model.h"

static json_t *json(const char *text)
{
	json_t *tree = json_loads(text, JSON_DECODE_ANY, NULL);

	cr_assert_not_null(tree, "%s", text);
	return tree;
}

/* ---- listeners ------------------------------------------------------------------------------ */

static void expect_listener(const char *before, const char *patch, const char *after)
{
	_cleanup_(model_free) struct model *model = build_model(before);
	_cleanup_(model_free) struct model *expected = build_model(after);
	json_auto_t *tree = json(patch);
	struct err err;

	cr_assert_eq(decode_listener(tree, &model->listeners[0], &err), 0, "%s", err.text);
	expect_same_model(model, expected);
}

Test(decode_listener, replaces_the_keys_that_are_given)
{
	static const char before[] = "listener web tcp 192.0.2.10 80 blue=90 green=10;";

	expect_listener(before, "{}", before);
	expect_listener(before, "{\"name\": \"web\"}", before);
	expect_listener(before, "{\"port\": \"any\"}",
			"listener web tcp 192.0.2.10 any blue=90 green=10;");
	expect_listener(before, "{\"protocol\": \"udp\", \"port\": 53}",
			"listener web udp 192.0.2.10 53 blue=90 green=10;");
	expect_listener(before, "{\"address\": \"2001:db8::10\"}",
			"listener web tcp 2001:db8::10 80 blue=90 green=10;");
	expect_listener(before, "{\"group\": \"red\"}", "listener web tcp 192.0.2.10 80 red;");
	expect_listener(before, "{\"groups\": {\"red\": 0}}",
			"listener web tcp 192.0.2.10 80 red=0;");
	expect_listener(before, "{\"groups\": {\"z\": 1, \"b\": 2, \"a\": 3}}",
			"listener web tcp 192.0.2.10 80 a=3 b=2 z=1;");
	expect_listener("listener dns udp 192.0.2.10 53 dns;", "{\"port\": 54}",
			"listener dns udp 192.0.2.10 54 dns;");
	expect_listener(before, "{\"affinity\": \"tracked\"}",
			"listener web tcp 192.0.2.10 80 blue=90 green=10 affinity=tracked;");
	expect_listener("listener dns udp 192.0.2.10 53 dns affinity=hash;", "{\"port\": 54}",
			"listener dns udp 192.0.2.10 54 dns affinity=hash;");
	expect_listener("listener dns udp 192.0.2.10 53 dns affinity=hash;",
			"{\"affinity\": \"auto\"}", "listener dns udp 192.0.2.10 53 dns;");
	expect_listener(before, "{\"groups\": {\"blue\": 50, \"green\": 50}}",
			"listener web tcp 192.0.2.10 80 blue=50 green=50;");
}

static void expect_listener_refusal(const char *before, const char *patch, const char *sentence)
{
	_cleanup_(model_free) struct model *model = build_model(before);
	json_auto_t *tree = json(patch);
	struct listener listener = { 0 }, copy;
	struct err err;

	if (model->listener_count)
		listener = model->listeners[0];
	copy = listener;
	cr_expect_eq(decode_listener(tree, &listener, &err), -EINVAL);
	cr_expect_str_eq(err.text, sentence);
	cr_expect_arr_eq(&listener, &copy, sizeof(copy), "%s changed the listener", patch);
}

Test(decode_listener, refuses_what_it_can_not_take_and_changes_nothing)
{
	static const char web[] = "listener web tcp 192.0.2.10 80 blue;";

	expect_listener_refusal(web, "{\"name\": \"blog\"}",
				"listener 'web': name can not be changed from 'web' to 'blog'");
	expect_listener_refusal(web, "{\"port\": 81, \"protocol\": \"sctp\"}",
				"listener 'web': protocol 'sctp' is unknown; use tcp or udp");
	expect_listener_refusal(web, "{\"groups\": {\"a\": 1, \"b\": -1}}",
				"listener 'web': group 'b': weight -1 is not in 0-999");
	expect_listener_refusal(web, "[]",
				"listener 'web': expected an object with the keys " LISTENER_KEYS
				", not a list");
	expect_listener_refusal(web, "{\"affinity\": \"none\", \"port\": 81}",
				"listener 'web': affinity 'none' is unknown; use auto, tracked or "
				"hash");
	expect_listener_refusal("", "{\"address\": \"192.0.2.10\"}",
				"listener: the key 'name' is missing");
	expect_listener_refusal("", "{\"name\": \"web\", \"port\": 80}",
				"listener 'web': the key 'address' is missing");
}

Test(decode_listener, makes_a_new_one_of_tcp)
{
	json_auto_t *tree = json("{\"name\": \"web\", \"address\": \"192.0.2.10\", \"port\": 80,"
				 " \"group\": \"web\"}");
	struct listener listener = { 0 };

	cr_assert_eq(decode_listener(tree, &listener, NULL), 0);
	cr_assert_eq(listener.protocol, IPPROTO_TCP);
}

/* ---- groups --------------------------------------------------------------------------------- */

static void expect_group(const char *before, const char *patch, const char *after)
{
	_cleanup_(model_free) struct model *model = build_model(before);
	_cleanup_(model_free) struct model *expected = build_model(after);
	json_auto_t *tree = json(patch);
	struct err err;

	cr_assert_eq(decode_group(tree, &model->groups[0], &err), 0, "%s", err.text);
	expect_same_model(model, expected);
}

Test(decode_group, replaces_the_keys_that_are_given)
{
	static const char before[] =
		"group web interval=5000 timeout=1000 delay=60 source4=10.0.0.1;"
		"target web 10.0.0.11:80; target web 10.0.0.12:80 until=1760000000000;";

	expect_group(before, "{}", before);
	expect_group(before, "{\"health_check\": {\"interval\": \"7s\"}}",
		     "group web interval=7000 timeout=1000 delay=60 source4=10.0.0.1;"
		     "target web 10.0.0.11:80; target web 10.0.0.12:80 until=1760000000000;");
	expect_group(before, "{\"forwarding\": \"ipip\", \"tunnel_source\": \"fd00::1\"}",
		     "group web ipip interval=5000 timeout=1000 delay=60 source6=fd00::1;"
		     "target web 10.0.0.11:80; target web 10.0.0.12:80 until=1760000000000;");
	expect_group(before, "{\"tunnel_source\": [], \"deregistration_delay\": 0}",
		     "group web interval=5000 timeout=1000 delay=0;"
		     "target web 10.0.0.11:80; target web 10.0.0.12:80 until=1760000000000;");
}

Test(decode_group, replaces_one_attribute_of_flows_at_a_time)
{
	static const char before[] =
		"group web idle=60 delay=1 termination=true unhealthy_termination=false "
		"unhealthy_draining=2 slow_start=3;";

	expect_group(before, "{\"idle_timeout\": \"350s\"}",
		     "group web delay=1 termination=true unhealthy_termination=false "
		     "unhealthy_draining=2 slow_start=3;");
	expect_group(before, "{\"connection_termination\": false}",
		     "group web idle=60 delay=1 unhealthy_termination=false "
		     "unhealthy_draining=2 slow_start=3;");
	expect_group(before,
		     "{\"unhealthy_connection_termination\": true,"
		     " \"unhealthy_draining_interval\": 0}",
		     "group web idle=60 delay=1 termination=true slow_start=3;");
	expect_group(before, "{\"slow_start\": \"15m\", \"deregistration_delay\": \"1h\"}",
		     "group web idle=60 delay=3600 termination=true unhealthy_termination=false "
		     "unhealthy_draining=2 slow_start=900;");
}

Test(decode_group, replaces_the_targets_as_a_whole)
{
	static const char before[] =
		"group web; target web 10.0.0.11:80 weight=5; target web 10.0.0.12:80;";

	expect_group(before, "{\"targets\": []}", "group web;");
	expect_group(before,
		     "{\"targets\": [{\"address\": \"10.0.0.13\", \"port\": 80},"
		     " {\"address\": \"10.0.0.11\", \"port\": 80}]}",
		     "group web; target web 10.0.0.11:80 weight=1; target web 10.0.0.13:80;");
}

static void expect_group_refusal(const char *patch, const char *sentence)
{
	static const char before[] = "group web delay=60; target web 10.0.0.11:80 weight=5;";
	_cleanup_(model_free) struct model *expected = build_model(before);
	_cleanup_(model_free) struct model *model = build_model(before);
	json_auto_t *tree = json(patch);
	struct err err;

	cr_expect_eq(decode_group(tree, &model->groups[0], &err), -EINVAL);
	cr_expect_str_eq(err.text, sentence);
	expect_same_model(model, expected);
}

Test(decode_group, refuses_what_it_can_not_take_and_changes_nothing)
{
	expect_group_refusal("{\"name\": \"blog\"}",
			     "group 'web': name can not be changed from 'web' to 'blog'");
	expect_group_refusal(
		"{\"deregistration_delay\": 1, \"health_check\": {\"timeout\": \"1ms\"}}",
		"group 'web': health_check: timeout 1ms is not in 100ms-300000ms");
	expect_group_refusal("{\"targets\": [{\"address\": \"10.0.0.12\", \"port\": 80},"
			     " {\"address\": \"10.0.0.12\", \"port\": 80}]}",
			     "group 'web': target 10.0.0.12:80 is there twice");
	expect_group_refusal("{\"targets\": [], \"forwarding\": \"snat\"}",
			     "group 'web': forwarding snat is not available yet; use nat or ipip");
	expect_group_refusal("{\"state\": \"healthy\"}",
						     "group 'web': unknown key 'state'; the keys are " GROUP_KEYS);
	/* Shown by the API, and nobody's to set. */
	expect_group_refusal("{\"removed\": false}",
			     "group 'web': unknown key 'removed'; the keys are " GROUP_KEYS);
	expect_group_refusal("{\"slow_start\": 30, \"idle_timeout\": 59}",
			     "group 'web': idle_timeout 59s is not in 60s-6000s");
	expect_group_refusal("{\"connection_termination\": \"no\"}",
			     "group 'web': connection_termination 'no' is not true or false");
}

Test(decode_group, needs_a_name_for_a_new_one)
{
	json_auto_t *tree = json("{\"forwarding\": \"ipip\"}");
	struct group group;
	struct err err;

	group_init(&group, "");
	cr_assert_eq(decode_group(tree, &group, &err), -EINVAL);
	cr_assert_str_eq(err.text, "group: the key 'name' is missing");
}

/* ---- targets -------------------------------------------------------------------------------- */

Test(decode_target, makes_a_new_one_of_weight_1)
{
	json_auto_t *tree = json("{\"address\": \"fd00::11\", \"port\": 80}");
	struct target target = { 0 };

	cr_assert_eq(decode_target(tree, &target, NULL), 0);
	cr_assert_eq(target.port, 80);
	cr_assert_eq(target.weight, 1);
}

Test(decode_target, sets_the_weight_and_keeps_the_rest)
{
	_cleanup_(model_free) struct model *model =
		build_model("group web; target web 10.0.0.11:80 healthy;");
	_cleanup_(model_free) struct model *expected =
		build_model("group web; target web 10.0.0.11:80 weight=7;");
	json_auto_t *tree = json("{\"address\": \"10.0.0.11\", \"port\": 80, \"weight\": 7}");
	json_auto_t *nothing = json("{}");
	struct target *target = &model->groups[0].targets[0];

	cr_assert_eq(decode_target(tree, target, NULL), 0);
	cr_assert_eq(decode_target(nothing, target, NULL), 0);
	expect_same_model(model, expected);
	cr_assert_eq(target->state, TARGET_HEALTHY);
}

Test(decode_target, refuses_what_it_can_not_take_and_changes_nothing)
{
	static const struct {
		const char *before, *patch, *sentence;
	} cases[] = {
		{ "group g; target g 10.0.0.11:80;", "{\"weight\": 2, \"address\": \"10.0.0.12\"}",
		  "target 10.0.0.11:80: address and port can not be changed from 10.0.0.11:80 to "
		  "10.0.0.12:80" },
		{ "group g; target g [fd00::11]:80;", "{\"port\": 81}",
		  "target [fd00::11]:80: address and port can not be changed from [fd00::11]:80 to "
		  "[fd00::11]:81" },
		{ "group g; target g 10.0.0.11:80;", "{\"weight\": 1000}",
		  "target 10.0.0.11:80: weight 1000 is not in 0-999" },
		{ "", "{\"port\": 80}", "target: the key 'address' is missing" },
		{ "", "{\"address\": \"10.0.0.11\"}",
		  "target 10.0.0.11: the key 'port' is missing" },
		{ "", "{\"address\": \"10.0.0.11\", \"port\": 80, \"weight\": -1}",
		  "target 10.0.0.11:80: weight -1 is not in 0-999" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		_cleanup_(model_free) struct model *model = build_model(cases[i].before);
		json_auto_t *tree = json(cases[i].patch);
		struct target target = { 0 }, copy;
		struct err err;

		if (model->group_count)
			target = model->groups[0].targets[0];
		copy = target;
		cr_expect_eq(decode_target(tree, &target, &err), -EINVAL);
		cr_expect_str_eq(err.text, cases[i].sentence);
		cr_expect_arr_eq(&target, &copy, sizeof(copy), "%s", cases[i].patch);
	}
}

/* ---- names ---------------------------------------------------------------------------------- */

Test(name_check, says_what_the_name_is_of)
{
	struct err err;

	cr_expect_eq(name_check("listener", "web-1.a_B", &err), 0);
	cr_expect_eq(name_check("listener", "_web", NULL), 0);
	cr_expect_eq(name_check("listener", "a b", &err), -EINVAL);
	cr_expect_str_eq(err.text,
			 "listener 'a b' must be 1-63 of the characters a-z A-Z 0-9 . _ - and not "
			 "start with . or -");
}
