/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Step 4: the packet on its way to the target, in the way that the target's group asks for. */
#pragma once

#include "forward_nat.h"
#include "forward_tunnel.h"

static __always_inline struct egress egress_of(const struct target_entry *target)
{
	struct egress egress = { .ifindex = target->ifindex, .vlan = target->vlan };

	__builtin_memcpy(egress.dst_mac, target->dst_mac, ETH_ALEN);
	__builtin_memcpy(egress.src_mac, target->src_mac, ETH_ALEN);
	return egress;
}

static __always_inline enum reason forward(struct xdp_md *ctx, struct packet *pkt,
					   const struct listener_entry *listener,
					   const struct target_entry *target)
{
	struct egress egress = egress_of(target);
	enum reason reason;

	if (pkt->ttl <= 1)
		return REASON_TTL_EXPIRED;
	switch (target->forwarding) {
	case FORWARDING_NAT:
		reason = forward_nat(ctx, pkt, listener, target, &egress);
		break;
	case FORWARDING_IPIP:
		reason = forward_tunnel(ctx, pkt, target, &egress);
		break;
	default:
		reason = REASON_STALE_TARGET;
	}
	return reason == REASON_NEXT ? REASON_FORWARDED : reason;
}
