// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* sluicectl target add, set, remove, list. */
#include "ctl/cmd.h"

#include <errno.h>
#include <string.h>

#include "base/addr.h"
#include "base/cleanup.h"
#include "base/err.h"
#include "ctl/targets.h"
#include "ctl/view.h"

/* The target's endpoint as the daemon writes it, however it was typed. */
static int parse_endpoint(const struct invocation *invocation, char text[ENDPOINT_TEXT_SIZE],
			  struct err *err)
{
	struct addr addr;
	uint16_t port;
	int r;

	r = endpoint_parse(invocation->arguments[1], &addr, &port, err);
	if (!r)
		endpoint_format(&addr, port, text);
	return r;
}

int cmd_target_add(const struct invocation *invocation, struct err *err)
{
	json_t *body = invocation->body;
	char text[ADDR_TEXT_SIZE];
	struct addr addr;
	uint16_t port;
	int r;

	r = endpoint_parse(invocation->arguments[1], &addr, &port, err);
	if (r)
		return r;
	if (json_object_set_new(body, "address", json_string(addr_format(&addr, text))) ||
	    json_object_set_new(body, "port", json_integer(port)))
		return err_set(err, ENOMEM, "out of memory");
	return invocation_ask(invocation, "POST",
			      client_path("groups", invocation->arguments[0], "targets", NULL),
			      view_changes, err);
}

/* A request about one target: query is what follows its path. */
static int ask_target(const struct invocation *invocation, const char *method, const char *query,
		      show_fn *show, struct err *err)
{
	_cleanup_free_ char *path = NULL;
	char endpoint[ENDPOINT_TEXT_SIZE];
	char *url;
	int r;

	r = parse_endpoint(invocation, endpoint, err);
	if (r)
		return r;
	path = client_path("groups", invocation->arguments[0], "targets", endpoint, NULL);
	if (!path || asprintf(&url, "%s%s", path, query) < 0)
		url = NULL;
	return invocation_ask(invocation, method, url, show, err);
}

int cmd_target_set(const struct invocation *invocation, struct err *err)
{
	return ask_target(invocation, "PATCH", "", view_changes, err);
}

/* A target that was draining had left the configuration before, so that nothing changed in it. */
static int show_gone(const json_t *reply, const struct output *output)
{
	if (json_array_size(json_object_get(reply, "changes")))
		return view_changes(reply, output);
	fputs("no longer draining, gone at once\n", output->stream);
	return 0;
}

int cmd_target_remove(const struct invocation *invocation, struct err *err)
{
	if (invocation_value(invocation, "now"))
		return ask_target(invocation, "DELETE", "?now=1", show_gone, err);
	return ask_target(invocation, "DELETE", "", view_changes, err);
}

/* Appends the targets of one group to all, each with the group's name in front. */
static int collect(json_t *all, const char *group, const json_t *targets)
{
	const json_t *target;
	json_t *named;
	size_t i;

	json_array_foreach(targets, i, target) {
		named = json_pack("{s:s}", "group", group);
		if (!named || json_object_update(named, (json_t *)target) ||
		    json_array_append(all, named)) {
			json_decref(named);
			return -ENOMEM;
		}
		json_decref(named);
	}
	return 0;
}

static int collect_groups(json_t *all, const json_t *groups)
{
	const json_t *group;
	size_t i;
	int r = 0;

	json_array_foreach(groups, i, group)
		r = r ?: collect(all, view_text(group, "name"), json_object_get(group, "targets"));
	return r;
}

static int show_targets(const json_t *reply, const struct output *output)
{
	return targets_print(json_object_get(reply, "targets"), true, output);
}

/* The same shape for one group and for all: {"targets": [{"group": ..., ...}, ...]}. */
int cmd_target_list(const struct invocation *invocation, struct err *err)
{
	const char *group = invocation->arguments[0];
	_cleanup_free_ char *path = group ? client_path("groups", group, "targets", NULL) :
					    client_path("groups", NULL);
	json_auto_t *reply = NULL, *all = json_pack("{s:[]}", "targets");
	json_t *list = json_object_get(all, "targets");
	int r;

	r = client_json(&invocation->client, "GET", path, NULL, &reply, err);
	if (r)
		return r;
	if (group)
		r = collect(list, group, json_object_get(reply, "targets"));
	else
		r = collect_groups(list, json_object_get(reply, "groups"));
	if (r || !all)
		return err_set(err, ENOMEM, "out of memory");
	return invocation_show(invocation, all, show_targets, err);
}
