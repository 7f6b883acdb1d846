// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Nothing is kept between two visits but how many there have been: the place of each is worked out
 * from the start, quotas are dealt out one by one, and whose turn it is is looked for every time.
 */
#include "ref_ring.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

enum { HOMES = 64, VISITS_PER_TURN = 4 };

struct place {
	struct ring_member member;
	uint64_t quota, claimed, visits, credit;
	bool has_extra;
};

/* The number-th output of the generator SplitMix64 whose state starts as seed. */
static uint64_t split_mix(uint64_t seed, uint64_t number)
{
	uint64_t z = seed + number * 0x9e3779b97f4a7c15;

	z ^= z >> 30;
	z *= 0xbf58476d1ce4e5b9;
	z ^= z >> 27;
	z *= 0x94d049bb133111eb;
	return z ^ z >> 31;
}

/* Lap 0 visits the homes; lap n all distances from 2^(n-1) to 2^n - 1, home after home. */
static uint32_t slot_of_visit(uint64_t identity, uint64_t visit, unsigned bits)
{
	uint64_t first = 0, distances = 1;

	for (uint64_t in_lap = visit; in_lap >= HOMES * distances; in_lap = visit - HOMES * first) {
		first = first ? 2 * first : 1;
		distances = first;
	}
	visit -= HOMES * first;
	return (uint32_t)(split_mix(identity, visit / distances) >> (64 - bits) ^
			  (first + visit % distances));
}

static uint64_t weight_of_hungry(const struct place *places, size_t count, uint64_t *hungry)
{
	uint64_t sum = 0;

	*hungry = 0;
	for (size_t i = 0; i < count; i++) {
		if (places[i].claimed < places[i].quota) {
			sum += places[i].member.weight;
			++*hungry;
		}
	}
	return sum;
}

static void sort_places(struct place *places, size_t count)
{
	for (size_t i = 1; i < count; i++) {
		struct place place = places[i];
		size_t j = i;

		for (; j && places[j - 1].member.identity > place.member.identity; j--)
			places[j] = places[j - 1];
		places[j] = place;
	}
}

static void deal_quotas(struct place *places, size_t count, unsigned bits, uint64_t weights)
{
	uint64_t dealt = 0;

	for (size_t i = 0; i < count; i++) {
		places[i].quota = ((uint64_t)places[i].member.weight << bits) / weights;
		dealt += places[i].quota;
	}
	for (; dealt < 1u << bits; dealt++) {
		struct place *best = NULL;
		uint64_t most = 0;

		for (size_t i = 0; i < count; i++) {
			uint64_t rest = ((uint64_t)places[i].member.weight << bits) % weights;

			if (!places[i].has_extra && rest > most) {
				best = &places[i];
				most = rest;
			}
		}
		best->has_extra = true;
		best->quota++;
	}
}

static void take_turn(uint32_t *slots, bool *taken, unsigned bits, struct place *place,
		      uint64_t price)
{
	for (; place->credit >= price; place->credit -= price) {
		uint32_t slot = slot_of_visit(place->member.identity, place->visits++, bits);

		if (taken[slot] || place->claimed == place->quota)
			continue;
		taken[slot] = true;
		slots[slot] = place->member.id;
		place->claimed++;
	}
}

void ref_ring_fill(uint32_t *slots, unsigned bits, const struct ring_member *members, size_t count)
{
	struct place *places = calloc(count + 1, sizeof(*places));
	bool *taken = calloc(1u << bits, sizeof(*taken));
	uint64_t hungry, price = 0;

	if (!places || !taken)
		abort();
	memset(slots, 0, sizeof(*slots) << bits);
	for (size_t i = 0; i < count; i++) {
		places[i].member = members[i];
		price += members[i].weight;
	}
	sort_places(places, count);
	if (count)
		deal_quotas(places, count, bits, price);
	/* In the first round everyone counts, even who is to get no slot at all. */
	for (hungry = count; hungry; price = weight_of_hungry(places, count, &hungry)) {
		for (size_t i = 0; i < count; i++) {
			if (places[i].claimed == places[i].quota)
				continue;
			places[i].credit += places[i].member.weight * hungry * VISITS_PER_TURN;
			take_turn(slots, taken, bits, &places[i], price);
		}
	}
	free(taken);
	free(places);
}
