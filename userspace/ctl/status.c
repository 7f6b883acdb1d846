// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Prints the daemon's status so that a glance is enough: what is attached, is ill, rises. */
#include "ctl/status.h"

#include <errno.h>
#include <string.h>

#include "base/cleanup.h"
#include "ctl/targets.h"
#include "ctl/units.h"
#include "ctl/view.h"

static void row(struct table *table, const char *label, enum style style, const char *text)
{
	table_cell(table, STYLE_STRONG, "%s", label);
	table_cell(table, style, "%s", text);
}

static void add_interfaces(struct table *table, const json_t *status)
{
	const json_t *interfaces = json_object_get(status, "interfaces"), *interface;
	const char *why;
	bool native;
	size_t i;

	if (!json_array_size(interfaces))
		row(table, "Interfaces", STYLE_BAD, "none");
	json_array_foreach(interfaces, i, interface) {
		native = !strcmp(view_text(interface, "mode"), "native");
		why = json_string_value(json_object_get(interface, "why")) ?: "";
		table_cell(table, STYLE_STRONG, "%s", i ? "" : "Interfaces");
		table_cell(table, native ? STYLE_PLAIN : STYLE_WARNING, "%s %s%s%s",
			   view_text(interface, "name"), view_text(interface, "mode"),
			   *why ? ": " : "", why);
	}
}

static void add_number(struct table *table, const char *label, const json_t *status,
		       const char *key)
{
	char text[UNITS_TEXT_SIZE];

	row(table, label, STYLE_PLAIN,
	    units_count(json_integer_value(json_object_get(status, key)), text));
}

/* "5: 4 healthy, 1 unhealthy", in the colour of the worst. */
static int add_targets(struct table *table, const json_t *status)
{
	const json_t *states = json_object_get(status, "targets"), *value;
	enum style worst = STYLE_PLAIN, style;
	_cleanup_free_ char *text = NULL;
	const char *state, *separator = ": ";
	json_int_t total = 0, count;
	size_t length;
	FILE *list;

	json_object_foreach((json_t *)states, state, value)
		total += json_integer_value(value);
	list = open_memstream(&text, &length);
	if (!list)
		return -ENOMEM;
	fprintf(list, "%" JSON_INTEGER_FORMAT, total);
	json_object_foreach((json_t *)states, state, value) {
		count = json_integer_value(value);
		if (!count)
			continue;
		fprintf(list, "%s%" JSON_INTEGER_FORMAT " %s", separator, count, state);
		separator = ", ";
		style = target_state_style(state);
		worst = style > worst ? style : worst;
	}
	if (fclose(list))
		return -ENOMEM;
	row(table, "Targets", worst, text);
	return 0;
}

static int add_fails_open(struct table *table, const json_t *status)
{
	const json_t *groups = json_object_get(status, "fails_open");
	_cleanup_free_ char *names = NULL;

	if (!json_array_size(groups))
		return 0;
	names = view_value(groups);
	if (!names)
		return -ENOMEM;
	table_cell(table, STYLE_STRONG, "Fails open");
	table_cell(table, STYLE_BAD, "%s (no target is healthy, so all of them get traffic)", names);
	return 0;
}

static json_int_t number(const json_t *object, const char *key)
{
	return json_integer_value(json_object_get(object, key));
}

/* "3 of 128 slots learning, 5 tracking"; nothing of a gateway at rest. */
static void add_transition(struct table *table, const json_t *status)
{
	const json_t *slots = json_object_get(status, "slots");
	json_int_t learning = number(slots, "learning"), tracking = number(slots, "tracking");
	char total[UNITS_TEXT_SIZE], text[2][UNITS_TEXT_SIZE];

	if (!learning && !tracking)
		return;
	units_count(number(slots, "stable") + learning + tracking, total);
	units_count(learning, text[0]);
	units_count(tracking, text[1]);
	table_cell(table, STYLE_STRONG, "Transition");
	if (learning && tracking)
		table_cell(table, STYLE_PLAIN, "%s of %s slots learning, %s tracking", text[0],
			   total, text[1]);
	else
		table_cell(table, STYLE_PLAIN, "%s of %s slots %s", text[learning ? 0 : 1], total,
			   learning ? "learning" : "tracking");
}

