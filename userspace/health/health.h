/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Rise and fall of one target: pure, no clock and no sockets. A check only reports; this decides.
 * A new target is in service after one pass and out after unhealthy_threshold failures; a known one
 * needs the thresholds.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "model/model.h"

struct health {
	enum target_state state;	/* initial, healthy or unhealthy while it is checked */
	enum target_reason reason;
	uint8_t streak;			/* consecutive results that speak against state */
};

enum check_result { CHECK_PASSED, CHECK_TIMED_OUT, CHECK_FAILED, CHECK_RESULT_COUNT };

/*
 * Starts from what is known: healthy and unhealthy (draining or not) survive a restart, and a
 * target that was in service unchecked (unavailable) stays in service until checks speak against
 * it. All others are new: initial, in registration.
 */
void health_init(struct health *health, enum target_state state, enum target_reason reason);

/* A check begins, so registration is over; true if the reason changed. */
bool health_begin(struct health *health);

/* Takes one result; true if state or reason changed. */
bool health_report(struct health *health, const struct health_check *check,
		   enum check_result result);
