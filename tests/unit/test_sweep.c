// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* dataplane/sweep.c: which slots end a transition, which entries go, and what is counted. */
#include "dataplane/sweep.h"

#include <criterion/criterion.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "dataplane/image.h"
#include "fake_maps.h"
#include "flow_table.h"

enum { NOW = 200000, TIMEOUT = 350, BUCKETS = 16, GENERATION = 3 };

/*
 * An image with targets 1, 2, .. of one group after the other, its slots in fake maps, and a flow
 * table. What a packet that is still on its way does comes with the wait for it.
 */
struct site {
	struct fake_maps maps;		/* first: the writer's context */
	struct image *image;
	struct flow_bucket buckets[BUCKETS];
	union flow late;		/* a packet in flight puts this into the last bucket */
	size_t used;			/* entries */
	uint32_t slots_used;
	struct sweep sweep;
};

static struct site *site_new(void)
{
	struct site *site = calloc(1, sizeof(*site));

	fake_maps_init(&site->maps);
	site->image = image_new();
	site->image->config.idle_timeout_longest = TIMEOUT;
	return site;
}

static void site_free(struct site **site)
{
	image_free(&(*site)->image);
	fake_maps_clean(&(*site)->maps);
	free(*site);
}

#define _cleanup_site_ _cleanup_(site_free)

/* The next target of the group, alive; its id. Groups come in the order of their names. */
static uint32_t add_target(struct site *site, const char *group)
{
	struct image_target *row = table_add(&site->image->targets, sizeof(*row));

	row->index = (uint32_t)site->image->targets.count;
	row->entry.generation = GENERATION;
	row->entry.flags = TARGET_ALIVE;
	row->entry.forwarding = FORWARDING_NAT;
	strcpy(row->label.group, group);
	row->label.port = (uint16_t)row->index;
	return image_target_id(row);
}

static void kill_target(struct site *site, uint32_t id)
{
	struct image_target *rows = site->image->targets.rows;

	rows[TARGET_INDEX(id) - 1].entry.flags = 0;
}

/* A ring of stable slots on no target. */
static struct image_ring *add_ring(struct site *site, unsigned bits, const char *group)
{
	struct image_ring *ring = table_add(&site->image->rings, sizeof(*ring));

	ring->key = site->image->rings.count;
	ring->base = site->slots_used;
	ring->bits = bits;
	ring->groups[0] = group_hash(group);
	ring->slots = ring_slots_new(bits);
	site->slots_used += 1u << bits;
	return ring;
}

static void add_listener(struct site *site, const struct image_ring *ring, bool removed)
{
	struct image_listener *row = table_add(&site->image->listeners, sizeof(*row));

	row->label.ring = ring->key;
	row->entry.flags = removed ? LISTENER_REMOVED : 0;
}

static void set_slot(struct site *site, struct image_ring *ring, uint32_t i, union slot slot)
{
	ring->slots->unsettled += slot.condition != SLOT_STABLE;
	ring->slots->unsettled -= ring->slots->slot[i].condition != SLOT_STABLE;
	ring->slots->slot[i] = slot;
	site->maps.slots[ring->base + i] = slot.word;
}

static union slot stable(uint32_t current)
{
	return (union slot){ .current = current };
}

static union slot tracking(uint32_t current)
{
	return (union slot){ .current = current, .condition = SLOT_TRACKING };
}

static union slot learning(uint32_t current, uint32_t previous, uint32_t deadline)
{
	return (union slot){ .current = current, .previous = previous, .condition = SLOT_LEARNING,
			     .deadline = deadline & ((1 << SLOT_DEADLINE_BITS) - 1) };
}

/* A flow whose hash leads to slot i of a ring of 2^bits slots. */
static union flow flow(unsigned bits, uint32_t i, uint32_t target, enum flow_state state,
		       uint32_t seen)
{
	return (union flow){ .tag = i << (FLOW_TAG_BITS - bits), .target = target, .state = state,
			     .seen = (uint16_t)seen };
}

static union flow *add_flow(struct site *site, union flow entry)
{
	union flow *place = &site->buckets[site->used / FLOWS_PER_BUCKET]
				     .flow[site->used % FLOWS_PER_BUCKET];

	cr_assert_lt(site->used++, (BUCKETS - 1) * FLOWS_PER_BUCKET);
	*place = entry;
	return place;
}

