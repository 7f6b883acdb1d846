// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Exact affinity as a whole: random histories of a gateway, with thousands of flows, against a
 * plain table of them (flow_world.h). The program, its maps, the model, compile, apply, the sweep
 * and the restart are the real ones (gateway.h); the target of every single packet is compared.
 *
 * HISTORIES=N plays that many (100), SEED=S is the first one's. A history that fails tells its seed
 * and what happened: SEED=that HISTORIES=1 plays it again, and FLOW=N tells of a flow's packets.
 * VERBOSE=1 tells how much was played.
 */
#include <criterion/criterion.h>
#include <criterion/parameterized.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "flow_world.h"
#include "gateway.h"
#include "random.h"
#include "random_setup.h"

enum {
	SHARDS = 4,			/* Criterion plays them side by side */
	STEPS = 56,
	TUPLES_MAX = 1600,
	BUCKET_MAX = 8,			/* entries of the flow table's bucket */
	TICK_MAX = 12,			/* seconds */
	FAILURES = 8,			/* in percent of the changes that are not made */
	SETTLING_ROUNDS = 8,
	SETTLING_SECONDS = 400,		/* longer than any timeout, delay and interval */
};

/* Where a flow may come and go, again and again. */
struct tuple {
	struct gateway_tuple ends;
	struct gateway_packet syn, data;
	uint32_t speaks_at;
};

struct history {
	struct gateway *gateway;
	struct world world;
	struct tuple *tuples;
	uint64_t seed, random;
	unsigned step;
	unsigned sweeps;		/* in percent of the ticks */
	unsigned between;		/* a packet between so many writes of a change */
	bool is_down;			/* there is no daemon */
	bool undisturbed;		/* the next change is to be */
	size_t watched;			/* the flow whose every packet is told */
	unsigned long packets, changes, kills, refusals;
	FILE *words;
	char *text;
	size_t text_size;
};

static uint32_t below(struct history *h, uint32_t count)
{
	return random_below(&h->random, count);
}

static bool percent(struct history *h, uint32_t chance)
{
	return random_percent(&h->random, chance);
}

static void fail(struct history *h, const char *what, const struct tuple *tuple)
{
	static const char *const moments[] = {
		[WORLD_CALM] = "",
		[WORLD_CHANGING] = ", in the middle",
		[WORLD_GIVING_UP] = ", before it is restarted",
		[WORLD_UNDOING] = ", while it is undone",
	};

	if (tuple)
		gateway_explain(h->gateway, &tuple->ends,
				&h->world.now.listener[tuple->ends.listener], h->words);
	fflush(h->words);
	cr_assert_fail("SEED=%llu HISTORIES=1, step %u%s: %s\n%s", (unsigned long long)h->seed,
		       h->step, moments[h->world.change], what, h->text);
}

/*
 * ---- flows ------------------------------------------------------------------------------------
 */

/*
 * Two flows of one bucket and one tag (chance: 2^-22) are one to the flow table, and a bucket holds
 * eight: other tests are about that. No tuple here is so unlucky, so every flow can be exact.
 */
static bool is_distinct(uint32_t tags[][BUCKET_MAX], uint8_t *counts, uint64_t hash)
{
	uint32_t bucket = hash % GATEWAY_BUCKETS, tag = (uint32_t)(hash >> 42) | 1u << 31;

	if (counts[bucket] == BUCKET_MAX)
		return false;
	for (int i = 0; i < counts[bucket]; i++) {
		if (tags[bucket][i] == tag)
			return false;
	}
	tags[bucket][counts[bucket]++] = tag;
	return true;
}

static void make_tuples(struct history *h, const uint64_t secret[2])
{
	static uint32_t tags[GATEWAY_BUCKETS][BUCKET_MAX];
	static uint8_t counts[GATEWAY_BUCKETS];

	memset(counts, 0, sizeof(counts));
	for (uint32_t i = 0; i < h->world.flow_count; i++) {
		struct tuple *tuple = &h->tuples[i];
		int number = (int)(i % WORLD_LISTENERS);
		const struct world_listener *listener = &h->world.now.listener[number];
		uint16_t first, last;

		gateway_listener_ports(number, &first, &last);
		do {
			tuple->ends = (struct gateway_tuple){
				.listener = number,
				.client = below(h, 1 << 16),
				.sport = (uint16_t)(1024 + below(h, 60000)),
				.dport = (uint16_t)(first + below(h, last - first + 1)),
			};
		} while (!is_distinct(tags, counts, gateway_hash(&tuple->ends, listener, secret)));
		gateway_packet(&tuple->ends, listener, true, &tuple->syn);
		gateway_packet(&tuple->ends, listener, false, &tuple->data);
		tuple->speaks_at = h->world.clock + below(h, 60);
		h->world.flows[i].listener = number;
	}
}

