/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Step 2: the packet's destination -> its listener. The exact port comes first, then the port range
 * that it lies in; a removed listener is none. The reply path (reply.h) looks up nat targets in the
 * same way.
 */
#pragma once

#include <bpf/bpf_endian.h>

#include "maps.h"
#include "packet.h"
#include "port_range.h"

/* The entry in exact of the port range that key's port is in; ranges are read if there are any. */
static __always_inline void *find_in_range(void *exact, void *ranges, const struct config *config,
					   struct endpoint_key key)
{
	const struct port_ranges *of_addr;
	__be16 port = key.port;
	int number;

	if (!(config->flags & CONFIG_HAS_RANGES))
		return NULL;
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

static __always_inline const struct listener_entry *
unless_removed(const struct listener_entry *entry)
{
	return entry && entry->flags & LISTENER_REMOVED ? NULL : entry;
}

static __always_inline enum reason match_listener(const struct config *config, struct packet *pkt,
						  const struct listener_entry **listener)
{
	struct endpoint_key key = {
		.addr = pkt->tuple.dst,
		.port = pkt->tuple.dport,
		.protocol = pkt->tuple.protocol,
	};
	const struct listener_entry *entry;

	entry = unless_removed(bpf_map_lookup_elem(&listeners, &key));
	if (!entry)
		entry = unless_removed(find_in_range(&listeners, &listener_ranges, config, key));
	if (!entry)
		return REASON_NO_LISTENER;
	*listener = entry;
	pkt->listener = entry->id;
	return REASON_NEXT;
}
