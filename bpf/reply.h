/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * What no listener matched but a nat target sent or gets.
 *
 * To a target's own address and port: a client that talks to it directly through this gateway. Such
 * flows are recorded, so that their answers are told from replies, and the packet is passed.
 *
 * From a target's address and port, one of:
 * - the answer to a direct flow, or to this host itself (a health check): passed untouched;
 * - a reply: gets the listener's address and port as its source and leaves by the route to the
 *   client. Where that needs the kernel (no resolved neighbour, no XDP on the interface, fragments
 *   to make) it is passed with the new source, and where the kernel has to tell the target that it
 *   is too big it is passed untouched, so that the answer quotes what the target knows. A reply
 *   whose TTL is used up is dropped like any other packet.
 */
#pragma once

#include "flows.h"
#include "frame.h"
#include "hash.h"
#include "listener.h"
#include "maps.h"
#include "rewrite.h"

/* From <sys/socket.h>, which is not for BPF. */
enum address_family { FAMILY_IPV4 = 2, FAMILY_IPV6 = 10 };

static __always_inline const struct reply_entry *
find_reply(const struct config *config, const struct addr *addr, __be16 port, __u8 protocol)
{
	struct endpoint_key key = { .addr = *addr, .port = port, .protocol = protocol };
	const struct reply_entry *reply = bpf_map_lookup_elem(&replies, &key);

	return reply ?: find_in_range(&replies, &reply_ranges, config, key);
}

static __always_inline __u16 idle_timeout(const struct config *config, __u8 protocol)
{
	return protocol == IPPROTO_TCP ? config->idle_timeout_tcp : config->idle_timeout_udp;
}

static __always_inline struct direct_flows *find_direct_flows(void)
{
	__u32 zero = 0;

	return bpf_map_lookup_elem(&direct_flows, &zero);
}

/* From here on and until the idle timeout is over the reply path looks for direct flows. */
static __always_inline void note_direct(struct direct_flows *direct, __u32 now)
{
	if (direct->last_recorded != now)
		direct->last_recorded = now;
}

static __always_inline enum reason record_direct(const struct config *config,
						 const struct five_tuple *flow, __u32 now)
{
	__u16 timeout = idle_timeout(config, flow->protocol);
	__u64 hash = hash_flow(config->hash_secret, flow);
	struct flow_bucket *bucket = find_bucket(config, hash);
	struct direct_flows *direct = find_direct_flows();
	union flow new = { .tag = flow_tag(hash), .state = FLOW_ADOPTED, .seen = now };
	union flow *entry;
	union flow found;

	if (!bucket || !direct)
		return REASON_DIRECT;
	entry = find_flow(bucket, flow_tag(hash), now, timeout, &found);
	if (entry && is_direct_flow(found))
		refresh_flow(entry, found, FLOW_ADOPTED, now);
	else
		record_flow(config, bucket, new, now);
	note_direct(direct, now);
	return REASON_DIRECT;
}

/* False: no direct flow can be alive, so there is no need to look. */
static __always_inline bool may_be_direct(const struct config *config,
					  const struct direct_flows *direct, __u32 now)
{
	/* Signed: another CPU may have recorded one in a second that has not begun here. */
	return direct->last_recorded &&
	       (__s32)(now - direct->last_recorded) <= config->idle_timeout_longest;
}

/* Whether the target's packet belongs to a direct flow; keeps the flow alive. */
static __always_inline bool is_direct(const struct config *config, const struct five_tuple *reply,
				      __u32 now)
{
	struct five_tuple flow = {
		.src = reply->dst,
		.dst = reply->src,
		.sport = reply->dport,
		.dport = reply->sport,
		.protocol = reply->protocol,
		.is_v6 = reply->is_v6,
	};
	struct direct_flows *direct = find_direct_flows();
	struct flow_bucket *bucket;
	union flow *entry;
	union flow found;
	__u64 hash;

	if (!direct || !may_be_direct(config, direct, now))
		return false;
	hash = hash_flow(config->hash_secret, &flow);
	bucket = find_bucket(config, hash);
	if (!bucket)
		return false;
	entry = find_flow(bucket, flow_tag(hash), now, idle_timeout(config, flow.protocol), &found);
	if (!entry || !is_direct_flow(found))
		return false;
	refresh_flow(entry, found, FLOW_ADOPTED, now);
	note_direct(direct, now);
	return true;
}

