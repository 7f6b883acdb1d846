/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Step 5, the only exit: reason -> XDP action, and the counters. They are per CPU, and a program
 * is not interrupted by another on its CPU, so plain additions are enough.
 */
#pragma once

#include "maps.h"
#include "packet.h"

static __always_inline enum action action_of(enum reason reason)
{
	switch (reason) {
#define REASON_ACTION(name, label, action, help) \
	case REASON_##name: \
		return ACTION_##action;
	REASONS(REASON_ACTION)
#undef REASON_ACTION
	default:
		return ACTION_DROP;
	}
}

static __always_inline void add_traffic(void *map, __u32 index, const struct packet *pkt)
{
	struct traffic *traffic = bpf_map_lookup_elem(map, &index);

	if (!traffic)
		return;
	traffic->packets++;
	traffic->bytes += pkt->l3_length;
	traffic->flows += pkt->is_syn;
}

static __always_inline void count(const struct packet *pkt, enum reason reason)
{
	__u32 index = reason;
	__u64 *packets = bpf_map_lookup_elem(&reasons, &index);

	if (packets)
		(*packets)++;
	if (pkt->listener)
		add_traffic(&listener_traffic, pkt->listener, pkt);
	if (reason == REASON_FORWARDED)
		add_traffic(&target_traffic, pkt->target, pkt);
}

static __always_inline int send(const struct xdp_md *ctx, const struct packet *pkt)
{
	if (pkt->egress_ifindex == ctx->ingress_ifindex)
		return XDP_TX;
	return bpf_redirect_map(&devices, pkt->egress_ifindex, XDP_DROP);
}

static __always_inline int finish(const struct xdp_md *ctx, const struct packet *pkt,
				  enum reason reason)
{
	int action;

	switch (action_of(reason)) {
	case ACTION_PASS:
		action = XDP_PASS;
		break;
	case ACTION_FORWARD:
		action = send(ctx, pkt);
		if (action == XDP_DROP)
			reason = REASON_NO_NEXT_HOP;
		break;
	default:
		action = XDP_DROP;
	}
	count(pkt, reason);
	return action;
}
