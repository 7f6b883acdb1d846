// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * dataplane/history.c: its rules one by one, and all of them in random histories of one slot
 * against a plain table of the slot's flows. HISTORIES=N plays 100 N of them (10,000), SEED=S is
 * the first one's; one that fails tells its own.
 */
#include "dataplane/history.h"

#include <criterion/criterion.h>
#include <stdlib.h>

#include "random.h"

enum { A = 1, B, C, WINDOW = 350 };

static const union slot stable = { .current = A };
static const union slot tracking = { .current = A, .condition = SLOT_TRACKING };

static union slot learning_at(uint32_t now)
{
	return slot_change(stable, B, true, now, WINDOW);
}

static void expect(union slot slot, uint32_t current, uint32_t previous,
		   enum slot_condition condition)
{
	cr_assert_eq(slot.current, current);
	cr_assert_eq(slot.previous, previous);
	cr_assert_eq(slot.condition, condition);
	cr_assert(condition == SLOT_LEARNING || !slot.deadline);
}

Test(history, a_change_is_learnt)
{
	expect(slot_change(stable, B, true, 0, WINDOW), B, A, SLOT_LEARNING);
	expect(slot_change(tracking, B, true, 0, WINDOW), B, A, SLOT_LEARNING);
	expect(slot_change(stable, 0, true, 0, WINDOW), 0, A, SLOT_LEARNING);
}

Test(history, without_flows_to_keep_the_condition_stays)
{
	expect(slot_change(stable, B, false, 0, WINDOW), B, 0, SLOT_STABLE);
	expect(slot_change(tracking, B, false, 0, WINDOW), B, 0, SLOT_TRACKING);
	expect(slot_change(learning_at(0), C, false, 0, WINDOW), C, A, SLOT_LEARNING);
}

Test(history, no_change_is_none)
{
	expect(slot_change(stable, A, true, 0, WINDOW), A, 0, SLOT_STABLE);
	expect(slot_change(tracking, A, true, 0, WINDOW), A, 0, SLOT_TRACKING);
	cr_assert_eq(slot_change(learning_at(0), B, true, 9, WINDOW).word, learning_at(0).word);
}

Test(history, while_a_slot_learns_previous_and_deadline_stay)
{
	static const uint32_t targets[] = { C, A, 0, B };

	for (size_t i = 0; i < sizeof(targets) / sizeof(targets[0]); i++) {
		union slot slot = slot_change(learning_at(7), targets[i], true, 99, WINDOW);

		expect(slot, targets[i], A, SLOT_LEARNING);
		cr_assert_eq(slot.deadline, learning_at(7).deadline);
	}
}

Test(history, who_lost_the_previous_target_tracks)
{
	expect(slot_bury(learning_at(0)), B, 0, SLOT_TRACKING);
	expect(slot_bury(stable), A, 0, SLOT_STABLE);
	expect(slot_bury(tracking), A, 0, SLOT_TRACKING);
}

/* Not a second early, and seen for a long time after; around the ends of the deadline's numbers. */
Test(history, learning_ends_after_the_window)
{
	static const uint32_t windows[] = { 60, WINDOW, 6000 };

	for (size_t i = 0; i < sizeof(windows) / sizeof(windows[0]); i++) {
		for (uint32_t now = 0; now < 1 << SLOT_DEADLINE_BITS; now += 7) {
			uint32_t window = windows[i], end = now + window + HISTORY_SLACK;
			union slot slot = slot_change(stable, B, true, now, window);

			expect(slot_end_learning(slot, now), B, A, SLOT_LEARNING);
			expect(slot_end_learning(slot, end - 1), B, A, SLOT_LEARNING);
			expect(slot_end_learning(slot, end), B, 0, SLOT_TRACKING);
			expect(slot_end_learning(slot, end + HISTORY_WINDOW_MAX), B, 0,
			       SLOT_TRACKING);
		}
	}
}

Test(history, only_learning_ends)
{
	for (uint32_t now = 0; now < 1 << SLOT_DEADLINE_BITS; now += 11) {
		expect(slot_end_learning(stable, now), A, 0, SLOT_STABLE);
		expect(slot_end_learning(tracking, now), A, 0, SLOT_TRACKING);
	}
}

Test(history, only_tracking_settles)
{
	expect(slot_settle(tracking), A, 0, SLOT_STABLE);
	expect(slot_settle(stable), A, 0, SLOT_STABLE);
	cr_assert_eq(slot_settle(learning_at(3)).word, learning_at(3).word);
}

/*
 * ---- histories --------------------------------------------------------------------------------
 */

enum { CLIENTS = 10, TARGETS = 5, STEPS = 80 };

/* Which target: its number and how often it has died, as an id; 0: none. */
struct target {
	bool alive, serves;
	uint32_t life;
};

struct client {
	bool lives;
	uint32_t target, last;
	uint32_t recorded, seen;	/* in the flow table, which is never full here; 0: not */
};

struct history {
	uint64_t seed, random;
	uint32_t now, window;
	union slot slot;
	struct target targets[TARGETS];
	struct client clients[CLIENTS];
	uint32_t learning_since;
};

static uint32_t id_of(const struct history *h, uint32_t number)
{
	return 1 + number + TARGETS * h->targets[number].life;
}

static bool is_alive(const struct history *h, uint32_t id)
{
	uint32_t number = (id - 1) % TARGETS;

	return id && h->targets[number].alive && id_of(h, number) == id;
}

static bool is_recorded(const struct history *h, const struct client *client)
{
	return is_alive(h, client->recorded) && h->now - client->seen <= h->window;
}

