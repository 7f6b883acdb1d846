// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * The table of requests, and the way each takes: find its row, read query and body, show; or edit a
 * clone of the model, carry, commit. Called by control/server.c; the handlers are handlers_*.c.
 */
#include "control/handlers.h"

#include <errno.h>
#include <event2/http.h>
#include <event2/keyvalq_struct.h>
#include <stdio.h>
#include <string.h>
#include <sys/queue.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/log.h"
#include "control/body.h"
#include "control/change.h"
#include "model/diff.h"
#include "model/model.h"
#include "model/show.h"
#include "model/validate.h"
#include "model/yaml.h"

enum { LOGGED_CHANGES_MAX = 20 };

struct route {
	const char *method;
	const char *path;		/* '*' stands for one segment */
	show_handler *show;		/* one of the two */
	edit_handler *edit;
	int status;			/* of success; 0: 200 */
	enum query_flag flag;		/* the one that it takes */
	bool read_only;			/* served on the TCP address too */
};

static const struct route routes[] = {
	{ "GET", "/v1/version", .show = get_version },
	{ "GET", "/v1/status", .show = get_status, .read_only = true },
	{ "GET", "/metrics", .show = get_metrics, .read_only = true },
	{ "POST", "/v1/detach", .show = post_detach },
	{ "GET", "/v1/config", .show = get_config },
	{ "PUT", "/v1/config", .edit = put_config, .flag = FLAG_DRY_RUN },
	{ "GET", "/v1/listeners", .show = get_listeners },
	{ "POST", "/v1/listeners", .edit = post_listener, .status = 201 },
	{ "GET", "/v1/listeners/*", .show = get_listener },
	{ "PATCH", "/v1/listeners/*", .edit = patch_listener },
	{ "DELETE", "/v1/listeners/*", .edit = delete_listener },
	{ "GET", "/v1/groups", .show = get_groups },
	{ "POST", "/v1/groups", .edit = post_group, .status = 201 },
	{ "GET", "/v1/groups/*", .show = get_group },
	{ "PATCH", "/v1/groups/*", .edit = patch_group },
	{ "DELETE", "/v1/groups/*", .edit = delete_group },
	{ "GET", "/v1/groups/*/targets", .show = get_targets },
	{ "POST", "/v1/groups/*/targets", .edit = post_target, .status = 201 },
	{ "GET", "/v1/groups/*/targets/*", .show = get_target },
	{ "PATCH", "/v1/groups/*/targets/*", .edit = patch_target },
	{ "DELETE", "/v1/groups/*/targets/*", .edit = delete_target, .flag = FLAG_NOW },
};

static const char content_json[] = "application/json";

static const char *const flag_names[] = { [FLAG_NOW] = "now", [FLAG_DRY_RUN] = "dry_run" };

/* Everything else is 500: no fault of the request. */
static const struct {
	int code, status;
} statuses[] = {
	{ EINVAL, 400 }, { EACCES, 403 }, { ENOENT, 404 }, { EOPNOTSUPP, 405 }, { EEXIST, 409 },
	{ EBUSY, 409 },	 { ENOSPC, 409 }, { E2BIG, 409 },  { EFBIG, 413 },
};

static int status_of(int code)
{
	for (size_t i = 0; i < ARRAY_SIZE(statuses); i++) {
		if (statuses[i].code == code)
			return statuses[i].status;
	}
	return 500;
}

/* spans, if not NULL, become what the '*'s stand for: starts within path. */
static bool match_path(const char *pattern, const char *path, const char *spans[REQUEST_ARGS_MAX])
{
	size_t count = 0;

	for (; *pattern; pattern++) {
		if (*pattern != '*') {
			if (*pattern != *path++)
				return false;
			continue;
		}
		if (spans)
			spans[count++] = path;
		if (!strcspn(path, "/"))
			return false;
		path += strcspn(path, "/");
	}
	return !*path;
}

static bool fits(const struct route *route, const struct request *request)
{
	return match_path(route->path, request->path, NULL) &&
	       (route->read_only || !request->read_only);
}

