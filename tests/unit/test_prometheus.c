// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* stats/prometheus.c: each family's text, the rules of the format, and what promtool says. */
#include "stats/prometheus.h"

#include <criterion/criterion.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "build_model.h"
#include "stats/stats.h"

static const struct attachment attachments[] = {
	{ .name = "eth0", .mode = XDP_MODE_NATIVE },
	{ .name = "eth1.100", .mode = XDP_MODE_GENERIC, .why = "no native XDP" },
};

struct snapshot {
	struct model *model;
	struct stats stats;
};

static void snapshot_clean(struct snapshot *snapshot)
{
	stats_clean(&snapshot->stats);
	model_free(&snapshot->model);
}

#define _cleanup_snapshot_ _cleanup_(snapshot_clean)

/* Two listeners, three groups, three targets, and another number in every counter. */
static struct snapshot snapshot_new(void)
{
	struct snapshot snapshot = { .model = build_model(
		"group blue; target blue 10.0.0.11:8080 healthy;"
		"            target blue 10.0.0.12:8080 initial;"
		"group empty;"
		"group red; target red [fd00::1]:53 unhealthy;"
		"listener dns udp 2001:db8::53 53 red; listener web tcp 192.0.2.1 80 blue;") };
	struct stats *stats = &snapshot.stats;

	cr_assert_eq(stats_take(stats, snapshot.model, NULL, NULL), 0);
	stats->version = "1.2.3";
	stats->uptime_s = 12.5;
	stats->attachments = attachments;
	stats->attachment_count = ARRAY_SIZE(attachments);
	for (uint64_t i = 1; i < REASON_COUNT; i++)
		stats->reasons[i] = 100 + i;
	stats->listeners[0] = (struct traffic){ 1, 2, 3 };
	stats->listeners[1] = (struct traffic){ UINT64_MAX, 5, 6 };
	for (uint64_t i = 0; i < stats->target_count; i++) {
		stats->targets[i].traffic = (struct traffic){ 10 + i, 20 + i, 30 + i };
		stats->targets[i].tracked_flows = (uint32_t)(90 + i);
		stats->targets[i].checks = (struct check_stats){
			.checks = 40 + i, .duration_sum_us = 1000000 * i + 250,
			.failures = { [CHECK_TIMED_OUT] = 50 + i, [CHECK_FAILED] = 60 + i },
		};
	}
	stats->maps[0] = (struct map_fill){ "slots", 128, 4194304 };
	stats->maps[1] = (struct map_fill){ "targets", 3, 65536 };
	stats->map_count = 2;
	free(stats->rings);
	stats->rings = calloc(2, sizeof(*stats->rings));
	stats->rings[0] = (struct ring_info){ "blue", { 250, 4, 2 }, 0.00390625 };
	stats->rings[1] = (struct ring_info){ "blue=90,red=10", { 1024, 0, 0 }, 0 };
	stats->ring_count = 2;
	stats->flows = (struct flow_info){
		.capacity = 2097152,
		.entries = { [FLOW_EMBRYONIC] = 71, [FLOW_ADOPTED] = 72, [FLOW_ESTABLISHED] = 73 },
		.direct = 74,
	};
	for (uint64_t i = 0; i < FLOW_EVENT_COUNT; i++)
		stats->flows.events[i] = 80 + i;
	return snapshot;
}

/* The samples of one family: what stands between its header and the next one. */
static char *samples_of(const char *text, const char *family)
{
	_cleanup_free_ char *header = NULL;
	const char *start, *end;

	cr_assert_gt(asprintf(&header, "\n# TYPE %s ", family), 0);
	start = strstr(text, header);
	cr_assert_not_null(start, "no family %s", family);
	start = strchr(start + 1, '\n') + 1;
	end = strstr(start, "# HELP");
	return strndup(start, end ? (size_t)(end - start) : strlen(start));
}

static void expect_samples(const char *family, const char *expected)
{
	_cleanup_snapshot_ struct snapshot snapshot = snapshot_new();
	_cleanup_free_ char *text = prometheus_format(&snapshot.stats), *samples = NULL;

	samples = samples_of(text, family);
	cr_expect_str_eq(samples, expected, "%s is\n%s", family, samples);
}

/* ---- each family ----------------------------------------------------------------------------- */