static void wait_for_readers(void *context)
{
	struct site *site = context;

	site->maps.waits++;
	site->buckets[BUCKETS - 1].flow[0] = site->late;
}

static void sweep(struct site *site, uint32_t now)
{
	struct map_writer writer = fake_maps_writer(&site->maps);
	struct flow_table table = { site->buckets, BUCKETS };

	writer.wait_for_readers = wait_for_readers;
	cr_assert_eq(sweep_run(&site->sweep, site->image, &writer, &table, now), 0);
}

/* The slot in image and map, which must agree, and with them the number of unsettled ones. */
static union slot slot_of(const struct site *site, const struct image_ring *ring, uint32_t i)
{
	uint32_t unsettled = 0;

	for (uint32_t j = 0; j < 1u << ring->bits; j++)
		unsettled += ring->slots->slot[j].condition != SLOT_STABLE;
	cr_expect_eq(ring->slots->unsettled, unsettled);
	cr_expect_eq(site->maps.slots[ring->base + i], ring->slots->slot[i].word);
	return ring->slots->slot[i];
}

#define expect_slot(site, ring, i, wanted) \
	cr_expect_eq(slot_of(site, ring, i).word, (wanted).word, "slot %u", (unsigned)(i))

/*
 * ---- learning ---------------------------------------------------------------------------------
 */

Test(sweep, learning_goes_on_until_its_deadline_and_then_tracks)
{
	_cleanup_site_ struct site *site = site_new();
	uint32_t old = add_target(site, "web"), new = add_target(site, "web");
	struct image_ring *ring = add_ring(site, 7, "web");

	set_slot(site, ring, 5, learning(new, old, NOW + 1));
	set_slot(site, ring, 6, learning(new, old, NOW - 1));
	add_flow(site, flow(7, 6, old, FLOW_ESTABLISHED, NOW));
	sweep(site, NOW);
	expect_slot(site, ring, 5, learning(new, old, NOW + 1));
	expect_slot(site, ring, 6, tracking(new));
	sweep(site, NOW + 2);
	expect_slot(site, ring, 5, stable(new));
	expect_slot(site, ring, 6, tracking(new));
}

Test(sweep, who_is_previous_is_named_until_learning_ends)
{
	_cleanup_site_ struct site *site = site_new();
	uint32_t old = add_target(site, "web"), new = add_target(site, "web");
	uint32_t dead = add_target(site, "web");
	struct image_ring *ring = add_ring(site, 7, "web");

	add_listener(site, ring, false);
	kill_target(site, dead);
	set_slot(site, ring, 4, learning(new, dead, NOW + 1));
	set_slot(site, ring, 5, learning(new, old, NOW + 1));
	set_slot(site, ring, 6, tracking(new));
	add_flow(site, flow(7, 6, old, FLOW_ESTABLISHED, NOW));
	sweep(site, NOW);
	cr_expect(site->sweep.named[TARGET_INDEX(old)]);
	cr_expect_not(site->sweep.named[TARGET_INDEX(new)]);
	cr_expect_not(site->sweep.named[TARGET_INDEX(dead)]);
	cr_expect_not(site->sweep.named[0]);
	sweep(site, NOW + 2);
	cr_expect_not(site->sweep.named[TARGET_INDEX(old)]);
}

/* The flows of a listener that comes back are where it left them. */
Test(sweep, who_is_current_is_named_where_only_removed_listeners_are)
{
	_cleanup_site_ struct site *site = site_new();
	uint32_t kept = add_target(site, "web"), used = add_target(site, "web");
	struct image_ring *ring = add_ring(site, 7, "web");

	add_listener(site, ring, true);
	set_slot(site, ring, 5, stable(kept));
	ring = add_ring(site, 7, "web");
	add_listener(site, ring, true);
	add_listener(site, ring, false);
	set_slot(site, ring, 5, stable(used));
	sweep(site, NOW);
	cr_expect(site->sweep.named[TARGET_INDEX(kept)]);
	cr_expect_not(site->sweep.named[TARGET_INDEX(used)]);
}

