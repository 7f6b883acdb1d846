// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * What health and time make of the targets: how long flows stay on one that turned unhealthy, where
 * flows may live, how much of its weight a target that starts slowly has, when its draining ends.
 */
#include "model/model.h"

#include <stdlib.h>

enum { MS_PER_S = 1000, STEPS = SHARE_FULL - 1 };

static void set_state(struct target *target, enum target_state state, enum target_reason reason,
		      uint64_t now_ms)
{
	if (target->state != state)
		target->since_ms = now_ms;
	target->state = state;
	target->reason = reason;
}

/*
 * ---- unhealthy, unhealthy.draining ------------------------------------------------------------
 */

static uint64_t unhealthy_deadline(const struct group *group, const struct target *target)
{
	if (group->unhealthy_connection_termination)
		return 0;
	return target->since_ms + group->unhealthy_draining_interval_s * UINT64_C(1000);
}

/*
 * A target that is unhealthy has been through it, or had nothing to drain. Without an interval
 * there is no end, and so no such state.
 */
static bool drains_unhealthy(const struct group *group, const struct target *target,
			     uint64_t now_ms)
{
	if (target->state == TARGET_UNHEALTHY_DRAINING)
		return unhealthy_deadline(group, target) > now_ms;
	return target->state != TARGET_UNHEALTHY && target->alive &&
	       !group->unhealthy_connection_termination && group->unhealthy_draining_interval_s;
}

bool target_follow_health(const struct group *group, struct target *target,
			  enum target_state state, enum target_reason reason, uint64_t now_ms)
{
	if (target_is_draining(target))
		return false;
	if (state == TARGET_UNHEALTHY && drains_unhealthy(group, target, now_ms))
		state = TARGET_UNHEALTHY_DRAINING;
	if (target->state == state && target->reason == reason)
		return false;
	set_state(target, state, reason, now_ms);
	return true;
}

/*
 * ---- alive, share -----------------------------------------------------------------------------
 */

static bool is_fit(const struct target *target)
{
	return target->state == TARGET_HEALTHY || target->state == TARGET_UNAVAILABLE;
}

/* Who is unhealthy in a group with an interval has had its time as unhealthy.draining. */
static bool is_alive(const struct group *group, const struct target *target, bool fails_open)
{
	if (is_fit(target) || target_in_service(target, fails_open))
		return true;
	if (target->state != TARGET_UNHEALTHY || target_is_draining(target))
		return target->alive;
	return target->alive && !group->unhealthy_connection_termination &&
	       !group->unhealthy_draining_interval_s;
}

/* The full share but for a while after the target has become fit: 1 at once, then STEPS more. */
static uint8_t share_of(const struct group *group, const struct target *target, uint64_t now_ms)
{
	uint64_t whole_ms = (uint64_t)group->slow_start_s * MS_PER_S;
	uint64_t past_ms = now_ms > target->since_ms ? now_ms - target->since_ms : 0;

	if (!is_fit(target) || !target->since_ms || past_ms >= whole_ms)
		return SHARE_FULL;
	return (uint8_t)(1 + past_ms * STEPS / whole_ms);
}

static bool settle_target(const struct group *group, struct target *target, bool fails_open,
			  uint64_t now_ms)
{
	bool alive = is_alive(group, target, fails_open);
	uint8_t share = share_of(group, target, now_ms);
	bool changed = target->alive != alive || target->share != share;

	target->alive = alive;
	target->share = share;
	return changed;
}

bool model_settle(struct model *model, uint64_t now_ms)
{
	bool changed = false;

	for (size_t i = 0; i < model->group_count; i++) {
		struct group *group = &model->groups[i];
		bool fails_open = group_fails_open(group);

		for (size_t j = 0; j < group->target_count; j++)
			changed |= settle_target(group, &group->targets[j], fails_open, now_ms);
	}
	return changed;
}

/*
 * ---- the end of draining ----------------------------------------------------------------------
 */

static bool has_flows_to_keep(const struct group *group, const struct target *target)
{
	return !group->connection_termination && target->remembered;
}

/* False if it is to be removed. */
static bool expire_target(const struct group *group, struct target *target, uint64_t now_ms)
{
	if (!target_is_draining(target) || target->drain_deadline_ms > now_ms)
		return true;
	set_state(target, TARGET_UNUSED, TARGET_REASON_NOT_REGISTERED, now_ms);
	return has_flows_to_keep(group, target);
}

static size_t expire_group(struct group *group, uint64_t now_ms)
{
	size_t kept = 0, changed = 0;

	for (size_t i = 0; i < group->target_count; i++) {
		struct target target = group->targets[i];
		bool lingered = target_lingers(&target);

		if (expire_target(group, &target, now_ms)) {
			changed += target_lingers(&target) != lingered;
			group->targets[kept++] = target;
		}
	}
	changed += group->target_count - kept;
	group->target_count = kept;
	return changed;
}

size_t model_expire(struct model *model, uint64_t now_ms)
{
	size_t changed = 0, kept = 0;

	for (size_t i = 0; i < model->group_count; i++) {
		struct group *group = &model->groups[i];

		changed += expire_group(group, now_ms);
		if (group->removed && !group->target_count)
			free(group->targets);
		else
			model->groups[kept++] = *group;
	}
	model->group_count = kept;
	return changed;
}

/*
 * ---- when -------------------------------------------------------------------------------------
 */

/* 0: never. */
static uint64_t target_deadline(const struct group *group, const struct target *target,
				uint64_t now_ms)
{
	uint64_t whole_ms = (uint64_t)group->slow_start_s * MS_PER_S;

	if (target_lingers(target) && has_flows_to_keep(group, target))
		return 0;
	if (target_is_draining(target))
		return target->drain_deadline_ms;
	if (target->state == TARGET_UNHEALTHY_DRAINING)
		return unhealthy_deadline(group, target) ?: now_ms;
	if (!whole_ms || target->share == SHARE_FULL)
		return 0;
	return target->since_ms + (target->share * whole_ms + STEPS - 1) / STEPS;
}

uint64_t model_next_deadline(const struct model *model, uint64_t now_ms)
{
	uint64_t earliest = 0;

	for (size_t i = 0; i < model->group_count; i++) {
		const struct group *group = &model->groups[i];

		for (size_t j = 0; j < group->target_count; j++) {
			uint64_t deadline = target_deadline(group, &group->targets[j], now_ms);

			if (deadline && (!earliest || deadline < earliest))
				earliest = deadline;
		}
	}
	return earliest;
}
