// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "control/facts.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
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
	int r = follow_routes(model, routes);

	return r || !checker ? r : checker_follow(checker, model);
}

static bool learn_target(const struct group *group, struct target *target,
			 const struct checker *checker, const struct route_watch *routes)
{
	struct target before = *target;

	checker_find(checker, group, target, &target->state, &target->reason);
	route_find(routes, &target->addr, &target->hop);
	return before.state != target->state || before.reason != target->reason ||
	       memcmp(&before.hop, &target->hop, sizeof(before.hop));
}

bool facts_learn(struct model *model, const struct checker *checker,
		 const struct route_watch *routes)
{
	bool changed = false;

	for (size_t i = 0; i < model->group_count; i++) {
		struct group *group = &model->groups[i];

		for (size_t j = 0; j < group->target_count; j++)
			changed |= learn_target(group, &group->targets[j], checker, routes);
	}
	return changed;
}