/* Whoever read the slot as learning may still record a flow, and that must keep it from settling. */
Test(sweep, packets_in_flight_are_waited_for_before_the_table_is_read)
{
	_cleanup_site_ struct site *site = site_new();
	uint32_t old = add_target(site, "web"), new = add_target(site, "web");
	struct image_ring *ring = add_ring(site, 7, "web");

	set_slot(site, ring, 6, learning(new, old, NOW - 1));
	site->late = flow(7, 6, old, FLOW_ADOPTED, NOW);
	sweep(site, NOW);
	expect_slot(site, ring, 6, tracking(new));
	cr_expect_eq(site->maps.waits, 1);
	cr_expect_eq(site->sweep.flows[TARGET_INDEX(old)], 1);
}

/* It may have become tracking by the death of its previous target, a moment before the sweep. */
Test(sweep, packets_in_flight_since_a_change_are_waited_for_too)
{
	_cleanup_site_ struct site *site = site_new();
	uint32_t other = add_target(site, "web"), new = add_target(site, "web");
	struct image_ring *ring = add_ring(site, 7, "web");

	set_slot(site, ring, 6, tracking(new));
	add_flow(site, flow(7, 0, other, FLOW_ESTABLISHED, NOW));
	site->late = flow(7, 6, other, FLOW_EMBRYONIC, NOW);
	sweep(site, NOW);
	expect_slot(site, ring, 6, tracking(new));
	cr_expect_eq(site->maps.waits, 1);
	cr_expect_eq(site->sweep.flows[TARGET_INDEX(other)], 2);
}

Test(sweep, nobody_waits_where_nothing_can_end)
{
	_cleanup_site_ struct site *site = site_new();
	uint32_t old = add_target(site, "web"), new = add_target(site, "web");
	struct image_ring *ring = add_ring(site, 7, "web");

	set_slot(site, ring, 1, stable(new));
	add_flow(site, flow(7, 1, new, FLOW_ESTABLISHED, NOW));
	sweep(site, NOW);
	set_slot(site, ring, 5, learning(new, old, NOW + 1));
	set_slot(site, ring, 6, tracking(new));
	add_flow(site, flow(7, 6, old, FLOW_ESTABLISHED, NOW));
	sweep(site, NOW);
	cr_expect_eq(site->maps.waits, 0);
}

/*
 * ---- tracking ---------------------------------------------------------------------------------
 */

Test(sweep, a_tracking_slot_is_needed_by_flows_of_its_own_on_other_targets_alone)
{
	static const struct {
		const char *what;
		uint32_t slot;
		enum { THERE, ELSEWHERE, OTHER_GROUP, DEAD } on;
		uint32_t age;
		bool needed;
	} rows[] = {
		{ "on another target", 6, ELSEWHERE, 0, true },
		{ "about to expire", 6, ELSEWHERE, TIMEOUT, true },
		{ "expired", 6, ELSEWHERE, TIMEOUT + 1, false },
		{ "on the current target", 6, THERE, 0, false },
		{ "of the slot before", 5, ELSEWHERE, 0, false },
		{ "of the slot behind", 7, ELSEWHERE, 0, false },
		{ "of a group that the ring does not serve", 6, OTHER_GROUP, 0, false },
		{ "on a dead target", 6, DEAD, 0, false },
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		_cleanup_site_ struct site *site = site_new();
		uint32_t ids[] = { [OTHER_GROUP] = add_target(site, "dns"),
				   [THERE] = add_target(site, "web"),
				   [ELSEWHERE] = add_target(site, "web"),
				   [DEAD] = add_target(site, "web") };
		struct image_ring *ring = add_ring(site, 7, "web");

		kill_target(site, ids[DEAD]);
		set_slot(site, ring, 6, tracking(ids[THERE]));
		add_flow(site, flow(7, rows[i].slot, ids[rows[i].on], FLOW_ESTABLISHED,
				    NOW - rows[i].age));
		sweep(site, NOW);
		cr_expect_eq(slot_of(site, ring, 6).condition,
			     rows[i].needed ? SLOT_TRACKING : SLOT_STABLE, "%s", rows[i].what);
		cr_expect_eq(slot_of(site, ring, 6).current, ids[THERE]);
	}
}

Test(sweep, without_a_current_target_every_flow_needs_the_slot)
{
	_cleanup_site_ struct site *site = site_new();
	uint32_t drained = add_target(site, "web");
	struct image_ring *ring = add_ring(site, 7, "web");
	union flow *entry = add_flow(site, flow(7, 127, drained, FLOW_EMBRYONIC, NOW));

	set_slot(site, ring, 127, tracking(0));
	sweep(site, NOW);
	expect_slot(site, ring, 127, tracking(0));
	entry->word = 0;
	sweep(site, NOW);
	expect_slot(site, ring, 127, stable(0));
}

