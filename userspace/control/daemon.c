// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "control/daemon.h"

#include <errno.h>
#include <event2/event.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/log.h"
#include "control/change.h"
#include "control/config_file.h"
#include "control/facts.h"
#include "control/server.h"
#include "dataplane/route.h"
#include "health/checker.h"
#include "model/model.h"
#include "model/state.h"
#include "model/validate.h"
#include "stats/rates.h"

struct daemon {
	const struct daemon_options *options;
	struct event_base *base;
	struct event *sigterm, *sigint;
	struct event *refresh;		/* facts may have changed */
	uint64_t rests_until;		/* no refresh before; monotonic, in ms */
	struct event *drained;		/* the next drain deadline */
	struct event *sample;		/* of the rates, every second */
	struct change change;
	struct dataplane *dataplane;
	struct route_watch *routes;
	struct checker *checker;
	struct server *server;
	struct rates rates;
	int lock;
	bool detach;
};

/* DRAIN_LOOK: the wall clock may be set while a drain timer runs, and that runs by another one. */
enum { RETRY_MS = 1000, DRAIN_LOOK_MS = 60000 };

static void schedule(struct event *event, uint64_t wait_ms)
{
	const struct timeval wait = { .tv_sec = (time_t)(wait_ms / 1000),
				      .tv_usec = (suseconds_t)(wait_ms % 1000 * 1000) };

	event_add(event, &wait);
}

/*
 * ---- facts ------------------------------------------------------------------------------------
 */

static void retry_refresh(struct daemon *daemon, const struct err *err)
{
	log_error("daemon", "following health and routes failed, trying again: %s", err->text);
	schedule(daemon->refresh, RETRY_MS);
}

static void refresh(struct daemon *daemon)
{
	struct model *next = model_clone(daemon->change.model);
	struct err err;

	if (!next) {
		err_set(&err, ENOMEM, "out of memory");
		retry_refresh(daemon, &err);
	} else if (!facts_learn(next, daemon->checker, daemon->routes)) {
		model_free(&next);
	} else if (change_commit_facts(&daemon->change, &next, &err)) {
		retry_refresh(daemon, &err);
	}
}

/*
 * With thousands of targets this takes a while. Where they change one by one, as all of them do at
 * first, it must not be all that the loop does: requests get as much of the time.
 */
static void on_refresh(evutil_socket_t fd, short what, void *context)
{
	struct daemon *daemon = context;
	uint64_t start = monotonic_ms(), end;

	(void)fd;
	(void)what;
	refresh(daemon);
	end = monotonic_ms();
	daemon->rests_until = end + (end - start);
}

static void refresh_soon(void *context)
{
	struct daemon *daemon = context;
	uint64_t now = monotonic_ms();

	schedule(daemon->refresh, daemon->rests_until > now ? daemon->rests_until - now : 0);
}

static void on_routes(void *context)
{
	struct daemon *daemon = context;
	struct route_link links[LINKS_MAX];
	struct err err;

	if (dataplane_set_links(daemon->dataplane, links,
				route_links(daemon->routes, links, LINKS_MAX), &err))
		log_error("daemon", "%s", err.text);
	refresh_soon(daemon);
}

/*
 * ---- following the model ----------------------------------------------------------------------
 */

static void schedule_drained(struct daemon *daemon)
{
	uint64_t deadline = model_next_deadline(daemon->change.model), now = wall_ms();
	uint64_t wait = deadline > now ? deadline - now : 0;

	if (deadline)
		schedule(daemon->drained, wait < DRAIN_LOOK_MS ? wait + 1 : DRAIN_LOOK_MS);
	else
		evtimer_del(daemon->drained);
}

static void on_swapped(void *context)
{
	struct daemon *daemon = context;

	if (facts_follow(daemon->change.model, daemon->checker, daemon->routes))
		log_error("daemon", "out of memory: new targets may not be checked");
	schedule_drained(daemon);
	refresh_soon(daemon);
}

static void retry_drained(struct daemon *daemon, const struct err *err)
{
	log_error("daemon", "removing drained targets failed, trying again: %s", err->text);
	schedule(daemon->drained, RETRY_MS);
}