/* Often, or as late as can be, or too late. */
static uint32_t random_pause(struct history *h, const struct world_flow *flow)
{
	uint32_t longest = flow->lives ? flow->timeout - WORLD_MARGIN : 60;

	if (percent(h, 8))
		return 1 + below(h, 5);
	if (percent(h, 20))
		return longest - 1 - below(h, TICK_MAX);
	return 1 + below(h, percent(h, 4) ? 2 * longest : longest);
}

static bool listener_exists(const struct history *h, int listener)
{
	return h->world.now.listener[listener].exists ||
	       (h->world.change && h->world.next.listener[listener].exists);
}

/* Untouched is right only where there may be no listener. */
static int send_packet(struct history *h, size_t index, bool is_syn)
{
	struct tuple *tuple = &h->tuples[index];
	int place = gateway_run(h->gateway, is_syn ? &tuple->syn : &tuple->data);
	int listener = tuple->ends.listener;

	h->packets++;
	if (index == h->watched) {
		fprintf(h->words, "\n@%u flow %zu %s to %d:", h->world.clock, index,
			is_syn ? "SYN" : "data", place);
		gateway_explain(h->gateway, &tuple->ends, &h->world.now.listener[listener],
				h->words);
	}
	if (place != GATEWAY_PASSED)
		return place;
	if (h->world.now.listener[listener].exists &&
	    (!h->world.change || h->world.next.listener[listener].exists)) {
		snprintf(h->world.fault, sizeof(h->world.fault),
			 "flow %zu: a packet to listener %d is passed untouched", index, listener);
		fail(h, h->world.fault, tuple);
	}
	return place;
}

/* A packet of the tuple, if one may be sent now. TCP: SYNs come early, late and twice. */
static void speak(struct history *h, size_t index)
{
	struct world_flow *flow = &h->world.flows[index];
	bool is_udp = h->world.now.listener[flow->listener].is_udp, is_syn = false;
	enum world_phase phase;
	int place;

	h->tuples[index].speaks_at = h->world.clock + 1 + below(h, 2 * TICK_MAX);
	if (!listener_exists(h, flow->listener))
		return;
	gateway_hold_clock(h->gateway);
	h->world.clock = h->gateway->seconds;
	phase = world_phase(&h->world, index);
	if (phase == WORLD_WAIT)
		return;
	if (!is_udp)
		is_syn = percent(h, phase == WORLD_LIVE ? 3 : 80);
	place = send_packet(h, index, is_syn);
	if (place == GATEWAY_PASSED)
		return;
	if (!world_judge(&h->world, index, is_syn, place))
		fail(h, h->world.fault, &h->tuples[index]);
	if (flow->lives && !is_udp && percent(h, 3))
		world_end_flow(&h->world, index);
	h->tuples[index].speaks_at = h->world.clock + random_pause(h, flow);
}

static void speak_all_due(struct history *h)
{
	for (size_t i = 0; i < h->world.flow_count; i++) {
		if ((int32_t)(h->world.clock - h->tuples[i].speaks_at) >= 0)
			speak(h, i);
	}
}

/*
 * ---- changes ----------------------------------------------------------------------------------
 */

static void speak_between(void *context)
{
	struct history *h = context;

	if (h->gateway->failed && !h->gateway->kill)
		h->world.change = WORLD_UNDOING;
	if (!below(h, h->between))
		speak(h, below(h, (uint32_t)h->world.flow_count));
}

static int random_count(struct history *h, unsigned bits)
{
	return (int)below(h, 1u << below(h, bits));
}

static void arrange_packets(struct history *h)
{
	static const unsigned rates[] = { 1, 4, 32, 256 };

	h->between = random_of(&h->random, rates);
	h->gateway->between = percent(h, 40) ? speak_between : NULL;
	h->gateway->context = h;
}

static bool take_flag(bool *flag)
{
	bool was = *flag;

	*flag = false;
	return was;
}

/* Some changes meet packets, some fail, in some the daemon is killed. */
static void arrange(struct history *h)
{
	struct gateway *gateway = h->gateway;

	if (take_flag(&h->undisturbed))
		return;
	arrange_packets(h);
	gateway->kill = !percent(h, FAILURES);
	gateway->writes_left = percent(h, 8) ? random_count(h, gateway->kill ? 13 : 6) : -1;
}