Test(sweep, a_flow_finds_its_slot_in_rings_of_every_size)
{
	_cleanup_site_ struct site *site = site_new();
	uint32_t old = add_target(site, "web"), new = add_target(site, "web");
	const uint32_t tag = 0x2abcde;

	for (unsigned bits = RING_BITS_MIN; bits <= RING_BITS_MAX; bits++)
		add_ring(site, bits, "web");
	for (size_t i = 0; i < site->image->rings.count; i++) {
		struct image_ring *ring = (struct image_ring *)site->image->rings.rows + i;
		uint32_t slot = tag >> (FLOW_TAG_BITS - ring->bits);

		set_slot(site, ring, slot, tracking(new));
		set_slot(site, ring, slot ^ 1, tracking(new));
	}
	add_flow(site, (union flow){ .tag = tag, .target = old, .state = FLOW_ESTABLISHED,
				     .seen = (uint16_t)NOW });
	/* and one on the current target, that says nothing */
	add_flow(site, (union flow){ .tag = tag ^ 1, .target = new, .state = FLOW_ESTABLISHED,
				     .seen = (uint16_t)NOW });
	sweep(site, NOW);
	for (size_t i = 0; i < site->image->rings.count; i++) {
		struct image_ring *ring = (struct image_ring *)site->image->rings.rows + i;
		uint32_t slot = tag >> (FLOW_TAG_BITS - ring->bits);

		expect_slot(site, ring, slot, tracking(new));
		expect_slot(site, ring, slot ^ 1, stable(new));
	}
}

Test(sweep, a_ring_of_too_many_groups_to_name_is_needed_by_flows_of_any)
{
	_cleanup_site_ struct site *site = site_new();
	uint32_t other = add_target(site, "dns"), new = add_target(site, "web");
	struct image_ring *ring = add_ring(site, 7, "web");

	ring->groups[RING_GROUPS_MAX - 1] = GROUP_ANY;
	set_slot(site, ring, 6, tracking(new));
	set_slot(site, ring, 7, tracking(new));
	add_flow(site, flow(7, 6, other, FLOW_ESTABLISHED, NOW));
	sweep(site, NOW);
	expect_slot(site, ring, 6, tracking(new));
	expect_slot(site, ring, 7, stable(new));
}

/*
 * ---- the flow table ---------------------------------------------------------------------------
 */

/* For every age: the program takes an entry for live if and only if the sweep leaves it. */
Test(sweep, entries_expire_as_the_program_sees_it)
{
	_cleanup_site_ struct site *site = site_new();
	uint32_t id = add_target(site, "web");
	union flow *recorded = add_flow(site, (union flow){ .word = 0 });
	union flow *direct = add_flow(site, (union flow){ .word = 0 });

	cr_assert(is_live(flow(7, 6, id, FLOW_ADOPTED, NOW + FLOW_CLOCK_SKEW - 1), (uint16_t)NOW,
			  TIMEOUT));
	for (uint32_t age = 0; age < 1 << 16; age += age > 1000 && age < 65000 ? 500 : 1) {
		bool lives = is_live(flow(7, 6, id, FLOW_ADOPTED, NOW - age), (uint16_t)NOW, TIMEOUT);

		*recorded = flow(7, 6, id, FLOW_ADOPTED, NOW - age);
		*direct = flow(7, 6, 0, FLOW_ADOPTED, NOW - age);
		sweep(site, NOW);
		cr_assert_eq(recorded->word != 0, lives, "age %u", age);
		cr_assert_eq(direct->word != 0, lives, "age %u", age);
		cr_assert_eq(site->sweep.direct, lives);
		cr_assert_eq(site->sweep.flows[TARGET_INDEX(id)], lives);
	}
}

