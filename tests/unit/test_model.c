// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* model/model.c, names.c, facts.c: edits keep order, clones stand alone, enums have names. */
#include "model/model.h"

#include <criterion/criterion.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>

#include "base/addr.h"
#include "base/cleanup.h"
#include "build_model.h"

static struct target endpoint(const char *text)
{
	struct target target = { .weight = 1 };

	cr_assert_eq(endpoint_parse(text, &target.addr, &target.port, NULL), 0, "%s", text);
	return target;
}

static struct target *find(const struct model *model, const char *group, const char *text)
{
	struct target key = endpoint(text);

	return group_find_target(model_find_group(model, group), &key.addr, key.port);
}

static int compare_names(const void *a, const void *b)
{
	return strcmp(a, b);
}

static void expect_order(const struct model *model)
{
	for (size_t i = 1; i < model->listener_count; i++)
		cr_assert_lt(compare_names(&model->listeners[i - 1], &model->listeners[i]), 0);
	for (size_t i = 1; i < model->group_count; i++)
		cr_assert_lt(compare_names(&model->groups[i - 1], &model->groups[i]), 0);
	for (size_t i = 0; i < model->group_count; i++) {
		const struct target *targets = model->groups[i].targets;

		for (size_t j = 1; j < model->groups[i].target_count; j++)
			cr_assert_lt(target_compare(&targets[j - 1], &targets[j]), 0);
	}
}

Test(model, a_new_one_is_empty)
{
	_cleanup_(model_free) struct model *model = model_new();
	static const uint8_t zero[SECRET_SIZE];

	cr_expect_eq(model->listener_count + model->group_count, 0);
	cr_expect_eq(memcmp(model->hash_secret, zero, SECRET_SIZE), 0);
	cr_expect_null(model_find_listener(model, "web"));
	cr_expect_null(model_find_group(model, "web"));
	cr_expect_not(model_remove_listener(model, "web"));
	cr_expect_not(model_remove_group(model, "web"));
	cr_expect_eq(model_next_deadline(model, 1), 0);
	cr_expect_not(model_has_secret(model));
}

Test(model, freeing_is_safe_twice)
{
	struct model *model = build_model("group web; target web 10.0.0.11:80");

	model_free(&model);
	cr_expect_null(model);
	model_free(&model);
}

Test(model, defaults_of_a_group)
{
	struct group group;

	memset(&group, 0x5a, sizeof(group));
	group_init(&group, "web");
	cr_expect_str_eq(group.name, "web");
	cr_expect_eq(group.forwarding, FORWARDING_NAT);
	cr_expect_eq(group.health_check.protocol, CHECK_TCP);
	cr_expect_eq(group.health_check.port, 0);
	cr_expect_eq(group.health_check.interval_ms, 10000);
	cr_expect_eq(group.health_check.timeout_ms, 2000);
	cr_expect_eq(group.health_check.healthy_threshold, 3);
	cr_expect_eq(group.health_check.unhealthy_threshold, 3);
	cr_expect_eq(group.idle_timeout_s, 350);
	cr_expect_eq(group.deregistration_delay_s, 300);
	cr_expect_not(group.connection_termination);
	cr_expect(group.unhealthy_connection_termination);
	cr_expect_eq(group.unhealthy_draining_interval_s, 0);
	cr_expect_eq(group.slow_start_s, 0);
	cr_expect_not(group.removed);
	cr_expect(addr_is_zero(&group.tunnel_source[0]) && addr_is_zero(&group.tunnel_source[1]));
	cr_expect(!group.targets && !group.target_count);
}

Test(model, putting_replaces_what_has_the_same_name)
{
	_cleanup_(model_free) struct model *model = build_model(
		"group web nat; target web 10.0.0.11:80 weight=1; target web 10.0.0.12:80;"
		"group web ipip; target web 10.0.0.13:80; target web 10.0.0.13:80 weight=7;"
		"listener a tcp 192.0.2.10 80 web; listener a udp 192.0.2.11 53 web");

	cr_assert_eq(model->group_count, 1);
	cr_expect_eq(model->groups[0].forwarding, FORWARDING_IPIP);
	cr_assert_eq(model->groups[0].target_count, 1);
	cr_expect_eq(model->groups[0].targets[0].weight, 7);
	cr_assert_eq(model->listener_count, 1);
	cr_expect_eq(model->listeners[0].protocol, IPPROTO_UDP);
}