/* What the daemon does by itself there is no user to mend. */
static enum gateway_result must(struct history *h, enum gateway_result result)
{
	if (result == GATEWAY_REFUSED)
		fail(h, h->gateway->why, NULL);
	return result;
}

static void learn(struct history *h, bool no_news);
static void pass(struct history *h, uint32_t seconds);

static void say_time(struct history *h)
{
	fprintf(h->words, "\n%u @%u", h->step, h->world.clock);
}

/*
 * Meanwhile nobody changes anything. A new configuration stands in the state file; what the checks
 * had found is forgotten with the daemon, unless it had come into the maps: until they have spoken
 * again both are true.
 */
static void restart(struct history *h, bool is_saved)
{
	struct gateway *gateway = h->gateway;

	h->is_down = true;
	pass(h, percent(h, 50) ? 0 : below(h, 100));
	h->is_down = false;
	say_time(h);
	fprintf(h->words, " restart");
	if (!is_saved)
		h->world.change = WORLD_GIVING_UP;
	arrange(h);
	gateway->kill = true;
	if (must(h, gateway_restart(gateway)) == GATEWAY_KILLED) {
		fprintf(h->words, ", killed again");
		must(h, gateway_restart(gateway));
	}
	if (is_saved)
		world_commit(&h->world);
	else
		world_abandon(&h->world);
	h->undisturbed = true;
	learn(h, true);
}

/* For no reason at all. */
static void just_restart(struct history *h)
{
	world_edit(&h->world);
	world_begin(&h->world);
	restart(h, true);
}

static void finish(struct history *h, enum gateway_result result, bool is_saved)
{
	h->changes++;
	switch (result) {
	case GATEWAY_DONE:
		world_commit(&h->world);
		if (!gateway_buries_the_dead(h->gateway))
			fail(h, "a slot learns from a target that is dead", NULL);
		break;
	case GATEWAY_REFUSED:
		h->world.change = WORLD_CALM;
		h->refusals++;
		fprintf(h->words, ": refused (%s)", h->gateway->why);
		break;
	case GATEWAY_UNDONE:
		h->world.change = WORLD_UNDOING;
		world_abandon(&h->world);
		fprintf(h->words, ": a write failed");
		h->undisturbed = true;
		learn(h, true);
		break;
	case GATEWAY_KILLED:
		h->kills++;
		fprintf(h->words, ": killed");
		restart(h, is_saved);
		break;
	}
}

static void learn(struct history *h, bool no_news)
{
	random_health(&h->world, &h->random, no_news, h->words);
	world_begin(&h->world);
	arrange(h);
	finish(h, must(h, gateway_learn(h->gateway, &h->world.next)), false);
}

/* Makes what has been edited so. */
static void apply_edit(struct history *h)
{
	world_begin(&h->world);
	arrange(h);
	finish(h, gateway_configure(h->gateway, &h->world.next), true);
}

static void configure(struct history *h, int favourite)
{
	say_time(h);
	random_edit(&h->world, &h->random, favourite, h->words);
	apply_edit(h);
}

static void remove_now(struct history *h)
{
	int place = random_victim(&h->world, &h->random);
	struct world_setup *setup = world_edit(&h->world);

	if (place == WORLD_NOWHERE)
		return;
	say_time(h);
	fprintf(h->words, " g%d--t%d", place / WORLD_TARGETS, place % WORLD_TARGETS);
	world_kill(&setup->group[place / WORLD_TARGETS].target[place % WORLD_TARGETS]);
	world_begin(&h->world);
	arrange(h);
	finish(h, gateway_remove_now(h->gateway, place), true);
}

/* What the daemon does by the clock. */
static void tick(struct history *h)
{
	if (percent(h, h->sweeps)) {
		arrange_packets(h);
		gateway_sweep(h->gateway);
	}
	learn(h, true);
}

/* The daemon sees last what became of the time, so that both worlds have the same deaths. */
static void pass(struct history *h, uint32_t seconds)
{
	while (seconds) {
		uint32_t part = 1 + below(h, TICK_MAX);

		part = part < seconds ? part : seconds;
		seconds -= part;
		gateway_advance(h->gateway, part);
		h->world.clock = h->gateway->seconds;
		speak_all_due(h);
		if (!h->is_down && percent(h, 30))
			tick(h);
	}
	if (!h->is_down)
		tick(h);
}

/*
 * ---- histories --------------------------------------------------------------------------------
 */

static uint32_t random_time(struct history *h)
{
	static const uint32_t times[] = { 1, 4, 4, 25, 25, 25, 25, 90, 90 };

	return below(h, percent(h, 98) ? random_of(&h->random, times) : 700);
}

