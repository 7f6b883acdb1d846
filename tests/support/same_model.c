// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "same_model.h"

#include <criterion/criterion.h>
#include <string.h>

#include "model/model.h"

#define SAME(what, a, b)                                                                           \
	cr_assert_eq((a), (b), "%s: %s is %llu, not %llu", what, #a, (unsigned long long)(a),      \
		     (unsigned long long)(b))

static void expect_same_listener(const struct listener *got, const struct listener *expected)
{
	const char *name = expected->name;

	cr_assert_str_eq(got->name, name);
	cr_assert_arr_eq(&got->addr, &expected->addr, sizeof(got->addr), "%s: address", name);
	SAME(name, got->protocol, expected->protocol);
	SAME(name, got->port_first, expected->port_first);
	SAME(name, got->port_last, expected->port_last);
	SAME(name, got->affinity, expected->affinity);
	SAME(name, got->group_count, expected->group_count);
	for (size_t i = 0; i < expected->group_count; i++) {
		cr_assert_str_eq(got->groups[i].name, expected->groups[i].name);
		SAME(name, got->groups[i].weight, expected->groups[i].weight);
	}
}

static void expect_same_check(const char *name, const struct health_check *got,
			      const struct health_check *expected)
{
	SAME(name, got->protocol, expected->protocol);
	SAME(name, got->port, expected->port);
	SAME(name, got->interval_ms, expected->interval_ms);
	SAME(name, got->timeout_ms, expected->timeout_ms);
	SAME(name, got->healthy_threshold, expected->healthy_threshold);
	SAME(name, got->unhealthy_threshold, expected->unhealthy_threshold);
}

static void expect_same_group(const struct group *got, const struct group *expected)
{
	const char *name = expected->name;

	cr_assert_str_eq(got->name, name);
	SAME(name, got->forwarding, expected->forwarding);
	expect_same_check(name, &got->health_check, &expected->health_check);
	SAME(name, got->removed, expected->removed);
	SAME(name, got->idle_timeout_s, expected->idle_timeout_s);
	SAME(name, got->deregistration_delay_s, expected->deregistration_delay_s);
	SAME(name, got->connection_termination, expected->connection_termination);
	SAME(name, got->unhealthy_connection_termination,
	     expected->unhealthy_connection_termination);
	SAME(name, got->unhealthy_draining_interval_s, expected->unhealthy_draining_interval_s);
	SAME(name, got->slow_start_s, expected->slow_start_s);
	cr_assert_arr_eq(got->tunnel_source, expected->tunnel_source, sizeof(got->tunnel_source),
			 "%s: tunnel_source", name);
	SAME(name, got->target_count, expected->target_count);
	for (size_t i = 0; i < expected->target_count; i++) {
		const struct target *a = &got->targets[i], *b = &expected->targets[i];

		cr_assert_arr_eq(&a->addr, &b->addr, sizeof(a->addr), "%s: target %zu", name, i);
		SAME(name, a->port, b->port);
		SAME(name, a->weight, b->weight);
		SAME(name, a->drain_deadline_ms, b->drain_deadline_ms);
	}
}

void expect_same_model(const struct model *got, const struct model *expected)
{
	cr_assert_arr_eq(got->hash_secret, expected->hash_secret, SECRET_SIZE, "hash_secret");
	SAME("model", got->listener_count, expected->listener_count);
	SAME("model", got->group_count, expected->group_count);
	for (size_t i = 0; i < expected->listener_count; i++)
		expect_same_listener(&got->listeners[i], &expected->listeners[i]);
	for (size_t i = 0; i < expected->group_count; i++)
		expect_same_group(&got->groups[i], &expected->groups[i]);
}
