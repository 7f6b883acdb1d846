// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * From the current model into the next one: what a configuration can not say, and the targets that
 * leave as draining ones. Stands between a new configuration and its validation.
 */
#include "model/model.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "model/array.h"

/* What the walk over one group needs to know. */
struct carry {
	uint64_t now_ms;
	uint64_t deadline_ms;		/* of a target that leaves now */
	bool ends_at_once;		/* and it has no time to drain */
	bool limits_unhealthy;		/* the group gets an unhealthy_draining_interval */
};

/* A target that was draining was not checked meanwhile: it starts afresh, but keeps its flows. */
static void carry_back(const struct carry *carry, struct target *target)
{
	target->state = TARGET_INITIAL;
	target->reason = TARGET_REASON_REGISTRATION_IN_PROGRESS;
	target->since_ms = carry->now_ms;
}

/* The interval is for flows that are there, too: it begins for them now. */
static void limit_unhealthy(const struct carry *carry, struct target *target)
{
	if (target->state != TARGET_UNHEALTHY || !target->alive)
		return;
	target->state = TARGET_UNHEALTHY_DRAINING;
	target->since_ms = carry->now_ms;
}

static void drain(const struct carry *carry, struct target *target, uint64_t deadline_ms)
{
	target->drain_deadline_ms = deadline_ms;
	target->state = TARGET_DRAINING;
	target->reason = TARGET_REASON_DEREGISTRATION_IN_PROGRESS;
	target->since_ms = carry->now_ms;
	target->remembered = true;	/* no sweep has seen it since, so flows may be on it */
}

/* A target of both models: what the next one says of it, with the facts of the current one. */
static void carry_both(const struct carry *carry, const struct target *next,
		       const struct target *current, struct target *out)
{
	*out = *current;
	out->weight = next->weight;
	out->drain_deadline_ms = next->drain_deadline_ms;
	if (target_is_draining(next) && !target_is_draining(current))
		drain(carry, out, next->drain_deadline_ms);
	else if (!target_is_draining(next) && target_is_draining(current))
		carry_back(carry, out);
	else if (carry->limits_unhealthy)
		limit_unhealthy(carry, out);
}

/* One target of the next model, the current one, or both; false if it is not in the result. */
static bool carry_target(const struct carry *carry, const struct target *next,
			 const struct target *current, struct target *out)
{
	if (next && current) {
		carry_both(carry, next, current, out);
		return true;
	}
	*out = next ? *next : *current;
	if (next) {
		out->since_ms = out->since_ms ?: carry->now_ms;
		return true;
	}
	if (target_is_draining(current))
		return true;
	drain(carry, out, carry->deadline_ms);
	return current->alive && !carry->ends_at_once;
}

/* The targets of next become those of both. */
static int carry_group(struct group *next, const struct group *current, uint64_t now_ms)
{
	size_t most = next->target_count + current->target_count, count = 0;
	struct target *merged = calloc(array_capacity(most) + 1, sizeof(*merged));
	const struct carry carry = {
		.now_ms = now_ms,
		.deadline_ms = now_ms + next->deregistration_delay_s * UINT64_C(1000),
		.ends_at_once = next->connection_termination && !next->deregistration_delay_s,
		.limits_unhealthy = next->unhealthy_draining_interval_s &&
				    !current->unhealthy_draining_interval_s,
	};
	struct array_walk walk = {
		.next = { next->targets, current->targets },
		.left = { next->target_count, current->target_count },
		.size = sizeof(*merged),
		.compare = array_by_endpoint,
	};

	if (!merged)
		return -ENOMEM;
	while (array_walk(&walk))
		count += carry_target(&carry, walk.pair[0], walk.pair[1], &merged[count]);
	free(next->targets);
	next->targets = merged;
	next->target_count = count;
	return 0;
}

/* A group that left stays as a removed one if some of its targets do. */
static int carry_removed(struct model *next, const struct group *current, uint64_t now_ms)
{
	struct group removed = *current;
	int r;

	removed.removed = true;
	removed.targets = NULL;
	removed.target_count = 0;
	r = carry_group(&removed, current, now_ms);
	if (!r && removed.target_count)
		r = model_put_group(next, &removed);
	free(removed.targets);
	return r;
}

int model_carry(struct model *next, const struct model *current, uint64_t now_ms)
{
	static const struct group none;
	int r = 0;

	if (!model_has_secret(next))
		memcpy(next->hash_secret, current->hash_secret, SECRET_SIZE);
	for (size_t i = 0; i < next->group_count && !r; i++) {
		struct group *group = &next->groups[i];
		const struct group *before = model_find_group(current, group->name);

		r = carry_group(group, before ?: &none, now_ms);
	}
	for (size_t i = 0; i < current->group_count && !r; i++) {
		if (!model_find_group(next, current->groups[i].name))
			r = carry_removed(next, &current->groups[i], now_ms);
	}
	return r;
}
