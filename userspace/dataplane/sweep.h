/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The walk over slots and flow table that ends transitions: learning slots whose time is over
 * track, tracking slots that no recorded flow needs are stable again, entries that mean nothing any
 * more are freed, and what is recorded is counted. Everything it works on is passed in.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "abi.h"

struct image;
struct map_writer;

/* The flow table of the map flows, mmapped; the program changes it all the while. */
struct flow_table {
	struct flow_bucket *buckets;
	size_t bucket_count;
};

/* What one sweep saw. */
struct sweep {
	uint64_t entries[FLOW_STATE_COUNT];	/* live, by state; direct ones are not among them */
	uint64_t direct;
	/* by target index: live flows recorded on the present generation */
	uint32_t flows[TARGETS_MAX];
	/*
	 * By target index: flows that nobody recorded may be on the present generation. A learning
	 * slot has it as its previous target, or a slot that a removed listener may come back to
	 * as its current one.
	 */
	bool named[TARGETS_MAX];
};

/*
 * now: seconds of the clock of slots and entries, in full. Edits the slots of image's rings, each
 * of which has its own, and stores those that changed through writer. -ENOMEM: nothing was changed.
 */
int sweep_run(struct sweep *sweep, struct image *image, const struct map_writer *writer,
	      const struct flow_table *table, uint32_t now);