Test(model, putting_a_group_takes_its_targets)
{
	_cleanup_(model_free) struct model *model = model_new();
	struct target target = endpoint("10.0.0.11:80");
	struct group group;

	group_init(&group, "web");
	cr_assert_eq(group_put_target(&group, &target), 0);
	cr_assert_eq(model_put_group(model, &group), 0);
	cr_expect(!group.targets && !group.target_count);
	cr_expect_not_null(find(model, "web", "10.0.0.11:80"));
}

Test(model, groups_of_a_listener_are_sorted_by_name)
{
	_cleanup_(model_free) struct model *model =
		build_model("listener a tcp 192.0.2.10 80 green=10 red=5 blue=90");
	const struct weighted_group *groups = model->listeners[0].groups;

	cr_expect_str_eq(groups[0].name, "blue");
	cr_expect_eq(groups[0].weight, 90);
	cr_expect_str_eq(groups[1].name, "green");
	cr_expect_str_eq(groups[2].name, "red");
	cr_expect_eq(groups[2].weight, 5);
}

Test(model, targets_are_found_by_address_and_port)
{
	_cleanup_(model_free) struct model *model = build_model(
		"group web; target web 10.0.0.11:80; target web 10.0.0.11:8080;"
		"target web [fd00::11]:80; group other; target other 10.0.0.12:80");

	cr_expect_eq(find(model, "web", "10.0.0.11:80")->port, 80);
	cr_expect_eq(find(model, "web", "10.0.0.11:8080")->port, 8080);
	cr_expect_not_null(find(model, "web", "[fd00::11]:80"));
	cr_expect_null(find(model, "web", "10.0.0.11:81"));
	cr_expect_null(find(model, "web", "10.0.0.12:80"));
	cr_expect_null(find(model, "web", "[fd00::11]:8080"));
}

/* Against a table of what should be there. The seed is fixed: a failure comes back. */
Test(model, a_thousand_edits_in_any_order)
{
	enum { NAMES = 60 };
	_cleanup_(model_free) struct model *model = model_new();
	uint16_t expected[NAMES] = { 0 };	/* port of the listener, 0: not there */
	size_t count = 0;

	srand(1);
	for (int step = 0; step < 1000; step++) {
		struct listener listener = { .port_first = (uint16_t)(1 + step) };
		int i = rand() % NAMES;

		snprintf(listener.name, sizeof(listener.name), "name-%d", i);
		if (rand() % 2) {
			cr_assert_eq(model_put_listener(model, &listener), 0);
			count += !expected[i];
			expected[i] = listener.port_first;
		} else {
			cr_assert_eq(model_remove_listener(model, listener.name), expected[i] > 0);
			count -= expected[i] > 0;
			expected[i] = 0;
		}
		cr_assert_eq(model->listener_count, count);
		expect_order(model);
	}
	for (int i = 0; i < NAMES; i++) {
		const struct listener *found;
		char name[NAME_SIZE];

		snprintf(name, sizeof(name), "name-%d", i);
		found = model_find_listener(model, name);
		cr_expect_eq(found ? found->port_first : 0, expected[i], "%s", name);
	}
}

Test(model, the_same_with_targets)
{
	enum { PORTS = 60 };
	_cleanup_(model_free) struct model *model = build_model("group web");
	struct group *group = &model->groups[0];
	struct target target = endpoint("10.0.0.11:1");
	uint16_t expected[PORTS] = { 0 };	/* weight, 0: not there */
	size_t count = 0;

	srand(2);
	for (int step = 1; step <= 900; step++) {
		int i = rand() % PORTS;

		target.port = (uint16_t)i;
		target.weight = (uint16_t)step;
		if (rand() % 2) {
			cr_assert_eq(group_put_target(group, &target), 0);
			count += !expected[i];
			expected[i] = target.weight;
		} else {
			cr_assert_eq(group_remove_target(group, &target.addr, target.port),
				     expected[i] > 0);
			count -= expected[i] > 0;
			expected[i] = 0;
		}
		cr_assert_eq(group->target_count, count);
		expect_order(model);
	}
	for (int i = 0; i < PORTS; i++) {
		const struct target *found = group_find_target(group, &target.addr, (uint16_t)i);

		cr_expect_eq(found ? found->weight : 0, expected[i], "port %d", i);
	}
}

