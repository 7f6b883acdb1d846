// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Model, maps and checks -> one snapshot, for `sluicectl status` and prometheus.c. */
#include "stats/stats.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/cleanup.h"

static size_t count_targets(const struct model *model)
{
	size_t count = 0;

	for (size_t i = 0; i < model->group_count; i++)
		count += model->groups[i].target_count;
	return count;
}

static int allocate(struct stats *stats, const struct dataplane *dp)
{
	stats->target_count = count_targets(stats->model);
	stats->ring_count = dp ? dataplane_rings(dp, NULL, 0) : 0;
	stats->listeners = calloc(stats->model->listener_count + 1, sizeof(*stats->listeners));
	stats->targets = calloc(stats->target_count + 1, sizeof(*stats->targets));
	stats->rings = calloc(stats->ring_count + 1, sizeof(*stats->rings));
	return stats->listeners && stats->targets && stats->rings ? 0 : -ENOMEM;
}

static void take_target(struct target_stats *out, const struct dataplane *dp,
			const struct checker *checker)
{
	if (dp) {
		dataplane_target_traffic(dp, out->group, out->target, &out->traffic);
		out->tracked_flows = dataplane_target_flows(dp, out->group, out->target);
	}
	if (checker)
		checker_stats(checker, out->group, out->target, &out->checks);
}

static void take_targets(struct stats *stats, const struct dataplane *dp,
			 const struct checker *checker)
{
	struct target_stats *out = stats->targets;

	for (size_t i = 0; i < stats->model->group_count; i++) {
		const struct group *group = &stats->model->groups[i];
		bool fails_open = group_fails_open(group);

		for (size_t j = 0; j < group->target_count; j++, out++) {
			out->group = group;
			out->target = &group->targets[j];
			out->in_service = target_in_service(out->target, fails_open);
			take_target(out, dp, checker);
		}
	}
}

static void take_maps(struct stats *stats, const struct dataplane *dp)
{
	for (size_t i = 0; i < stats->model->listener_count; i++)
		dataplane_listener_traffic(dp, &stats->model->listeners[i], &stats->listeners[i]);
	dataplane_reasons(dp, stats->reasons);
	stats->map_count = dataplane_map_fill(dp, stats->maps, ARRAY_SIZE(stats->maps));
	stats->ring_count = dataplane_rings(dp, stats->rings, stats->ring_count);
	dataplane_flows(dp, &stats->flows);
	stats->attachment_count = dataplane_attachments(dp, &stats->attachments);
}

/*
 * Since this process began, which /proc knows: field 22 of stat, in ticks since boot, counted from
 * behind the name, which can hold anything. 0 without a /proc.
 */
static double uptime_s(void)
{
	char text[1024] = "", *before;
	struct timespec now;
	FILE *file = fopen("/proc/self/stat", "re");

	if (!file)
		return 0;
	before = fgets(text, sizeof(text), file) ? strrchr(text, ')') : NULL;
	fclose(file);
	for (int field = 2; before && field < 22; field++)
		before = strchr(before + 1, ' ');
	if (!before)
		return 0;
	clock_gettime(CLOCK_BOOTTIME, &now);
	return (double)now.tv_sec + (double)now.tv_nsec / 1e9 -
	       strtod(before, NULL) / (double)sysconf(_SC_CLK_TCK);
}

int stats_take(struct stats *out, const struct model *model, const struct dataplane *dp,
	       const struct checker *checker)
{
	struct stats stats = { .model = model, .version = SLUICE_VERSION, .uptime_s = uptime_s() };

	if (allocate(&stats, dp)) {
		stats_clean(&stats);
		return -ENOMEM;
	}
	take_targets(&stats, dp, checker);
	if (dp)
		take_maps(&stats, dp);
	*out = stats;
	return 0;
}

void stats_clean(struct stats *stats)
{
	free(stats->listeners);
	free(stats->targets);
	free(stats->rings);
	*stats = (struct stats){ 0 };
}
