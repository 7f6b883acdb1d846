/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* All followed addresses, sorted, and what is done to many of them at once. Private to route.c. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "abi.h"

struct addr_range;
struct hop;
struct hop_log;
struct link_table;
struct neighbours;
struct netlink;

struct hops {
	struct hop *rows;	/* owned; sorted by address */
	size_t count;
};

void hops_clean(struct hops *hops);

/* Duplicates are one. New ones are stale; those that leave drop their neighbours. -ENOMEM. */
int hops_follow(struct hops *hops, const struct addr *addresses, size_t count,
		struct neighbours *neighbours);

const struct hop *hops_find(const struct hops *hops, const struct addr *addr);

/* Their routes may have changed. True if there are such hops. */
bool hops_mark_all(struct hops *hops);
bool hops_mark_range(struct hops *hops, const struct addr_range *range);
bool hops_mark_link(struct hops *hops, uint32_t ifindex, bool is_v4);	/* that lead over it */

/* Looks up the stale ones. On failure those without an answer keep what they had and stay stale. */
int hops_look_up(struct hops *hops, struct netlink *netlink);

/* Each holds the neighbour that its route leads to. -ENOMEM: some hold none. */
int hops_hold_neighbours(struct hops *hops, const struct link_table *links,
			 struct neighbours *neighbours);

/* Computes all next hops; true if any is another one now. */
bool hops_refresh(struct hops *hops, const struct link_table *links, struct hop_log *log);
