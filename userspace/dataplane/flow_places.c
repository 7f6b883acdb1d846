// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "dataplane/flow_places.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum { SEVERAL_TARGETS = 1u << TARGET_ID_BITS };	/* no target's id */

static int group_flows_compare(const void *a, const void *b)
{
	uint64_t x = ((const struct group_flows *)a)->group;
	uint64_t y = ((const struct group_flows *)b)->group;

	return (x > y) - (x < y);
}

int flow_places_add(struct flow_places *places, const struct image_ring *ring)
{
	for (size_t i = 0; i < RING_GROUPS_MAX; i++) {
		struct group_flows *row;

		if (!ring->groups[i])
			continue;
		row = table_add(&places->groups, sizeof(*row));
		if (!row)
			return -ENOMEM;
		row->group = ring->groups[i];
		row->bits = ring->bits;
	}
	return 0;
}

/* Each group once, with as many bits as the largest of its rings has. */
static void merge_groups(struct table *groups)
{
	struct group_flows *rows = groups->rows;
	size_t count = 0;

	for (size_t i = 0; i < groups->count; i++) {
		if (!count || rows[count - 1].group != rows[i].group)
			rows[count++] = rows[i];
		else if (rows[i].bits > rows[count - 1].bits)
			rows[count - 1].bits = rows[i].bits;
	}
	groups->count = count;
}

static struct group_flows *find_group(const struct flow_places *places, uint64_t group)
{
	const struct group_flows key = { .group = group };

	if (!places->groups.count)
		return NULL;
	return bsearch(&key, places->groups.rows, places->groups.count, sizeof(key),
		       group_flows_compare);
}

/* Targets of one group stand together. */
static void place_targets(struct flow_places *places, const struct image *image)
{
	const struct image_target *rows = image->targets.rows;
	struct group_flows *flows = NULL;

	for (size_t i = 0; i < image->targets.count; i++) {
		const char *group = rows[i].label.group;

		if (!i || strcmp(group, rows[i - 1].label.group))
			flows = find_group(places, group_hash(group));
		places->of_target[rows[i].index] = flows;
	}
}

int flow_places_prepare(struct flow_places *places, const struct image *image)
{
	struct group_flows *rows = places->groups.rows;

	places->of_target = calloc(TARGETS_MAX, sizeof(struct group_flows *));
	if (!places->of_target)
		return -ENOMEM;
	if (!rows)
		return 0;
	qsort(rows, places->groups.count, sizeof(*rows), group_flows_compare);
	merge_groups(&places->groups);
	for (size_t i = 0; i < places->groups.count; i++) {
		rows[i].node = calloc(2u << rows[i].bits, sizeof(*rows[i].node));
		if (!rows[i].node)
			return -ENOMEM;
	}
	places->any = find_group(places, GROUP_ANY);
	place_targets(places, image);
	return 0;
}

static uint32_t both(uint32_t a, uint32_t b)
{
	if (!a || !b || a == b)
		return a | b;
	return SEVERAL_TARGETS;
}

static void note(struct group_flows *flows, union flow flow)
{
	uint32_t prefix = (uint32_t)flow.tag >> (FLOW_TAG_BITS - flows->bits);
	uint32_t *leaf = &flows->node[(1u << flows->bits) + prefix];

	*leaf = both(*leaf, (uint32_t)flow.target);
}

void flow_places_note(struct flow_places *places, union flow flow)
{
	struct group_flows *flows = places->of_target[TARGET_INDEX(flow.target)];

	if (flows)
		note(flows, flow);
	if (places->any)
		note(places->any, flow);
}

void flow_places_sum(struct flow_places *places)
{
	const struct group_flows *rows = places->groups.rows;

	for (size_t i = 0; i < places->groups.count; i++) {
		for (uint32_t n = (1u << rows[i].bits) - 1; n; n--)
			rows[i].node[n] = both(rows[i].node[2 * n], rows[i].node[2 * n + 1]);
	}
}

struct ring_flows flow_places_of_ring(const struct flow_places *places,
				      const struct image_ring *ring)
{
	struct ring_flows flows = { .groups = { NULL } };
	size_t count = 0;

	for (size_t i = 0; i < RING_GROUPS_MAX; i++) {
		if (ring->groups[i])
			flows.groups[count++] = find_group(places, ring->groups[i]);
	}
	return flows;
}

bool ring_flows_elsewhere(const struct ring_flows *flows, unsigned bits, uint32_t i,
			  uint32_t target)
{
	for (const struct group_flows *const *group = flows->groups; *group; group++) {
		uint32_t on = (*group)->node[(1u << bits) + i];

		if (on && on != target)
			return true;
	}
	return false;
}

void flow_places_clean(struct flow_places *places)
{
	struct group_flows *rows = places->groups.rows;

	for (size_t i = 0; i < places->groups.count; i++)
		free(rows[i].node);
	free(rows);
	free(places->of_target);
	*places = (struct flow_places){ .any = NULL };
}
