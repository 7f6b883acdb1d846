/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Step 1: bytes -> struct packet. Whatever is not a whole TCP or UDP header in IPv4 or IPv6 gets
 * the reason why it goes to the kernel untouched. TRUNCATED: the frame ends before its headers or
 * the IP packet do. MALFORMED: the headers contradict themselves.
 *
 * Compiles natively too; the frame then begins two bytes before a multiple of four, as in a driver
 * (NET_IP_ALIGN), so that no header is misaligned.
 */
#pragma once

#include <linux/if_ether.h>
#include <linux/in.h>
#include <linux/ip.h>
#include <linux/ipv6.h>
#include <linux/tcp.h>
#include <linux/udp.h>

#include <bpf/bpf_endian.h>

#include "packet.h"

enum parse_limits {
	VLAN_TAGS_MAX = 2,
	EXTENSION_HEADERS_MAX = 8,
};

enum ipv4_fragment_field {
	IPV4_DONT_FRAGMENT = 0x4000,
	IPV4_MORE_FRAGMENTS = 0x2000,
	IPV4_FRAGMENT_OFFSET = 0x1fff,
};

struct cursor {
	void *at, *end;
	__u32 left;			/* of the IP packet, from at; the frame has that much */
};

/* The next bytes of the frame, or NULL if it ends before them. */
static __always_inline void *take(struct cursor *cursor, __u32 length)
{
	void *header = cursor->at;

	if (header + length > cursor->end)
		return NULL;
	cursor->at = header + length;
	return header;
}

static __always_inline void set_v4(struct addr *addr, __be32 v4)
{
	addr->word[0] = 0;
	addr->word[1] = 0;
	addr->word[2] = bpf_htonl(0xffff);
	addr->word[3] = v4;
}

static __always_inline bool is_v4(const struct addr *addr)
{
	return !(addr->word[0] | addr->word[1]) && addr->word[2] == bpf_htonl(0xffff);
}

static __always_inline bool is_vlan(__be16 ethertype)
{
	return ethertype == bpf_htons(ETH_P_8021Q) || ethertype == bpf_htons(ETH_P_8021AD);
}

static __always_inline enum reason parse_ethernet(struct cursor *cursor, __be16 *ethertype)
{
	const struct ethhdr *eth = take(cursor, sizeof(*eth));
	__be16 type;

	if (!eth)
		return REASON_TRUNCATED;
	if (eth->h_dest[0] & 1)
		return REASON_NOT_UNICAST;
	type = eth->h_proto;
	for (int i = 0; i < VLAN_TAGS_MAX && is_vlan(type); i++) {
		const struct vlan_tag *tag = take(cursor, sizeof(*tag));

		if (!tag)
			return REASON_TRUNCATED;
		type = tag->ethertype;
	}
	*ethertype = type;
	return REASON_NEXT;
}

static __always_inline enum reason parse_ipv4(struct cursor *cursor, struct packet *pkt)
{
	__u64 available = cursor->end - cursor->at;
	const struct iphdr *ip = take(cursor, sizeof(*ip));
	__u32 header_length, length;

	if (!ip)
		return REASON_TRUNCATED;
	header_length = ip->ihl * 4;
	length = bpf_ntohs(ip->tot_len);
	if (ip->version != 4 || header_length < sizeof(*ip) || length < header_length)
		return REASON_MALFORMED;
	if (length > available)
		return REASON_TRUNCATED;
	if (ip->frag_off & bpf_htons(IPV4_MORE_FRAGMENTS | IPV4_FRAGMENT_OFFSET))
		return REASON_FRAGMENT;

	set_v4(&pkt->tuple.src, ip->saddr);
	set_v4(&pkt->tuple.dst, ip->daddr);
	pkt->tuple.protocol = ip->protocol;
	pkt->tuple.is_v6 = false;
	pkt->l3_length = length;
	pkt->ttl = ip->ttl;
	pkt->tos = ip->tos;
	pkt->flowinfo = 0;
	pkt->dont_fragment = ip->frag_off & bpf_htons(IPV4_DONT_FRAGMENT);
	cursor->left = length - header_length;
	return take(cursor, header_length - sizeof(*ip)) ? REASON_NEXT : REASON_TRUNCATED;
}

