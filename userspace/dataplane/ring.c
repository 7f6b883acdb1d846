// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Members take turns in claiming slots until each has its quota: compile_rings.c -> slots -> maps.
 *
 * A member walks the slots in an order of its own. It has a number of homes, places all over the
 * ring that its identity decides. A walk visits the homes themselves, then the slots at distance 1
 * from each home, then those at distance 2-3, 4-7, and so on, where the slot at distance d is
 * home ^ d. Around any home that reaches every slot, so each walk is complete. And it covers the
 * same parts of the hash space in the same order whatever the number of slots is: that is why
 * doubling a ring keeps nearly all of it, where permutations by offset and skip deal it out anew.
 *
 * Visiting a slot that is taken costs the visit; Maglev would go on to the next free one at once.
 * So who gets a slot depends on how early it is in the walks of those who want it and hardly on
 * what befell them before, and a change spreads less.
 *
 * Measured: the slots that change when one of N equal members comes or goes, as a multiple of the
 * 1/N that must change; and the part of the slots that change when the ring is doubled.
 *
 *	N			3	10	100	1000
 *	change (Maglev)		1.06	1.29	2.4	6.6
 *	change (this)		1.08	1.27	2.3	4.6
 *	doubling (Maglev)	41 %	59 %	66 %	67 %
 *	doubling (this)		1.6 %	5 %	3 %	4 %
 *
 * More homes make changes smaller and doubling worse.
 */
#include "dataplane/ring.h"

#include <arpa/inet.h>
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "abi.h"
#include "base/cleanup.h"
#include "dataplane/siphash.h"

enum {
	SLOTS_PER_MEMBER = 100,	/* at least; keeps rounding to whole slots below one percent */
	UNEQUAL_BITS = 4,	/* unequal weights get a ring of at most 2^4 times the size */
	HOMES = 64,
	VISITS_PER_TURN = 4,	/* of a member of average weight; more are faster, not fairer */
};

struct walker {
	uint64_t identity;
	uint64_t weight;
	uint64_t remainder;	/* what the quota leaves out of a slot, times all weights */
	uint64_t credit;	/* for visits; less than the price of one when a turn is over */
	int64_t visits;		/* paid for; below zero after several at once */
	uint32_t id;
	uint32_t quota;		/* slots still to claim */
	uint32_t number;	/* of the home that is being visited */
	uint32_t home;		/* its slot */
	uint32_t distance;	/* of the next visit from it */
	uint32_t reach;		/* where the present distances end; a power of two */
};

struct filling {
	uint32_t *slots;
	uint64_t *taken;	/* one bit for each slot */
	unsigned bits;
	uint64_t price;		/* of a visit: the weights of all who still want slots */
};

uint64_t ring_identity(const uint64_t secret[2], const char *group, const struct addr *addr,
		       uint16_t port)
{
	uint8_t bytes[LABEL_NAME_SIZE + sizeof(*addr) + sizeof(port)];
	size_t used = strnlen(group, LABEL_NAME_SIZE - 1);
	__be16 wire_port = htons(port);

	memcpy(bytes, group, used);
	bytes[used++] = '\0';
	memcpy(bytes + used, addr, sizeof(*addr));
	used += sizeof(*addr);
	memcpy(bytes + used, &wire_port, sizeof(wire_port));
	return siphash13(secret, bytes, used + sizeof(wire_port));
}

static unsigned bits_for(uint64_t slots)
{
	unsigned bits = RING_BITS_MIN;

	while (bits < RING_BITS_MAX && 1ULL << bits < slots)
		bits++;
	return bits;
}

unsigned ring_bits(const uint32_t *weights, size_t count)
{
	uint64_t sum = 0, least = UINT32_MAX, members = 0;
	unsigned equal, unequal;

	for (size_t i = 0; i < count; i++) {
		if (!weights[i])
			continue;
		sum += weights[i];
		members++;
		if (weights[i] < least)
			least = weights[i];
	}
	equal = bits_for(SLOTS_PER_MEMBER * members);
	unequal = bits_for((SLOTS_PER_MEMBER * sum + least - 1) / least);
	return unequal < equal + UNEQUAL_BITS ? unequal : equal + UNEQUAL_BITS;
}

static int by_identity(const void *a, const void *b)
{
	const struct walker *x = a, *y = b;

	return (x->identity > y->identity) - (x->identity < y->identity);
}

static int by_remainder(const void *a, const void *b)
{
	const struct walker *x = a, *y = b;

	if (x->remainder != y->remainder)
		return x->remainder < y->remainder ? 1 : -1;
	return by_identity(a, b);
}

/* Whole slots first; those that are left over go to the largest remainders, one each. */
static void set_quotas(struct walker *walkers, size_t count, uint64_t weights, unsigned bits)
{
	uint32_t left = count ? 1u << bits : 0;

	for (size_t i = 0; i < count; i++) {
		uint64_t share = walkers[i].weight << bits;

		walkers[i].quota = (uint32_t)(share / weights);
		walkers[i].remainder = share % weights;
		left -= walkers[i].quota;
	}
	qsort(walkers, count, sizeof(*walkers), by_remainder);
	for (size_t i = 0; i < left; i++)
		walkers[i].quota++;
}

