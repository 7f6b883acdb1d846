// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "control/upkeep.h"

#include <errno.h>
#include <event2/event.h>

#include "base/clock.h"
#include "base/err.h"
#include "base/log.h"
#include "control/change.h"
#include "control/facts.h"
#include "dataplane/dataplane.h"
#include "model/model.h"

/*
 * DUE_MIN: many targets that start slowly have a step at a moment of their own each; one change for
 * some of them is enough. DUE_MAX: the wall clock, which deadlines are of, may be set meanwhile.
 * SWEEP_REST: a sweep of gigabytes takes long enough to be in the way of requests; all sweeps
 * together get one such part of the time.
 */
enum { RETRY_MS = 1000, DUE_MIN_MS = 100, DUE_MAX_MS = 60000, SWEEP_REST = 20 };

static int schedule_event(struct event *event, uint64_t wait_ms)
{
	const struct timeval wait = { .tv_sec = (time_t)(wait_ms / 1000),
				      .tv_usec = (suseconds_t)(wait_ms % 1000 * 1000) };

	return event_add(event, &wait);
}

static void schedule(struct upkeep *upkeep, uint64_t wait_ms)
{
	schedule_event(&upkeep->work, wait_ms);
}

void upkeep_refresh(void *context)
{
	struct upkeep *upkeep = context;
	uint64_t now = monotonic_ms();

	schedule(upkeep, upkeep->rests_until > now ? upkeep->rests_until - now : 0);
}

static void on_swapped(void *context)
{
	struct upkeep *upkeep = context;

	upkeep->swept = upkeep->settled = false;
	if (upkeep->is_own)	/* the same targets, with what their watchers said */
		return;
	if (facts_follow(upkeep->change->model, upkeep->checker, upkeep->routes))
		log_error("daemon", "out of memory: new targets may not be checked");
	upkeep_refresh(upkeep);
}

/*
 * ---- the work ---------------------------------------------------------------------------------
 */

static int commit_facts(struct upkeep *upkeep, struct model **next, struct err *err)
{
	int r;

	upkeep->is_own = true;
	r = change_commit_facts(upkeep->change, next, err);
	upkeep->is_own = false;
	return r;
}

/* What is known of the targets by now, and what follows from the time. */
static int refresh(struct upkeep *upkeep, struct err *err)
{
	struct model *next = model_clone(upkeep->change->model);
	uint64_t now = wall_ms();
	bool changed;

	if (!next)
		return err_set(err, ENOMEM, "out of memory");
	changed = facts_learn(next, upkeep->checker, upkeep->routes, now);
	changed |= model_settle(next, now);
	if (changed || upkeep->settled)
		return commit_facts(upkeep, &next, err);
	model_free(&next);
	return 0;
}

/* Targets whose draining ends. */
static int expire(struct upkeep *upkeep, struct err *err)
{
	struct model *next = model_clone(upkeep->change->model);

	if (!next)
		return err_set(err, ENOMEM, "out of memory");
	if (upkeep->swept)
		facts_remember(next, upkeep->change->dataplane);
	if (model_expire(next, wall_ms()))
		return change_commit(upkeep->change, &next, err);
	model_free(&next);
	return 0;
}

static void schedule_next(struct upkeep *upkeep)
{
	uint64_t now = wall_ms(), deadline = model_next_deadline(upkeep->change->model, now);
	uint64_t wait = deadline > now ? deadline - now : 0;

	if (!deadline || event_pending(&upkeep->work, EV_TIMEOUT, NULL))
		return;
	wait = wait < DUE_MIN_MS ? DUE_MIN_MS : wait + 1;
	schedule(upkeep, wait < DUE_MAX_MS ? wait : DUE_MAX_MS);
}

/* Each by itself: a state file that can not be written is no reason not to follow health. */
static void work(struct upkeep *upkeep)
{
	struct err err;
	int failed = 0;

	if (expire(upkeep, &err)) {
		log_error("daemon", "removing drained targets failed, trying again: %s", err.text);
		failed = 1;
	}
	if (refresh(upkeep, &err)) {
		log_error("daemon", "following health and routes failed, trying again: %s",
			  err.text);
		failed = 1;
	}
	if (failed)
		schedule(upkeep, RETRY_MS);
	else
		schedule_next(upkeep);
}

/*
 * With thousands of targets this takes a while. Where they change one by one, as all of them do at
 * first, it must not be all that the loop does: requests get as much of the time.
 */
static void on_work(evutil_socket_t fd, short what, void *context)
{
	struct upkeep *upkeep = context;
	uint64_t start = monotonic_ms(), end;

	(void)fd, (void)what;
	work(upkeep);
	end = monotonic_ms();
	upkeep->rests_until = end + (end - start);
}

static void sweep(struct upkeep *upkeep)
{
	const struct change *change = upkeep->change;
	bool settled = false;

	if (dataplane_sweep(change->dataplane, &settled)) {
		log_error("daemon", "out of memory: flows are kept for longer than they need");
		return;
	}
	upkeep->swept = true;
	upkeep->settled |= settled;
	if (upkeep->settled || facts_has_forgotten(change->model, change->dataplane))
		upkeep_refresh(upkeep);
}

static void on_sweep(evutil_socket_t fd, short what, void *context)
{
	struct upkeep *upkeep = context;
	uint64_t start = monotonic_ms(), rest;

	(void)fd, (void)what;
	sweep(upkeep);
	rest = (monotonic_ms() - start) * SWEEP_REST;
	schedule_event(&upkeep->sweep, rest > DATAPLANE_SWEEP_MS ? rest : DATAPLANE_SWEEP_MS);
}

void upkeep_init(struct upkeep *upkeep, struct event_base *base, struct change *change)
{
	*upkeep = (struct upkeep){ .change = change };
	evtimer_assign(&upkeep->work, base, on_work, upkeep);
	evtimer_assign(&upkeep->sweep, base, on_sweep, upkeep);
	change->swapped = on_swapped;
	change->context = upkeep;
}

int upkeep_start(struct upkeep *upkeep)
{
	return schedule_event(&upkeep->sweep, DATAPLANE_SWEEP_MS) ? -ENOMEM : 0;
}

void upkeep_clean(struct upkeep *upkeep)
{
	if (!upkeep->change)
		return;
	event_del(&upkeep->work);
	event_del(&upkeep->sweep);
}
