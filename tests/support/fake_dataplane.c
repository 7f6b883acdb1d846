// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "fake_dataplane.h"

#include <stdio.h>
#include <string.h>

#include "base/err.h"
#include "model/model.h"

void fake_dataplane_init(struct dataplane *dp)
{
	*dp = (struct dataplane){
		.attachment = { .name = "eth0", .ifindex = 2, .mode = XDP_MODE_GENERIC,
				.why = "no native XDP" },
	};
}

int dataplane_apply(struct dataplane *dp, const struct model *model, struct err *err)
{
	dp->calls++;
	if (dp->calls >= dp->fail_from && dp->calls < dp->fail_from + dp->fail_count)
		return err_set(err, dp->fail_code, "apply %u failed", dp->calls);
	dp->applied++;
	dp->listeners = model->listener_count;
	return 0;
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

size_t dataplane_rings(const struct dataplane *dp, struct ring_info *out, size_t max)
{
	(void)dp, (void)out, (void)max;
	return 0;
}
