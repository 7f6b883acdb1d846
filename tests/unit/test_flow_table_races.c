// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * bpf/flow_table.h on two CPUs at the same time, compiled natively and so closely that what
 * tests/packet/test_flow_races.c meets now and then happens in most rounds.
 */
#include <criterion/criterion.h>
#include <linux/types.h>
#include <stdint.h>
#include <string.h>

#include "flow_table.h"
#include "two_cpus.h"

enum { ROUNDS = 20000, TIMEOUT = 350, TAG = 7, HALF = FLOWS_PER_BUCKET / 2 };

static struct flow_bucket bucket;

static union flow flow(uint32_t tag, uint32_t target, uint16_t now)
{
	return (union flow){ .tag = tag, .target = target, .state = FLOW_EMBRYONIC, .seen = now };
}

/* As often as it takes: the other side writes far more often than any flow is refreshed. */
static void record(union flow new, uint16_t now)
{
	while (insert_flow(&bucket, new, now, TIMEOUT) == FLOW_NOT_INSERTED)
		;
}

/* 0: it has no entry. */
static uint32_t target_of(uint32_t tag)
{
	union flow found;

	return find_flow(&bucket, tag, 0, TIMEOUT, &found) ? found.target : 0;
}

static void insert_half(struct side *side)
{
	for (int round = 0; round < ROUNDS; round++) {
		uint32_t first = (uint32_t)side->number * HALF;

		side_meet(side);
		for (uint32_t tag = first; tag < first + HALF; tag++)
			record(flow(tag, 1 + tag, 0), 0);
		side_meet(side);
		if (side->number)
			continue;
		for (uint32_t tag = 0; tag < FLOWS_PER_BUCKET; tag++)
			side_check(side, target_of(tag) == 1 + tag, "flow %u is lost", tag);
		memset(&bucket, 0, sizeof(bucket));
	}
}

Test(flow_table_races, insertions_do_not_take_each_other_s_place)
{
	two_cpus_run(NULL, insert_half, insert_half);
}

/* Refreshes the flow, each time for a change, until the other side is done; rests in between. */
static void refresh(struct side *side, unsigned int least_rest)
{
	union flow found;

	for (unsigned int i = 0; !side->both->done; i++) {
		union flow *entry = find_flow(&bucket, TAG, (uint16_t)(i & 1), TIMEOUT, &found);

		if (entry)
			refresh_flow(entry, found, FLOW_ESTABLISHED, (uint16_t)(i & 1));
		for (volatile unsigned int rest = least_rest + i % 64; rest; rest--)
			;
	}
}

static void refresh_often(struct side *side)
{
	refresh(side, 0);
}

/* So that eight attempts are enough. */
static void refresh_at_times(struct side *side)
{
	refresh(side, 500);
}

static void replace(struct side *side)
{
	for (uint32_t round = 0; round < ROUNDS; round++) {
		uint32_t target = 1 + round;

		record(flow(TAG, target, 0), 0);
		for (int i = 0; i < 10; i++)
			side_check(side, target_of(TAG) == target, "not on target %u", target);
	}
	side->both->done = true;
}

Test(flow_table_races, a_refresh_does_not_bring_back_what_was_replaced)
{
	two_cpus_run(NULL, replace, refresh_often);
}

static void forget(struct side *side)
{
	for (uint32_t round = 0; round < ROUNDS; round++) {
		record(flow(TAG, 1, 0), 0);
		forget_flow(&bucket, TAG);
		for (int i = 0; i < 10; i++)
			side_check(side, !target_of(TAG), "not forgotten");
	}
	side->both->done = true;
}

Test(flow_table_races, a_refresh_does_not_keep_what_is_forgotten)
{
	two_cpus_run(NULL, forget, refresh_at_times);
}