Test(prometheus, says_what_the_daemon_is)
{
	expect_samples("sluice_build_info", "sluice_build_info{version=\"1.2.3\",abi=\"2\"} 1\n");
	expect_samples("sluice_uptime_seconds", "sluice_uptime_seconds 12.5\n");
	expect_samples("sluice_interface_info",
		       "sluice_interface_info{interface=\"eth0\",mode=\"native\"} 1\n"
		       "sluice_interface_info{interface=\"eth1.100\",mode=\"generic\"} 1\n");
}

Test(prometheus, every_reason_has_its_packets_and_its_action)
{
	static const char *const rows[] = {
#define ROW_PASS(label) label "\",action=\"pass\"} "
#define ROW_FORWARD(label) label "\",action=\"forward\"} "
#define ROW_DROP(label) label "\",action=\"drop\"} "
#define ROW(name, label, action, help) "sluice_packets_total{reason=\"" ROW_##action(label),
		REASONS(ROW)
	};
	char expected[8192];
	size_t used = 0;

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		used += (size_t)snprintf(expected + used, sizeof(expected) - used, "%s%zu\n",
					 rows[i], 101 + i);
	cr_assert_lt(used, sizeof(expected));
	expect_samples("sluice_packets_total", expected);
}

Test(prometheus, traffic_of_listeners)
{
	expect_samples("sluice_listener_packets_total",
		       "sluice_listener_packets_total{listener=\"dns\"} 1\n"
		       "sluice_listener_packets_total{listener=\"web\"} 18446744073709551615\n");
	expect_samples("sluice_listener_bytes_total",
		       "sluice_listener_bytes_total{listener=\"dns\"} 2\n"
		       "sluice_listener_bytes_total{listener=\"web\"} 5\n");
	expect_samples("sluice_listener_flows_total",
		       "sluice_listener_flows_total{listener=\"dns\"} 3\n"
		       "sluice_listener_flows_total{listener=\"web\"} 6\n");
}

Test(prometheus, traffic_of_targets)
{
	expect_samples(
		"sluice_target_packets_total",
		"sluice_target_packets_total{group=\"blue\",target=\"10.0.0.11:8080\"} 10\n"
		"sluice_target_packets_total{group=\"blue\",target=\"10.0.0.12:8080\"} 11\n"
		"sluice_target_packets_total{group=\"red\",target=\"[fd00::1]:53\"} 12\n");
	expect_samples("sluice_target_bytes_total",
		       "sluice_target_bytes_total{group=\"blue\",target=\"10.0.0.11:8080\"} 20\n"
		       "sluice_target_bytes_total{group=\"blue\",target=\"10.0.0.12:8080\"} 21\n"
		       "sluice_target_bytes_total{group=\"red\",target=\"[fd00::1]:53\"} 22\n");
	expect_samples("sluice_target_flows_total",
		       "sluice_target_flows_total{group=\"blue\",target=\"10.0.0.11:8080\"} 30\n"
		       "sluice_target_flows_total{group=\"blue\",target=\"10.0.0.12:8080\"} 31\n"
		       "sluice_target_flows_total{group=\"red\",target=\"[fd00::1]:53\"} 32\n");
}

Test(prometheus, only_the_state_a_target_is_in_is_there)
{
#define STATE(group, target, state) \
	"sluice_target_state{group=\"" group "\",target=\"" target "\",state=\"" state "\"} 1\n"
	expect_samples("sluice_target_state", STATE("blue", "10.0.0.11:8080", "healthy")
					      STATE("blue", "10.0.0.12:8080", "initial")
					      STATE("red", "[fd00::1]:53", "unhealthy"));
}

Test(prometheus, service_and_failing_open)
{
	expect_samples("sluice_target_in_service",
		       "sluice_target_in_service{group=\"blue\",target=\"10.0.0.11:8080\"} 1\n"
		       "sluice_target_in_service{group=\"blue\",target=\"10.0.0.12:8080\"} 0\n"
		       "sluice_target_in_service{group=\"red\",target=\"[fd00::1]:53\"} 1\n");
	expect_samples("sluice_group_fails_open", "sluice_group_fails_open{group=\"blue\"} 0\n"
						  "sluice_group_fails_open{group=\"empty\"} 0\n"
						  "sluice_group_fails_open{group=\"red\"} 1\n");
}

