// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* bpf/flow_table.h: finding, refreshing, forgetting, and what a full bucket gives up. */
#include <criterion/criterion.h>
#include <linux/types.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>

#include "base/cleanup.h"
#include "flow_table.h"

enum { NOW = 1000, TIMEOUT = 350, NEW_TAG = 99 };

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

/* Asserts that a new flow takes this place, if it may, and leaves all others alone. */
static void expect_victim(struct flow_bucket *bucket, int at, enum flow_event event)
{
	bool first_may = event == FLOW_INSERTED || event == FLOW_REPLACED_EMBRYONIC;
	union flow first = flow(NEW_TAG, FLOW_EMBRYONIC, NOW);
	union flow later = flow(NEW_TAG, FLOW_ADOPTED, NOW);
	struct flow_bucket expected = *bucket, copy = *bucket;

	if (first_may)
		expected.flow[at] = first;
	cr_expect_eq(insert_flow(&copy, first, NOW, TIMEOUT), first_may ? event : FLOW_NO_ROOM);
	cr_expect_arr_eq(&copy, &expected, sizeof(expected));
	expected.flow[at] = later;
	cr_expect_eq(insert_flow(bucket, later, NOW, TIMEOUT), event);
	cr_expect_arr_eq(bucket, &expected, sizeof(expected));
}

