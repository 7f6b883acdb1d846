/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The frame that holds the packet: its bytes as the verifier lets us reach them, and the Ethernet
 * header. Whatever a packet came in, it leaves in the frame of its egress.
 */
#pragma once

#include <linux/bpf.h>

#include <bpf/bpf_helpers.h>

#include "packet.h"
#include "parse.h"

/*
 * In assembly because clang 14 at times zero-extends the 32-bit field by a 32-bit move, after which
 * the verifier of any kernel no longer takes it for a pointer ("invalid mem access 'scalar'").
 */
static __always_inline void *frame_begin(const struct xdp_md *ctx)
{
	void *begin;

	asm volatile("%0 = *(u32 *)(%1 + %2)"
		     : "=r"(begin)
		     : "r"(ctx), "i"(offsetof(struct xdp_md, data)));
	return begin;
}

static __always_inline void *frame_end(const struct xdp_md *ctx)
{
	void *end;

	asm volatile("%0 = *(u32 *)(%1 + %2)"
		     : "=r"(end)
		     : "r"(ctx), "i"(offsetof(struct xdp_md, data_end)));
	return end;
}

/*
 * Bytes of the frame, or NULL. They are there, as parse.h has found, but the verifier must see it,
 * and in the branch where they are used: kernel 6.1 does not keep track of spilled bytes such as
 * is_v6, so it takes two branches on one for independent.
 */
static __always_inline void *frame_at(const struct xdp_md *ctx, __u32 offset, __u32 length)
{
	void *at = frame_begin(ctx) + offset;

	return at + length > frame_end(ctx) ? NULL : at;
}

struct egress {
	__u8 dst_mac[ETH_ALEN], src_mac[ETH_ALEN];
	__u32 ifindex;
	__be16 vlan;			/* tag control; 0: untagged */
};

static __always_inline __u32 l2_length(const struct egress *egress)
{
	return sizeof(struct ethhdr) + (egress->vlan ? sizeof(struct vlan_tag) : 0);
}

static __always_inline enum reason write_l2(const struct xdp_md *ctx, const struct egress *egress,
					    __be16 ethertype)
{
	struct ethhdr *eth = frame_at(ctx, 0, sizeof(*eth) + sizeof(struct vlan_tag));
	struct vlan_tag *tag = (void *)(eth + 1);

	if (!eth)
		return REASON_TRUNCATED;
	__builtin_memcpy(__builtin_assume_aligned(eth->h_dest, 2), egress->dst_mac, ETH_ALEN);
	__builtin_memcpy(__builtin_assume_aligned(eth->h_source, 2), egress->src_mac, ETH_ALEN);
	if (egress->vlan) {
		eth->h_proto = bpf_htons(ETH_P_8021Q);
		tag->control = egress->vlan;
		tag->ethertype = ethertype;
	} else {
		eth->h_proto = ethertype;
	}
	return REASON_NEXT;
}

/*
 * Puts the egress's Ethernet header, tagged or not, in front of the packet, with room for an outer
 * header between the two, in one move of the frame's head. Every offset and pointer into the frame
 * is void afterwards.
 */
static __always_inline enum reason reframe(struct xdp_md *ctx, struct packet *pkt,
					   const struct egress *egress, __u32 room)
{
	int move = (int)pkt->l3_offset - (int)(l2_length(egress) + room);

	if (move && bpf_xdp_adjust_head(ctx, move))
		return REASON_NO_HEADROOM;
	pkt->egress_ifindex = egress->ifindex;
	return write_l2(ctx, egress, bpf_htons(pkt->tuple.is_v6 ? ETH_P_IPV6 : ETH_P_IP));
}
