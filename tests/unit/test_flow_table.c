// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* bpf/flow_table.h: finding, refreshing, and what a full bucket gives up. */
#include <criterion/criterion.h>
#include <linux/types.h>
#include <stdint.h>

#include "flow_table.h"

enum { NOW = 1000, TIMEOUT = 350 };

static union flow flow(uint32_t tag, enum flow_state state, uint32_t seen)
{
	return (union flow){
		.tag = tag, .target = tag + 1, .state = state, .seen = (uint16_t)seen,
	};
}

/* Tags 0-7 in one state, all seen in the same second. */
static struct flow_bucket full_bucket(enum flow_state state, uint16_t seen)
{
	struct flow_bucket bucket;

	for (uint32_t i = 0; i < FLOWS_PER_BUCKET; i++)
		bucket.flow[i] = flow(i, state, seen);
	return bucket;
}

/* Inserts a flow with tag 99 and returns which entry gave way. */
static int victim(struct flow_bucket *bucket)
{
	insert_flow(bucket, flow(99, FLOW_EMBRYONIC, NOW), NOW, TIMEOUT);
	for (int i = 0; i < FLOWS_PER_BUCKET; i++)
		if (bucket->flow[i].tag == 99)
			return i;
	return -1;
}

Test(flow_table, finds_what_was_inserted)
{
	struct flow_bucket bucket = {};
	union flow found;

	for (uint32_t tag = 0; tag < FLOWS_PER_BUCKET; tag++)
		insert_flow(&bucket, flow(tag, FLOW_DIRECT, NOW), NOW, TIMEOUT);
	for (uint32_t tag = 0; tag < FLOWS_PER_BUCKET; tag++) {
		union flow *entry = find_flow(&bucket, tag, NOW, TIMEOUT, &found);

		cr_assert_not_null(entry, "tag %u", tag);
		cr_assert_eq(found.word, flow(tag, FLOW_DIRECT, NOW).word);
		cr_assert_eq(entry->word, found.word);
	}
	cr_assert_null(find_flow(&bucket, FLOWS_PER_BUCKET, NOW, TIMEOUT, &found));
}

Test(flow_table, a_free_entry_is_never_found)
{
	struct flow_bucket bucket = {};
	union flow found;

	cr_assert_null(find_flow(&bucket, 0, 0, TIMEOUT, &found));
}

Test(flow_table, an_entry_lives_until_its_timeout_also_across_the_wrap_of_time)
{
	static const uint16_t begins[] = { 0, 1000, 65535, 65535 - TIMEOUT, 65536 - TIMEOUT };
	union flow found;

	for (size_t i = 0; i < sizeof(begins) / sizeof(begins[0]); i++) {
		struct flow_bucket bucket = { .flow = { flow(5, FLOW_ESTABLISHED, begins[i]) } };
		uint16_t last = (uint16_t)(begins[i] + TIMEOUT), after = (uint16_t)(last + 1);

		cr_expect(find_flow(&bucket, 5, begins[i], TIMEOUT, &found));
		cr_expect(find_flow(&bucket, 5, last, TIMEOUT, &found), "seen at %u", begins[i]);
		cr_expect_not(find_flow(&bucket, 5, after, TIMEOUT, &found), "seen at %u",
			      begins[i]);
	}
}

Test(flow_table, what_another_cpu_wrote_a_moment_later_is_not_old)
{
	struct flow_bucket bucket = {};
	union flow found;

	insert_flow(&bucket, flow(1, FLOW_DIRECT, NOW + 1), NOW + 1, TIMEOUT);
	cr_assert_not_null(find_flow(&bucket, 1, NOW, TIMEOUT, &found));
	insert_flow(&bucket, flow(2, FLOW_DIRECT, 0), 0, TIMEOUT);
	cr_assert_not_null(find_flow(&bucket, 2, UINT16_MAX, TIMEOUT, &found));
}

Test(flow_table, a_refresh_changes_the_time_and_nothing_else)
{
	struct flow_bucket bucket = { .flow = { flow(5, FLOW_DIRECT, NOW) } };
	union flow found, *entry = find_flow(&bucket, 5, NOW + 1, TIMEOUT, &found);

	refresh_flow(entry, found, NOW + 1);
	cr_assert_eq(entry->word, flow(5, FLOW_DIRECT, NOW + 1).word);
}