/* "1200 of 2.10M: 1100 established, 80 embryonic, 20 direct"; nothing of an empty one. */
static int add_flow_table(struct table *table, const json_t *status)
{
	static const char *const states[] = { "established", "adopted", "embryonic", "direct" };
	const json_t *flows = json_object_get(status, "flow_table");
	char count[UNITS_TEXT_SIZE], capacity[UNITS_TEXT_SIZE];
	_cleanup_free_ char *text = NULL;
	const char *separator = ": ";
	json_int_t sum = 0;
	size_t length;
	FILE *list;

	for (unsigned i = 0; i < ARRAY_SIZE(states); i++)
		sum += number(flows, states[i]);
	if (!sum)
		return 0;
	list = open_memstream(&text, &length);
	if (!list)
		return -ENOMEM;
	fprintf(list, "%s of %s", units_count(sum, count),
		units_count(number(flows, "capacity"), capacity));
	for (unsigned i = 0; i < ARRAY_SIZE(states); i++) {
		if (!number(flows, states[i]))
			continue;
		fprintf(list, "%s%s %s", separator, units_count(number(flows, states[i]), count),
			states[i]);
		separator = ", ";
	}
	if (fclose(list))
		return -ENOMEM;
	row(table, "Flow table", STYLE_PLAIN, text);
	return 0;
}

static void add_rates(struct table *table, const json_t *status)
{
	const json_t *rates = json_object_get(status, "packets_per_second");
	static const char *const keys[] = { "forwarded", "replied", "passed", "dropped" };
	char text[ARRAY_SIZE(keys)][UNITS_TEXT_SIZE];

	for (unsigned i = 0; i < ARRAY_SIZE(keys); i++)
		units_rate(json_number_value(json_object_get(rates, keys[i])), text[i]);
	table_cell(table, STYLE_STRONG, "Packets/s");
	table_cell(table, STYLE_PLAIN, "%s forwarded, %s replied, %s passed, %s dropped", text[0],
		   text[1], text[2], text[3]);
}

/*
 * What an operator wants to see of the reasons: those that rise, and every drop that ever happened,
 * with what it means.
 */
static bool is_worth_showing(const json_t *reason, bool drop)
{
	return json_number_value(json_object_get(reason, "per_second")) > 0 ||
	       (drop && json_integer_value(json_object_get(reason, "packets")) > 0);
}

static void add_reason(struct table *table, const json_t *reason)
{
	double rate = json_number_value(json_object_get(reason, "per_second"));
	const char *action = view_text(reason, "action");
	bool drop = !strcmp(action, "drop");
	char text[UNITS_TEXT_SIZE];

	if (!is_worth_showing(reason, drop))
		return;
	table_cell(table, drop && rate > 0 ? STYLE_BAD : STYLE_PLAIN, "%s",
		   view_text(reason, "reason"));
	table_cell(table, STYLE_PLAIN, "%s", action);
	view_cell_count(table, reason, "packets");
	table_cell(table, STYLE_PLAIN, "%s", units_rate(rate, text));
	if (drop)
		table_note(table, view_text(reason, "help"));
}

static int show_reasons(const json_t *status, const struct output *output)
{
	static const struct column columns[] = {
		{ "REASON", false },
		{ "ACTION", false },
		{ "PACKETS", true },
		{ "PER SECOND", true },
	};
	_cleanup_(table_free) struct table *table = table_new(columns, ARRAY_SIZE(columns));
	const json_t *reasons = json_object_get(status, "reasons"), *reason;
	size_t i;

	json_array_foreach(reasons, i, reason)
		add_reason(table, reason);
	if (table_is_empty(table))
		return 0;
	fputc('\n', output->stream);
	return table_print(table, output);
}

static int show_summary(const json_t *status, const struct output *output)
{
	_cleanup_(table_free) struct table *table = table_new(NULL, 2);
	int r;

	add_interfaces(table, status);
	add_number(table, "Listeners", status, "listeners");
	add_number(table, "Groups", status, "groups");
	r = add_targets(table, status) ?: add_fails_open(table, status);
	add_transition(table, status);
	r = r ?: add_flow_table(table, status);
	add_rates(table, status);
	return r ?: table_print(table, output);
}

int status_print(const json_t *status, const struct output *output)
{
	double uptime = json_number_value(json_object_get(status, "uptime_s"));
	char text[UNITS_TEXT_SIZE];

	fprintf(output->stream, "sluiced %s, up %s\n\n", view_text(status, "version"),
		units_duration(uptime > 0 ? (uint64_t)uptime : 0, text));
	return show_summary(status, output) ?: show_reasons(status, output);
}
