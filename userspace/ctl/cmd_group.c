// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* sluicectl group add, set, remove, show, list. */
#include "ctl/cmd.h"

#include <errno.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "ctl/targets.h"
#include "ctl/view.h"

static char *group_path(const struct invocation *invocation)
{
	return client_path("groups", invocation->arguments[0], NULL);
}

int cmd_group_add(const struct invocation *invocation, struct err *err)
{
	if (json_object_set_new(invocation->body, "name", json_string(invocation->arguments[0])))
		return err_set(err, EINVAL, "the group's name is not UTF-8 text");
	return invocation_ask(invocation, "POST", client_path("groups", NULL), view_changes, err);
}

int cmd_group_set(const struct invocation *invocation, struct err *err)
{
	return invocation_ask(invocation, "PATCH", group_path(invocation), view_changes, err);
}

int cmd_group_remove(const struct invocation *invocation, struct err *err)
{
	return invocation_ask(invocation, "DELETE", group_path(invocation), view_changes, err);
}

static int show_group(const json_t *reply, const struct output *output)
{
	int r = view_object(reply, "targets", output);

	fputc('\n', output->stream);
	return r ?: targets_print(json_object_get(reply, "targets"), false, output);
}

int cmd_group_show(const struct invocation *invocation, struct err *err)
{
	return invocation_ask(invocation, "GET", group_path(invocation), show_group, err);
}

static void cell_name(struct table *table, const json_t *group, const char *key)
{
	bool removed = json_is_true(json_object_get(group, "removed"));

	table_cell(table, removed ? STYLE_WARNING : STYLE_PLAIN, "%s%s", view_text(group, key),
		   removed ? " (removed)" : "");
}

static void cell_health_check(struct table *table, const json_t *group, const char *key)
{
	const json_t *check = json_object_get(group, key);
	const char *protocol = view_text(check, "protocol");
	const json_t *port = json_object_get(check, "port");

	if (!strcmp(protocol, "none"))
		table_cell(table, STYLE_PLAIN, "none");
	else if (json_is_integer(port))
		table_cell(table, STYLE_PLAIN, "%s:%d every %s", protocol,
			   (int)json_integer_value(port), view_text(check, "interval"));
	else
		table_cell(table, STYLE_PLAIN, "%s every %s", protocol,
			   view_text(check, "interval"));
}

/* Nothing speaks against it: a target without a health check is `unavailable`. */
static bool is_well(const char *state)
{
	return !strcmp(state, "healthy") || !strcmp(state, "unavailable");
}

/* Removed by the user, and there only for the flows that are still on it. */
static bool has_left(const json_t *target)
{
	return !strcmp(view_text(target, "state"), "draining") ||
	       !strcmp(view_text(target, "reason"), "Target.NotRegistered");
}

/* "4/5": those that are well of those that have not left. */
static void cell_healthy(struct table *table, const json_t *group, const char *key)
{
	bool in_use = !json_is_false(json_object_get(group, "in_use"));
	const json_t *targets = json_object_get(group, key), *target;
	unsigned well = 0, total = 0;
	size_t i;

	json_array_foreach(targets, i, target) {
		well += is_well(view_text(target, "state"));
		total += !has_left(target);
	}
	table_cell(table, in_use && well < total ? STYLE_WARNING : STYLE_PLAIN, "%u/%u", well,
		   total);
}

static void cell_fails_open(struct table *table, const json_t *group, const char *key)
{
	bool fails_open = json_is_true(json_object_get(group, key));

	table_cell(table, fails_open ? STYLE_BAD : STYLE_PLAIN, "%s", fails_open ? "yes" : "no");
}

static int show_list(const json_t *reply, const struct output *output)
{
	static const struct view_column columns[] = {
		{ "NAME", "name", cell_name, false },
		{ "FORWARDING", "forwarding", view_cell_value, false },
		{ "HEALTH CHECK", "health_check", cell_health_check, false },
		{ "HEALTHY", "targets", cell_healthy, true },
		{ "FAILS OPEN", "fails_open", cell_fails_open, false },
	};

	return view_list(json_object_get(reply, "groups"), columns, ARRAY_SIZE(columns),
			 "no groups", output);
}

int cmd_group_list(const struct invocation *invocation, struct err *err)
{
	return invocation_ask(invocation, "GET", client_path("groups", NULL), show_list, err);
}
