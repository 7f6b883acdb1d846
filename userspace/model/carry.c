// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * From the current model into the next one: facts, and the targets that leave as draining ones. And
 * the end of their draining. Stands between a new configuration and its validation.
 */
#include "model/model.h"

#include <errno.h>
#include <stdlib.h>

#include "base/addr.h"
#include "base/cleanup.h"
#include "model/array.h"

/* What the walk over one group of the next model needs to know. */
struct carry {
	uint8_t uses;			/* enum group_use */
	uint64_t now_ms;
	uint64_t deadline_ms;		/* of a target that leaves now */
};

/* A target that was draining was not checked meanwhile: if it is back it starts afresh. */
static void carry_facts(struct target *next, const struct target *current)
{
	bool drained = target_is_draining(current);

	next->hop = current->hop;
	next->state = drained ? TARGET_INITIAL : current->state;
	next->reason = drained ? TARGET_REASON_REGISTRATION_IN_PROGRESS : current->reason;
}

/*
 * False if there is nothing to drain: the time is over, or no listener of the target's family leads
 * to it, so that no packet of its flows would reach it any more.
 */
static bool keep_draining(const struct carry *carry, struct target *target)
{
	uint8_t use = addr_is_v4(&target->addr) ? GROUP_USED_BY_V4 : GROUP_USED_BY_V6;

	target->state = TARGET_DRAINING;
	target->reason = TARGET_REASON_DEREGISTRATION_IN_PROGRESS;
	return target->drain_deadline_ms > carry->now_ms && (carry->uses & use);
}

/* One target of the next model, the current one, or both; false if it is not in the result. */
static bool carry_target(const struct carry *carry, const struct target *next,
			 const struct target *current, struct target *out)
{
	*out = next ? *next : *current;
	if (next && current)
		carry_facts(out, current);
	if (!next && !target_is_draining(current))
		out->drain_deadline_ms = carry->deadline_ms;
	return !target_is_draining(out) || keep_draining(carry, out);
}

static int carry_group(const struct carry *carry, struct group *next, const struct group *current)
{
	size_t most = next->target_count + current->target_count, count = 0;
	struct target *merged = calloc(array_capacity(most) + 1, sizeof(*merged));
	struct array_walk walk = {
		.next = { next->targets, current->targets },
		.left = { next->target_count, current->target_count },
		.size = sizeof(*merged),
		.compare = array_by_endpoint,
	};

	if (!merged)
		return -ENOMEM;
	while (array_walk(&walk))
		count += carry_target(carry, walk.pair[0], walk.pair[1], &merged[count]);
	free(next->targets);
	next->targets = merged;
	next->target_count = count;
	return 0;
}

int model_carry(struct model *next, const struct model *current, uint64_t now_ms)
{
	static const struct group none;
	_cleanup_free_ uint8_t *uses = model_group_uses(next);
	int r = uses ? 0 : -ENOMEM;

	for (size_t i = 0; i < next->group_count && !r; i++) {
		struct group *group = &next->groups[i];
		const struct group *before = model_find_group(current, group->name);
		struct carry carry = {
			.uses = uses[i],
			.now_ms = now_ms,
			.deadline_ms = now_ms + group->deregistration_delay_s * UINT64_C(1000),
		};

		r = carry_group(&carry, group, before ? before : &none);
	}
	return r;
}

size_t model_expire(struct model *model, uint64_t now_ms)
{
	size_t expired = 0;

	for (size_t i = 0; i < model->group_count; i++) {
		struct group *group = &model->groups[i];
		size_t kept = 0;

		for (size_t j = 0; j < group->target_count; j++) {
			const struct target *target = &group->targets[j];

			if (!target_is_draining(target) || target->drain_deadline_ms > now_ms)
				group->targets[kept++] = *target;
		}
		expired += group->target_count - kept;
		group->target_count = kept;
	}
	return expired;
}

uint64_t model_next_deadline(const struct model *model)
{
	uint64_t earliest = 0;

	for (size_t i = 0; i < model->group_count; i++) {
		const struct group *group = &model->groups[i];

		for (size_t j = 0; j < group->target_count; j++) {
			uint64_t deadline = group->targets[j].drain_deadline_ms;

			if (deadline && (!earliest || deadline < earliest))
				earliest = deadline;
		}
	}
	return earliest;
}