static void on_drained(evutil_socket_t fd, short what, void *context)
{
	struct daemon *daemon = context;
	struct model *next = model_clone(daemon->change.model);
	struct err err;
	size_t gone;

	(void)fd;
	(void)what;
	if (!next) {
		err_set(&err, ENOMEM, "out of memory");
		retry_drained(daemon, &err);
		return;
	}
	gone = model_expire(next, wall_ms());
	if (!gone) {
		model_free(&next);
		schedule_drained(daemon);
	} else if (change_commit(&daemon->change, &next, &err)) {
		retry_drained(daemon, &err);
	} else {
		log_info("daemon", "%zu drained target%s gone", gone, gone == 1 ? " is" : "s are");
	}
}

/*
 * ---- the rest of the loop ---------------------------------------------------------------------
 */

static void on_sample(evutil_socket_t fd, short what, void *context)
{
	struct daemon *daemon = context;
	uint64_t count[REASON_COUNT];

	(void)fd;
	(void)what;
	dataplane_reasons(daemon->dataplane, count);
	rates_sample(&daemon->rates, count, monotonic_ms());
}

static void on_signal(evutil_socket_t signal, short what, void *context)
{
	struct daemon *daemon = context;

	(void)what;
	log_info("daemon", "%s: stopping; traffic goes on flowing until `sluicectl detach`",
		 strsignal(signal));
	event_base_loopbreak(daemon->base);
}

static void on_detach(void *context)
{
	struct daemon *daemon = context;

	daemon->detach = true;
	event_base_loopexit(daemon->base, NULL);
}

/*
 * ---- start ------------------------------------------------------------------------------------
 */

static int lock_state(struct daemon *daemon, struct err *err)
{
	const char *dir = daemon->options->state_dir;

	if (mkdir(dir, 0700) && errno != EEXIST)
		return err_set(err, errno, "can not create the state directory %s: %s", dir,
			       strerror(errno));
	daemon->lock = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (daemon->lock < 0)
		return err_set(err, errno, "state directory %s: %s", dir, strerror(errno));
	if (flock(daemon->lock, LOCK_EX | LOCK_NB))
		return err_set(err, EBUSY, "another sluiced is running with the state directory %s",
			       dir);
	return 0;
}

/* Locked before it is read: a daemon that is just ending may still write it. */
static int load_model(struct daemon *daemon, struct err *err)
{
	uint64_t now = wall_ms();
	int r = lock_state(daemon, err);

	r = r ?: state_load(daemon->options->state_dir, &daemon->change.model, err);
	if (!r && daemon->options->config_path)
		r = config_file_apply(daemon->options->config_path, now, &daemon->change.model,
				      err);
	if (!r)
		model_expire(daemon->change.model, now);
	return r;
}

static int make_events(struct daemon *daemon, struct err *err)
{
	const struct timeval second = { .tv_sec = 1 };

	daemon->base = event_base_new();
	if (!daemon->base)
		return err_set(err, ENOMEM, "out of memory");
	daemon->sigterm = evsignal_new(daemon->base, SIGTERM, on_signal, daemon);
	daemon->sigint = evsignal_new(daemon->base, SIGINT, on_signal, daemon);
	daemon->refresh = event_new(daemon->base, -1, 0, on_refresh, daemon);
	daemon->drained = evtimer_new(daemon->base, on_drained, daemon);
	daemon->sample = event_new(daemon->base, -1, EV_PERSIST, on_sample, daemon);
	if (!daemon->sigterm || !daemon->sigint || !daemon->refresh || !daemon->drained ||
	    !daemon->sample || event_add(daemon->sigterm, NULL) ||
	    event_add(daemon->sigint, NULL) || event_add(daemon->sample, &second))
		return err_set(err, ENOMEM, "out of memory");
	signal(SIGPIPE, SIG_IGN);	/* a client that hangs up is an error of write, no more */
	return 0;
}

