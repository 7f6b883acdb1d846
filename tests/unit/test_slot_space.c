// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "dataplane/slot_space.h"

#include <criterion/criterion.h>
#include <stdlib.h>

Test(slot_space, regions_are_aligned_and_never_overlap)
{
	static struct slot_space space;
	static uint8_t taken[SLOTS_MAX];
	unsigned seed = 1;
	uint32_t base;

	slot_space_init(&space);
	for (int i = 0; i < 300; i++) {
		unsigned bits = RING_BITS_MIN + (unsigned)rand_r(&seed) % 8;

		cr_assert(slot_space_take(&space, bits, &base));
		cr_assert_eq(base & ((1u << bits) - 1), 0);
		for (uint32_t slot = base; slot < base + (1u << bits); slot++)
			cr_assert_eq(taken[slot]++, 0);
	}
}

Test(slot_space, marked_regions_are_not_taken)
{
	static struct slot_space space;
	uint32_t base;

	slot_space_init(&space);
	slot_space_mark(&space, 0, RING_BITS_MAX);
	slot_space_mark(&space, 0, RING_BITS_MIN);
	cr_assert(slot_space_take(&space, RING_BITS_MIN, &base));
	cr_assert_eq(base, 1u << RING_BITS_MAX);
}

Test(slot_space, all_of_it_can_be_taken_and_then_nothing)
{
	static struct slot_space space;
	uint32_t base, count = 0;

	slot_space_init(&space);
	while (slot_space_take(&space, RING_BITS_MIN, &base))
		count++;
	cr_assert_eq(count, SLOTS_MAX >> RING_BITS_MIN);
	cr_assert_not(slot_space_take(&space, RING_BITS_MAX, &base));
}
