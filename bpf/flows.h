/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The flow table as the steps use it: the bucket of a flow, the clock, and the counting of what
 * became of each insertion.
 */
#pragma once

#include "flow_table.h"
#include "maps.h"

/*
 * The clock of the table, CLOCK_MONOTONIC; slots and entries hold the low bits of it. The coarse
 * one is a few milliseconds late and half the price.
 */
static __always_inline __u32 seconds_now(const struct config *config)
{
	return bpf_ktime_get_coarse_ns() / 1000000000 + config->clock_offset;
}

static __always_inline struct flow_bucket *find_bucket(const struct config *config, __u64 hash)
{
	__u32 index = flow_bucket_index(hash, config->flow_bucket_mask);

	return bpf_map_lookup_elem(&flows, &index);
}

static __always_inline void count_flow_event(enum flow_event event)
{
	__u32 index = event;
	__u64 *events = bpf_map_lookup_elem(&flow_events, &index);

	if (events)
		(*events)++;
}

/*
 * One attempt to insert; an enum flow_event. Global, so that the verifier looks at it once and for
 * itself: at each place and in each state in which it is called its branches would add up to more
 * than the million instructions that any kernel looks at ("BPF program is too large").
 */
__noinline int try_insert(struct flow_bucket *bucket, __u64 new, __u32 now, __u32 timeout)
{
	return bucket ? insert_flow(bucket, (union flow){ .word = new }, now, timeout) :
			FLOW_NOT_INSERTED;
}

static __always_inline void record_flow(const struct config *config, struct flow_bucket *bucket,
					union flow new, __u16 now)
{
	__u16 timeout = config->idle_timeout_longest;
	enum flow_event event = FLOW_NOT_INSERTED;

	for (int i = 0; i < FLOW_ATTEMPTS && event == FLOW_NOT_INSERTED; i++)
		event = try_insert(bucket, new.word, now, timeout);
	count_flow_event(event);
}