Test(prometheus, health_checks)
{
#define CHECKS "sluice_health_check_duration_seconds"
	expect_samples(CHECKS, CHECKS "_sum{group=\"blue\",target=\"10.0.0.11:8080\"} 0.000250\n"
			       CHECKS "_count{group=\"blue\",target=\"10.0.0.11:8080\"} 40\n"
			       CHECKS "_sum{group=\"blue\",target=\"10.0.0.12:8080\"} 1.000250\n"
			       CHECKS "_count{group=\"blue\",target=\"10.0.0.12:8080\"} 41\n"
			       CHECKS "_sum{group=\"red\",target=\"[fd00::1]:53\"} 2.000250\n"
			       CHECKS "_count{group=\"red\",target=\"[fd00::1]:53\"} 42\n");
#define FAILURE(group, target, result) \
	"sluice_health_check_failures_total{group=\"" group "\",target=\"" target \
	"\",result=\"" result "\"} "
	expect_samples("sluice_health_check_failures_total",
		       FAILURE("blue", "10.0.0.11:8080", "timed_out") "50\n"
		       FAILURE("blue", "10.0.0.11:8080", "failed") "60\n"
		       FAILURE("blue", "10.0.0.12:8080", "timed_out") "51\n"
		       FAILURE("blue", "10.0.0.12:8080", "failed") "61\n"
		       FAILURE("red", "[fd00::1]:53", "timed_out") "52\n"
		       FAILURE("red", "[fd00::1]:53", "failed") "62\n");
}

Test(prometheus, rings_and_maps)
{
	expect_samples("sluice_ring_imbalance_ratio",
		       "sluice_ring_imbalance_ratio{routing=\"blue\"} 0.00390625\n"
		       "sluice_ring_imbalance_ratio{routing=\"blue=90,red=10\"} 0\n");
#define SLOTS(routing, condition) \
	"sluice_ring_slots{routing=\"" routing "\",condition=\"" condition "\"} "
	expect_samples("sluice_ring_slots", SLOTS("blue", "stable") "250\n"
					    SLOTS("blue", "learning") "4\n"
					    SLOTS("blue", "tracking") "2\n"
					    SLOTS("blue=90,red=10", "stable") "1024\n"
					    SLOTS("blue=90,red=10", "learning") "0\n"
					    SLOTS("blue=90,red=10", "tracking") "0\n");
	expect_samples("sluice_map_entries", "sluice_map_entries{map=\"slots\"} 128\n"
					     "sluice_map_entries{map=\"targets\"} 3\n");
	expect_samples("sluice_map_capacity", "sluice_map_capacity{map=\"slots\"} 4194304\n"
					      "sluice_map_capacity{map=\"targets\"} 65536\n");
}

Test(prometheus, the_flow_table)
{
	expect_samples("sluice_flow_table_entries",
		       "sluice_flow_table_entries{state=\"embryonic\"} 71\n"
		       "sluice_flow_table_entries{state=\"adopted\"} 72\n"
		       "sluice_flow_table_entries{state=\"established\"} 73\n"
		       "sluice_flow_table_entries{state=\"direct\"} 74\n");
	expect_samples("sluice_flow_table_capacity", "sluice_flow_table_capacity 2097152\n");
#define EVENT(event) "sluice_flow_table_events_total{event=\"" event "\"} "
	expect_samples("sluice_flow_table_events_total", EVENT("inserted") "80\n"
							 EVENT("replaced_embryonic") "81\n"
							 EVENT("replaced_adopted") "82\n"
							 EVENT("replaced_established") "83\n"
							 EVENT("no_room") "84\n"
							 EVENT("not_inserted") "85\n");
#define TRACKED(group, target) \
	"sluice_target_tracked_flows{group=\"" group "\",target=\"" target "\"} "
	expect_samples("sluice_target_tracked_flows", TRACKED("blue", "10.0.0.11:8080") "90\n"
						      TRACKED("blue", "10.0.0.12:8080") "91\n"
						      TRACKED("red", "[fd00::1]:53") "92\n");
}

/* ---- the format ------------------------------------------------------------------------------ */