Test(model, groups_leave_with_their_targets)
{
	_cleanup_(model_free) struct model *model = build_model(
		"group c; target c 10.0.0.13:80; group a; target a 10.0.0.11:80;"
		"group b; target b 10.0.0.12:80");

	expect_order(model);
	cr_expect(model_remove_group(model, "b"));
	cr_expect_not(model_remove_group(model, "b"));
	cr_assert_eq(model->group_count, 2);
	cr_expect_not_null(find(model, "a", "10.0.0.11:80"));
	cr_expect_not_null(find(model, "c", "10.0.0.13:80"));
	cr_expect(model_remove_group(model, "a"));
	cr_expect(model_remove_group(model, "c"));
	cr_expect_eq(model->group_count, 0);
}

Test(model, a_clone_is_equal_and_stands_alone)
{
	_cleanup_(model_free) struct model *model = build_model(
		"group empty; group web; target web 10.0.0.11:80 healthy weight=3;"
		"listener a tcp 192.0.2.10 80 web; listener b tcp 192.0.2.10 81 web");
	_cleanup_(model_free) struct model *clone = NULL;
	struct target target = endpoint("10.0.0.12:80");

	memset(model->hash_secret, 7, SECRET_SIZE);
	clone = model_clone(model);
	cr_assert_eq(clone->listener_count, 2);
	cr_assert_eq(clone->group_count, 2);
	cr_expect_eq(memcmp(clone->hash_secret, model->hash_secret, SECRET_SIZE), 0);
	cr_expect_eq(memcmp(clone->listeners, model->listeners, 2 * sizeof(struct listener)), 0);
	cr_expect_eq(memcmp(find(clone, "web", "10.0.0.11:80"), find(model, "web", "10.0.0.11:80"),
			    sizeof(target)), 0);

	cr_expect_eq(group_put_target(model_find_group(clone, "web"), &target), 0);
	cr_expect_eq(group_put_target(model_find_group(clone, "empty"), &target), 0);
	cr_expect(model_remove_listener(clone, "a"));
	find(clone, "web", "10.0.0.11:80")->weight = 9;
	cr_expect_eq(model->listener_count, 2);
	cr_expect_eq(model_find_group(model, "web")->target_count, 1);
	cr_expect_eq(model_find_group(model, "empty")->target_count, 0);
	cr_expect_eq(find(model, "web", "10.0.0.11:80")->weight, 3);
}

Test(model, a_clone_grows_by_its_own)
{
	_cleanup_(model_free) struct model *model = build_model("group web");
	struct target target = endpoint("10.0.0.11:1");

	for (uint16_t port = 1; port <= 40; port++) {
		struct model *clone = model_clone(model);

		target.port = port;
		cr_assert_eq(group_put_target(&clone->groups[0], &target), 0);
		model_free(&model);
		model = clone;
		cr_assert_eq(model->groups[0].target_count, port);
		expect_order(model);
	}
}

Test(names, all_values_have_one)
{
	static const char *const states[] = {
		"initial", "healthy", "unhealthy", "unhealthy.draining", "unused", "draining",
		"unavailable",
	};
	static const char *const reasons[] = {
		"", "Elb.RegistrationInProgress", "Elb.InitialHealthChecking",
		"Target.ResponseCodeMismatch", "Target.Timeout", "Target.FailedHealthChecks",
		"Target.NotRegistered", "Target.NotInUse", "Target.DeregistrationInProgress",
		"Target.InvalidState", "Target.HealthCheckDisabled", "Elb.InternalError",
	};
	static const char *const hops[] = {
		"unknown", "resolved", "no_route", "no_neighbour", "no_xdp", "local",
	};

	cr_assert_eq(ARRAY_SIZE(states), TARGET_STATE_COUNT);
	for (int i = 0; i < TARGET_STATE_COUNT; i++)
		cr_expect_str_eq(target_state_name(i), states[i]);
	cr_assert_eq(ARRAY_SIZE(reasons), TARGET_REASON_COUNT);
	for (int i = 0; i < TARGET_REASON_COUNT; i++)
		cr_expect_str_eq(target_reason_name(i), reasons[i]);
	cr_assert_eq(ARRAY_SIZE(hops), HOP_STATE_COUNT);
	for (int i = 0; i < HOP_STATE_COUNT; i++)
		cr_expect_str_eq(hop_state_name(i), hops[i]);
}