Test(sweep, entries_of_targets_that_are_not_alive_go)
{
	_cleanup_site_ struct site *site = site_new();
	uint32_t alive = add_target(site, "web"), dead = add_target(site, "web");
	union flow *stays = add_flow(site, flow(7, 1, alive, FLOW_EMBRYONIC, NOW));
	union flow *goes[] = {
		add_flow(site, flow(7, 2, dead, FLOW_ESTABLISHED, NOW)),
		add_flow(site, flow(7, 3, TARGET_ID(TARGET_INDEX(alive), GENERATION - 1),
				    FLOW_ESTABLISHED, NOW)),
		add_flow(site, flow(7, 4, TARGET_ID(TARGETS_MAX - 1, 0), FLOW_ESTABLISHED, NOW)),
	};
	union flow before = *stays;

	kill_target(site, dead);
	sweep(site, NOW);
	cr_expect_eq(stays->word, before.word);
	for (size_t i = 0; i < ARRAY_SIZE(goes); i++)
		cr_expect_eq(goes[i]->word, 0, "%zu", i);
	cr_expect_eq(site->sweep.flows[TARGET_INDEX(alive)], 1);
	cr_expect_eq(site->sweep.flows[TARGET_INDEX(dead)], 0);
}

Test(sweep, live_entries_are_counted_by_state_and_target)
{
	_cleanup_site_ struct site *site = site_new();
	uint32_t first = add_target(site, "web"), second = add_target(site, "web");

	for (uint32_t i = 0; i < 10; i++) {
		add_flow(site, flow(7, i, i < 3 ? first : second, FLOW_ESTABLISHED, NOW - i));
		add_flow(site, (union flow){ .word = 0 });
	}
	for (uint32_t i = 0; i < 5; i++)
		add_flow(site, flow(7, i, first, i < 4 ? FLOW_EMBRYONIC : FLOW_ADOPTED, NOW));
	add_flow(site, flow(7, 1, 0, FLOW_ADOPTED, NOW));
	for (int again = 0; again < 2; again++) {
		sweep(site, NOW);
		cr_expect_eq(site->sweep.entries[FLOW_FREE], 0);
		cr_expect_eq(site->sweep.entries[FLOW_EMBRYONIC], 4);
		cr_expect_eq(site->sweep.entries[FLOW_ADOPTED], 1);
		cr_expect_eq(site->sweep.entries[FLOW_ESTABLISHED], 10);
		cr_expect_eq(site->sweep.direct, 1);
		cr_expect_eq(site->sweep.flows[TARGET_INDEX(first)], 8);
		cr_expect_eq(site->sweep.flows[TARGET_INDEX(second)], 7);
	}
	cr_expect_eq(site->maps.waits, 0);
}

/* Turns entries from dead to live again and again; a live one that goes is an error. */
struct program {
	struct flow_bucket *buckets;
	union flow dead, live;
	bool stop, lost;
};

static union flow *program_entry(const struct program *program, size_t i)
{
	return &program->buckets[i / FLOWS_PER_BUCKET].flow[i % FLOWS_PER_BUCKET];
}

static void revive(const struct program *program, union flow *entry)
{
	union flow was = program->dead;

	__atomic_store_n(&entry->word, was.word, __ATOMIC_RELAXED);
	while (!replace_flow(entry, was, program->live))
		was = load_flow(entry);
}

static void *run_program(void *context)
{
	struct program *program = context;

	while (!__atomic_load_n(&program->stop, __ATOMIC_RELAXED)) {
		for (size_t i = 0; i < BUCKETS * FLOWS_PER_BUCKET; i++) {
			union flow *entry = program_entry(program, i);

			program->lost |= load_flow(entry).word != program->live.word;
			revive(program, entry);
		}
	}
	return NULL;
}

Test(sweep, an_entry_that_the_program_has_just_changed_is_never_freed)
{
	_cleanup_site_ struct site *site = site_new();
	uint32_t id = add_target(site, "web");
	struct program program = {
		.buckets = site->buckets,
		.dead = flow(7, 6, id, FLOW_ADOPTED, NOW - TIMEOUT - 1),
		.live = flow(7, 6, id, FLOW_ESTABLISHED, NOW),
	};
	pthread_t thread;

	for (size_t i = 0; i < BUCKETS * FLOWS_PER_BUCKET; i++)
		*program_entry(&program, i) = program.live;
	cr_assert_eq(pthread_create(&thread, NULL, run_program, &program), 0);
	for (int i = 0; i < 3000; i++)
		sweep(site, NOW);
	__atomic_store_n(&program.stop, true, __ATOMIC_RELAXED);
	pthread_join(thread, NULL);
	cr_expect_not(program.lost);
}

/*
 * ---- against the slow and obvious way ---------------------------------------------------------
 */

enum { HISTORIES = 300, GROUPS = 4, TARGETS = 12, RINGS = 5, FLOWS = 100 };