Test(prometheus, label_values_are_escaped)
{
	_cleanup_snapshot_ struct snapshot snapshot = snapshot_new();
	_cleanup_free_ char *text = NULL, *samples = NULL;

	snapshot.stats.rings[0].routing = "a\\b\"c\nd";
	snapshot.stats.rings[1].routing = "\n";
	text = prometheus_format(&snapshot.stats);
	samples = samples_of(text, "sluice_ring_imbalance_ratio");
	cr_expect_str_eq(samples, "sluice_ring_imbalance_ratio{routing=\"a\\\\b\\\"c\\nd\"} 0.00390625\n"
				  "sluice_ring_imbalance_ratio{routing=\"\\n\"} 0\n");
}

Test(prometheus, an_unknown_imbalance_is_nan)
{
	_cleanup_snapshot_ struct snapshot snapshot = snapshot_new();
	_cleanup_free_ char *text = NULL;

	snapshot.stats.rings[0].imbalance = -(double)NAN;
	text = prometheus_format(&snapshot.stats);
	cr_expect_not_null(strstr(text, "imbalance_ratio{routing=\"blue\"} NaN\n"));
}

/* HELP, TYPE and the samples of a family stand together, and no family comes twice. */
Test(prometheus, families_are_contiguous_and_come_once)
{
	_cleanup_snapshot_ struct snapshot snapshot = snapshot_new();
	_cleanup_free_ char *text = prometheus_format(&snapshot.stats), *seen = NULL;
	char family[128] = "", *rest = text, *line;

	seen = calloc(1, strlen(text) + 1);
	while ((line = strsep(&rest, "\n")) && rest) {
		char header[160];

		if (sscanf(line, "# HELP %127s", family) == 1) {
			snprintf(header, sizeof(header), " %s ", family);
			cr_expect_null(strstr(seen, header), "%s comes twice", family);
			strcat(seen, header);
			snprintf(header, sizeof(header), "# TYPE %s ", family);
			line = strsep(&rest, "\n");
			cr_expect_eq(strncmp(line, header, strlen(header)), 0, "%s", line);
		} else {
			cr_expect_eq(strncmp(line, family, strlen(family)), 0, "%s", line);
		}
	}
	cr_expect_str_eq(line, "", "the last line does not end");
}

static int by_text(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

Test(prometheus, no_series_comes_twice)
{
	_cleanup_snapshot_ struct snapshot snapshot = snapshot_new();
	_cleanup_free_ char *text = prometheus_format(&snapshot.stats);
	char *series[512], *rest = text, *line;
	size_t count = 0;

	while ((line = strsep(&rest, "\n")) && count < ARRAY_SIZE(series)) {
		if (*line && *line != '#') {
			*strrchr(line, ' ') = '\0';
			series[count++] = line;
		}
	}
	qsort(series, count, sizeof(*series), by_text);
	for (size_t i = 1; i < count; i++)
		cr_expect_str_neq(series[i - 1], series[i]);
}

/* What `promtool check metrics` says about the text; it says nothing if all is well. */
static void expect_promtool_is_silent(const char *text)
{
	char path[] = "/tmp/sluice-test-metrics-XXXXXX", command[128], said[4096] = "";
	_cleanup_close_ int fd = mkstemp(path);
	size_t length = strlen(text);
	FILE *promtool;

	cr_assert_geq(fd, 0);
	cr_assert_eq(write(fd, text, length), (ssize_t)length);
	snprintf(command, sizeof(command), "promtool check metrics < %s 2>&1", path);
	promtool = popen(command, "re");
	cr_assert_not_null(promtool);
	said[fread(said, 1, sizeof(said) - 1, promtool)] = '\0';
	cr_expect_eq(pclose(promtool), 0);
	cr_expect_str_eq(said, "");
	unlink(path);
}

Test(prometheus, promtool_finds_nothing)
{
	_cleanup_snapshot_ struct snapshot snapshot = snapshot_new();
	_cleanup_(model_free) struct model *nothing = build_model("");
	_cleanup_(stats_clean) struct stats empty = { 0 };
	_cleanup_free_ char *text = NULL, *short_text = NULL;

	if (system("command -v promtool >/dev/null"))
		cr_skip_test("promtool is not installed");
	snapshot.stats.rings[0].routing = "a\\b\"c\nd";
	snapshot.stats.rings[1].imbalance = (double)NAN;
	text = prometheus_format(&snapshot.stats);
	expect_promtool_is_silent(text);
	cr_assert_eq(stats_take(&empty, nothing, NULL, NULL), 0);
	short_text = prometheus_format(&empty);
	expect_promtool_is_silent(short_text);
}
