// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Snapshot -> Prometheus text, for GET /metrics. The families are one table at the end; each row
 * has a function that writes its samples. Dashboards and alerts depend on every name in here.
 */
#include "stats/prometheus.h"

#include <inttypes.h>
#include <math.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <stdio_ext.h>
#include <stdlib.h>
#include <string.h>

#include "base/addr.h"
#include "base/cleanup.h"
#include "reasons.h"
#include "stats/stats.h"

struct family {
	const char *name;
	const char *type;
	const char *help;
	void (*emit)(FILE *out, const struct family *family, const struct stats *stats);
	size_t counter;		/* for traffic: the offset of the counter in struct traffic */
};

struct label {
	const char *name;		/* NULL ends a list */
	const char *value;
};
#define LABELS(...) ((const struct label[]){ __VA_ARGS__, { NULL, NULL } })
#define NO_LABELS ((const struct label[]){ { NULL, NULL } })

/* ---- one sample ------------------------------------------------------------------------------ */

static void put_escaped(FILE *out, const char *text)
{
	for (;;) {
		size_t plain = strcspn(text, "\\\"\n");

		fwrite(text, 1, plain, out);
		text += plain;
		if (!*text)
			return;
		fputc('\\', out);
		fputc(*text == '\n' ? 'n' : *text, out);
		text++;
	}
}

/* Everything in front of the value. suffix: "" or what a summary adds to the name of its family. */
static void put_series(FILE *out, const struct family *family, const char *suffix,
		       const struct label *labels)
{
	fputs(family->name, out);
	fputs(suffix, out);
	for (const struct label *label = labels; label->name; label++) {
		fputc(label == labels ? '{' : ',', out);
		fputs(label->name, out);
		fputs("=\"", out);
		put_escaped(out, label->value);
		fputc('"', out);
	}
	fputs(labels->name ? "} " : " ", out);
}

static void put_count(FILE *out, const struct family *family, const struct label *labels,
		      uint64_t value)
{
	put_series(out, family, "", labels);
	fprintf(out, "%" PRIu64 "\n", value);
}

static void put_number(FILE *out, const struct family *family, const struct label *labels,
		       double value)
{
	put_series(out, family, "", labels);
	if (isnan(value))		/* which printf writes in its own way */
		fputs("NaN\n", out);
	else
		fprintf(out, "%.9g\n", value);
}

/* ---- the daemon and its program -------------------------------------------------------------- */

static void emit_build(FILE *out, const struct family *family, const struct stats *stats)
{
	char abi[16];

	snprintf(abi, sizeof(abi), "%d", ABI_VERSION);
	put_count(out, family, LABELS({ "version", stats->version }, { "abi", abi }), 1);
}

static void emit_uptime(FILE *out, const struct family *family, const struct stats *stats)
{
	put_number(out, family, NO_LABELS, stats->uptime_s);
}

static void emit_interfaces(FILE *out, const struct family *family, const struct stats *stats)
{
	for (size_t i = 0; i < stats->attachment_count; i++) {
		const struct attachment *at = &stats->attachments[i];
		const char *mode = at->mode == XDP_MODE_GENERIC ? "generic" : "native";

		put_count(out, family, LABELS({ "interface", at->name }, { "mode", mode }), 1);
	}
}

static void emit_reasons(FILE *out, const struct family *family, const struct stats *stats)
{
	static const char *const actions[] = {
		[ACTION_PASS] = "pass", [ACTION_FORWARD] = "forward", [ACTION_DROP] = "drop",
	};
	static const struct {
		const char *name;
		enum action action;
	} reasons[REASON_COUNT] = {
#define REASON_ROW(name, label, action, help) [REASON_##name] = { label, ACTION_##action },
		REASONS(REASON_ROW)
#undef REASON_ROW
	};

	for (size_t i = REASON_NEXT + 1; i < REASON_COUNT; i++)
		put_count(out, family, LABELS({ "reason", reasons[i].name },
					      { "action", actions[reasons[i].action] }),
			  stats->reasons[i]);
}

static void emit_map_entries(FILE *out, const struct family *family, const struct stats *stats)
{
	for (size_t i = 0; i < stats->map_count; i++)
		put_count(out, family, LABELS({ "map", stats->maps[i].name }), stats->maps[i].used);
}

static void emit_map_capacity(FILE *out, const struct family *family, const struct stats *stats)
{
	for (size_t i = 0; i < stats->map_count; i++)
		put_count(out, family, LABELS({ "map", stats->maps[i].name }),
			  stats->maps[i].capacity);
}

static void emit_ring_slots(FILE *out, const struct family *family, const struct stats *stats)
{
	static const char *const conditions[SLOT_CONDITIONS] = {
		[SLOT_STABLE] = "stable",
		[SLOT_LEARNING] = "learning",
		[SLOT_TRACKING] = "tracking",
	};

	for (size_t i = 0; i < stats->ring_count; i++) {
		const struct ring_info *ring = &stats->rings[i];

		for (size_t j = 0; j < SLOT_CONDITIONS; j++)
			put_count(out, family, LABELS({ "routing", ring->routing },
						      { "condition", conditions[j] }),
				  ring->slots[j]);
	}
}

