// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* The check of one target, from due to done: timer -> attempt (check_kind.h) -> health. */
#include "health/check.h"

#include <event2/event.h>
#include <stdlib.h>
#include <string.h>

#include "base/addr.h"
#include "base/clock.h"
#include "base/log.h"
#include "health/check_tcp.h"

enum { LACK_LOG_INTERVAL_MS = 10000 };

static const struct check_kind *const kinds[CHECK_PROTOCOL_COUNT] = {
	[CHECK_TCP] = &check_tcp,
	[CHECK_NONE] = NULL,
};

static uint64_t monotonic_us(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000 + (uint64_t)now.tv_nsec / 1000;
}

/*
 * A timer of no time and not event_active(): that would run again in this turn what the receiver's
 * own change announces. Without memory for it, the next change announces this one too.
 */
void check_announce(struct check_shared *shared)
{
	static const struct timeval no_time;

	if (!event_pending(&shared->changed, EV_TIMEOUT, NULL))
		event_add(&shared->changed, &no_time);
}

void check_schedule(struct check *check, uint64_t delay_us)
{
	struct timeval delay = {
		.tv_sec = (time_t)(delay_us / 1000000),
		.tv_usec = (suseconds_t)(delay_us % 1000000),
	};

	if (event_add(&check->due, &delay))
		log_error("health", "out of memory: not all of group '%s' is checked any more",
			  check->group);
}

static void schedule_next(struct check *check)
{
	uint64_t elapsed = monotonic_us() - check->started_us;
	uint64_t interval = jitter_next_us(&check->shared->jitter, check->settings.interval_ms);

	check_schedule(check, elapsed < interval ? interval - elapsed : 0);
}

static void log_change(const struct check *check, enum target_state before, const char *detail)
{
	char text[ENDPOINT_TEXT_SIZE];

	log_info("health", "target '%s %s': %s -> %s (%s: %s)", check->group,
		 endpoint_format(&check->addr, check->port, text), target_state_name(before),
		 target_state_name(check->health.state), check->kind->name, detail);
}

/* One line for all targets every few seconds: what is lacking for one is lacking for all. */
static void log_lack(const struct check *check, int error)
{
	uint64_t *logged_ms = &check->shared->lack_logged_ms;
	char text[ENDPOINT_TEXT_SIZE];
	uint64_t now = monotonic_ms();

	if (*logged_ms && now - *logged_ms < LACK_LOG_INTERVAL_MS)
		return;
	*logged_ms = now;
	log_warning("health", "target '%s %s': %s check not possible, state kept: %s", check->group,
		    endpoint_format(&check->addr, check->port, text), check->kind->name,
		    strerror(error));
}

static void on_done(void *context, enum check_result result, const char *detail)
{
	struct check *check = context;
	uint64_t duration = monotonic_us() - check->started_us;
	enum target_state before = check->health.state;

	check->attempt = NULL;
	check->stats.checks++;
	check->stats.failures[result] += result != CHECK_PASSED;
	check->stats.duration_sum_us += duration;
	check->stats.last_duration_us = (uint32_t)duration;
	if (health_report(&check->health, &check->settings, result))
		check_announce(check->shared);
	if (check->health.state != before)
		log_change(check, before, detail);
	schedule_next(check);
}

static void on_due(evutil_socket_t fd, short events, void *context)
{
	struct check *check = context;
	const struct check_request request = {
		.base = check->shared->base,
		.addr = check->addr,
		.port = check->settings.port ? check->settings.port : check->port,
		.timeout_ms = check->settings.timeout_ms,
		.done = on_done,
		.context = check,
	};
	int r;

	(void)fd;
	(void)events;
	check->started_us = monotonic_us();
	r = check->kind->start(&request, &check->attempt);
	if (r) {
		log_lack(check, -r);
		schedule_next(check);
	} else if (health_begin(&check->health)) {
		check_announce(check->shared);
	}
}

struct check *check_new(struct check_shared *shared, const struct group *group,
			const struct target *target)
{
	struct check *check = calloc(1, sizeof(*check));

	if (!check)
		return NULL;
	check->shared = shared;
	memcpy(check->group, group->name, sizeof(check->group));
	check->addr = target->addr;
	check->port = target->port;
	check->health = (struct health){ .state = target->state, .reason = target->reason };
	evtimer_assign(&check->due, shared->base, on_due, check);
	return check;
}

static void stop(struct check *check)
{
	event_del(&check->due);
	if (check->attempt)
		check->kind->cancel(check->attempt);
	check->attempt = NULL;
	check->kind = NULL;
}

void check_free(struct check **check)
{
	if (!*check)
		return;
	stop(*check);
	free(*check);
	*check = NULL;
}

int check_compare(const struct check *check, const struct group *group, const struct target *target)
{
	int r = strcmp(check->group, group->name);

	if (!r)
		r = addr_compare(&check->addr, &target->addr);
	return r ? r : check->port - target->port;
}

/* False: checks decide. */
static bool is_decided(const struct group *group, const struct target *target, bool used,
		       struct health *out)
{
	if (target_lingers(target))
		*out = (struct health){ .state = TARGET_UNUSED,
					.reason = TARGET_REASON_NOT_REGISTERED };
	else if (target_is_draining(target))
		*out = (struct health){ .state = TARGET_DRAINING,
					.reason = TARGET_REASON_DEREGISTRATION_IN_PROGRESS };
	else if (!used)
		*out = (struct health){ .state = TARGET_UNUSED,
					.reason = TARGET_REASON_NOT_IN_USE };
	else if (!kinds[group->health_check.protocol])
		*out = (struct health){ .state = TARGET_UNAVAILABLE,
					.reason = TARGET_REASON_HEALTH_CHECK_DISABLED };
	else
		return false;
	return true;
}

void check_follow(struct check *check, const struct group *group, const struct target *target,
		  bool used)
{
	const struct check_kind *kind = kinds[group->health_check.protocol];
	bool has_new_interval = check->settings.interval_ms != group->health_check.interval_ms;

	check->settings = group->health_check;
	if (is_decided(group, target, used, &check->health)) {
		stop(check);
		return;
	}
	if (check->kind != kind) {
		stop(check);
		health_init(&check->health, check->health.state, check->health.reason);
		check->kind = kind;
	}
	if (has_new_interval)	/* from 300 s to 1 s: nobody wants to wait 300 s for it */
		event_del(&check->due);
}

bool check_agrees(const struct check *check, const struct target *target)
{
	enum target_state state = target->state;

	if (state == TARGET_UNHEALTHY_DRAINING)
		state = TARGET_UNHEALTHY;
	return check->health.state == state && check->health.reason == target->reason;
}

bool check_is_idle(const struct check *check)
{
	return check->kind && !check->attempt && !event_pending(&check->due, EV_TIMEOUT, NULL);
}
