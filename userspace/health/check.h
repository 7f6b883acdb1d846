/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The check of one target: its timer, the attempt in flight, the health. Inside of checker.h. */
#pragma once

#include <event2/event_struct.h>
#include <stdbool.h>
#include <stdint.h>

#include "health/checker.h"
#include "health/health.h"
#include "health/jitter.h"
#include "model/model.h"

struct check_kind;

/* What all checks of a checker share. */
struct check_shared {
	struct event_base *base;
	struct jitter jitter;
	struct event changed;		/* fires in the next turn: some state or reason changed */
	uint64_t lack_logged_ms;	/* monotonic; 0: never */
};

struct check {
	struct check_shared *shared;	/* borrowed */
	char group[NAME_SIZE];		/* group, addr, port: the target, and the order of checks */
	struct addr addr;
	uint16_t port;
	struct health_check settings;
	const struct check_kind *kind;	/* NULL: not checked, the model alone gives the state */
	struct health health;
	struct event due;
	void *attempt;			/* of kind; NULL: none in flight */
	uint64_t started_us;
	struct check_stats stats;
	uint64_t round;			/* the checker's, when it was last in the model; 0: new */
};

/* Not checked yet: state and reason are the target's. NULL: out of memory. */
struct check *check_new(struct check_shared *shared, const struct group *group,
			const struct target *target);
void check_free(struct check **check);

/* Negative, 0 or positive: the order of the model, by group name, address, port. */
int check_compare(const struct check *check, const struct group *group,
		  const struct target *target);

/* Takes over what the model says of the target. used: some listener sends to the group. */
void check_follow(struct check *check, const struct group *group, const struct target *target,
		  bool used);

/* The model has the check's state; how long unhealthy ones drain is the model's alone. */
bool check_agrees(const struct check *check, const struct target *target);

/* True if the target is to be checked but no check is due or in flight. */
bool check_is_idle(const struct check *check);
void check_schedule(struct check *check, uint64_t delay_us);
void check_announce(struct check_shared *shared);	/* arms shared->changed */
