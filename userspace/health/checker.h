/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Runs the checks of all targets on the event loop: when each is due, which kind it is, what came
 * of it. State changes go up by the callback; the checker never edits the model.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "health/health.h"
#include "model/model.h"

struct checker;
struct err;
struct event_base;

struct checker_options {
	struct event_base *base;
	/*
	 * One or more targets changed state or reason, or the model that was followed last has
	 * other ones; called from the event loop, at most once a turn, never from within a call of
	 * this header. Ask checker_find for each target then.
	 */
	void (*changed)(void *context);
	void *context;
};

int checker_open(const struct checker_options *options, struct checker **out, struct err *err);
void checker_close(struct checker **checker);

/*
 * Makes the set of checks equal to the model: new targets are checked at once (spread over at most
 * the interval when there are many), removed, draining and unused ones are not checked any more,
 * changed settings take effect from the next check, which a changed interval brings on at once.
 * Starts each from target->state (unhealthy.draining is unhealthy here). On -ENOMEM all is as
 * before.
 */
int checker_follow(struct checker *checker, const struct model *model);

/*
 * The state that the checker gives to a target of the model (healthy, unhealthy, initial, unused,
 * draining, unavailable) with its reason, for target_follow_health; the target's current ones if it
 * is not followed.
 */
void checker_find(const struct checker *checker, const struct group *group,
		  const struct target *target, enum target_state *state,
		  enum target_reason *reason);

/* Since the target was added. For metrics and `target list`. */
struct check_stats {
	uint64_t checks;			/* finished */
	uint64_t failures[CHECK_RESULT_COUNT];	/* by result; [CHECK_PASSED] stays 0 */
	uint64_t duration_sum_us;		/* of all finished checks */
	uint32_t last_duration_us;
};
void checker_stats(const struct checker *checker, const struct group *group,
		   const struct target *target, struct check_stats *out);