Test(flow_table, finds_what_was_inserted)
{
	struct flow_bucket bucket = {};
	union flow found;

	for (uint32_t tag = 0; tag < FLOWS_PER_BUCKET; tag++)
		cr_assert_eq(insert_flow(&bucket, flow(tag, FLOW_ADOPTED, NOW), NOW, TIMEOUT),
			     FLOW_INSERTED);
	for (uint32_t tag = 0; tag < FLOWS_PER_BUCKET; tag++) {
		union flow *entry = find_flow(&bucket, tag, NOW, TIMEOUT, &found);

		cr_assert_not_null(entry, "tag %u", tag);
		cr_assert_eq(found.word, flow(tag, FLOW_ADOPTED, NOW).word);
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

	for (size_t i = 0; i < ARRAY_SIZE(begins); i++) {
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

	insert_flow(&bucket, flow(1, FLOW_ADOPTED, NOW + 1), NOW + 1, TIMEOUT);
	cr_assert_not_null(find_flow(&bucket, 1, NOW, TIMEOUT, &found));
	insert_flow(&bucket, flow(2, FLOW_ADOPTED, 0), 0, TIMEOUT);
	cr_assert_not_null(find_flow(&bucket, 2, UINT16_MAX, TIMEOUT, &found));
}

Test(flow_table, a_refresh_changes_time_and_state_and_nothing_else)
{
	struct flow_bucket bucket = { .flow = { flow(5, FLOW_ADOPTED, NOW) } };
	union flow found, *entry = find_flow(&bucket, 5, NOW + 1, TIMEOUT, &found);

	refresh_flow(entry, found, FLOW_ADOPTED, NOW + 1);
	cr_assert_eq(entry->word, flow(5, FLOW_ADOPTED, NOW + 1).word);
	refresh_flow(entry, *entry, FLOW_ESTABLISHED, NOW + 1);
	cr_assert_eq(entry->word, flow(5, FLOW_ESTABLISHED, NOW + 1).word);
}

/* Even a store of what is there already would take the cache line from other CPUs. */
Test(flow_table, a_refresh_within_the_second_writes_nothing)
{
	struct flow_bucket *bucket = mmap(NULL, sizeof(*bucket), PROT_READ | PROT_WRITE,
					  MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	union flow found, *entry;

	cr_assert_neq(bucket, MAP_FAILED);
	bucket->flow[3] = flow(5, FLOW_ESTABLISHED, NOW);
	cr_assert_eq(mprotect(bucket, sizeof(*bucket), PROT_READ), 0);
	entry = find_flow(bucket, 5, NOW, TIMEOUT, &found);
	refresh_flow(entry, found, FLOW_ESTABLISHED, NOW);
	munmap(bucket, sizeof(*bucket));
}

Test(flow_table, a_refresh_does_not_touch_what_another_cpu_put_there)
{
	struct flow_bucket bucket = { .flow = { flow(5, FLOW_ADOPTED, NOW) } };
	union flow found, *entry = find_flow(&bucket, 5, NOW + 1, TIMEOUT, &found);

	*entry = flow(6, FLOW_ESTABLISHED, NOW);
	refresh_flow(entry, found, FLOW_ESTABLISHED, NOW + 1);
	cr_assert_eq(entry->word, flow(6, FLOW_ESTABLISHED, NOW).word);
}

Test(flow_table, forgetting_frees_every_entry_of_the_flow_and_no_other)
{
	struct flow_bucket bucket = full_bucket(FLOW_ESTABLISHED, NOW), expected = bucket;

	bucket.flow[2] = flow(5, FLOW_EMBRYONIC, NOW);
	bucket.flow[7] = flow(5, FLOW_ADOPTED, NOW - TIMEOUT - 1);
	expected.flow[2].word = expected.flow[5].word = expected.flow[7].word = 0;
	forget_flow(&bucket, 5);
	cr_assert_arr_eq(&bucket, &expected, sizeof(bucket));
	forget_flow(&bucket, 5);
	forget_flow(&bucket, NEW_TAG);
	cr_assert_arr_eq(&bucket, &expected, sizeof(bucket));
}

Test(flow_table, the_flow_s_own_entry_goes_before_all_others_however_old_it_is)
{
	static const uint32_t ages[] = { 0, TIMEOUT, TIMEOUT + 1 };

	for (size_t i = 0; i < ARRAY_SIZE(ages); i++) {
		struct flow_bucket bucket = full_bucket(FLOW_EMBRYONIC, NOW - 300);

		bucket.flow[1].word = 0;
		bucket.flow[2] = flow(2, FLOW_EMBRYONIC, NOW - TIMEOUT - 1);
		bucket.flow[6] = flow(NEW_TAG, FLOW_ESTABLISHED, NOW - ages[i]);
		expect_victim(&bucket, 6, FLOW_INSERTED);
	}
}

Test(flow_table, what_is_free_belongs_to_no_flow_whatever_its_tag)
{
	struct flow_bucket bucket = {};

	bucket.flow[4].tag = NEW_TAG;
	expect_victim(&bucket, 0, FLOW_INSERTED);
}

Test(flow_table, then_a_free_entry_goes)
{
	struct flow_bucket bucket = full_bucket(FLOW_EMBRYONIC, NOW - 300);

	bucket.flow[6].word = 0;
	expect_victim(&bucket, 6, FLOW_INSERTED);
}

Test(flow_table, or_an_expired_one)
{
	struct flow_bucket bucket = full_bucket(FLOW_EMBRYONIC, NOW - TIMEOUT);

	bucket.flow[3] = flow(3, FLOW_ESTABLISHED, NOW - TIMEOUT - 1);
	expect_victim(&bucket, 3, FLOW_INSERTED);
}

Test(flow_table, then_the_oldest_embryonic_entry)
{
	struct flow_bucket bucket = full_bucket(FLOW_ESTABLISHED, NOW - 300);

	bucket.flow[2] = flow(2, FLOW_EMBRYONIC, NOW - 1);
	bucket.flow[5] = flow(5, FLOW_EMBRYONIC, NOW - 2);
	bucket.flow[7] = flow(7, FLOW_ADOPTED, NOW - 200);
	expect_victim(&bucket, 5, FLOW_REPLACED_EMBRYONIC);
}

/* Direct ones, without a target, are among these. */
Test(flow_table, then_the_oldest_adopted_entry)
{
	struct flow_bucket bucket = full_bucket(FLOW_ESTABLISHED, NOW - 300);

	bucket.flow[1] = flow(1, FLOW_ADOPTED, NOW);
	bucket.flow[4] = flow(4, FLOW_ADOPTED, NOW - 1);
	bucket.flow[6] = flow(6, FLOW_ADOPTED, NOW - 2);
	bucket.flow[6].target = 0;
	expect_victim(&bucket, 6, FLOW_REPLACED_ADOPTED);
}

Test(flow_table, then_the_oldest_established_entry)
{
	struct flow_bucket bucket = full_bucket(FLOW_ESTABLISHED, NOW);

	bucket.flow[0] = flow(0, FLOW_ESTABLISHED, NOW - 1);
	bucket.flow[4] = flow(4, FLOW_ESTABLISHED, NOW - 2);
	expect_victim(&bucket, 4, FLOW_REPLACED_ESTABLISHED);
}

Test(flow_table, a_flood_of_new_flows_does_not_push_out_an_established_one)
{
	static const enum flow_state floods[] = { FLOW_EMBRYONIC, FLOW_ADOPTED };
	union flow found;

	for (size_t i = 0; i < ARRAY_SIZE(floods); i++) {
		struct flow_bucket bucket = {};

		for (uint32_t tag = 0; tag < FLOWS_PER_BUCKET - 1; tag++)
			insert_flow(&bucket, flow(tag, FLOW_ESTABLISHED, NOW - 300), NOW, TIMEOUT);
		for (uint32_t tag = 100; tag < 10000; tag++)
			insert_flow(&bucket, flow(tag, floods[i], NOW), NOW, TIMEOUT);
		for (uint32_t tag = 0; tag < FLOWS_PER_BUCKET - 1; tag++)
			cr_assert(find_flow(&bucket, tag, NOW, TIMEOUT, &found), "tag %u", tag);
	}
}

Test(flow_table, a_direct_flow_has_no_target)
{
	union flow direct = flow(5, FLOW_ADOPTED, NOW), established = direct;

	cr_expect_not(is_direct_flow(direct));
	direct.target = 0;
	cr_expect(is_direct_flow(direct));
	established.state = FLOW_ESTABLISHED;
	cr_expect_not(is_direct_flow(established));
	cr_expect_not(is_direct_flow((union flow){}));
}

Test(flow_table, the_tag_names_the_slot_in_any_ring)
{
	static const uint64_t hashes[] = { 0, 0x0123456789abcdef, 0xfedcba9876543210, ~0ULL };

	for (size_t i = 0; i < ARRAY_SIZE(hashes); i++)
		for (int bits = RING_BITS_MIN; bits <= RING_BITS_MAX; bits++)
			cr_expect_eq(flow_tag(hashes[i]) >> (FLOW_TAG_BITS - bits),
				     hashes[i] >> (64 - bits));
}

Test(flow_table, tag_and_bucket_come_from_different_bits)
{
	uint64_t tag_bits = ~0ULL << (64 - FLOW_TAG_BITS);
	uint32_t bucket_bits = FLOW_BUCKETS_MAX - 1;

	cr_assert_eq(flow_tag(~tag_bits), 0);
	cr_assert_eq(flow_bucket_index(~(uint64_t)bucket_bits, bucket_bits), 0);
	cr_assert_eq(tag_bits & bucket_bits, 0);
}