/* Follows the chain up to the transport protocol, which it leaves in *next. */
static __always_inline enum reason skip_extension_headers(struct cursor *cursor, __u8 *next)
{
	for (int i = 0; i <= EXTENSION_HEADERS_MAX; i++) {
		const struct ipv6_rt_hdr *header;
		__u32 length;

		if (*next == IPPROTO_FRAGMENT)
			return REASON_FRAGMENT;
		if (*next == IPPROTO_AH)
			return REASON_EXTENSION_HEADERS;
		if (*next != IPPROTO_HOPOPTS && *next != IPPROTO_ROUTING &&
		    *next != IPPROTO_DSTOPTS)
			return REASON_NEXT;
		if (i == EXTENSION_HEADERS_MAX)
			break;

		/* What all three have in common is the beginning of a routing header. */
		header = take(cursor, sizeof(*header));
		if (!header)
			return REASON_TRUNCATED;
		length = (header->hdrlen + 1) * 8;
		if (length > cursor->left)
			return REASON_MALFORMED;
		if (*next == IPPROTO_ROUTING && header->segments_left)
			return REASON_EXTENSION_HEADERS;
		*next = header->nexthdr;
		cursor->left -= length;
		if (!take(cursor, length - sizeof(*header)))
			return REASON_TRUNCATED;
	}
	return REASON_EXTENSION_HEADERS;
}

static __always_inline enum reason parse_ipv6(struct cursor *cursor, struct packet *pkt)
{
	__u64 available = cursor->end - cursor->at;
	const struct ipv6hdr *ip = take(cursor, sizeof(*ip));
	__be32 first_word;
	__u32 length;

	if (!ip)
		return REASON_TRUNCATED;
	length = sizeof(*ip) + bpf_ntohs(ip->payload_len);
	if (ip->version != 6)
		return REASON_MALFORMED;
	if (length > available)
		return REASON_TRUNCATED;

	__builtin_memcpy(&pkt->tuple.src, &ip->saddr, sizeof(pkt->tuple.src));
	__builtin_memcpy(&pkt->tuple.dst, &ip->daddr, sizeof(pkt->tuple.dst));
	/* Would be taken for IPv4 from here on, and no such address belongs on the wire. */
	if (is_v4(&pkt->tuple.src) || is_v4(&pkt->tuple.dst))
		return REASON_MALFORMED;
	pkt->tuple.protocol = ip->nexthdr;
	pkt->tuple.is_v6 = true;
	pkt->l3_length = length;
	pkt->ttl = ip->hop_limit;
	__builtin_memcpy(&first_word, ip, sizeof(first_word));
	pkt->flowinfo = first_word & bpf_htonl(0x0fffffff);
	pkt->tos = bpf_ntohl(pkt->flowinfo) >> 20;
	pkt->dont_fragment = true;
	cursor->left = length - sizeof(*ip);
	return skip_extension_headers(cursor, &pkt->tuple.protocol);
}

static __always_inline enum reason parse_tcp(struct cursor *cursor, struct packet *pkt)
{
	const struct tcphdr *tcp = take(cursor, sizeof(*tcp));
	__u32 header_length;

	if (!tcp)
		return REASON_TRUNCATED;
	header_length = tcp->doff * 4;
	if (header_length < sizeof(*tcp) || header_length > cursor->left)
		return REASON_MALFORMED;
	pkt->tuple.sport = tcp->source;
	pkt->tuple.dport = tcp->dest;
	pkt->is_syn = tcp->syn && !tcp->ack;
	return REASON_NEXT;
}

static __always_inline enum reason parse_udp(struct cursor *cursor, struct packet *pkt)
{
	const struct udphdr *udp = take(cursor, sizeof(*udp));
	__u32 length;

	if (!udp)
		return REASON_TRUNCATED;
	length = bpf_ntohs(udp->len);
	if (length < sizeof(*udp) || length > cursor->left)
		return REASON_MALFORMED;
	pkt->tuple.sport = udp->source;
	pkt->tuple.dport = udp->dest;
	pkt->is_syn = false;
	return REASON_NEXT;
}

static __always_inline enum reason parse_transport(struct cursor *cursor, struct packet *pkt)
{
	switch (pkt->tuple.protocol) {
	case IPPROTO_TCP:
		return parse_tcp(cursor, pkt);
	case IPPROTO_UDP:
		return parse_udp(cursor, pkt);
	default:
		return REASON_PROTOCOL;
	}
}

static __always_inline enum reason parse_packet(void *data, void *data_end, struct packet *pkt)
{
	struct cursor cursor = { .at = data, .end = data_end };
	enum reason reason;
	__be16 ethertype;

	reason = parse_ethernet(&cursor, &ethertype);
	if (reason != REASON_NEXT)
		return reason;
	pkt->l3_offset = cursor.at - data;
	if (ethertype == bpf_htons(ETH_P_IP))
		reason = parse_ipv4(&cursor, pkt);
	else if (ethertype == bpf_htons(ETH_P_IPV6))
		reason = parse_ipv6(&cursor, pkt);
	else
		reason = REASON_NOT_IP;
	if (reason != REASON_NEXT)
		return reason;
	pkt->l4_offset = cursor.at - data;
	return parse_transport(&cursor, pkt);
}
