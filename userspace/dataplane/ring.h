/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The ring of a routing: a weighted relative of Maglev over a power of two of slots, a pure
 * function of the members, their weights and the secret. From Maglev (Eisenbud et al., NSDI 2016,
 * section 3.4) it has that members take turns in claiming slots, each in an order of its own; how
 * the orders are made and what a turn is differ, so that fewer slots change their member (ring.c
 * says why).
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

struct ring_member {
	uint32_t id;		/* target id, as it goes into the slots; does not decide where */
	uint64_t identity;	/* ring_identity: decides where the member's slots are; unique */
	uint32_t weight;	/* at least 1 */
};

/* From what two gateways have in common: group name, address and port (host byte order). */
struct addr;
uint64_t ring_identity(const uint64_t secret[2], const char *group, const struct addr *addr,
		       uint16_t port);

/*
 * log2 of the number of slots for these registered weights (zeros are skipped): at least 100 slots
 * for the member of the smallest weight, but at most 16 times what equal weights would need, and
 * within RING_BITS_MIN .. RING_BITS_MAX. It depends on the registered targets, not on those in
 * service, so that a death never changes it.
 */
unsigned ring_bits(const uint32_t *weights, size_t count);

/*
 * Fills slots[0 .. 2^bits - 1], bits in RING_BITS_MIN .. RING_BITS_MAX, with member ids; with no
 * members, with 0. Each member's share is within one slot of its weight's. The order of members
 * does not matter. With one bit more, nearly every pair of slots has the member of the slot that
 * they came from. -ENOMEM.
 */
int ring_fill(uint32_t *slots, unsigned bits, const struct ring_member *members, size_t count);

/*
 * Largest relative deviation of a member's share from its weight's: 0 is perfect, and that of no
 * members too. For the metric; NaN if out of memory.
 */
double ring_imbalance(const uint32_t *slots, unsigned bits, const struct ring_member *members,
		      size_t count);
