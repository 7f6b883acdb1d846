// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* What the daemon is and does: version, status, metrics; and the request to let go of it all. */
#include "control/handlers.h"

#include <errno.h>

#include "base/cleanup.h"
#include "base/log.h"
#include "control/change.h"
#include "stats/prometheus.h"
#include "stats/rates.h"
#include "stats/stats.h"

static const char *const action_names[] = {
	[ACTION_PASS] = "pass",
	[ACTION_FORWARD] = "forward",
	[ACTION_DROP] = "drop",
};

static const struct {
	const char *label;
	enum action action;
	const char *help;
} reasons[REASON_COUNT] = {
#define REASON_ROW(name, text, act, sentence) \
	[REASON_##name] = { .label = text, .action = ACTION_##act, .help = sentence },
	REASONS(REASON_ROW)
#undef REASON_ROW
};

int get_version(const struct server_options *api, const struct request *request,
		struct answer *answer, struct err *err)
{
	(void)api, (void)request, (void)err;
	return answer_object(answer, json_pack("{s:s, s:i}", "version", SLUICE_VERSION, "abi",
					       ABI_VERSION));
}

static json_t *describe_interfaces(const struct stats *stats)
{
	json_auto_t *interfaces = json_array();

	for (size_t i = 0; i < stats->attachment_count; i++) {
		const struct attachment *at = &stats->attachments[i];
		const char *mode = at->mode == XDP_MODE_NATIVE ? "native" : "generic";
		json_t *object = json_pack("{s:s, s:s, s:s}", "name", at->name, "mode", mode, "why",
					   at->why);

		if (json_array_append_new(interfaces, object))
			return NULL;
	}
	return json_incref(interfaces);
}

/* Only the states that occur. */
static json_t *count_targets(const struct stats *stats)
{
	json_int_t counts[TARGET_STATE_COUNT] = { 0 };
	json_auto_t *object = json_object();

	for (size_t i = 0; i < stats->target_count; i++)
		counts[stats->targets[i].target->state]++;
	for (size_t i = 0; i < TARGET_STATE_COUNT; i++) {
		if (counts[i] && json_object_set_new(object, target_state_name(i),
						     json_integer(counts[i])))
			return NULL;
	}
	return json_incref(object);
}

static json_t *list_fails_open(const struct model *model)
{
	json_auto_t *names = json_array();

	for (size_t i = 0; i < model->group_count; i++) {
		const struct group *group = &model->groups[i];

		if (group_fails_open(group) &&
		    json_array_append_new(names, json_string(group->name)))
			return NULL;
	}
	return json_incref(names);
}

static json_t *describe_slots(const struct stats *stats)
{
	json_int_t slots[SLOT_CONDITIONS] = { 0 };

	for (size_t i = 0; i < stats->ring_count; i++) {
		for (size_t j = 0; j < SLOT_CONDITIONS; j++)
			slots[j] += stats->rings[i].slots[j];
	}
	return json_pack("{s:I, s:I, s:I}", "stable", slots[SLOT_STABLE], "learning",
			 slots[SLOT_LEARNING], "tracking", slots[SLOT_TRACKING]);
}

static json_t *describe_flow_table(const struct stats *stats)
{
	const struct flow_info *flows = &stats->flows;

	return json_pack("{s:I, s:I, s:I, s:I, s:I}", "capacity", (json_int_t)flows->capacity,
			 "embryonic", (json_int_t)flows->entries[FLOW_EMBRYONIC],
			 "adopted", (json_int_t)flows->entries[FLOW_ADOPTED],
			 "established", (json_int_t)flows->entries[FLOW_ESTABLISHED],
			 "direct", (json_int_t)flows->direct);
}

/* Those that were removed are only there until their targets have drained. */
static json_int_t count_groups(const struct model *model)
{
	json_int_t count = 0;

	for (size_t i = 0; i < model->group_count; i++)
		count += !model->groups[i].removed;
	return count;
}

/* To a tenth, so that people can read it. */
static double rounded(double per_second)
{
	return (double)(uint64_t)(per_second * 10 + 0.5) / 10;
}

static json_t *describe_rates(const struct rates *rates)
{
	double sums[ARRAY_SIZE(action_names)] = { 0 };

	for (size_t i = REASON_NEXT + 1; i < REASON_COUNT; i++)
		sums[reasons[i].action] += rates->per_second[i];
	return json_pack("{s:f, s:f, s:f, s:f}", "forwarded",
			 rounded(rates->per_second[REASON_FORWARDED]), "replied",
			 rounded(rates->per_second[REASON_REPLIED]), "passed",
			 rounded(sums[ACTION_PASS]), "dropped", rounded(sums[ACTION_DROP]));
}

static json_t *describe_reasons(const struct stats *stats, const struct rates *rates)
{
	json_auto_t *array = json_array();

	for (size_t i = REASON_NEXT + 1; i < REASON_COUNT; i++) {
		json_t *object = json_pack("{s:s, s:s, s:I, s:f, s:s}", "reason", reasons[i].label,
					   "action", action_names[reasons[i].action], "packets",
					   (json_int_t)stats->reasons[i], "per_second",
					   rounded(rates->per_second[i]), "help", reasons[i].help);

		if (json_array_append_new(array, object))
			return NULL;
	}
	return json_incref(array);
}

int get_status(const struct server_options *api, const struct request *request,
	       struct answer *answer, struct err *err)
{
	const struct model *model = api->change->model;
	_cleanup_(stats_clean) struct stats stats = { .model = NULL };
	int r;

	(void)request, (void)err;
	r = stats_take(&stats, model, api->dataplane, api->checker);
	if (r)
		return r;
	return answer_object(
		answer,
		json_pack("{s:s, s:i, s:I, s:o, s:I, s:I, s:o, s:o, s:o, s:o, s:o, s:o}",
			  "version", SLUICE_VERSION,
			  "abi", ABI_VERSION,
			  "uptime_s", (json_int_t)stats.uptime_s,
			  "interfaces", describe_interfaces(&stats),
			  "listeners", (json_int_t)model->listener_count,
			  "groups", count_groups(model),
			  "targets", count_targets(&stats),
			  "fails_open", list_fails_open(model),
			  "slots", describe_slots(&stats),
			  "flow_table", describe_flow_table(&stats),
			  "packets_per_second", describe_rates(api->rates),
			  "reasons", describe_reasons(&stats, api->rates)));
}

int get_metrics(const struct server_options *api, const struct request *request,
		struct answer *answer, struct err *err)
{
	_cleanup_(stats_clean) struct stats stats = { .model = NULL };
	int r;

	(void)request, (void)err;
	r = stats_take(&stats, api->change->model, api->dataplane, api->checker);
	if (r)
		return r;
	answer->content_type = "text/plain; version=0.0.4";
	answer->text = prometheus_format(&stats);
	return answer->text ? 0 : -ENOMEM;
}

int post_detach(const struct server_options *api, const struct request *request,
		struct answer *answer, struct err *err)
{
	(void)api, (void)request, (void)err;
	log_info("control", "detach requested");
	answer->detach = true;
	return answer_object(answer, json_pack("{s:b}", "detaching", 1));
}