/* The finalizer of SplitMix64. What must not be guessed is already in the identity. */
static uint64_t mix(uint64_t word)
{
	word = (word ^ word >> 30) * 0xbf58476d1ce4e5b9;
	word = (word ^ word >> 27) * 0x94d049bb133111eb;
	return word ^ word >> 31;
}

static void go_home(struct walker *walker, uint32_t number, unsigned bits)
{
	uint64_t place = mix(walker->identity + number * 0x9e3779b97f4a7c15);

	walker->number = number;
	walker->home = (uint32_t)(place >> (64 - bits));
	walker->distance = walker->reach / 2;
}

static void start_walk(struct walker *walker, const struct ring_member *member, unsigned bits)
{
	*walker = (struct walker){
		.identity = member->identity,
		.id = member->id,
		.weight = member->weight,
		.reach = 1,
	};
	go_home(walker, 0, bits);
}

static void walk_on(struct walker *walker, uint32_t visits, unsigned bits)
{
	walker->distance += visits;
	if (walker->distance < walker->reach)
		return;
	if (walker->number + 1 < HOMES) {
		go_home(walker, walker->number + 1, bits);
	} else {
		walker->reach *= 2;
		go_home(walker, 0, bits);
	}
}

/*
 * One visit, or several at once where none can succeed: the slots at the distances up to the next
 * multiple of 64 share a word of taken. Returns the number of visits.
 */
static uint32_t visit(struct filling *ring, struct walker *walker)
{
	uint32_t slot = walker->home ^ walker->distance, visits = 1;
	uint64_t bit = 1ULL << slot % 64, *taken = &ring->taken[slot / 64];

	if (*taken == UINT64_MAX) {
		uint32_t end = (walker->distance | 63) + 1;

		visits = (end < walker->reach ? end : walker->reach) - walker->distance;
	} else if (!(*taken & bit)) {
		*taken |= bit;
		ring->slots[slot] = walker->id;
		walker->quota--;
	}
	walk_on(walker, visits, ring->bits);
	return visits;
}

/*
 * One turn each, of visits in proportion to the weights. Returns the number of those who want more
 * slots; they keep their order, and ring->price becomes the sum of their weights.
 */
static size_t take_turns(struct filling *ring, struct walker *walkers, size_t count)
{
	uint64_t weights = 0;
	size_t hungry = 0;

	for (size_t i = 0; i < count; i++) {
		struct walker *walker = &walkers[i];

		walker->credit += walker->weight * count * VISITS_PER_TURN;
		walker->visits += (int64_t)(walker->credit / ring->price);
		walker->credit %= ring->price;
		while (walker->quota && walker->visits > 0)
			walker->visits -= visit(ring, walker);
		if (!walker->quota)
			continue;
		weights += walker->weight;
		if (hungry < i)
			walkers[hungry] = *walker;
		hungry++;
	}
	ring->price = weights;
	return hungry;
}

int ring_fill(uint32_t *slots, unsigned bits, const struct ring_member *members, size_t count)
{
	_cleanup_free_ uint64_t *taken = calloc((1u << bits) / 64, sizeof(*taken));
	_cleanup_free_ struct walker *walkers = calloc(count + 1, sizeof(*walkers));
	struct filling ring = { slots, taken, bits, 0 };

	if (!taken || !walkers)
		return -ENOMEM;
	memset(slots, 0, sizeof(*slots) << bits);
	for (size_t i = 0; i < count; i++) {
		start_walk(&walkers[i], &members[i], bits);
		ring.price += members[i].weight;
	}
	set_quotas(walkers, count, ring.price, bits);
	qsort(walkers, count, sizeof(*walkers), by_identity);
	while (count)
		count = take_turns(&ring, walkers, count);
	return 0;
}

struct share {
	uint32_t id;
	uint32_t weight;
	uint64_t slots;
};

static int by_id(const void *a, const void *b)
{
	const struct share *x = a, *y = b;

	return (x->id > y->id) - (x->id < y->id);
}

static void count_slots(struct share *shares, size_t count, const uint32_t *slots, unsigned bits)
{
	struct share *share = NULL;

	for (size_t i = 0; i < 1u << bits; i++) {
		struct share key = { .id = slots[i] };

		/* Slots of one member often lie side by side. */
		if (!share || share->id != key.id)
			share = bsearch(&key, shares, count, sizeof(key), by_id);
		if (share)
			share->slots++;
	}
}

double ring_imbalance(const uint32_t *slots, unsigned bits, const struct ring_member *members,
		      size_t count)
{
	_cleanup_free_ struct share *shares = calloc(count + 1, sizeof(*shares));
	double weights = 0, worst = 0;

	if (!shares)
		return NAN;
	for (size_t i = 0; i < count; i++) {
		shares[i] = (struct share){ members[i].id, members[i].weight, 0 };
		weights += members[i].weight;
	}
	qsort(shares, count, sizeof(*shares), by_id);
	count_slots(shares, count, slots, bits);
	for (size_t i = 0; i < count; i++) {
		double ideal = shares[i].weight / weights * (1u << bits);
		double deviation = fabs((double)shares[i].slots / ideal - 1);

		worst = deviation > worst ? deviation : worst;
	}
	return worst;
}
