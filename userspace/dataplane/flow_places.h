/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * On which targets the recorded flows of a group are, by the top bits of their hash: what a sweep
 * notes entry by entry, and then asks slot by slot, so that entries never meet rings.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "dataplane/image.h"

/*
 * A binary tree in an array: node (1 << n) + prefix is for the flows whose hash begins with these n
 * bits. 0: there are none; the id of the target that all of them are on; or SEVERAL_TARGETS.
 */
struct group_flows {
	uint64_t group;			/* group_hash; GROUP_ANY: the flows of all groups */
	unsigned bits;			/* of the leaves */
	uint32_t *node;			/* owned */
};

struct flow_places {
	struct table groups;		/* struct group_flows, sorted by group once prepared */
	struct group_flows *any;	/* the one of GROUP_ANY; NULL: nobody will ask */
	struct group_flows **of_target;	/* by index; NULL: nobody will ask; owned */
};

/* A ring whose slots will be asked for. -ENOMEM. */
int flow_places_add(struct flow_places *places, const struct image_ring *ring);

/* When all rings are there, and before anything else. -ENOMEM. */
int flow_places_prepare(struct flow_places *places, const struct image *image);

/* A live entry of a target of the image. To note it again changes nothing. */
void flow_places_note(struct flow_places *places, union flow flow);

/* When everything is noted, and before the first question. */
void flow_places_sum(struct flow_places *places);

/* What flows of a ring may be on; NULL ends it. */
struct ring_flows {
	const struct group_flows *groups[RING_GROUPS_MAX + 1];
};
struct ring_flows flow_places_of_ring(const struct flow_places *places,
				      const struct image_ring *ring);

/* Is any flow of slot i of a ring of 2^bits slots on another target than this? */
bool ring_flows_elsewhere(const struct ring_flows *flows, unsigned bits, uint32_t i,
			  uint32_t target);

void flow_places_clean(struct flow_places *places);
