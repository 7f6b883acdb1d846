// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "fake_dataplane.h"

#include <stdio.h>
#include <string.h>

#include "base/err.h"
#include "loopback.h"
#include "model/model.h"

void fake_dataplane_init(struct dataplane *dp)
{
	*dp = (struct dataplane){
		.attachment = { .name = "eth0", .ifindex = 2, .mode = XDP_MODE_GENERIC,
				.why = "no native XDP" },
	};
}

static size_t count_alive(const struct model *model)
{
	size_t alive = 0;

	for (size_t i = 0; i < model->group_count; i++) {
		const struct group *group = &model->groups[i];

		for (size_t j = 0; j < group->target_count; j++)
			alive += group->targets[j].alive;
	}
	return alive;
}

int dataplane_prepare(struct dataplane *dp, const struct model *model, struct err *err)
{
	dp->calls++;
	if (dp->calls >= dp->fail_from && dp->calls < dp->fail_from + dp->fail_count)
		return err_set(err, dp->fail_code, "prepare %u failed", dp->calls);
	dp->prepared.listeners = model->listener_count;
	dp->prepared.alive = count_alive(model);
	return 0;
}

int dataplane_commit(struct dataplane *dp, struct err *err)
{
	if (dp->committing)
		dp->committing(dp->context);
	if (dp->commit_code)
		return err_set(err, dp->commit_code, "commit %u failed", dp->calls);
	dp->applied++;
	dp->listeners = dp->prepared.listeners;
	dp->alive = dp->prepared.alive;
	dp->settled = false;
	return 0;
}

int dataplane_apply(struct dataplane *dp, const struct model *model, struct err *err)
{
	int r = dataplane_prepare(dp, model, err);

	return r ? r : dataplane_commit(dp, err);
}

int dataplane_sweep(struct dataplane *dp, bool *settled)
{
	dp->sweeps++;
	if (dp->sweep_takes_ms)
		stall(dp->sweep_takes_ms);
	*settled = dp->settled;
	return 0;
}

bool dataplane_remembers(const struct dataplane *dp, const struct group *group,
			 const struct target *target)
{
	(void)group, (void)target;
	return !dp->forgets;
}

size_t dataplane_attachments(const struct dataplane *dp, const struct attachment **out)
{
	*out = &dp->attachment;
	return 1;
}

static void count(struct traffic *out)
{
	*out = (struct traffic){ FAKE_PACKETS, FAKE_BYTES, FAKE_FLOWS };
}

void dataplane_listener_traffic(const struct dataplane *dp, const struct listener *listener,
				struct traffic *out)
{
	(void)dp, (void)listener;
	count(out);
}

void dataplane_target_traffic(const struct dataplane *dp, const struct group *group,
			      const struct target *target, struct traffic *out)
{
	(void)dp, (void)group, (void)target;
	count(out);
}

/* Each reason has as many packets as its number. */
void dataplane_reasons(const struct dataplane *dp, uint64_t out[REASON_COUNT])
{
	(void)dp;
	for (uint64_t i = 0; i < REASON_COUNT; i++)
		out[i] = i;
}

size_t dataplane_map_fill(const struct dataplane *dp, struct map_fill *out, size_t max)
{
	(void)dp, (void)out, (void)max;
	return 0;
}

/* As the real one, it asks for more room than it needs. */
size_t dataplane_rings(const struct dataplane *dp, struct ring_info *out, size_t max)
{
	if (!out)
		return dp->ring_count + 1;
	for (size_t i = 0; i < dp->ring_count && i < max; i++)
		out[i] = dp->rings[i];
	return dp->ring_count < max ? dp->ring_count : max;
}

void dataplane_flows(const struct dataplane *dp, struct flow_info *out)
{
	*out = dp->flows;
}

uint32_t dataplane_target_flows(const struct dataplane *dp, const struct group *group,
				const struct target *target)
{
	(void)dp, (void)group, (void)target;
	return FAKE_TRACKED_FLOWS;
}
