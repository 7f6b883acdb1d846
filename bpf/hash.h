/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The keyed hash of a flow: SipHash-1-3 of source address, destination address, source port,
 * destination port and protocol, as these bytes are on the wire (13 in IPv4, 37 in IPv6). Its top
 * bits choose the slot (pick.h), its low bits the bucket of the flow table (flow_table.h).
 *
 * The words are packed from fields instead of read from bytes: two in IPv4, five in IPv6.
 * Source: Aumasson and Bernstein, "SipHash: a fast short-input PRF" (2012).
 */
#pragma once

#include "packet.h"

_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__,
	       "fields in network order are packed as a little-endian load of their bytes");

struct sip_state {
	__u64 v0, v1, v2, v3;
};

static __always_inline __u64 rotate_left(__u64 word, int bits)
{
	return word << bits | word >> (64 - bits);
}

static __always_inline void sip_round(struct sip_state *s)
{
	s->v0 += s->v1;
	s->v2 += s->v3;
	s->v1 = rotate_left(s->v1, 13) ^ s->v0;
	s->v3 = rotate_left(s->v3, 16) ^ s->v2;
	s->v0 = rotate_left(s->v0, 32);
	s->v0 += s->v3;
	s->v2 += s->v1;
	s->v3 = rotate_left(s->v3, 21) ^ s->v0;
	s->v1 = rotate_left(s->v1, 17) ^ s->v2;
	s->v2 = rotate_left(s->v2, 32);
}

static __always_inline void sip_absorb(struct sip_state *s, __u64 word)
{
	s->v3 ^= word;
	sip_round(s);
	s->v0 ^= word;
}

static __always_inline void sip_absorb_addr(struct sip_state *s, const struct addr *addr)
{
	sip_absorb(s, (__u64)addr->word[1] << 32 | addr->word[0]);
	sip_absorb(s, (__u64)addr->word[3] << 32 | addr->word[2]);
}

static __always_inline __u64 hash_flow(const __u64 secret[2], const struct five_tuple *flow)
{
	struct sip_state s = {
		.v0 = secret[0] ^ 0x736f6d6570736575,
		.v1 = secret[1] ^ 0x646f72616e646f6d,
		.v2 = secret[0] ^ 0x6c7967656e657261,
		.v3 = secret[1] ^ 0x7465646279746573,
	};
	__u64 last = (__u64)flow->protocol << 32 | (__u64)flow->dport << 16 | flow->sport;

	if (flow->is_v6) {
		sip_absorb_addr(&s, &flow->src);
		sip_absorb_addr(&s, &flow->dst);
		last |= 37ULL << 56;
	} else {
		sip_absorb(&s, (__u64)flow->dst.word[3] << 32 | flow->src.word[3]);
		last |= 13ULL << 56;
	}
	sip_absorb(&s, last);
	s.v2 ^= 0xff;
	sip_round(&s);
	sip_round(&s);
	sip_round(&s);
	return s.v0 ^ s.v1 ^ s.v2 ^ s.v3;
}