static uint32_t below(uint32_t limit)
{
	return (uint32_t)rand() % limit;
}

static const char *const names[GROUPS] = { "a", "b", "c", "d" };

static const struct image_target *random_target(const struct site *site)
{
	return (const struct image_target *)site->image->targets.rows + below(TARGETS);
}

static void add_random_ring(struct site *site)
{
	struct image_ring *ring = add_ring(site, RING_BITS_MIN + below(3), names[below(GROUPS)]);

	for (size_t i = 1; i <= below(3); i++)
		ring->groups[i] = group_hash(names[below(GROUPS)]);
	if (!below(8))
		ring->groups[RING_GROUPS_MAX - 1] = GROUP_ANY;
	for (uint32_t i = 0; i < 1u << ring->bits; i++) {
		uint32_t id = image_target_id(random_target(site));
		uint32_t previous = image_target_id(random_target(site));
		uint32_t deadline = below(2) ? NOW - 2 : NOW + 2;

		set_slot(site, ring, i, (union slot[]){ stable(id), tracking(id),
				learning(id, previous, deadline) }[below(3)]);
	}
}

static struct site *random_site(void)
{
	struct site *site = site_new();

	for (size_t i = 0; i < TARGETS; i++) {
		uint32_t id = add_target(site, names[i * GROUPS / TARGETS]);

		if (!below(5))
			kill_target(site, id);
	}
	for (size_t i = 0; i < RINGS; i++)
		add_random_ring(site);
	for (size_t i = 0; i < FLOWS; i++) {
		uint32_t id = below(10) ? image_target_id(random_target(site)) : 0;

		add_flow(site, flow(10, below(1 << 10), id, 1 + below(3),
				    NOW - below(TIMEOUT * 5 / 4)));
	}
	return site;
}

static bool is_alive(const struct site *site, uint32_t id)
{
	const struct image_target *rows = site->image->targets.rows;

	return image_target_is_alive(&rows[TARGET_INDEX(id) - 1]);
}

static bool needs(const struct site *site, const struct image_ring *ring, uint32_t i, union flow f)
{
	const struct image_target *rows = site->image->targets.rows;

	return f.state != FLOW_FREE && f.target && is_alive(site, f.target) &&
	       is_live(f, (uint16_t)NOW, TIMEOUT) &&
	       (uint32_t)f.tag >> (FLOW_TAG_BITS - ring->bits) == i &&
	       f.target != ring->slots->slot[i].current &&
	       ring_serves_group(ring, group_hash(rows[TARGET_INDEX(f.target) - 1].label.group));
}

static union slot slow_sweep(const struct site *site, const struct image_ring *ring, uint32_t i)
{
	union slot slot = ring->slots->slot[i];
	bool over = ((NOW - slot.deadline) & ((1 << SLOT_DEADLINE_BITS) - 1)) <
		    1 << (SLOT_DEADLINE_BITS - 1);

	if (slot.condition == SLOT_STABLE || (slot.condition == SLOT_LEARNING && !over))
		return slot;
	for (size_t j = 0; j < BUCKETS * FLOWS_PER_BUCKET; j++) {
		if (needs(site, ring, i,
			  site->buckets[j / FLOWS_PER_BUCKET].flow[j % FLOWS_PER_BUCKET]))
			return tracking(slot.current);
	}
	return stable(slot.current);
}

Test(sweep, does_what_the_slow_way_does)
{
	srand(1);
	for (int history = 0; history < HISTORIES; history++) {
		_cleanup_site_ struct site *site = random_site();
		const struct image_ring *rings = site->image->rings.rows;
		union slot wanted[RINGS][1 << (RING_BITS_MIN + 2)];

		for (size_t r = 0; r < RINGS; r++)
			for (uint32_t i = 0; i < 1u << rings[r].bits; i++)
				wanted[r][i] = slow_sweep(site, &rings[r], i);
		sweep(site, NOW);
		for (size_t r = 0; r < RINGS; r++)
			for (uint32_t i = 0; i < 1u << rings[r].bits; i++)
				cr_assert_eq(rings[r].slots->slot[i].word, wanted[r][i].word,
					     "history %d, ring %zu, slot %u", history, r, i);
		for (size_t r = 0; r < RINGS; r++)
			slot_of(site, &rings[r], 0);
	}
}
