/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The links of the host as the kernel describes them, and which of them the program can send
 * through. Private to the parts of route.c.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "abi.h"

struct netlink;
struct nlmsghdr;
struct route_link;

enum { LINK_NAME_SIZE = 16 };	/* IFNAMSIZ */

struct link_row {
	uint32_t ifindex;
	uint32_t lower;			/* of an 802.1Q device: the one below it; else 0 */
	uint16_t vlan;			/* its VLAN id */
	uint16_t mtu;
	uint8_t mac[6];
	bool is_up;			/* set up, and has carrier */
	bool pad;
	char name[LINK_NAME_SIZE];
};
_Static_assert(sizeof(struct link_row) == 36, "rows are compared as bytes: no padding");

struct link_table {
	struct link_row *rows;		/* owned; sorted by ifindex */
	size_t count;
	uint32_t *interfaces;		/* owned; those with XDP */
	size_t interface_count;
};

/* The interfaces are copied. -ENOMEM. */
int link_table_init(struct link_table *table, const uint32_t *interfaces, size_t count);
void link_table_clean(struct link_table *table);

/* Reads all links anew; on failure the table is as it was. */
int link_table_load(struct link_table *table, struct netlink *netlink);

/* What a change of a link (RTM_NEWLINK, RTM_DELLINK) means for others; -ENOMEM: it is missing. */
enum link_change {
	LINK_SAME,
	LINK_CHANGED,		/* hops through it may look different */
	LINK_MOVED,		/* it came, went up or down, or is gone: routes may be others */
};
int link_table_update(struct link_table *table, const struct nlmsghdr *message);

const struct link_row *link_table_find(const struct link_table *table, uint32_t ifindex);

/*
 * How the program sends by a link that a route names: through the link itself if it has XDP, or
 * tagged through the device below. false: it can not.
 */
bool link_table_egress(const struct link_table *table, uint32_t ifindex, struct link_entry *out);

/* All links with an egress, those with XDP first. Returns the number; writes at most max. */
size_t link_table_routes(const struct link_table *table, struct route_link *out, size_t max);