Test(names, words_and_back)
{
	enum forwarding forwarding;
	enum check_protocol check;
	uint8_t protocol;

	cr_expect(forwarding_parse("nat", &forwarding) && forwarding == FORWARDING_NAT);
	cr_expect(forwarding_parse("ipip", &forwarding) && forwarding == FORWARDING_IPIP);
	cr_expect_str_eq(forwarding_name(FORWARDING_NAT), "nat");
	cr_expect_str_eq(forwarding_name(FORWARDING_IPIP), "ipip");
	cr_expect(check_protocol_parse("tcp", &check) && check == CHECK_TCP);
	cr_expect(check_protocol_parse("none", &check) && check == CHECK_NONE);
	cr_expect_str_eq(check_protocol_name(CHECK_TCP), "tcp");
	cr_expect_str_eq(check_protocol_name(CHECK_NONE), "none");
	cr_expect(protocol_parse("tcp", &protocol) && protocol == IPPROTO_TCP);
	cr_expect(protocol_parse("udp", &protocol) && protocol == IPPROTO_UDP);
	cr_expect_str_eq(protocol_name(IPPROTO_TCP), "tcp");
	cr_expect_str_eq(protocol_name(IPPROTO_UDP), "udp");
}

Test(names, other_words_are_refused_and_write_nothing)
{
	static const char *const words[] = { "", "NAT", "nat ", "gre", "none?", "sctp", "?" };
	enum forwarding forwarding = FORWARDING_COUNT;
	enum check_protocol check = CHECK_PROTOCOL_COUNT;
	uint8_t protocol = 255;

	for (size_t i = 0; i < ARRAY_SIZE(words); i++) {
		cr_expect_not(forwarding_parse(words[i], &forwarding), "'%s'", words[i]);
		cr_expect_not(check_protocol_parse(words[i], &check), "'%s'", words[i]);
		cr_expect_not(protocol_parse(words[i], &protocol), "'%s'", words[i]);
	}
	cr_expect_not(forwarding_parse("none", &forwarding));
	cr_expect_eq(forwarding, FORWARDING_COUNT);
	cr_expect_eq(check, CHECK_PROTOCOL_COUNT);
	cr_expect_eq(protocol, 255);
}

Test(names, ports_of_a_listener)
{
	char text[PORTS_TEXT_SIZE];

	cr_expect_str_eq(ports_format(80, 80, text), "80");
	cr_expect_str_eq(ports_format(8000, 8999, text), "8000-8999");
	cr_expect_str_eq(ports_format(0, 65535, text), "any");
	cr_expect_str_eq(ports_format(1, 65535, text), "1-65535");
	cr_expect_str_eq(ports_format(65534, 65535, text), "65534-65535");
}

Test(facts, which_groups_are_used_and_by_whom)
{
	_cleanup_(model_free) struct model *model = build_model(
		"group a; group b; group c; group d;"
		"listener x tcp 192.0.2.10 80 a=0 c=1; listener y udp 2001:db8::1 53 c;"
		"listener z udp 192.0.2.10 53 missing d");
	static const uint8_t expected[] = {
		GROUP_USED_BY_V4 | GROUP_USED_BY_TCP,
		0,
		GROUP_USED_BY_V4 | GROUP_USED_BY_TCP | GROUP_USED_BY_V6 | GROUP_USED_BY_UDP,
		GROUP_USED_BY_V4 | GROUP_USED_BY_UDP,
	};
	_cleanup_free_ uint8_t *uses = model_group_uses(model);

	for (size_t i = 0; i < ARRAY_SIZE(expected); i++) {
		cr_expect_eq(uses[i], expected[i], "%s", model->groups[i].name);
		cr_expect_eq(group_is_used(model, &model->groups[i]), expected[i] != 0, "%s",
			     model->groups[i].name);
	}
}
