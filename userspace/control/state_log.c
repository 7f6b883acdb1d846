// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "control/state_log.h"

#include "base/addr.h"
#include "base/log.h"
#include "model/array.h"
#include "model/model.h"

enum { LOGGED_MAX = 20 };

static bool drains(const struct target *target)
{
	return target && (target_is_draining(target) || target->state == TARGET_UNHEALTHY_DRAINING);
}

/* Who leaves without draining is in the log as removed, who is new as added. */
static bool is_worth_a_line(const struct target *before, const struct target *after)
{
	if (!before || (!drains(before) && !drains(after)))
		return false;
	return !after || before->state != after->state;
}

static void log_target(const struct group *group, const struct target *before,
		       const struct target *after)
{
	const char *reason = after ? target_reason_name(after->reason) : "";
	char text[ENDPOINT_TEXT_SIZE];

	log_info("control", "target '%s %s': %s -> %s%s%s%s", group->name,
		 endpoint_format(&before->addr, before->port, text),
		 target_state_name(before->state), after ? target_state_name(after->state) : "gone",
		 *reason ? " (" : "", reason, *reason ? ")" : "");
}

static size_t log_group(const struct group *before, const struct group *after, size_t logged)
{
	struct array_walk walk = {
		.next = { before->targets, after ? after->targets : NULL },
		.left = { before->target_count, after ? after->target_count : 0 },
		.size = sizeof(struct target),
		.compare = array_by_endpoint,
	};

	while (array_walk(&walk)) {
		if (!is_worth_a_line(walk.pair[0], walk.pair[1]))
			continue;
		if (logged++ < LOGGED_MAX)
			log_target(before, walk.pair[0], walk.pair[1]);
	}
	return logged;
}

void state_log(const struct model *before, const struct model *after)
{
	size_t logged = 0;

	for (size_t i = 0; before && i < before->group_count; i++) {
		const struct group *group = &before->groups[i];

		logged = log_group(group, model_find_group(after, group->name), logged);
	}
	if (logged > LOGGED_MAX)
		log_info("control", "... and %zu more", logged - LOGGED_MAX);
}
