/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The flow table, one bucket (a cache line of eight entries) at a time: find, refresh, insert. An
 * entry is one word, read and replaced as a whole; what another CPU changed meanwhile is never
 * overwritten. Time is a parameter, in seconds modulo 2^16, and so is the idle timeout after which
 * an entry counts as free.
 *
 * Which entry a full bucket gives up: a free or expired one, else the least important state first
 * (enum flow_state is in that order) and of those the oldest. So packets that anyone can make up,
 * be they SYNs or to a target's own address, never push out an established flow.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include <linux/stddef.h>

#include "abi.h"

enum flow_table_constants {
	FLOW_TAG_SHIFT = 22,		/* bits 22-43: above the bucket's, below the slot's */
	FLOW_TAG_MASK = (1 << 22) - 1,
	FLOW_INSERT_ATTEMPTS = 2,
	FLOW_CLOCK_SKEW = 4,		/* seconds that CPUs may be apart */
};

static __always_inline __u32 flow_bucket_index(__u64 hash, __u32 bucket_mask)
{
	return hash & bucket_mask;
}

static __always_inline __u32 flow_tag(__u64 hash)
{
	return hash >> FLOW_TAG_SHIFT & FLOW_TAG_MASK;
}

static __always_inline union flow load_flow(const union flow *entry)
{
	return (union flow){ .word = *(const volatile __u64 *)&entry->word };
}

/* False if the entry is no longer old. */
static __always_inline bool replace_flow(union flow *entry, union flow old, union flow new)
{
	return __sync_val_compare_and_swap(&entry->word, old.word, new.word) == old.word;
}

/* What another CPU wrote a moment after this packet was begun is not old. */
static __always_inline __u16 flow_age(union flow flow, __u16 now)
{
	__u16 age = now - flow.seen;

	return age > (__u16)-FLOW_CLOCK_SKEW ? 0 : age;
}

static __always_inline bool is_live(union flow flow, __u16 now, __u16 timeout)
{
	return flow.state != FLOW_FREE && flow_age(flow, now) <= timeout;
}

/* The live entry with this tag, whose content goes to *found, or NULL. */
static __always_inline union flow *find_flow(struct flow_bucket *bucket, __u32 tag, __u16 now,
					     __u16 timeout, union flow *found)
{
	for (int i = 0; i < FLOWS_PER_BUCKET; i++) {
		union flow flow = load_flow(&bucket->flow[i]);

		if (flow.tag == tag && is_live(flow, now, timeout)) {
			*found = flow;
			return &bucket->flow[i];
		}
	}
	return NULL;
}

/* Written only when the second changed: a busy flow must not dirty the cache line each time. */
static __always_inline void refresh_flow(union flow *entry, union flow found, __u16 now)
{
	union flow refreshed = found;

	refreshed.seen = now;
	if (refreshed.word != found.word)
		replace_flow(entry, found, refreshed);
}

/* The highest goes first. */
static __always_inline __u32 eviction_rank(union flow flow, __u16 now, __u16 timeout)
{
	if (!is_live(flow, now, timeout))
		return ~0U;
	return (__u32)(FLOW_ESTABLISHED - flow.state) << 16 | flow_age(flow, now);
}

/*
 * For a flow that was not found. If other CPUs keep changing the bucket it stays out of the table
 * until its next packet.
 */
static __always_inline void insert_flow(struct flow_bucket *bucket, union flow new, __u16 now,
					__u16 timeout)
{
	for (int attempt = 0; attempt < FLOW_INSERT_ATTEMPTS; attempt++) {
		union flow victim = load_flow(&bucket->flow[0]);
		__u32 highest = eviction_rank(victim, now, timeout);
		__u32 at = 0;

		for (__u32 i = 1; i < FLOWS_PER_BUCKET; i++) {
			union flow flow = load_flow(&bucket->flow[i]);
			__u32 rank = eviction_rank(flow, now, timeout);

			if (rank > highest) {
				victim = flow;
				highest = rank;
				at = i;
			}
		}
		if (replace_flow(&bucket->flow[at & (FLOWS_PER_BUCKET - 1)], victim, new))
			return;
	}
}
