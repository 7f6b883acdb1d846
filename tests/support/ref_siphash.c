// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * SipHash-c-d, step by step as section 2 of the paper by Aumasson and Bernstein states it: a padded
 * copy of the message is cut into words, and the state is an array. tests/unit/test_siphash.c holds
 * it against the paper's test vectors for 2-4.
 */
#include "ref_siphash.h"

#include <stdlib.h>
#include <string.h>

static uint64_t read_word(const uint8_t *bytes)
{
	uint64_t word = 0;

	for (int i = 7; i >= 0; i--)
		word = word << 8 | bytes[i];
	return word;
}

static uint64_t rotate(uint64_t word, int bits)
{
	return word << bits | word >> (64 - bits);
}

static void sip_rounds(uint64_t v[4], int rounds)
{
	for (int i = 0; i < rounds; i++) {
		v[0] += v[1];
		v[2] += v[3];
		v[1] = rotate(v[1], 13) ^ v[0];
		v[3] = rotate(v[3], 16) ^ v[2];
		v[0] = rotate(v[0], 32);
		v[2] += v[1];
		v[0] += v[3];
		v[1] = rotate(v[1], 17) ^ v[2];
		v[3] = rotate(v[3], 21) ^ v[0];
		v[2] = rotate(v[2], 32);
	}
}

uint64_t ref_siphash(int c_rounds, int d_rounds, const uint8_t key[16], const void *bytes,
		     size_t length)
{
	uint64_t k0 = read_word(key), k1 = read_word(key + 8);
	uint64_t v[4] = {
		k0 ^ 0x736f6d6570736575, k1 ^ 0x646f72616e646f6d,
		k0 ^ 0x6c7967656e657261, k1 ^ 0x7465646279746573,
	};
	size_t padded_length = (length / 8 + 1) * 8;
	uint8_t *padded = calloc(1, padded_length);

	if (!padded)
		abort();
	if (length)
		memcpy(padded, bytes, length);
	padded[padded_length - 1] = (uint8_t)length;
	for (size_t i = 0; i < padded_length; i += 8) {
		uint64_t word = read_word(padded + i);

		v[3] ^= word;
		sip_rounds(v, c_rounds);
		v[0] ^= word;
	}
	free(padded);
	v[2] ^= 0xff;
	sip_rounds(v, d_rounds);
	return v[0] ^ v[1] ^ v[2] ^ v[3];
}
