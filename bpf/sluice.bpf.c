// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * The packet's way: parse -> match listener -> pick target -> forward -> count.
 *
 * Each step has its header and returns REASON_NEXT, or the reason why the packet's way ends with
 * it; finish() alone turns reasons into actions. Whatever is not for a listener, nor from or to a
 * nat target, is passed untouched.
 */
#include "count.h"
#include "forward.h"
#include "frame.h"
#include "listener.h"
#include "parse.h"
#include "pick.h"
#include "reply.h"

static __always_inline enum reason steer(struct xdp_md *ctx, const struct config *config,
					 const struct listener_entry *listener, struct packet *pkt)
{
	const struct target_entry *target;
	enum reason reason = pick_target(config, listener, pkt, &target);

	return reason ?: forward(ctx, pkt, listener, target);
}

static __always_inline enum reason process(struct xdp_md *ctx, const struct config *config,
					   struct packet *pkt)
{
	const struct listener_entry *listener;
	enum reason reason;

	reason = parse_packet(frame_begin(ctx), frame_end(ctx), pkt);
	if (reason != REASON_NEXT)
		return reason;
	reason = match_listener(config, pkt, &listener);
	if (reason == REASON_NEXT)
		return steer(ctx, config, listener, pkt);
	if (config->flags & CONFIG_HAS_NAT)
		return handle_reply(ctx, config, pkt);
	return reason;
}

SEC("xdp")
int sluice(struct xdp_md *ctx)
{
	const struct config *config = find_config();
	struct packet pkt = {};

	/* The lookup can not fail, but the verifier does not know. */
	return config ? finish(ctx, &pkt, process(ctx, config, &pkt)) : XDP_PASS;
}

char LICENSE[] SEC("license") = "Dual BSD/GPL";
