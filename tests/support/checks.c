// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "checks.h"

#include <criterion/criterion.h>
#include <event2/event.h>
#include <stdio.h>
#include <string.h>

#include "base/addr.h"
#include "base/err.h"
#include "base/log.h"
#include "loopback.h"

static void store_facts(struct checks *checks)
{
	for (size_t i = 0; i < checks->model->group_count; i++) {
		struct group *group = &checks->model->groups[i];

		for (size_t j = 0; j < group->target_count; j++) {
			struct target *target = &group->targets[j];

			checker_find(checks->checker, group, target, &target->state,
				     &target->reason);
		}
	}
}

static void on_changed(void *context)
{
	struct checks *checks = context;

	cr_assert_not(checks->in_call, "changed was called from within a call of the checker");
	checks->changes++;
	if (checks->forgets)
		return;
	store_facts(checks);
	checks_follow(checks);
}

void checks_init(struct checks *checks)
{
	struct checker_options options = { .changed = on_changed, .context = checks };
	struct err err = { 0 };

	*checks = (struct checks){ .base = event_base_new(), .model = model_new() };
	options.base = checks->base;
	log_set_level(LOG_LEVEL_ERROR);
	cr_assert_eq(checker_open(&options, &checks->checker, &err), 0, "%s", err.text);
}

void checks_clean(struct checks *checks)
{
	checker_close(&checks->checker);
	cr_assert_null(checks->checker);
	model_free(&checks->model);
	event_base_free(checks->base);
}

struct group *checks_add_group(struct checks *checks, const char *name)
{
	struct listener listener = { .protocol = IPPROTO_TCP, .group_count = 1 };
	struct group group;

	group_init(&group, name);
	group.health_check = (struct health_check){ CHECK_TCP, 0, 20, 100, 3, 3 };
	cr_assert_not(model_put_group(checks->model, &group));
	snprintf(listener.name, sizeof(listener.name), "l-%s", name);
	listener.groups[0].weight = 1;
	memcpy(listener.groups[0].name, group.name, sizeof(group.name));
	cr_assert_not(model_put_listener(checks->model, &listener));
	return model_find_group(checks->model, name);
}

struct target *checks_add_target(struct checks *checks, const char *name, const struct addr *addr,
				 uint16_t port)
{
	struct target target = {
		.addr = *addr,
		.port = port,
		.weight = 1,
		.reason = TARGET_REASON_REGISTRATION_IN_PROGRESS,
	};
	struct group *group = model_find_group(checks->model, name);

	cr_assert(group);
	cr_assert_not(group_put_target(group, &target));
	return group_find_target(group, addr, port);
}

void checks_follow(struct checks *checks)
{
	checks->in_call = true;
	cr_assert_not(checker_follow(checks->checker, checks->model));
	checks->in_call = false;
}

/* The one of the model, or one that the model does not have and that the checker can't know. */
static struct target any_target(const struct checks *checks, const char *name,
				const struct addr *addr, uint16_t port, struct group *group)
{
	const struct group *known = model_find_group(checks->model, name);
	const struct target *target = known ? group_find_target(known, addr, port) : NULL;

	group_init(group, name);
	return target ? *target :
			(struct target){ .addr = *addr, .port = port, .state = TARGET_STATE_COUNT };
}

struct target checks_find(const struct checks *checks, const char *name, const struct addr *addr,
			  uint16_t port)
{
	struct group group;
	struct target target = any_target(checks, name, addr, port, &group);

	checker_find(checks->checker, &group, &target, &target.state, &target.reason);
	return target;
}

struct check_stats checks_stats(const struct checks *checks, const char *name,
				const struct addr *addr, uint16_t port)
{
	struct group group;
	struct target target = any_target(checks, name, addr, port, &group);
	struct check_stats stats;

	checker_stats(checks->checker, &group, &target, &stats);
	return stats;
}

struct goal {
	const struct checks *checks;
	const char *group;
	const struct addr *addr;
	uint16_t port;
	enum target_state state;
	enum target_reason reason;
	uint64_t count;
};

static bool has_state(void *context)
{
	const struct goal *goal = context;
	struct target target = checks_find(goal->checks, goal->group, goal->addr, goal->port);

	return target.state == goal->state && target.reason == goal->reason;
}

static bool has_count(void *context)
{
	const struct goal *goal = context;

	return checks_stats(goal->checks, goal->group, goal->addr, goal->port).checks >=
	       goal->count;
}

void checks_await(struct checks *checks, const char *group, const struct addr *addr, uint16_t port,
		  enum target_state state, enum target_reason reason)
{
	struct goal goal = { checks, group, addr, port, state, reason, 0 };
	struct target last;

	if (loop_until(checks->base, has_state, &goal))
		return;
	last = checks_find(checks, group, addr, port);
	cr_assert_fail("target of '%s' is not %s but %s %s", group, target_state_name(state),
		       target_state_name(last.state), target_reason_name(last.reason));
}

void checks_await_count(struct checks *checks, const char *group, const struct addr *addr,
			uint16_t port, uint64_t count)
{
	struct goal goal = { checks, group, addr, port, 0, 0, count };

	cr_assert(loop_until(checks->base, has_count, &goal), "fewer than %llu checks",
		  (unsigned long long)count);
}
