/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Step 4, nat: the packet gets the target's address and port as its destination. */
#pragma once

#include "frame.h"
#include "rewrite.h"

static __always_inline enum reason forward_nat(struct xdp_md *ctx, struct packet *pkt,
					       const struct listener_entry *listener,
					       const struct target_entry *target,
					       const struct egress *egress)
{
	bool keeps_port = listener->flags & LISTENER_KEEPS_PORT || !target->port;
	__be16 port = keeps_port ? pkt->tuple.dport : target->port;
	enum reason reason;

	if (pkt->l3_length > target->mtu)
		return REASON_TOO_BIG;
	reason = rewrite_end(ctx, pkt, DESTINATION, &target->addr, port);
	if (reason == REASON_NEXT)
		reason = decrement_ttl(ctx, pkt);
	if (reason == REASON_NEXT)
		reason = reframe(ctx, pkt, egress, 0);
	return reason;
}
