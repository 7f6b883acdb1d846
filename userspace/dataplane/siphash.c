// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* SipHash-1-3: one round per word of the message, three at the end. */
#include "dataplane/siphash.h"

#include <endian.h>
#include <string.h>

struct sip {
	uint64_t a, b, c, d;
};

static inline uint64_t rotate(uint64_t word, int bits)
{
	return word << bits | word >> (64 - bits);
}

static inline void sip_round(struct sip *v)
{
	v->a += v->b;
	v->b = rotate(v->b, 13) ^ v->a;
	v->a = rotate(v->a, 32);
	v->c += v->d;
	v->d = rotate(v->d, 16) ^ v->c;
	v->a += v->d;
	v->d = rotate(v->d, 21) ^ v->a;
	v->c += v->b;
	v->b = rotate(v->b, 17) ^ v->c;
	v->c = rotate(v->c, 32);
}

static inline void take_word(struct sip *v, uint64_t word)
{
	v->d ^= word;
	sip_round(v);
	v->a ^= word;
}

uint64_t siphash13(const uint64_t key[2], const void *bytes, size_t length)
{
	struct sip v = {
		key[0] ^ 0x736f6d6570736575, key[1] ^ 0x646f72616e646f6d,
		key[0] ^ 0x6c7967656e657261, key[1] ^ 0x7465646279746573,
	};
	const uint8_t *rest = bytes, *end = rest + length / 8 * 8;
	uint64_t word, last = (uint64_t)length << 56;

	for (; rest < end; rest += 8) {
		memcpy(&word, rest, 8);
		take_word(&v, le64toh(word));
	}
	for (size_t i = 0; i < length % 8; i++)
		last |= (uint64_t)rest[i] << 8 * i;
	take_word(&v, last);
	v.c ^= 0xff;
	sip_round(&v);
	sip_round(&v);
	sip_round(&v);
	return v.a ^ v.b ^ v.c ^ v.d;
}
