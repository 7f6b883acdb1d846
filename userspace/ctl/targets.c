// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Prints targets with state, next hop and traffic, as the daemon's JSON carries them. */
#include "ctl/targets.h"

#include <string.h>

#include "base/cleanup.h"
#include "ctl/units.h"
#include "ctl/view.h"

enum style target_state_style(const char *state)
{
	static const struct {
		const char *state;
		enum style style;
	} styles[] = {
		{ "healthy", STYLE_GOOD },
		{ "unhealthy", STYLE_BAD },
		{ "unhealthy.draining", STYLE_BAD },
		{ "initial", STYLE_WARNING },
		{ "draining", STYLE_WARNING },
	};

	for (unsigned i = 0; i < ARRAY_SIZE(styles); i++) {
		if (!strcmp(state, styles[i].state))
			return styles[i].style;
	}
	return STYLE_PLAIN;
}

static void cell_endpoint(struct table *table, const json_t *target, const char *key)
{
	const char *address = view_text(target, key);

	table_cell(table, STYLE_PLAIN, strchr(address, ':') ? "[%s]:%d" : "%s:%d", address,
		   (int)json_integer_value(json_object_get(target, "port")));
}

static void cell_state(struct table *table, const json_t *target, const char *key)
{
	const char *state = view_text(target, key);

	table_cell(table, target_state_style(state), "%s", state);
}

static void cell_next_hop(struct table *table, const json_t *target, const char *key)
{
	const char *state = view_text(json_object_get(target, key), "state");

	table_cell(table, strcmp(state, "resolved") ? STYLE_BAD : STYLE_PLAIN, "%s", state);
}

static void cell_drain(struct table *table, const json_t *target, const char *key)
{
	const json_t *seconds = json_object_get(target, key);
	char text[UNITS_TEXT_SIZE] = "-";

	if (seconds)
		units_duration((uint64_t)json_number_value(seconds), text);
	table_cell(table, STYLE_PLAIN, "%s", text);
}

int targets_print(const json_t *targets, bool grouped, const struct output *output)
{
	static const struct view_column columns[] = {
		{ "GROUP", "group", view_cell_value, false },
		{ "TARGET", "address", cell_endpoint, false },
		{ "WEIGHT", "weight", view_cell_value, true },
		{ "STATE", "state", cell_state, false },
		{ "REASON", "reason", view_cell_value, false },
		{ "IN SERVICE", "in_service", view_cell_value, false },
		{ "NEXT HOP", "next_hop", cell_next_hop, false },
		{ "PACKETS", "packets", view_cell_count, true },
		{ "FLOWS", "flows", view_cell_count, true },
		{ "TRACKED", "tracked_flows", view_cell_count, true },
		{ "DRAINED IN", "drain_seconds_left", cell_drain, true },
	};
	unsigned first = grouped ? 0 : 1;

	return view_list(targets, columns + first, ARRAY_SIZE(columns) - first, "no targets",
			 output);
}