static void record(const struct history *h, struct client *client, uint32_t id)
{
	client->recorded = id;
	client->seen = h->now;
}

/* The table of rules, as docs/AFFINITY.md has it. */
static uint32_t route(const struct history *h, struct client *client, bool is_syn)
{
	union slot slot = h->slot;
	uint32_t id = (uint32_t)slot.current;

	if (slot.condition == SLOT_STABLE)
		return id;
	if (!is_syn && is_recorded(h, client)) {
		record(h, client, client->recorded);
		return client->recorded;
	}
	if (slot.condition == SLOT_TRACKING) {
		client->recorded = is_syn ? 0 : client->recorded;
		return id;
	}
	if (!is_syn && is_alive(h, (uint32_t)slot.previous))
		id = (uint32_t)slot.previous;
	if (id)
		record(h, client, id);
	return id;
}

/* What the plain table says. */
static void speak(struct history *h, struct client *client)
{
	bool lives = client->lives && h->now - client->last <= h->window &&
		     is_alive(h, client->target);
	bool is_syn = !lives || random_percent(&h->random, 10);
	uint32_t id = route(h, client, is_syn);

	if (is_syn)
		client->target = id;
	cr_assert_eq(id, client->target, "SEED=%llu: a flow of target %u is sent to %u",
		     (unsigned long long)h->seed, client->target, id);
	client->lives = id && !random_percent(&h->random, 5);
	client->last = h->now;
}

static uint32_t random_server(struct history *h)
{
	uint32_t first = random_below(&h->random, TARGETS);

	for (uint32_t i = 0; i < TARGETS; i++) {
		uint32_t number = (first + i) % TARGETS;

		if (h->targets[number].serves)
			return id_of(h, number);
	}
	return 0;
}

/* As a change of the ring does it. */
static void follow(struct history *h, uint32_t current)
{
	bool learnt;

	if (!is_alive(h, (uint32_t)h->slot.previous))
		h->slot = slot_bury(h->slot);
	learnt = h->slot.condition == SLOT_LEARNING;
	h->slot = slot_change(h->slot, current, is_alive(h, (uint32_t)h->slot.current), h->now,
			      h->window);
	if (h->slot.condition == SLOT_LEARNING && !learnt)
		h->learning_since = h->now;
}

/* A target dies, drains, or (again) comes into service. */
static void change_target(struct history *h)
{
	struct target *target = &h->targets[random_below(&h->random, TARGETS)];
	uint32_t number = (uint32_t)(target - h->targets), chance = random_below(&h->random, 100);
	uint32_t id = id_of(h, number), current = (uint32_t)h->slot.current;

	target->serves = chance >= 50;
	if (chance < 20)
		target->alive = false;
	if (target->serves && !target->alive)
		target->life++;
	target->alive |= target->serves;
	follow(h, current == id && !target->serves ? random_server(h) : current);
}

/* What the sweep does. */
static void sweep(struct history *h)
{
	bool needed = false;

	h->slot = slot_end_learning(h->slot, h->now);
	for (struct client *client = h->clients; client < h->clients + CLIENTS; client++)
		needed |= is_recorded(h, client) && client->recorded != h->slot.current;
	if (!needed)
		h->slot = slot_settle(h->slot);
}

/*
 * Learning ends neither before all flows have had their time, nor after, but for a daemon that was
 * away for hours.
 */
static void check_slot(const struct history *h)
{
	uint32_t since = h->now - h->learning_since, end = h->window + HISTORY_SLACK;
	bool learns = h->slot.condition == SLOT_LEARNING;

	cr_assert_eq(h->slot.previous != 0, learns, "SEED=%llu", (unsigned long long)h->seed);
	if (!learns)
		return;
	cr_assert(is_alive(h, (uint32_t)h->slot.previous), "SEED=%llu: a dead previous target",
		  (unsigned long long)h->seed);
	if (since <= end + HISTORY_WINDOW_MAX)
		cr_assert_eq(slot_end_learning(h->slot, h->now).condition == SLOT_LEARNING,
			     since < end, "SEED=%llu", (unsigned long long)h->seed);
}

static void take_step(struct history *h)
{
	uint32_t chance = random_below(&h->random, 100);

	if (chance < 20)
		change_target(h);
	else if (chance < 35)
		follow(h, random_server(h));
	else if (chance < 55)
		h->now += random_below(&h->random, h->window / 4 + 2);
	else if (chance < 65)
		sweep(h);
	else
		speak(h, &h->clients[random_below(&h->random, CLIENTS)]);
	check_slot(h);
}

static void play(uint64_t seed)
{
	static const uint32_t windows[] = { 60, 60, 350, 6000 };
	struct history h = { .seed = seed, .random = seed };

	h.now = (uint32_t)random_next(&h.random);
	h.window = random_of(&h.random, windows);
	for (uint32_t i = 0; i < TARGETS; i++)
		h.targets[i].alive = h.targets[i].serves = i < 2;
	h.slot.current = id_of(&h, 0);
	for (int step = 0; step < STEPS; step++)
		take_step(&h);
}

static unsigned long long number(const char *name, unsigned long long otherwise)
{
	const char *text = getenv(name);

	return text && *text ? strtoull(text, NULL, 10) : otherwise;
}

Test(history, no_flow_is_moved)
{
	unsigned long long count = 100 * number("HISTORIES", 100), seed = number("SEED", 1);

	for (unsigned long long i = 0; i < count; i++)
		play(seed + i);
}
