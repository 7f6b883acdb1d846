/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * What changes without anybody's request: health, next hops and passing time become changes of the
 * model like any other, and what was kept for flows goes when the last of them is over.
 */
#pragma once

#include <event2/event_struct.h>
#include <stdbool.h>
#include <stdint.h>

struct change;
struct checker;
struct event_base;
struct route_watch;

struct upkeep {
	struct change *change;		/* borrowed, as all that follows */
	struct checker *checker;	/* NULL: none */
	struct route_watch *routes;	/* NULL: none */
	struct event work;		/* facts may have changed, or time is up */
	struct event sweep;
	uint64_t rests_until;		/* no work before; monotonic, in ms */
	bool swept;			/* and no change since */
	bool settled;			/* the data plane can let go of something */
	bool is_own;			/* the change under way is one of facts alone */
};

/* Follows change from now on: takes its `swapped`. Sweeps begin with upkeep_start. */
void upkeep_init(struct upkeep *upkeep, struct event_base *base, struct change *change);
void upkeep_clean(struct upkeep *upkeep);
int upkeep_start(struct upkeep *upkeep);	/* -ENOMEM */

/* Facts may have changed: they are asked for soon, from the event loop. */
void upkeep_refresh(void *upkeep);
