// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* sluicectl listener add, set, remove, show, list. */
#include "ctl/cmd.h"

#include <errno.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "ctl/view.h"

static char *listener_path(const struct invocation *invocation)
{
	return client_path("listeners", invocation->arguments[0], NULL);
}

int cmd_listener_add(const struct invocation *invocation, struct err *err)
{
	if (json_object_set_new(invocation->body, "name", json_string(invocation->arguments[0])))
		return err_set(err, EINVAL, "the listener's name is not UTF-8 text");
	return invocation_ask(invocation, "POST", client_path("listeners", NULL), view_changes, err);
}

int cmd_listener_set(const struct invocation *invocation, struct err *err)
{
	return invocation_ask(invocation, "PATCH", listener_path(invocation), view_changes, err);
}

int cmd_listener_remove(const struct invocation *invocation, struct err *err)
{
	return invocation_ask(invocation, "DELETE", listener_path(invocation), view_changes, err);
}

static int show_listener(const json_t *reply, const struct output *output)
{
	return view_object(reply, NULL, output);
}

int cmd_listener_show(const struct invocation *invocation, struct err *err)
{
	return invocation_ask(invocation, "GET", listener_path(invocation), show_listener, err);
}

/* One group by its name, several with their weights. */
static void cell_groups(struct table *table, const json_t *listener, const char *key)
{
	view_cell_value(table, listener, json_object_get(listener, key) ? key : "group");
}

static int show_list(const json_t *reply, const struct output *output)
{
	static const struct view_column columns[] = {
		{ "NAME", "name", view_cell_value, false },
		{ "ADDRESS", "address", view_cell_value, false },
		{ "PORT", "port", view_cell_value, true },
		{ "PROTOCOL", "protocol", view_cell_value, false },
		{ "GROUPS", "groups", cell_groups, false },
		{ "PACKETS", "packets", view_cell_count, true },
		{ "BYTES", "bytes", view_cell_bytes, true },
		{ "FLOWS", "flows", view_cell_count, true },
	};

	return view_list(json_object_get(reply, "listeners"), columns, ARRAY_SIZE(columns),
			 "no listeners", output);
}

int cmd_listener_list(const struct invocation *invocation, struct err *err)
{
	return invocation_ask(invocation, "GET", client_path("listeners", NULL), show_list, err);
}
