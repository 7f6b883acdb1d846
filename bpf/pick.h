/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Step 3: flow -> slot -> target. A stable slot's current target is every flow's. */
#pragma once

#include "affinity.h"
#include "hash.h"
#include "maps.h"
#include "packet.h"
#include "parse.h"

static __always_inline union slot load_slot(const struct listener_entry *listener, __u64 hash)
{
	__u32 index = listener->ring_base + (__u32)(hash >> (listener->ring_shift & 63));
	const union slot *slot = bpf_map_lookup_elem(&slots, &index);

	return (union slot){ .word = slot ? *(const volatile __u64 *)&slot->word : 0 };
}

static __always_inline bool is_usable(const struct target_entry *target, bool is_v6)
{
	return target->forwarding != FORWARDING_NONE && is_v4(&target->addr) != is_v6;
}

static __always_inline enum reason pick_target(const struct config *config,
					       const struct listener_entry *listener,
					       struct packet *pkt,
					       const struct target_entry **target)
{
	__u64 hash = hash_flow(config->hash_secret, &pkt->tuple);
	union slot slot = load_slot(listener, hash);
	__u32 id = slot.current;

	if (!is_stable(listener, slot))
		id = pick_by_rules(config, listener, pkt, hash, slot);
	if (!id)
		return REASON_NO_TARGET;
	*target = find_target(id);
	if (!*target || !is_usable(*target, pkt->tuple.is_v6))
		return REASON_STALE_TARGET;
	if (!(*target)->ifindex)
		return REASON_NO_NEXT_HOP;
	pkt->target = TARGET_INDEX(id);
	return REASON_NEXT;
}
