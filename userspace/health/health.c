// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Rise and fall of one target: the only place that turns results of checks into a state. */
#include "health/health.h"

void health_init(struct health *health, enum target_state state, enum target_reason reason)
{
	switch (state) {
	case TARGET_HEALTHY:
	case TARGET_UNAVAILABLE:
		*health = (struct health){ .state = TARGET_HEALTHY };
		break;
	case TARGET_UNHEALTHY:
	case TARGET_UNHEALTHY_DRAINING:
		*health = (struct health){ .state = TARGET_UNHEALTHY, .reason = reason };
		break;
	default:
		*health = (struct health){ .state = TARGET_INITIAL,
					   .reason = TARGET_REASON_REGISTRATION_IN_PROGRESS };
	}
}

bool health_begin(struct health *health)
{
	if (health->reason != TARGET_REASON_REGISTRATION_IN_PROGRESS)
		return false;
	health->reason = TARGET_REASON_INITIAL_HEALTH_CHECKING;
	return true;
}

static uint8_t threshold(const struct health *health, const struct health_check *check,
			 enum check_result result)
{
	if (result != CHECK_PASSED)
		return check->unhealthy_threshold;
	return health->state == TARGET_INITIAL ? 1 : check->healthy_threshold;
}

bool health_report(struct health *health, const struct health_check *check,
		   enum check_result result)
{
	static const enum target_reason reasons[CHECK_RESULT_COUNT] = {
		[CHECK_PASSED] = TARGET_REASON_NONE,
		[CHECK_TIMED_OUT] = TARGET_REASON_TIMEOUT,
		[CHECK_FAILED] = TARGET_REASON_FAILED_HEALTH_CHECKS,
	};
	const struct health verdict = {
		.state = result == CHECK_PASSED ? TARGET_HEALTHY : TARGET_UNHEALTHY,
		.reason = reasons[result],
	};
	bool changes;

	if (verdict.state != health->state && ++health->streak < threshold(health, check, result))
		return false;
	changes = verdict.state != health->state || verdict.reason != health->reason;
	*health = verdict;
	return changes;
}
