// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* What the daemon reads of the data plane: traffic, how full the maps are, rings and flows. */
#include "dataplane/dataplane.h"

#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "dataplane/dataplane_parts.h"
#include "dataplane/image.h"
#include "dataplane/loader.h"
#include "model/model.h"

static void read_traffic(const struct dataplane *dp, enum map_id map, uint32_t index,
			 struct traffic *out)
{
	maps_read_counters(loader_maps(dp->loader), map, index, (uint64_t *)out,
			   sizeof(*out) / sizeof(uint64_t));
}

void dataplane_listener_traffic(const struct dataplane *dp, const struct listener *listener,
				struct traffic *out)
{
	uint32_t id = image_find_id(dp->image, listener->name);

	*out = (struct traffic){ 0 };
	if (id)
		read_traffic(dp, MAP_LISTENER_TRAFFIC, id, out);
}

void dataplane_target_traffic(const struct dataplane *dp, const struct group *group,
			      const struct target *target, struct traffic *out)
{
	const struct image_target *row;

	*out = (struct traffic){ 0 };
	row = image_find_target(dp->image, group->name, &target->addr, target->port);
	if (row)
		read_traffic(dp, MAP_TARGET_TRAFFIC, row->index, out);
}

void dataplane_reasons(const struct dataplane *dp, uint64_t out[REASON_COUNT])
{
	for (uint32_t reason = 0; reason < REASON_COUNT; reason++)
		maps_read_counters(loader_maps(dp->loader), MAP_REASONS, reason, &out[reason], 1);
}

static uint64_t slots_used(const struct image *image)
{
	const struct image_ring *rings = image->rings.rows;
	uint64_t used = 0;

	for (size_t i = 0; i < image->rings.count; i++)
		used += 1u << rings[i].bits;
	return used;
}

size_t dataplane_map_fill(const struct dataplane *dp, struct map_fill *out, size_t max)
{
	const struct {
		enum map_id map;
		uint64_t used;
	} rows[] = {
		{ MAP_LISTENERS, dp->image->listeners.count },
		{ MAP_LISTENER_RANGES, dp->image->listener_ranges.count },
		{ MAP_REPLIES, dp->image->replies.count },
		{ MAP_REPLY_RANGES, dp->image->reply_ranges.count },
		{ MAP_SLOTS, slots_used(dp->image) },
		{ MAP_TARGETS, dp->image->targets.count },
		{ MAP_LINKS, dp->routes.count },
	};
	size_t count = ARRAY_SIZE(rows) < max ? ARRAY_SIZE(rows) : max;

	for (size_t i = 0; i < count; i++)
		out[i] = (struct map_fill){ map_name(rows[i].map), rows[i].used,
					    loader_capacity(dp->loader, rows[i].map) };
	return count;
}

/*
 * ---- rings ------------------------------------------------------------------------------------
 */

static struct ring_info describe_ring(const struct image_ring *ring)
{
	uint32_t count = 1u << ring->bits;
	struct ring_info info = { .routing = ring->name, .imbalance = ring->slots->imbalance };

	if (!ring->slots->unsettled) {
		info.slots[SLOT_STABLE] = count;
		return info;
	}
	for (uint32_t i = 0; i < count; i++)
		info.slots[ring->slots->slot[i].condition]++;
	return info;
}

static int by_routing(const void *a, const void *b)
{
	return strcmp(((const struct ring_info *)a)->routing,
		      ((const struct ring_info *)b)->routing);
}

static void add_ring(struct ring_info *info, const struct ring_info *more)
{
	for (size_t i = 0; i < SLOT_CONDITIONS; i++)
		info->slots[i] += more->slots[i];
	if (more->imbalance > info->imbalance)
		info->imbalance = more->imbalance;
}

/* Those of one routing stand together: makes one of them. */
static size_t merge_rings(struct ring_info *rings, size_t count)
{
	size_t merged = 0;

	for (size_t i = 0; i < count; i++) {
		if (merged && !by_routing(&rings[merged - 1], &rings[i]))
			add_ring(&rings[merged - 1], &rings[i]);
		else
			rings[merged++] = rings[i];
	}
	return merged;
}

size_t dataplane_rings(const struct dataplane *dp, struct ring_info *out, size_t max)
{
	const struct image_ring *rings = dp->image->rings.rows;
	size_t count = 0;

	if (!out)
		return dp->image->rings.count;
	for (size_t i = 0; i < dp->image->rings.count && count < max; i++) {
		if (rings[i].name)
			out[count++] = describe_ring(&rings[i]);
	}
	qsort(out, count, sizeof(*out), by_routing);
	return merge_rings(out, count);
}

/*
 * ---- flows ------------------------------------------------------------------------------------
 */

void dataplane_flows(const struct dataplane *dp, struct flow_info *out)
{
	*out = (struct flow_info){
		.capacity = (uint64_t)loader_capacity(dp->loader, MAP_FLOWS) * FLOWS_PER_BUCKET,
		.direct = dp->sweep.direct,
	};
	memcpy(out->entries, dp->sweep.entries, sizeof(out->entries));
	for (uint32_t event = 0; event < FLOW_EVENT_COUNT; event++)
		maps_read_counters(loader_maps(dp->loader), MAP_FLOW_EVENTS, event,
				   &out->events[event], 1);
}

bool dataplane_remembers(const struct dataplane *dp, const struct group *group,
			 const struct target *target)
{
	const struct image_target *row =
		image_find_target(dp->image, group->name, &target->addr, target->port);

	if (!row || !dp->swept)
		return row;
	return dp->sweep.named[row->index] || dp->sweep.flows[row->index];
}

uint32_t dataplane_target_flows(const struct dataplane *dp, const struct group *group,
				const struct target *target)
{
	const struct image_target *row =
		image_find_target(dp->image, group->name, &target->addr, target->port);

	return row ? dp->sweep.flows[row->index] : 0;
}
