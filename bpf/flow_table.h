/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The flow table, one bucket (a cache line of eight entries) at a time: find, refresh, insert,
 * forget. An entry is one word, read and replaced as a whole; what another CPU changed meanwhile is
 * never overwritten. Time is a parameter, in seconds modulo 2^16, and so is the idle timeout after
 * which an entry counts as free.
 *
 * A flow has one entry: a new one takes the place of the one before, however old that is. Which
 * entry a full bucket gives up otherwise: a free or expired one, else the least important state
 * first (enum flow_state is in that order) and of those the oldest. An embryonic entry, which
 * anyone can make up, pushes out other embryonic ones at most.
 *
 * CPUs that insert the same flow at the same time may leave it two entries. The first one counts:
 * it is found, refreshed and replaced before the other, which ages and goes. Only forgetting looks
 * for both.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include <linux/stddef.h>

#include "abi.h"

enum flow_table_constants {
	FLOW_TAG_SHIFT = 64 - FLOW_TAG_BITS,
	/* One that fails means that another CPU has just succeeded; many in a row are rare. */
	FLOW_ATTEMPTS = 8,
};

/* Of entries that make way for a new one before any live one of another flow. */
enum eviction_ranks {
	RANK_EMBRYONIC = (FLOW_ESTABLISHED - FLOW_EMBRYONIC) << 16,	/* and above, by age */
	RANK_FREE = 0x7ffffffe,
	RANK_OWN = 0x7fffffff,
};

static __always_inline __u32 flow_bucket_index(__u64 hash, __u32 bucket_mask)
{
	return hash & bucket_mask;
}

static __always_inline __u32 flow_tag(__u64 hash)
{
	return hash >> FLOW_TAG_SHIFT;
}

/* A flow to a nat target's own address and port. No packets ever promote it. */
static __always_inline bool is_direct_flow(union flow flow)
{
	return flow.state == FLOW_ADOPTED && !flow.target;
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

/*
 * Another packet of the flow found. Written only when the second or the state changed: a busy flow
 * must not dirty the cache line each time.
 */
static __always_inline void refresh_flow(union flow *entry, union flow found,
					 enum flow_state state, __u16 now)
{
	union flow refreshed = found;

	refreshed.state = state;
	refreshed.seen = now;
	if (refreshed.word != found.word)
		replace_flow(entry, found, refreshed);
}

/* Live or not. */
static __always_inline bool is_of_flow(union flow flow, __u32 tag)
{
	return flow.state != FLOW_FREE && flow.tag == tag;
}

static __always_inline void forget_flow(struct flow_bucket *bucket, __u32 tag)
{
	for (int attempt = 0; attempt < FLOW_ATTEMPTS; attempt++) {
		bool done = true;

		for (int i = 0; i < FLOWS_PER_BUCKET; i++) {
			union flow flow = load_flow(&bucket->flow[i]);

			if (is_of_flow(flow, tag))
				done &= replace_flow(&bucket->flow[i], flow, (union flow){});
		}
		if (done)
			return;
	}
}

/* The highest goes first. */
static __always_inline __u32 eviction_rank(union flow flow, __u32 tag, __u16 now, __u16 timeout)
{
	if (is_of_flow(flow, tag))
		return RANK_OWN;
	if (!is_live(flow, now, timeout))
		return RANK_FREE;
	return (__u32)(FLOW_ESTABLISHED - flow.state) << 16 | flow_age(flow, now);
}

/* The flow's own entry counts as a free place. */
static __always_inline enum flow_event insertion_event(union flow victim, __u32 rank)
{
	if (rank >= RANK_FREE)
		return FLOW_INSERTED;
	return FLOW_REPLACED_EMBRYONIC + (victim.state - FLOW_EMBRYONIC);
}

/*
 * FLOW_NOT_INSERTED: another CPU has just changed the entry that was to go, so try again. timeout
 * is the longest of any flow, for it says which entries of others are free.
 */
static __always_inline enum flow_event insert_flow(struct flow_bucket *bucket, union flow new,
						   __u16 now, __u16 timeout)
{
	union flow victim = load_flow(&bucket->flow[0]);
	__u32 highest = eviction_rank(victim, new.tag, now, timeout);
	__u32 at = 0;

	for (__u32 i = 1; i < FLOWS_PER_BUCKET; i++) {
		union flow flow = load_flow(&bucket->flow[i]);
		__u32 rank = eviction_rank(flow, new.tag, now, timeout);

		if (rank > highest) {
			victim = flow;
			highest = rank;
			at = i;
		}
	}
	if (new.state == FLOW_EMBRYONIC && highest < RANK_EMBRYONIC)
		return FLOW_NO_ROOM;
	if (!replace_flow(&bucket->flow[at & (FLOWS_PER_BUCKET - 1)], victim, new))
		return FLOW_NOT_INSERTED;
	return insertion_event(victim, highest);
}
