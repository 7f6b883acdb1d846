/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The neighbours that hops lead to: what the kernel knows of each, and having it keep them
 * resolved. Private to the parts of route.c.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "abi.h"

struct link_table;
struct netlink;
struct nlmsghdr;

enum { NEIGHBOUR_MARK = 83 };	/* NDA_PROTOCOL of ours; none of rtnetlink.h's RTPROT_* */

/* An entry of the kernel's. */
struct neighbour_facts {
	uint16_t state;			/* NUD_* */
	uint8_t mac[6];			/* of a resolved one */
	bool is_there;			/* false: there is no entry, and all is zero */
	bool is_resolved;
	bool is_kept;			/* the kernel keeps it resolved, for us or another */
	bool is_ours;			/* it bears our mark */
	bool is_foreign;		/* a control plane's own, which must not be touched */
	bool pad;
};
_Static_assert(sizeof(struct neighbour_facts) == 14, "facts are compared as bytes: no padding");

struct neighbour {
	uint32_t ifindex;		/* the key: device and address */
	struct addr addr;
	unsigned holders;
	struct neighbour_facts facts;
	bool is_unknown;		/* the facts must be asked for */
	bool has_failed;		/* the kernel would not keep it, and that was logged */
	uint64_t asked_ms;		/* when the kernel was last asked to keep it; 0: never */
	struct neighbour *next;
};

struct neighbours {
	void *tree;			/* by key (tsearch) */
	struct neighbour *first;	/* owned: all of them */
	size_t count;
	bool needs_tending;		/* neighbours_tend has something to do */
	bool has_more;			/* neighbours_tend has left some for the next call */
};

void neighbours_clean(struct neighbours *set);	/* the kernel goes on keeping them */

/*
 * Takes in those that an earlier daemon had the kernel keep. Nobody holds them yet: those that are
 * not held before the next neighbours_tend are let go by it.
 */
int neighbours_adopt(struct neighbours *set, struct netlink *netlink);

/* NULL: out of memory. The facts of a new one come with neighbours_tend. */
struct neighbour *neighbours_hold(struct neighbours *set, uint32_t ifindex,
				  const struct addr *addr);
void neighbours_drop(struct neighbours *set, struct neighbour *neighbour);

/* A change (RTM_NEWNEIGH, RTM_DELNEIGH); true if the facts of a neighbour here are others now. */
bool neighbours_update(struct neighbours *set, const struct nlmsghdr *message);

/* Changes may have been missed: all facts are asked for again by neighbours_tend. */
void neighbours_doubt(struct neighbours *set);

/*
 * Does what needs_tending says: asks for unknown facts, has the kernel resolve and keep the
 * neighbours on links that are up, lets go of those that nobody holds. needs_tending stays set if
 * some of it failed, comes too soon after the last attempt, or was too much for one call
 * (has_more): then this wants to be called again.
 */
int neighbours_tend(struct neighbours *set, struct netlink *netlink, const struct link_table *links,
		    uint64_t now_ms);

/* Has the kernel asked, and nobody answered? */
bool neighbour_is_silent(const struct neighbour *neighbour);

/* For neighbour_tend.c: the facts in an RTM_NEWNEIGH; the end of those that nobody holds. */
void neighbour_read(const struct nlmsghdr *message, struct neighbour_facts *out);
void neighbours_remove_unheld(struct neighbours *set);