static int open_routes(struct daemon *daemon, struct err *err)
{
	const struct attachment *attachments;
	size_t count = dataplane_attachments(daemon->dataplane, &attachments);
	_cleanup_free_ uint32_t *ifindexes = calloc(count, sizeof(*ifindexes));
	struct route_options options = {
		.base = daemon->base,
		.ifindexes = ifindexes,
		.ifindex_count = count,
		.changed = on_routes,
		.context = daemon,
	};

	if (!ifindexes)
		return err_set(err, ENOMEM, "out of memory");
	for (size_t i = 0; i < count; i++)
		ifindexes[i] = attachments[i].ifindex;
	return route_open(&options, &daemon->routes, err);
}

static int open_checker(struct daemon *daemon, struct err *err)
{
	const struct checker_options options = {
		.base = daemon->base,
		.changed = refresh_soon,
		.context = daemon,
	};

	return checker_open(&options, &daemon->checker, err);
}

/* The first change: from what the maps hold, be it nothing or what the last daemon left. */
static int start_model(struct daemon *daemon, struct err *err)
{
	struct model *first = model_clone(daemon->change.model);

	if (!first || facts_follow(first, NULL, daemon->routes)) {
		model_free(&first);
		return err_set(err, ENOMEM, "out of memory");
	}
	dataplane_recall(daemon->dataplane, first);
	facts_learn(first, daemon->checker, daemon->routes);
	daemon->change.dataplane = daemon->dataplane;
	daemon->change.state_dir = daemon->options->state_dir;
	daemon->change.swapped = on_swapped;
	daemon->change.context = daemon;
	on_routes(daemon);
	return change_commit(&daemon->change, &first, err);
}

static int open_server(struct daemon *daemon, struct err *err)
{
	const struct server_options options = {
		.base = daemon->base,
		.socket_path = daemon->options->socket_path,
		.metrics_address = daemon->options->metrics_address,
		.change = &daemon->change,
		.dataplane = daemon->dataplane,
		.checker = daemon->checker,
		.rates = &daemon->rates,
		.detach = on_detach,
		.context = daemon,
	};

	return server_open(&options, &daemon->server, err);
}

/* The server comes before the attachment: whoever can not serve must not take over the traffic. */
static int start(struct daemon *daemon, struct err *err)
{
	int r = load_model(daemon, err);

	r = r ?: make_events(daemon, err);
	r = r ?: dataplane_open(&daemon->options->dataplane, &daemon->dataplane, err);
	r = r ?: open_routes(daemon, err);
	r = r ?: open_checker(daemon, err);
	r = r ?: open_server(daemon, err);
	r = r ?: start_model(daemon, err);
	r = r ?: dataplane_attach(daemon->dataplane, err);
	return r;
}

static void free_event(struct event **event)
{
	if (*event)
		event_free(*event);
}

static void stop(struct daemon *daemon)
{
	struct err err;

	server_close(&daemon->server);
	if (daemon->detach) {
		route_forget(daemon->routes);
		if (dataplane_detach(daemon->dataplane, &err))
			log_error("daemon", "%s", err.text);
	}
	checker_close(&daemon->checker);
	route_close(&daemon->routes);
	dataplane_close(&daemon->dataplane);
	model_free(&daemon->change.model);
	free_event(&daemon->sigterm);
	free_event(&daemon->sigint);
	free_event(&daemon->refresh);
	free_event(&daemon->drained);
	free_event(&daemon->sample);
	if (daemon->base)
		event_base_free(daemon->base);
	if (daemon->lock >= 0)
		close(daemon->lock);
}

int daemon_run(const struct daemon_options *options, struct err *err)
{
	struct daemon daemon = { .options = options, .lock = -1 };
	int r = start(&daemon, err);

	if (!r) {
		log_info("daemon", "ready, serving on %s", options->socket_path);
		event_base_dispatch(daemon.base);
	}
	stop(&daemon);
	return r;
}

int daemon_check(const char *config_path, struct err *err)
{
	_cleanup_(model_free) struct model *model = NULL;
	int r = config_file_load(config_path, &model, err);

	if (r)
		return r;
	r = model_validate(model, err);
	return r ? err_prefix(err, "%s", config_path) : 0;
}