static const struct route *find_route(const struct request *request)
{
	for (size_t i = 0; i < ARRAY_SIZE(routes); i++) {
		if (!strcmp(routes[i].method, request->method) && fits(&routes[i], request))
			return &routes[i];
	}
	return NULL;
}

static void list_methods(const struct request *request, char allow[ALLOW_SIZE])
{
	size_t used = 0;

	for (size_t i = 0; i < ARRAY_SIZE(routes); i++) {
		if (fits(&routes[i], request))
			used += (size_t)snprintf(allow + used, ALLOW_SIZE - used, "%s%s",
						 used ? ", " : "", routes[i].method);
	}
}

static int no_route(const struct request *request, char allow[ALLOW_SIZE], struct err *err)
{
	char shown[SHOWN_SIZE];

	list_methods(request, allow);
	show_text(request->path, shown);
	if (*allow)
		return err_set(err, EOPNOTSUPP, "%s does not take %s; it takes %s", shown,
			       request->method, allow);
	if (request->read_only)
		return err_set(err, EACCES,
			       "this address serves GET /metrics and GET /v1/status only, not %s; "
			       "the rest is on the Unix socket", shown);
	return err_set(err, ENOENT, "there is no path '%s'", shown);
}

/* A zero byte would hide what follows it; nothing has a name with one. */
static int take_arg(const char *span, char **out, struct err *err)
{
	_cleanup_free_ char *segment = strndup(span, strcspn(span, "/"));
	char shown[SHOWN_SIZE];
	size_t size;

	*out = segment ? evhttp_uridecode(segment, 0, &size) : NULL;
	if (!*out)
		return -ENOMEM;
	if (strlen(*out) != size)
		return err_set(err, ENOENT, "there is nothing named %s", show_text(segment, shown));
	return 0;
}

static int take_args(const struct route *route, struct request *request, struct err *err)
{
	const char *spans[REQUEST_ARGS_MAX] = { NULL };
	int r = 0;

	match_path(route->path, request->path, spans);
	for (size_t i = 0; i < REQUEST_ARGS_MAX && spans[i] && !r; i++)
		r = take_arg(spans[i], &request->args[i], err);
	return r;
}

static int take_flag(const struct route *route, const struct evkeyval *pair,
		     struct request *request, struct err *err)
{
	const char *name = flag_names[route->flag];
	char shown[SHOWN_SIZE];

	if (!name || strcmp(pair->key, name))
		return err_set(err, EINVAL, "query parameter '%s' is not known here",
			       show_text(pair->key, shown));
	if (strcmp(pair->value, "1") && strcmp(pair->value, "0"))
		return err_set(err, EINVAL, "query parameter %s is '%s', not 1 or 0", name,
			       show_text(pair->value, shown));
	request->flag = pair->value[0] == '1' ? route->flag : FLAG_NONE;
	return 0;
}

static int take_query(const struct route *route, struct request *request, struct err *err)
{
	_cleanup_(evhttp_clear_headers) struct evkeyvalq query = TAILQ_HEAD_INITIALIZER(query);
	struct evkeyval *pair;
	int r = 0;

	if (request->query && evhttp_parse_query_str(request->query, &query))
		return err_set(err, EINVAL, "the query is not of the form ?NAME=VALUE");
	TAILQ_FOREACH(pair, &query, next)
		r = r ?: take_flag(route, pair, request, err);
	return r;
}

static void log_change(const json_t *change)
{
	const char *name = json_string_value(json_object_get(change, "name"));
	const char *detail = json_string_value(json_object_get(change, "detail"));

	log_info("control", "%s %s%s%s%s%s%s", json_string_value(json_object_get(change, "change")),
		 json_string_value(json_object_get(change, "object")), *name ? " '" : "", name,
		 *name ? "'" : "", *detail ? ": " : "", detail);
}

