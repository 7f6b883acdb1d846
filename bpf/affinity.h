/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Step 3, where a flow is recorded or may be: slot + flow table -> target id, by these rules and
 * nothing else. docs/AFFINITY.md says why no change of a slot then moves a living flow.
 *
 *   slot      SYN                    entry of a living target    no such entry
 *   learning  current; record it     its target; refresh it      previous if alive, else current;
 *                                                                record it
 *   tracking  current; forget any    its target; refresh it      current
 *
 * A listener that is tracked records in every condition, stable too. UDP has no SYN, so if all of a
 * UDP listener's flows are recorded, one without an entry begins with this packet.
 */
#pragma once

#include "flows.h"
#include "packet.h"

static __always_inline bool is_stable(const struct listener_entry *listener, union slot slot)
{
	return slot.condition == SLOT_STABLE && !(listener->flags & LISTENER_TRACKED);
}

static __always_inline bool is_alive(__u32 id)
{
	const struct target_entry *target = find_target(id);

	return target && target->flags & TARGET_ALIVE;
}

/* The target that the flow is recorded on, which is thereby established; 0: none. */
static __always_inline __u32 recall(struct flow_bucket *bucket, __u32 tag, __u16 now, __u16 timeout)
{
	union flow found;
	union flow *entry = find_flow(bucket, tag, now, timeout, &found);

	if (!entry || !is_alive(found.target))
		return 0;
	refresh_flow(entry, found, FLOW_ESTABLISHED, now);
	return found.target;
}

static __always_inline bool begins_flow(const struct listener_entry *listener,
					const struct packet *pkt)
{
	bool tracked = listener->flags & LISTENER_TRACKED;

	return pkt->is_syn || (tracked && pkt->tuple.protocol == IPPROTO_UDP);
}

/* For a flow that is not recorded on a living target. */
static __always_inline __u32 choose(const struct listener_entry *listener,
				    const struct packet *pkt, union slot slot)
{
	bool is_older = slot.condition == SLOT_LEARNING && !begins_flow(listener, pkt);

	return is_older && is_alive(slot.previous) ? slot.previous : slot.current;
}

/* The target's id; 0: none. */
static __always_inline __u32 pick_by_rules(const struct config *config,
					   const struct listener_entry *listener,
					   const struct packet *pkt, __u64 hash, union slot slot)
{
	bool records = slot.condition == SLOT_LEARNING || listener->flags & LISTENER_TRACKED;
	struct flow_bucket *bucket = find_bucket(config, hash);
	union flow new = { .tag = flow_tag(hash), .seen = seconds_now(config) };
	__u32 id = 0;

	if (!bucket)
		return 0;
	if (!pkt->is_syn)
		id = recall(bucket, new.tag, new.seen, listener->idle_timeout);
	else if (!records)
		forget_flow(bucket, new.tag);
	if (id)
		return id;
	id = choose(listener, pkt, slot);
	if (!id || !records)
		return id;
	new.target = id;
	new.state = begins_flow(listener, pkt) ? FLOW_EMBRYONIC : FLOW_ADOPTED;
	record_flow(config, bucket, new, new.seen);
	return id;
}
