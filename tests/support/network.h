/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * A gateway's interfaces, routes and neighbours around the site, for packets whose way out is
 * looked up in the kernel. Targets are behind in0, where packets come in; clients are behind
 * the others. tagged0 takes the place of a VLAN device on out0: to the program, a device that the
 * map links says to leave by another, with a tag (and not every kernel has VLAN devices).
 */
#pragma once

#include <stdint.h>

#include "program.h"
#include "site.h"

enum { NETWORK_VLAN = 100, NARROW_MTU = 1300 };

struct network {
	uint32_t in, out, narrow;	/* in the map links, as tagged0 is; dark0 is not */
};

/* Addresses by IP version. All have a resolved neighbour but unresolved. */
extern const char *const network_gateway[2];	/* of this host, on in0 */
extern const char *const network_near[2];	/* on out0; site's client */
extern const char *const network_unresolved[2];	/* on out0 */
extern const char *const network_routed[2];	/* behind a router on out0 */
extern const char *const network_tagged[2];	/* on tagged0 */
extern const char *const network_narrow[2];	/* on narrow0, whose MTU is NARROW_MTU */
extern const char *const network_dark[2];	/* on dark0, which has no XDP */
extern const char *const network_same[2];	/* on in0 */
extern const char *const network_blackhole[2];
extern const char *const network_nowhere[2];	/* no route */

extern const struct mac network_peer_mac;	/* of every neighbour */

void network_set_up(struct program *program, struct network *out);
