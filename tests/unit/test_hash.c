// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* bpf/hash.h, which packs words from fields, against a SipHash of the bytes on the wire. */
#include <arpa/inet.h>
#include <criterion/criterion.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

#include "base/addr.h"
#include "base/cleanup.h"
#include "hash.h"
#include "ref_siphash.h"

static const uint8_t secret_bytes[16] = {
	0xf0, 0xe1, 0xd2, 0xc3, 0xb4, 0xa5, 0x96, 0x87,
	0x78, 0x69, 0x5a, 0x4b, 0x3c, 0x2d, 0x1e, 0x0f,
};

static uint64_t hash(const struct five_tuple *flow)
{
	__u64 secret[2];

	memcpy(secret, secret_bytes, sizeof(secret));
	return hash_flow(secret, flow);
}

/* The 13 or 37 bytes, in the order in which the headers have them. */
static uint64_t reference(const struct five_tuple *flow)
{
	size_t addr_length = flow->is_v6 ? 16 : 4, addr_at = 16 - addr_length;
	uint8_t bytes[37], *at = bytes;

	at = mempcpy(at, (const uint8_t *)&flow->src + addr_at, addr_length);
	at = mempcpy(at, (const uint8_t *)&flow->dst + addr_at, addr_length);
	at = mempcpy(at, &flow->sport, 2);
	at = mempcpy(at, &flow->dport, 2);
	*at++ = flow->protocol;
	return ref_siphash(1, 3, secret_bytes, bytes, (size_t)(at - bytes));
}

static void random_bytes(void *bytes, size_t length)
{
	for (size_t i = 0; i < length; i++)
		((uint8_t *)bytes)[i] = (uint8_t)(random() >> 8);
}

static struct five_tuple random_flow(bool is_v6)
{
	struct five_tuple flow = { .is_v6 = is_v6 };

	random_bytes(&flow.src, sizeof(flow.src));
	random_bytes(&flow.dst, sizeof(flow.dst));
	random_bytes(&flow.sport, sizeof(flow.sport));
	random_bytes(&flow.dport, sizeof(flow.dport));
	flow.protocol = random() % 2 ? IPPROTO_TCP : IPPROTO_UDP;
	if (!is_v6) {
		addr_from_v4(&flow.src, flow.src.word[3]);
		addr_from_v4(&flow.dst, flow.dst.word[3]);
	}
	return flow;
}

Test(hash, is_the_siphash_of_the_bytes_on_the_wire)
{
	srandom(1);
	for (int i = 0; i < 20000; i++) {
		struct five_tuple flow = random_flow(i % 2);

		cr_assert_eq(hash(&flow), reference(&flow), "flow %d", i);
	}
}

Test(hash, every_field_counts)
{
	struct five_tuple flow = random_flow(true);
	uint64_t before = hash(&flow);
	uint8_t *const fields[] = {
		(uint8_t *)&flow.src.word[0], (uint8_t *)&flow.src.word[3],
		(uint8_t *)&flow.dst.word[1], (uint8_t *)&flow.dst.word[2],
		(uint8_t *)&flow.sport,	      (uint8_t *)&flow.dport,
		&flow.protocol,
	};

	for (size_t i = 0; i < ARRAY_SIZE(fields); i++) {
		*fields[i] ^= 1;
		cr_expect_neq(hash(&flow), before, "field %zu", i);
		*fields[i] ^= 1;
	}
	cr_expect_eq(hash(&flow), before);
}