/* Where the reply leaves once it has this source. REASON_NEXT: by *egress. */
static __always_inline enum reason route_reply(struct xdp_md *ctx, const struct packet *pkt,
					       const struct addr *source, __be16 port,
					       struct egress *egress)
{
	struct bpf_fib_lookup fib = {
		.family = pkt->tuple.is_v6 ? FAMILY_IPV6 : FAMILY_IPV4,
		.l4_protocol = pkt->tuple.protocol,
		.sport = port,
		.dport = pkt->tuple.dport,
		.tot_len = pkt->l3_length,
		.ifindex = ctx->ingress_ifindex,
	};
	const struct link_entry *link;

	if (pkt->tuple.is_v6)
		fib.flowinfo = pkt->flowinfo;
	else
		fib.tos = pkt->tos;
	store_addr(fib.ipv6_src, source, pkt->tuple.is_v6);
	store_addr(fib.ipv6_dst, &pkt->tuple.dst, pkt->tuple.is_v6);

	switch (bpf_fib_lookup(ctx, &fib, sizeof(fib), 0)) {
	case BPF_FIB_LKUP_RET_SUCCESS:
		break;
	case BPF_FIB_LKUP_RET_NOT_FWDED:
		return REASON_REPLY_LOCAL;
	case BPF_FIB_LKUP_RET_FWD_DISABLED:
		return REASON_REPLY_FORWARDING_OFF;
	case BPF_FIB_LKUP_RET_FRAG_NEEDED:
		return pkt->dont_fragment ? REASON_REPLY_TOO_BIG : REASON_REPLY_BY_KERNEL;
	default:
		return REASON_REPLY_BY_KERNEL;
	}
	link = bpf_map_lookup_elem(&links, &fib.ifindex);
	if (!link)
		return REASON_REPLY_BY_KERNEL;
	__builtin_memcpy(egress->dst_mac, fib.dmac, ETH_ALEN);
	__builtin_memcpy(egress->src_mac, fib.smac, ETH_ALEN);
	egress->ifindex = link->ifindex;
	egress->vlan = link->vlan;
	return REASON_NEXT;
}

static __always_inline enum reason send_reply(struct xdp_md *ctx, struct packet *pkt,
					      const struct reply_entry *reply)
{
	__be16 port = reply->port ?: pkt->tuple.sport;
	struct addr source = reply->addr;
	struct egress egress = {};
	enum reason route = route_reply(ctx, pkt, &source, port, &egress);
	enum reason reason;

	if (route != REASON_NEXT && route != REASON_REPLY_BY_KERNEL)
		return route;
	if (route == REASON_NEXT && pkt->ttl <= 1)
		return REASON_TTL_EXPIRED;
	reason = rewrite_end(ctx, pkt, SOURCE, &source, port);
	if (reason != REASON_NEXT || route == REASON_REPLY_BY_KERNEL)
		return reason ?: route;
	reason = decrement_ttl(ctx, pkt);
	if (reason == REASON_NEXT)
		reason = reframe(ctx, pkt, &egress, 0);
	return reason ?: REASON_REPLIED;
}

/* Called for packets that are for no listener. */
static __always_inline enum reason handle_reply(struct xdp_md *ctx, const struct config *config,
						struct packet *pkt)
{
	const struct five_tuple *flow = &pkt->tuple;
	const struct reply_entry *reply;

	if (find_reply(config, &flow->dst, flow->dport, flow->protocol))
		return record_direct(config, flow, seconds_now(config));
	reply = find_reply(config, &flow->src, flow->sport, flow->protocol);
	if (!reply)
		return REASON_NO_LISTENER;
	if (is_direct(config, flow, seconds_now(config)))
		return REASON_REPLY_DIRECT;
	return send_reply(ctx, pkt, reply);
}
