/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Messages as the kernel sends them about links, neighbours and routes. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

struct nlmsghdr;

/* Each returns a message that is valid until the next call of any. */

struct link_spec {
	uint32_t ifindex;
	const char *name;
	unsigned flags;			/* IFF_* */
	uint32_t mtu;			/* 0: none, as in a wireless event */
	const char *mac;		/* NULL: none */
	const char *kind;		/* of device; NULL: none */
	uint32_t lower;			/* IFLA_LINK */
	uint16_t vlan, vlan_protocol;	/* ETH_P_*; 0: neither */
	uint8_t family;			/* AF_BRIDGE for a bridge's message about a port */
	bool lower_is_elsewhere;	/* in another namespace */
};
const struct nlmsghdr *link_message(uint16_t type, const struct link_spec *spec);

struct neighbour_spec {
	uint32_t ifindex;
	const char *addr, *mac;		/* mac NULL: none */
	uint16_t state;			/* NUD_* */
	uint8_t flags;			/* NTF_* */
	uint32_t more_flags;		/* NTF_EXT_* */
	uint8_t protocol;
	uint8_t family;			/* 0: addr's; AF_BRIDGE for a forwarding entry */
};
const struct nlmsghdr *neighbour_message(uint16_t type, const struct neighbour_spec *spec);

/* "10.0.0.0/8", "::/0" and so on. */
const struct nlmsghdr *route_message(uint16_t type, const char *prefix, unsigned flags);
