// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * dataplane/siphash.c against the reference, and the reference against the vectors that the authors
 * of SipHash published for 2-4 (there are none for 1-3).
 */
#include "dataplane/siphash.h"

#include <criterion/criterion.h>
#include <endian.h>
#include <string.h>

#include "base/cleanup.h"
#include "ref_siphash.h"

static void count_up(uint8_t *bytes, size_t length)
{
	for (size_t i = 0; i < length; i++)
		bytes[i] = (uint8_t)i;
}

Test(siphash, the_reference_gives_the_published_vectors)
{
	/* Key 00 01 .. 0f, message 00 01 .. of the length; vectors_sip64 of the authors' code. */
	static const struct {
		size_t length;
		uint64_t hash;
	} vectors[] = {
		{ 0, 0x726fdb47dd0e0e31 },  { 1, 0x74f839c593dc67fd },  { 2, 0x0d6c8009d9a94f5a },
		{ 3, 0x85676696d7fb7e2d },  { 4, 0xcf2794e0277187b7 },  { 5, 0x18765564cd99a68d },
		{ 6, 0xcbc9466e58fee3ce },  { 7, 0xab0200f58b01d137 },  { 8, 0x93f5f5799a932462 },
		{ 9, 0x9e0082df0ba9e4b0 },  { 10, 0x7a5dbbc594ddb9f3 }, { 11, 0xf4b32f46226bada7 },
		{ 12, 0x751e8fbc860ee5fb }, { 13, 0x14ea5627c0843d90 }, { 14, 0xf723ca908e7af2ee },
		{ 15, 0xa129ca6149be45e5 }, { 16, 0x3f2acc7f57c29bdb }, { 63, 0x958a324ceb064572 },
	};
	uint8_t key[16], message[64];

	count_up(key, sizeof(key));
	count_up(message, sizeof(message));
	for (size_t i = 0; i < ARRAY_SIZE(vectors); i++)
		cr_expect_eq(ref_siphash(2, 4, key, message, vectors[i].length), vectors[i].hash,
			     "length %zu", vectors[i].length);
}

Test(siphash, equals_the_reference_for_every_length_and_alignment)
{
	uint8_t key[16], message[200];
	uint64_t words[2];

	for (size_t i = 0; i < sizeof(key); i++)
		key[i] = (uint8_t)(37 * i + 200);
	for (size_t i = 0; i < sizeof(message); i++)
		message[i] = (uint8_t)(91 * i + (i >> 3));
	memcpy(words, key, sizeof(words));
	words[0] = le64toh(words[0]);
	words[1] = le64toh(words[1]);
	for (size_t length = 0; length < sizeof(message) - 8; length++) {
		for (size_t start = 0; start < 8; start++)
			cr_assert_eq(siphash13(words, message + start, length),
				     ref_siphash(1, 3, key, message + start, length),
				     "length %zu at %zu", length, start);
	}
}

Test(siphash, every_bit_of_key_and_message_counts)
{
	uint64_t key[2] = { 0x0706050403020100, 0x0f0e0d0c0b0a0908 };
	uint8_t message[21] = { 0 };
	uint64_t hash = siphash13(key, message, sizeof(message));

	for (size_t bit = 0; bit < 8 * sizeof(message); bit++) {
		message[bit / 8] ^= (uint8_t)(1 << bit % 8);
		cr_expect_neq(siphash13(key, message, sizeof(message)), hash, "bit %zu", bit);
		message[bit / 8] ^= (uint8_t)(1 << bit % 8);
	}
	for (size_t bit = 0; bit < 128; bit++) {
		key[bit / 64] ^= 1ULL << bit % 64;
		cr_expect_neq(siphash13(key, message, sizeof(message)), hash, "key bit %zu", bit);
		key[bit / 64] ^= 1ULL << bit % 64;
	}
}

Test(siphash, zeros_of_different_length_differ)
{
	static const uint64_t key[2] = { 1, 2 };
	static const uint8_t zeros[64];
	uint64_t seen[sizeof(zeros)];

	for (size_t length = 0; length < sizeof(zeros); length++) {
		seen[length] = siphash13(key, zeros, length);
		for (size_t i = 0; i < length; i++)
			cr_expect_neq(seen[i], seen[length]);
	}
}
