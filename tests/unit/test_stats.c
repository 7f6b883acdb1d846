// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "stats/stats.h"

#include <criterion/criterion.h>
#include <string.h>
#include <time.h>

#include "base/addr.h"
#include "base/cleanup.h"
#include "build_model.h"
#include "fake_dataplane.h"

static const char model_text[] =
	"group blue; target blue 10.0.0.1:80 healthy; target blue 10.0.0.2:80 unhealthy;"
	"            target blue 10.0.0.3:80 healthy weight=0; target blue 10.0.0.4:80 initial;"
	"group empty;"
	"group red; target red [fd00::1]:53 unhealthy; target red [fd00::2]:53 unhealthy until=5;"
	"listener web tcp 192.0.2.1 80 blue; listener web2 tcp 192.0.2.1 81 blue;";

Test(stats, without_data_plane_and_checker_only_the_model_speaks)
{
	_cleanup_(model_free) struct model *model = build_model(model_text);
	_cleanup_(stats_clean) struct stats stats = { 0 };
	static const struct traffic nothing;

	cr_assert_eq(stats_take(&stats, model, NULL, NULL), 0);
	cr_expect_eq(stats.model, model);
	cr_expect_eq(stats.target_count, 6);
	cr_expect_eq(stats.ring_count + stats.map_count + stats.attachment_count, 0);
	for (size_t i = 0; i < REASON_COUNT; i++)
		cr_expect_eq(stats.reasons[i], 0);
	for (size_t i = 0; i < model->listener_count; i++)
		cr_expect_eq(memcmp(&stats.listeners[i], &nothing, sizeof(nothing)), 0);
	for (size_t i = 0; i < stats.target_count; i++) {
		cr_expect_eq(memcmp(&stats.targets[i].traffic, &nothing, sizeof(nothing)), 0);
		cr_expect_eq(stats.targets[i].checks.checks, 0);
	}
	cr_expect_str_eq(stats.version, SLUICE_VERSION);
}

Test(stats, targets_come_with_their_group_and_whether_they_are_in_service)
{
	static const struct {
		const char *group, *target;
		int in_service;
	} rows[] = {
		{ "blue", "10.0.0.1:80", 1 },	{ "blue", "10.0.0.2:80", 0 },
		{ "blue", "10.0.0.3:80", 0 },	{ "blue", "10.0.0.4:80", 0 },
		{ "red", "[fd00::1]:53", 1 },	/* fails open */
		{ "red", "[fd00::2]:53", 0 },	/* draining */
	};
	_cleanup_(model_free) struct model *model = build_model(model_text);
	_cleanup_(stats_clean) struct stats stats = { 0 };

	cr_assert_eq(stats_take(&stats, model, NULL, NULL), 0);
	cr_assert_eq(stats.target_count, ARRAY_SIZE(rows));
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		const struct target *target = stats.targets[i].target;
		char text[ENDPOINT_TEXT_SIZE];

		endpoint_format(&target->addr, target->port, text);
		cr_expect_str_eq(text, rows[i].target);
		cr_expect_str_eq(stats.targets[i].group->name, rows[i].group);
		cr_expect_eq(stats.targets[i].in_service, rows[i].in_service, "%s", rows[i].target);
	}
}

Test(stats, counters_and_attachments_come_from_the_data_plane)
{
	_cleanup_(model_free) struct model *model = build_model(model_text);
	_cleanup_(stats_clean) struct stats stats = { 0 };
	struct dataplane dp;

	fake_dataplane_init(&dp);
	dp.rings[0] = (struct ring_info){ "blue", { 125, 3, 0 }, 0.5 };
	dp.ring_count = 1;
	dp.flows = (struct flow_info){ .capacity = 8192, .direct = 4 };
	cr_assert_eq(stats_take(&stats, model, &dp, NULL), 0);
	for (size_t i = 0; i < model->listener_count; i++) {
		cr_expect_eq(stats.listeners[i].packets, FAKE_PACKETS);
		cr_expect_eq(stats.listeners[i].bytes, FAKE_BYTES);
		cr_expect_eq(stats.listeners[i].flows, FAKE_FLOWS);
	}
	for (size_t i = 0; i < stats.target_count; i++) {
		cr_expect_eq(stats.targets[i].traffic.packets, FAKE_PACKETS);
		cr_expect_eq(stats.targets[i].tracked_flows, FAKE_TRACKED_FLOWS);
	}
	cr_assert_eq(stats.ring_count, 1);
	cr_expect_str_eq(stats.rings[0].routing, "blue");
	cr_expect_eq(stats.rings[0].slots[SLOT_LEARNING], 3);
	cr_expect_eq(stats.flows.capacity, 8192);
	cr_expect_eq(stats.flows.direct, 4);
	cr_expect_eq(stats.reasons[REASON_COUNT - 1], REASON_COUNT - 1);
	cr_assert_eq(stats.attachment_count, 1);
	cr_expect_str_eq(stats.attachments[0].name, "eth0");
}

Test(stats, uptime_is_that_of_the_process)
{
	_cleanup_(model_free) struct model *model = build_model("");
	_cleanup_(stats_clean) struct stats first = { 0 }, second = { 0 };
	struct timespec begin, now;

	cr_assert_eq(stats_take(&first, model, NULL, NULL), 0);
	cr_expect_geq(first.uptime_s, 0);
	cr_expect_lt(first.uptime_s, 60);
	clock_gettime(CLOCK_MONOTONIC, &begin);
	do
		clock_gettime(CLOCK_MONOTONIC, &now);
	while ((now.tv_sec - begin.tv_sec) * 1000000000L + now.tv_nsec - begin.tv_nsec < 1000000);
	cr_assert_eq(stats_take(&second, model, NULL, NULL), 0);
	cr_expect_geq(second.uptime_s - first.uptime_s, 0.001);
}

Test(stats, a_cleaned_snapshot_can_be_cleaned_again)
{
	_cleanup_(model_free) struct model *model = build_model(model_text);
	struct stats stats = { 0 };

	cr_assert_eq(stats_take(&stats, model, NULL, NULL), 0);
	stats_clean(&stats);
	stats_clean(&stats);
	cr_expect_null(stats.targets);
}
