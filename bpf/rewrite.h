/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Changes within the IP packet that more than one way of forwarding makes: one end (address and
 * port), and the TTL. Each leaves every checksum right that was right before. The frame still
 * begins where it did when it was parsed.
 */
#pragma once

#include "checksum.h"
#include "frame.h"

enum end { SOURCE, DESTINATION };

/* A bound that the verifier sees: it does not know what was checked when the packet was parsed. */
enum offset_masks {
	L3_OFFSET_MASK = 31,		/* at most 14 + 2 * 4 */
	L4_OFFSET_MASK = 0x7fff,	/* at most 22 + 40 + 8 * 2048 */
};

static __always_inline void *l3_header(const struct xdp_md *ctx, const struct packet *pkt,
				       __u32 length)
{
	return frame_at(ctx, pkt->l3_offset & L3_OFFSET_MASK, length);
}

static __always_inline void store_addr(void *at, const struct addr *addr, bool is_v6)
{
	if (is_v6)
		__builtin_memcpy(at, addr, sizeof(*addr));
	else
		__builtin_memcpy(at, &addr->word[3], sizeof(addr->word[3]));
}

static __always_inline enum reason write_addr(const struct xdp_md *ctx, const struct packet *pkt,
					      enum end end, const struct addr *addr, __u64 changes)
{
	if (pkt->tuple.is_v6) {
		struct ipv6hdr *ip = l3_header(ctx, pkt, sizeof(*ip));

		if (!ip)
			return REASON_TRUNCATED;
		store_addr(end == SOURCE ? &ip->saddr : &ip->daddr, addr, true);
	} else {
		struct iphdr *ip = l3_header(ctx, pkt, sizeof(*ip));

		if (!ip)
			return REASON_TRUNCATED;
		store_addr(end == SOURCE ? &ip->saddr : &ip->daddr, addr, false);
		ip->check = update_checksum(ip->check, changes);
	}
	return REASON_NEXT;
}

static __always_inline enum reason write_port(const struct xdp_md *ctx, const struct packet *pkt,
					      enum end end, __be16 port, __u64 changes)
{
	bool is_tcp = pkt->tuple.protocol == IPPROTO_TCP;
	__u32 l4_offset = pkt->l4_offset & L4_OFFSET_MASK;
	__u32 port_offset = end == SOURCE ? 0 : sizeof(port);
	__u32 check_offset = is_tcp ? offsetof(struct tcphdr, check) :
				      offsetof(struct udphdr, check);
	__be16 *port_field = frame_at(ctx, l4_offset + port_offset, sizeof(*port_field));
	__sum16 *check = frame_at(ctx, l4_offset + check_offset, sizeof(*check));

	if (!port_field || !check)
		return REASON_TRUNCATED;
	*port_field = port;
	*check = is_tcp ? update_checksum(*check, changes) : update_udp_checksum(*check, changes);
	return REASON_NEXT;
}

/* One end of the packet becomes addr and port. */
static __always_inline enum reason rewrite_end(const struct xdp_md *ctx, const struct packet *pkt,
					       enum end end, const struct addr *addr, __be16 port)
{
	const struct five_tuple *flow = &pkt->tuple;
	const struct addr *old_addr = end == SOURCE ? &flow->src : &flow->dst;
	__be16 old_port = end == SOURCE ? flow->sport : flow->dport;
	__u64 addr_changes = change_addr(0, old_addr, addr);
	__u64 changes = change_word(addr_changes, old_port, port);
	enum reason reason;

	reason = write_port(ctx, pkt, end, port, changes);
	return reason ?: write_addr(ctx, pkt, end, addr, addr_changes);
}

/* The TTL must be above 1. */
static __always_inline enum reason decrement_ttl(const struct xdp_md *ctx, const struct packet *pkt)
{
	__u16 ttl = pkt->ttl;

	if (pkt->tuple.is_v6) {
		struct ipv6hdr *ip = l3_header(ctx, pkt, sizeof(*ip));

		if (!ip)
			return REASON_TRUNCATED;
		ip->hop_limit = ttl - 1;
	} else {
		__u64 changes = change_word(0, bpf_htons(ttl << 8), bpf_htons((ttl - 1) << 8));
		struct iphdr *ip = l3_header(ctx, pkt, sizeof(*ip));

		if (!ip)
			return REASON_TRUNCATED;
		ip->ttl = ttl - 1;
		ip->check = update_checksum(ip->check, changes);
	}
	return REASON_NEXT;
}
