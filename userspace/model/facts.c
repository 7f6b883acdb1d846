// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* What follows from a model: who is used, who takes new flows, which group fails open. */
#include "model/model.h"

#include <stdlib.h>
#include <string.h>

#include "base/addr.h"

static bool listener_names(const struct listener *listener, const char *group)
{
	for (size_t i = 0; i < listener->group_count; i++) {
		if (!strcmp(listener->groups[i].name, group))
			return true;
	}
	return false;
}

bool group_is_used(const struct model *model, const struct group *group)
{
	for (size_t i = 0; i < model->listener_count; i++) {
		if (listener_names(&model->listeners[i], group->name))
			return true;
	}
	return false;
}

static uint8_t use_of(const struct listener *listener)
{
	uint8_t use = addr_is_v4(&listener->addr) ? GROUP_USED_BY_V4 : GROUP_USED_BY_V6;

	return use | (listener->protocol == IPPROTO_TCP ? GROUP_USED_BY_TCP : GROUP_USED_BY_UDP);
}

uint8_t *model_group_uses(const struct model *model)
{
	uint8_t *uses = calloc(model->group_count + 1, sizeof(*uses));

	for (size_t i = 0; i < model->listener_count && uses; i++) {
		const struct listener *listener = &model->listeners[i];

		for (size_t j = 0; j < listener->group_count; j++) {
			const struct group *group;

			group = model_find_group(model, listener->groups[j].name);
			if (group)
				uses[group - model->groups] |= use_of(listener);
		}
	}
	return uses;
}

bool target_is_draining(const struct target *target)
{
	return target->drain_deadline_ms;
}

bool target_lingers(const struct target *target)
{
	return target_is_draining(target) && target->state == TARGET_UNUSED;
}

static bool wants_flows(const struct target *target)
{
	return !target_is_draining(target) && target->weight;
}

bool group_fails_open(const struct group *group)
{
	bool fails_open = false;

	for (size_t i = 0; i < group->target_count; i++) {
		const struct target *target = &group->targets[i];

		if (!wants_flows(target))
			continue;
		if (target->state != TARGET_UNHEALTHY &&
		    target->state != TARGET_UNHEALTHY_DRAINING)
			return false;
		fails_open = true;
	}
	return fails_open;
}

bool target_in_service(const struct target *target, bool fails_open)
{
	bool fit = target->state == TARGET_HEALTHY || target->state == TARGET_UNAVAILABLE;

	return wants_flows(target) && (fit || fails_open);
}
