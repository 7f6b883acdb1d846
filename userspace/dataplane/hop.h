/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * One followed address. Its next hop is a pure function of its route, the links and its neighbour:
 * whichever of them changed, it is computed anew. Private to route.c.
 */
#pragma once

#include <stdbool.h>

#include "dataplane/route_lookup.h"
#include "model/model.h"

struct link_table;
struct neighbour;
struct neighbours;

struct hop {
	struct addr addr;
	struct route_answer route;
	bool is_stale;			/* the route is to be looked up (again) */
	struct neighbour *neighbour;	/* held; NULL: the route needs none */
	struct next_hop next;
	bool has_warned;		/* that it can not be used, as long as that lasts */
};

/* Holds the neighbour that the route leads to, if the program can send there. -ENOMEM. */
int hop_hold_neighbour(struct hop *hop, const struct link_table *links, struct neighbours *set);
void hop_drop_neighbour(struct hop *hop, struct neighbours *set);

/*
 * What hop_refresh has had to say since the last hop_log_end: of the first few hops by name, of the
 * others how many. A switch that fails is one event for whoever reads the log, not thousands.
 */
struct hop_log {
	unsigned lost, resolved;
};
void hop_log_end(struct hop_log *log);

/* Computes hop->next and logs what changed for whoever uses it; true if it is another one now. */
bool hop_refresh(struct hop *hop, const struct link_table *links, struct hop_log *log);