/* A draining target that is removed at once is no change of the configuration, but worth a line. */
static void log_changes(const struct request *request, const json_t *changes)
{
	size_t count = json_array_size(changes);
	char shown[SHOWN_SIZE];

	if (!count)
		log_info("control", "%s %s: done, the configuration stays as it is",
			 request->method, show_text(request->path, shown));
	for (size_t i = 0; i < count && i < LOGGED_CHANGES_MAX; i++)
		log_change(json_array_get(changes, i));
	if (count > LOGGED_CHANGES_MAX)
		log_info("control", "... and %zu more", count - LOGGED_CHANGES_MAX);
}

/* Carrying makes what left the model drain, which `now` is there to prevent. */
static int edit_model(const struct server_options *api, const struct route *route,
		      const struct request *request, struct model **next, struct err *err)
{
	int r = route->edit(request, next, err);

	if (!r && request->flag != FLAG_NOW)
		r = model_carry(*next, api->change->model, wall_ms());
	return r;
}

static int change_model(const struct server_options *api, const struct route *route,
			const struct request *request, struct answer *answer, struct err *err)
{
	_cleanup_(model_free) struct model *next = model_clone(api->change->model);
	json_t *changes;
	int r;

	r = next ? edit_model(api, route, request, &next, err) : -ENOMEM;
	if (r)
		return r;
	changes = model_diff(api->change->model, next);
	r = answer_key(answer, "changes", changes);
	if (r)
		return r;
	if (request->flag == FLAG_DRY_RUN)
		return model_validate(next, err);
	r = change_commit(api->change, &next, err);
	if (!r)
		log_changes(request, changes);
	return r;
}

static int dispatch(const struct server_options *api, struct request *request,
		    struct answer *answer, struct err *err)
{
	const struct route *route = find_route(request);
	int r;

	if (!route)
		return no_route(request, answer->allow, err);
	answer->status = route->status ?: 200;
	r = take_args(route, request, err);
	r = r ?: take_query(route, request, err);
	if (r || route->show)
		return r ?: route->show(api, request, answer, err);
	if (strcmp(route->method, "DELETE"))
		r = body_parse(request, err);
	return r ?: change_model(api, route, request, answer, err);
}

void request_clean(struct request *request)
{
	for (size_t i = 0; i < REQUEST_ARGS_MAX; i++)
		free(take_ptr(request->args[i]));
	json_decref(take_ptr(request->object));
	lines_free(&request->lines);
}

void answer_clean(struct answer *answer)
{
	free(take_ptr(answer->text));
	json_decref(take_ptr(answer->json));
}

/* Reads are refused silently: whoever asked has the sentence, and nothing was to change. */
static void log_refusal(const struct request *request, int status, const struct err *err)
{
	char shown[SHOWN_SIZE];

	if (status < 500 && !strcmp(request->method, "GET"))
		return;
	log_write(status < 500 ? LOG_LEVEL_INFO : LOG_LEVEL_ERROR, "control", "%s %s refused: %s",
		  request->method, show_text(request->path, shown), err->text);
}

static void answer_error(const struct request *request, struct answer *answer, int r,
			 struct err *err)
{
	json_t *sentence;

	if (!err->text[0])
		err_set(err, -r, "%s", -r == ENOMEM ? "out of memory" : strerror(-r));
	answer->status = status_of(-r);
	log_refusal(request, answer->status, err);
	answer_clean(answer);
	answer->content_type = content_json;
	answer->json = json_object();
	/* A sentence that quotes bytes which are not UTF-8 still has to become JSON. */
	sentence = json_string(err->text) ?: json_string("the request is refused; it is not UTF-8");
	json_object_set_new(answer->json, "error", sentence);
}

void request_answer(const struct server_options *api, struct request *request,
		    struct answer *answer)
{
	struct err err = { .code = 0 };
	int r;

	answer->content_type = content_json;
	r = dispatch(api, request, answer, &err);
	if (r)
		answer_error(request, answer, r, &err);
	if (!answer->text)
		answer->text = json_dumps(answer->json, JSON_COMPACT | JSON_REAL_PRECISION(15));
}