Test(flow_table, a_refresh_does_not_touch_what_another_cpu_put_there)
{
	struct flow_bucket bucket = { .flow = { flow(5, FLOW_DIRECT, NOW) } };
	union flow found, *entry = find_flow(&bucket, 5, NOW + 1, TIMEOUT, &found);

	*entry = flow(6, FLOW_ESTABLISHED, NOW);
	refresh_flow(entry, found, NOW + 1);
	cr_assert_eq(entry->word, flow(6, FLOW_ESTABLISHED, NOW).word);
}

Test(flow_table, a_free_entry_goes_first)
{
	struct flow_bucket bucket = full_bucket(FLOW_EMBRYONIC, NOW - 300);

	bucket.flow[6].word = 0;
	cr_assert_eq(victim(&bucket), 6);
}

Test(flow_table, an_expired_entry_goes_before_any_live_one)
{
	struct flow_bucket bucket = full_bucket(FLOW_EMBRYONIC, NOW - TIMEOUT);

	bucket.flow[3] = flow(3, FLOW_ESTABLISHED, NOW - TIMEOUT - 1);
	cr_assert_eq(victim(&bucket), 3);
}

Test(flow_table, then_the_oldest_embryonic_entry)
{
	struct flow_bucket bucket = full_bucket(FLOW_ESTABLISHED, NOW - 300);

	bucket.flow[2] = flow(2, FLOW_EMBRYONIC, NOW - 1);
	bucket.flow[5] = flow(5, FLOW_EMBRYONIC, NOW - 2);
	bucket.flow[7] = flow(7, FLOW_DIRECT, NOW - 200);
	cr_assert_eq(victim(&bucket), 5);
}

Test(flow_table, then_the_oldest_direct_entry)
{
	struct flow_bucket bucket = full_bucket(FLOW_ESTABLISHED, NOW - 300);

	bucket.flow[1] = flow(1, FLOW_DIRECT, NOW);
	bucket.flow[4] = flow(4, FLOW_DIRECT, NOW - 1);
	cr_assert_eq(victim(&bucket), 4);
}

Test(flow_table, then_the_oldest_entry)
{
	struct flow_bucket bucket = full_bucket(FLOW_ESTABLISHED, NOW);

	bucket.flow[0] = flow(0, FLOW_ESTABLISHED, NOW - 1);
	bucket.flow[4] = flow(4, FLOW_ESTABLISHED, NOW - 2);
	cr_assert_eq(victim(&bucket), 4);
}

Test(flow_table, a_flood_of_new_flows_does_not_push_out_an_established_one)
{
	static const enum flow_state floods[] = { FLOW_EMBRYONIC, FLOW_DIRECT };
	union flow found;

	for (size_t i = 0; i < 2; i++) {
		struct flow_bucket bucket = {};

		for (uint32_t tag = 0; tag < FLOWS_PER_BUCKET - 1; tag++)
			insert_flow(&bucket, flow(tag, FLOW_ESTABLISHED, NOW - 300), NOW, TIMEOUT);
		for (uint32_t tag = 100; tag < 10000; tag++)
			insert_flow(&bucket, flow(tag, floods[i], NOW), NOW, TIMEOUT);
		for (uint32_t tag = 0; tag < FLOWS_PER_BUCKET - 1; tag++)
			cr_assert(find_flow(&bucket, tag, NOW, TIMEOUT, &found), "tag %u", tag);
	}
}

Test(flow_table, tag_bucket_and_slot_come_from_different_bits)
{
	uint64_t tag_bits = (uint64_t)FLOW_TAG_MASK << FLOW_TAG_SHIFT;
	uint64_t bucket_bits = FLOW_BUCKETS_DEFAULT - 1;
	uint64_t slot_bits = ~0ULL << (64 - RING_BITS_MAX);

	cr_assert_eq(flow_tag(~tag_bits), 0);
	cr_assert_eq(flow_bucket_index(~bucket_bits, FLOW_BUCKETS_DEFAULT - 1), 0);
	cr_assert_eq((tag_bits & bucket_bits) | (tag_bits & slot_bits), 0);
}
