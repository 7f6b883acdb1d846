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
#include "control/upkeep.h"
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
	struct event *sample;		/* of the rates, every second */
	struct model *config;		/* of the file, until it is applied */
	struct change change;
	struct upkeep upkeep;
	struct dataplane *dataplane;
	struct route_watch *routes;
	struct checker *checker;
	struct server *server;
	struct rates rates;
	int lock;
	bool detach;
};

/*
 * ---- the loop ---------------------------------------------------------------------------------
 */

static void on_routes(void *context)
{
	struct daemon *daemon = context;
	struct route_link links[LINKS_MAX];
	struct err err;

	if (dataplane_set_links(daemon->dataplane, links,
				route_links(daemon->routes, links, LINKS_MAX), &err))
		log_error("daemon", "%s", err.text);
	upkeep_refresh(&daemon->upkeep);
}

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
static int load(struct daemon *daemon, struct err *err)
{
	const char *config_path = daemon->options->config_path;
	int r = lock_state(daemon, err);

	r = r ?: state_load(daemon->options->state_dir, &daemon->change.model, err);
	return r || !config_path ? r : config_file_load(config_path, &daemon->config, err);
}

static int make_events(struct daemon *daemon, struct err *err)
{
	const struct timeval second = { .tv_sec = 1 };

	daemon->base = event_base_new();
	if (!daemon->base)
		return err_set(err, ENOMEM, "out of memory");
	daemon->sigterm = evsignal_new(daemon->base, SIGTERM, on_signal, daemon);
	daemon->sigint = evsignal_new(daemon->base, SIGINT, on_signal, daemon);
	daemon->sample = event_new(daemon->base, -1, EV_PERSIST, on_sample, daemon);
	if (!daemon->sigterm || !daemon->sigint || !daemon->sample ||
	    event_add(daemon->sigterm, NULL) || event_add(daemon->sigint, NULL) ||
	    event_add(daemon->sample, &second))
		return err_set(err, ENOMEM, "out of memory");
	upkeep_init(&daemon->upkeep, daemon->base, &daemon->change);
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
	int r;

	if (!ifindexes)
		return err_set(err, ENOMEM, "out of memory");
	for (size_t i = 0; i < count; i++)
		ifindexes[i] = attachments[i].ifindex;
	r = route_open(&options, &daemon->routes, err);
	daemon->upkeep.routes = daemon->routes;
	return r;
}

static int open_checker(struct daemon *daemon, struct err *err)
{
	const struct checker_options options = {
		.base = daemon->base,
		.changed = upkeep_refresh,
		.context = &daemon->upkeep,
	};
	int r = checker_open(&options, &daemon->checker, err);

	daemon->upkeep.checker = daemon->checker;
	return r;
}

/* What the last daemon left, or what the file makes of that. */
static struct model *first_model(struct daemon *daemon)
{
	_cleanup_(model_free) struct model *first = take_ptr(daemon->config);
	uint64_t now = wall_ms();

	dataplane_recall(daemon->dataplane, daemon->change.model);
	if (!first)
		first = model_clone(daemon->change.model);
	else if (model_carry(first, daemon->change.model, now))
		return NULL;
	if (!first || facts_follow(first, NULL, daemon->routes))
		return NULL;
	model_expire(first, now);
	facts_learn(first, daemon->checker, daemon->routes, now);
	return take_ptr(first);
}

/*
 * The first change: from what the maps hold, be it nothing or what the last daemon left. *before is
 * the model without the file.
 */
static int start_model(struct daemon *daemon, struct model **before, struct err *err)
{
	const char *config_path = daemon->options->config_path;
	struct model *first = first_model(daemon);
	int r;

	*before = model_clone(daemon->change.model);
	if (!first || !*before) {
		model_free(&first);
		return err_set(err, ENOMEM, "out of memory");
	}
	daemon->change.dataplane = daemon->dataplane;
	daemon->change.state_dir = daemon->options->state_dir;
	on_routes(daemon);
	r = change_commit(&daemon->change, &first, err);
	if (r && r != -EIO && config_path)
		err_prefix(err, "%s", config_path);
	return r;
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

/* A file that the daemon could not start with leaves neither state nor maps behind. */
static int attach(struct daemon *daemon, struct model **before, struct err *err)
{
	struct err undoing;
	int r = dataplane_attach(daemon->dataplane, err);

	if (r && daemon->options->config_path && change_commit(&daemon->change, before, &undoing))
		log_error("daemon", "%s could not be taken back: %s", daemon->options->config_path,
			  undoing.text);
	return r;
}

/* The server comes before the attachment: whoever can not serve must not take over the traffic. */
static int start(struct daemon *daemon, struct err *err)
{
	_cleanup_(model_free) struct model *before = NULL;
	int r = load(daemon, err);

	r = r ?: make_events(daemon, err);
	r = r ?: dataplane_open(&daemon->options->dataplane, &daemon->dataplane, err);
	r = r ?: open_routes(daemon, err);
	r = r ?: open_checker(daemon, err);
	r = r ?: open_server(daemon, err);
	r = r ?: start_model(daemon, &before, err);
	r = r ?: attach(daemon, &before, err);
	if (!r && upkeep_start(&daemon->upkeep))
		r = err_set(err, ENOMEM, "out of memory");
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
	upkeep_clean(&daemon->upkeep);
	checker_close(&daemon->checker);
	route_close(&daemon->routes);
	dataplane_close(&daemon->dataplane);
	model_free(&daemon->change.model);
	model_free(&daemon->config);
	free_event(&daemon->sigterm);
	free_event(&daemon->sigint);
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