/* A listener is away for a while, and the world does not stand still. */
static void leave_and_return(struct history *h)
{
	int favourite, listener;

	say_time(h);
	listener = random_leave(&h->world, &h->random, &favourite, h->words);
	if (listener < 0)
		return;
	apply_edit(h);
	for (uint32_t i = below(h, 3); i; i--) {
		pass(h, random_time(h));
		configure(h, favourite);
	}
	pass(h, below(h, percent(h, 50) ? 50 : 350));
	say_time(h);
	random_return(&h->world, &h->random, listener, &favourite, h->words);
	apply_edit(h);
	learn(h, true);
	pass(h, below(h, 25));
	configure(h, favourite);
}

static void take_step(struct history *h)
{
	uint32_t chance = below(h, 100);

	if (chance < 58)
		configure(h, -1);
	else if (chance < 66)
		leave_and_return(h);
	else if (chance < 70)
		remove_now(h);
	else if (chance < 74)
		just_restart(h);
	if (percent(h, 70)) {
		say_time(h);
		learn(h, percent(h, 60));
	}
	pass(h, random_time(h));
}

/* When all flows are silent, nothing is kept for them. */
static void expect_rest(struct history *h)
{
	const char *kept;

	for (int i = 0; i < SETTLING_ROUNDS; i++) {
		gateway_advance(h->gateway, SETTLING_SECONDS);
		gateway_sweep(h->gateway);
		must(h, gateway_learn(h->gateway, &h->world.now));
	}
	gateway_sweep(h->gateway);
	kept = gateway_unsettled(h->gateway);
	if (kept) {
		fprintf(h->words, "\nthere is %s", kept);
		fail(h, "when all flows are over, something is still kept for them", NULL);
	}
}

static bool has_listeners(const struct history *h)
{
	bool any = false;

	for (int i = 0; i < WORLD_LISTENERS; i++)
		any |= h->world.now.listener[i].exists;
	return any;
}

static void begin(struct history *h)
{
	/* where there are few, targets have flows that nobody has heard of for a while */
	static const size_t flows[] = { 100, 400, TUPLES_MAX };
	static const unsigned sweeps[] = { 0, 10, 100, 100 };
	uint64_t secret[2] = { random_next(&h->random), random_next(&h->random) };

	world_init(&h->world, random_of(&h->random, flows), (uint32_t)random_next(&h->random));
	h->sweeps = random_of(&h->random, sweeps);
	fprintf(h->words, "0 @%u", h->world.clock);
	gateway_reset(h->gateway, secret, h->world.clock);
	do {
		random_beginning(&h->world, &h->random, h->words);
		world_begin(&h->world);
		finish(h, gateway_configure(h->gateway, &h->world.next), true);
	} while (!has_listeners(h));
	make_tuples(h, secret);
	h->undisturbed = true;
	learn(h, true);
}

static unsigned long long number(const char *name, unsigned long long otherwise)
{
	const char *text = getenv(name);

	return text && *text ? strtoull(text, NULL, 10) : otherwise;
}

static void play(struct gateway *gateway, uint64_t seed)
{
	struct history h = {
		.gateway = gateway,
		.seed = seed,
		.random = seed,
		.watched = number("FLOW", TUPLES_MAX),
	};

	h.words = open_memstream(&h.text, &h.text_size);
	h.tuples = calloc(TUPLES_MAX, sizeof(*h.tuples));
	cr_assert(h.words && h.tuples);
	begin(&h);
	for (h.step = 1; h.step <= STEPS; h.step++)
		take_step(&h);
	expect_rest(&h);
	if (getenv("VERBOSE"))
		fprintf(stderr, "%llu: %lu packets, %lu changes, %lu refused, %lu killed, %zu live\n",
			(unsigned long long)seed, h.packets, h.changes, h.refusals, h.kills,
			world_living(&h.world));
	world_clean(&h.world);
	fclose(h.words);
	free(h.text);
	free(h.tuples);
}

ParameterizedTestParameters(affinity, no_change_moves_a_flow)
{
	static unsigned shards[SHARDS] = { 0, 1, 2, 3 };

	return cr_make_param_array(unsigned, shards, SHARDS);
}

ParameterizedTest(unsigned *shard, affinity, no_change_moves_a_flow)
{
	unsigned long long histories = number("HISTORIES", 100), seed = number("SEED", 1);
	struct gateway gateway;

	gateway_open(&gateway);
	for (unsigned long long i = *shard; i < histories; i += SHARDS)
		play(&gateway, seed + i);
	gateway_close(&gateway);
}
