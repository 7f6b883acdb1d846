/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Step 2: the packet's destination -> its listener. The exact port comes first, then the port range
 * that it lies in. The reply path (reply.h) looks up nat targets in the same way.
 */
#pragma once

#include <bpf/bpf_endian.h>

#include "maps.h"
#include "packet.h"
#include "port_range.h"

/* The entry in exact of an address, protocol and port; ranges are read if there are any. */
static __always_inline void *find_endpoint(void *exact, void *ranges, const struct config *config,
					   const struct addr *addr, __be16 port, __u8 protocol)
{
	struct endpoint_key key = { .addr = *addr, .port = port, .protocol = protocol };
	const struct port_ranges *of_addr;
	void *entry;
	int number;

	entry = bpf_map_lookup_elem(exact, &key);
	if (entry || !(config->flags & CONFIG_HAS_RANGES))
		return entry;
	key.port = 0;
	of_addr = bpf_map_lookup_elem(ranges, &key);
	if (!of_addr)
		return NULL;
	number = find_port_range(of_addr, bpf_ntohs(port));
	if (number < 0)
		return NULL;
	key.range = number;
	key.is_range = 1;
	return bpf_map_lookup_elem(exact, &key);
}

static __always_inline enum reason match_listener(const struct config *config, struct packet *pkt,
						  const struct listener_entry **listener)
{
	const struct five_tuple *flow = &pkt->tuple;

	*listener = find_endpoint(&listeners, &listener_ranges, config, &flow->dst, flow->dport,
				  flow->protocol);
	if (!*listener)
		return REASON_NO_LISTENER;
	pkt->listener = (*listener)->id;
	return REASON_NEXT;
}
