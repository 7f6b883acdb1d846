/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Where the replies of nat targets come from, and whose they are. Pure. */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "abi.h"

struct group;
struct listener;
struct model;
struct target;

/*
 * Packets from these ports of a target's address are replies and get the listener's address as
 * source. A listener with one port sends to the target's port, and its replies get the listener's
 * port; a range leaves the port alone in both directions.
 */
struct reply {
	struct addr addr;		/* the target's */
	uint16_t first, last;
	uint8_t protocol;
	const struct listener *listener;
	const struct group *group;	/* one that leads from the listener to the target */
	const struct target *target;
};

/* The source port that a reply from this port (within first .. last) gets. */
uint16_t reply_source_port(const struct reply *reply, uint16_t port);

/*
 * The replies of all targets, draining ones too, of groups in nat that a listener names; those of
 * removed groups are not here. Sorted by address, protocol, first port and last port (wider
 * first), each address, port range and listener once. *out is a new array (free) that points into
 * the model. If there are more than REPLIES_MAX some may be missing, but *count is above
 * REPLIES_MAX all the same. -ENOMEM.
 */
int replies_collect(const struct model *model, struct reply **out, size_t *count);