static void emit_ring_imbalance(FILE *out, const struct family *family, const struct stats *stats)
{
	for (size_t i = 0; i < stats->ring_count; i++)
		put_number(out, family, LABELS({ "routing", stats->rings[i].routing }),
			   stats->rings[i].imbalance);
}

static void emit_flow_entries(FILE *out, const struct family *family, const struct stats *stats)
{
	const struct flow_info *flows = &stats->flows;
	const struct {
		const char *state;
		uint64_t count;
	} rows[] = {
		{ "embryonic", flows->entries[FLOW_EMBRYONIC] },
		{ "adopted", flows->entries[FLOW_ADOPTED] },
		{ "established", flows->entries[FLOW_ESTABLISHED] },
		{ "direct", flows->direct },
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		put_count(out, family, LABELS({ "state", rows[i].state }), rows[i].count);
}

static void emit_flow_capacity(FILE *out, const struct family *family, const struct stats *stats)
{
	put_count(out, family, NO_LABELS, stats->flows.capacity);
}

static void emit_flow_events(FILE *out, const struct family *family, const struct stats *stats)
{
	static const char *const events[FLOW_EVENT_COUNT] = {
		[FLOW_INSERTED] = "inserted",
		[FLOW_REPLACED_EMBRYONIC] = "replaced_embryonic",
		[FLOW_REPLACED_ADOPTED] = "replaced_adopted",
		[FLOW_REPLACED_ESTABLISHED] = "replaced_established",
		[FLOW_NO_ROOM] = "no_room",
		[FLOW_NOT_INSERTED] = "not_inserted",
	};

	for (size_t i = 0; i < FLOW_EVENT_COUNT; i++)
		put_count(out, family, LABELS({ "event", events[i] }), stats->flows.events[i]);
}

/* ---- listeners, groups and targets ----------------------------------------------------------- */

static uint64_t counter_of(const struct family *family, const struct traffic *traffic)
{
	uint64_t value;

	memcpy(&value, (const char *)traffic + family->counter, sizeof(value));
	return value;
}

static void emit_listener_traffic(FILE *out, const struct family *family, const struct stats *stats)
{
	for (size_t i = 0; i < stats->model->listener_count; i++)
		put_count(out, family, LABELS({ "listener", stats->model->listeners[i].name }),
			  counter_of(family, &stats->listeners[i]));
}

static void emit_fails_open(FILE *out, const struct family *family, const struct stats *stats)
{
	for (size_t i = 0; i < stats->model->group_count; i++) {
		const struct group *group = &stats->model->groups[i];

		put_count(out, family, LABELS({ "group", group->name }), group_fails_open(group));
	}
}

/* The labels of a target: its group, its endpoint, and what the family adds. */
#define TARGET_LABELS(of, ...) \
	LABELS({ "group", (of)->group->name }, \
	       { "target", endpoint_format(&(of)->target->addr, (of)->target->port, \
					   (char[ENDPOINT_TEXT_SIZE]){ 0 }) }, \
	       ##__VA_ARGS__)

static void emit_target_traffic(FILE *out, const struct family *family, const struct stats *stats)
{
	for (size_t i = 0; i < stats->target_count; i++) {
		const struct target_stats *of = &stats->targets[i];

		put_count(out, family, TARGET_LABELS(of), counter_of(family, &of->traffic));
	}
}

static void emit_state(FILE *out, const struct family *family, const struct stats *stats)
{
	for (size_t i = 0; i < stats->target_count; i++) {
		const struct target_stats *of = &stats->targets[i];
		const char *state = target_state_name(of->target->state);

		put_count(out, family, TARGET_LABELS(of, { "state", state }), 1);
	}
}

static void emit_tracked(FILE *out, const struct family *family, const struct stats *stats)
{
	for (size_t i = 0; i < stats->target_count; i++) {
		const struct target_stats *of = &stats->targets[i];

		put_count(out, family, TARGET_LABELS(of), of->tracked_flows);
	}
}

static void emit_in_service(FILE *out, const struct family *family, const struct stats *stats)
{
	for (size_t i = 0; i < stats->target_count; i++) {
		const struct target_stats *of = &stats->targets[i];

		put_count(out, family, TARGET_LABELS(of), of->in_service ? 1 : 0);
	}
}

static void emit_check_duration(FILE *out, const struct family *family, const struct stats *stats)
{
	for (size_t i = 0; i < stats->target_count; i++) {
		const struct target_stats *of = &stats->targets[i];
		const struct label *labels = TARGET_LABELS(of);
		uint64_t sum_us = of->checks.duration_sum_us;

		put_series(out, family, "_sum", labels);
		fprintf(out, "%" PRIu64 ".%06" PRIu64 "\n", sum_us / 1000000, sum_us % 1000000);
		put_series(out, family, "_count", labels);
		fprintf(out, "%" PRIu64 "\n", of->checks.checks);
	}
}

static void emit_check_failures(FILE *out, const struct family *family, const struct stats *stats)
{
	static const struct {
		enum check_result result;
		const char *name;
	} results[] = { { CHECK_TIMED_OUT, "timed_out" }, { CHECK_FAILED, "failed" } };

	for (size_t i = 0; i < stats->target_count; i++) {
		const struct target_stats *of = &stats->targets[i];

		for (size_t j = 0; j < ARRAY_SIZE(results); j++)
			put_count(out, family, TARGET_LABELS(of, { "result", results[j].name }),
				  of->checks.failures[results[j].result]);
	}
}

/* ---- the families ---------------------------------------------------------------------------- */

#define TRAFFIC(counter) offsetof(struct traffic, counter)

static const struct family families[] = {
	{ "sluice_build_info", "gauge", "Version of the daemon and of the layout of its maps.",
	  emit_build, 0 },
	{ "sluice_uptime_seconds", "gauge", "Time since the daemon started.", emit_uptime, 0 },
	{ "sluice_interface_info", "gauge", "Interfaces that the XDP program is attached to.",
	  emit_interfaces, 0 },
	{ "sluice_packets_total", "counter", "Packets seen, by what became of them and why.",
	  emit_reasons, 0 },
	{ "sluice_listener_packets_total", "counter",
	  "Packets that matched the listener, also those dropped later.",
	  emit_listener_traffic, TRAFFIC(packets) },
	{ "sluice_listener_bytes_total", "counter",
	  "Bytes of IP packets that matched the listener.",
	  emit_listener_traffic, TRAFFIC(bytes) },
	{ "sluice_listener_flows_total", "counter", "New TCP flows (SYNs) to the listener.",
	  emit_listener_traffic, TRAFFIC(flows) },
	{ "sluice_target_packets_total", "counter", "Packets sent to the target.",
	  emit_target_traffic, TRAFFIC(packets) },
	{ "sluice_target_bytes_total", "counter",
	  "Bytes of IP packets sent to the target, as they came in.",
	  emit_target_traffic, TRAFFIC(bytes) },
	{ "sluice_target_flows_total", "counter", "New TCP flows (SYNs) sent to the target.",
	  emit_target_traffic, TRAFFIC(flows) },
	{ "sluice_target_tracked_flows", "gauge",
	  "Living flows that the flow table has recorded on the target.", emit_tracked, 0 },
	{ "sluice_target_state", "gauge", "1 for the state that the target is in.",
	  emit_state, 0 },
	{ "sluice_target_in_service", "gauge", "1 if the target takes new flows.",
	  emit_in_service, 0 },
	{ "sluice_group_fails_open", "gauge",
	  "1 if all targets of the group are unhealthy and all of them are used.",
	  emit_fails_open, 0 },
	{ "sluice_health_check_duration_seconds", "summary", "How long health checks took.",
	  emit_check_duration, 0 },
	{ "sluice_health_check_failures_total", "counter", "Health checks that did not pass.",
	  emit_check_failures, 0 },
	{ "sluice_ring_imbalance_ratio", "gauge",
	  "Largest relative deviation of a target's share of the ring from its weight's.",
	  emit_ring_imbalance, 0 },
	{ "sluice_ring_slots", "gauge",
	  "Slots of the routing's rings by condition; all but stable ones are in transition.",
	  emit_ring_slots, 0 },
	{ "sluice_flow_table_entries", "gauge", "Living flows in the flow table, by their state.",
	  emit_flow_entries, 0 },
	{ "sluice_flow_table_capacity", "gauge", "Flows that the flow table can hold.",
	  emit_flow_capacity, 0 },
	{ "sluice_flow_table_events_total", "counter",
	  "Flows put into the flow table, by what had to go for them, or not put there.",
	  emit_flow_events, 0 },
	{ "sluice_map_entries", "gauge", "Entries in use of the BPF map.", emit_map_entries, 0 },
	{ "sluice_map_capacity", "gauge", "Entries that the BPF map can hold.",
	  emit_map_capacity, 0 },
};

char *prometheus_format(const struct stats *stats)
{
	_cleanup_free_ char *text = NULL;
	FILE *out;
	size_t length;
	bool failed;

	out = open_memstream(&text, &length);
	if (!out)
		return NULL;
	__fsetlocking(out, FSETLOCKING_BYCALLER);	/* else each character takes a lock */
	for (size_t i = 0; i < ARRAY_SIZE(families); i++) {
		const struct family *family = &families[i];

		fprintf(out, "# HELP %s %s\n", family->name, family->help);
		fprintf(out, "# TYPE %s %s\n", family->name, family->type);
		family->emit(out, family, stats);
	}
	failed = ferror(out);
	return fclose(out) || failed ? NULL : take_ptr(text);
}
