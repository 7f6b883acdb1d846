/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What flow_world.c, the setups, tells flow_judge.c, the flows. Private to them. */
#pragma once

#include "flow_world.h"

static inline const struct world_target *world_target(const struct world_setup *setup, int place)
{
	return &setup->group[place / WORLD_TARGETS].target[place % WORLD_TARGETS];
}

/* The listener sends to the group. */
bool world_routes(const struct world_setup *setup, int listener, int group);
/* It takes new flows: registered, healthy, with weight; or whatever there is, failing open. */
bool world_in_service(const struct world_group *group, const struct world_target *target);

/* Now and next say other things of the target, or of any in the group. */
bool world_differs(const struct world *world, int place);
bool world_group_differs(const struct world *world, int group);
/* Nothing can be promised, because the change is given up. */
bool world_doubts(const struct world *world, const struct world_flow *flow);

/* For reasons that a UDP flow does not see. */
void world_lose_flow(const struct world *world, struct world_flow *flow);
