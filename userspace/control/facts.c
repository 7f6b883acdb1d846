// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "control/facts.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "dataplane/dataplane.h"
#include "dataplane/route.h"
#include "health/checker.h"
#include "model/model.h"

static int follow_routes(const struct model *model, struct route_watch *routes)
{
	_cleanup_free_ struct addr *addresses = NULL;
	size_t count = 0;

	for (size_t i = 0; i < model->group_count; i++)
		count += model->groups[i].target_count;
	addresses = calloc(count + 1, sizeof(*addresses));
	if (!addresses)
		return -ENOMEM;
	count = 0;
	for (size_t i = 0; i < model->group_count; i++) {
		const struct group *group = &model->groups[i];

		for (size_t j = 0; j < group->target_count; j++)
			addresses[count++] = group->targets[j].addr;
	}
	return route_follow(routes, addresses, count);
}

int facts_follow(const struct model *model, struct checker *checker, struct route_watch *routes)
{
	int r = routes ? follow_routes(model, routes) : 0;

	return r || !checker ? r : checker_follow(checker, model);
}

static bool learn_health(const struct group *group, struct target *target,
			 const struct checker *checker, uint64_t now_ms)
{
	enum target_reason reason;
	enum target_state state;

	checker_find(checker, group, target, &state, &reason);
	return target_follow_health(group, target, state, reason, now_ms);
}

static bool learn_hop(struct target *target, const struct route_watch *routes)
{
	struct next_hop before = target->hop;

	route_find(routes, &target->addr, &target->hop);
	return memcmp(&before, &target->hop, sizeof(before));
}

bool facts_learn(struct model *model, const struct checker *checker,
		 const struct route_watch *routes, uint64_t now_ms)
{
	bool changed = false;

	for (size_t i = 0; i < model->group_count; i++) {
		struct group *group = &model->groups[i];

		for (size_t j = 0; j < group->target_count; j++) {
			struct target *target = &group->targets[j];

			changed |= checker && learn_health(group, target, checker, now_ms);
			changed |= routes && learn_hop(target, routes);
		}
	}
	return changed;
}

void facts_remember(struct model *model, const struct dataplane *dataplane)
{
	for (size_t i = 0; i < model->group_count; i++) {
		struct group *group = &model->groups[i];

		for (size_t j = 0; j < group->target_count; j++) {
			struct target *target = &group->targets[j];

			if (target_is_draining(target))
				target->remembered = dataplane_remembers(dataplane, group, target);
		}
	}
}

bool facts_has_forgotten(const struct model *model, const struct dataplane *dataplane)
{
	for (size_t i = 0; i < model->group_count; i++) {
		const struct group *group = &model->groups[i];

		for (size_t j = 0; j < group->target_count; j++) {
			const struct target *target = &group->targets[j];

			if (target_lingers(target) &&
			    !dataplane_remembers(dataplane, group, target))
				return true;
		}
	}
	return false;
}
