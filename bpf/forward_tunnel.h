/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Step 4, ipip: the packet goes to the target as it is, but for its TTL, inside an outer IP packet
 * of the same version (RFC 2003, RFC 2473). DSCP and ECN are copied outwards (RFC 6040).
 */
#pragma once

#include "checksum.h"
#include "frame.h"
#include "rewrite.h"

enum { OUTER_TTL = 64 };

static __always_inline enum reason write_outer_ipv4(const struct xdp_md *ctx, __u32 offset,
						    const struct packet *pkt,
						    const struct target_entry *target)
{
	struct iphdr *ip = frame_at(ctx, offset, sizeof(*ip));

	if (!ip)
		return REASON_TRUNCATED;
	*ip = (struct iphdr){
		.version = 4,
		.ihl = sizeof(*ip) / 4,
		.tos = pkt->tos,
		.tot_len = bpf_htons(pkt->l3_length + sizeof(*ip)),
		/* What nobody may fragment needs no id to be put together by (RFC 6864). */
		.id = pkt->dont_fragment ? 0 : bpf_get_prandom_u32(),
		.frag_off = pkt->dont_fragment ? bpf_htons(IPV4_DONT_FRAGMENT) : 0,
		.ttl = OUTER_TTL,
		.protocol = IPPROTO_IPIP,
		.saddr = target->source.word[3],
		.daddr = target->addr.word[3],
	};
	ip->check = compute_checksum(ip, sizeof(*ip));
	return REASON_NEXT;
}

static __always_inline enum reason write_outer_ipv6(const struct xdp_md *ctx, __u32 offset,
						    const struct packet *pkt,
						    const struct target_entry *target)
{
	struct ipv6hdr *ip = frame_at(ctx, offset, sizeof(*ip));
	__be32 first_word = bpf_htonl(6 << 28) | pkt->flowinfo;

	if (!ip)
		return REASON_TRUNCATED;
	__builtin_memcpy(ip, &first_word, sizeof(first_word));
	ip->payload_len = bpf_htons(pkt->l3_length);
	ip->nexthdr = IPPROTO_IPV6;
	ip->hop_limit = OUTER_TTL;
	store_addr(&ip->saddr, &target->source, true);
	store_addr(&ip->daddr, &target->addr, true);
	return REASON_NEXT;
}

static __always_inline enum reason forward_tunnel(struct xdp_md *ctx, struct packet *pkt,
						  const struct target_entry *target,
						  const struct egress *egress)
{
	bool is_v6 = pkt->tuple.is_v6;
	__u32 outer_length = is_v6 ? sizeof(struct ipv6hdr) : sizeof(struct iphdr);
	__u32 outer_offset = l2_length(egress);
	enum reason reason;

	if (pkt->l3_length + outer_length > target->mtu)
		return REASON_TOO_BIG;
	reason = decrement_ttl(ctx, pkt);
	if (reason == REASON_NEXT)
		reason = reframe(ctx, pkt, egress, outer_length);
	if (reason != REASON_NEXT)
		return reason;
	return is_v6 ? write_outer_ipv6(ctx, outer_offset, pkt, target) :
		       write_outer_ipv4(ctx, outer_offset, pkt, target);
}
