/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The flow table in packet tests: where a packet's flow is recorded, by the reference hash and not
 * by the program's own headers, and what is there.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "abi.h"
#include "build_packet.h"
#include "program.h"

/* Of the packet's 5-tuple, as its bytes are on the wire. */
uint64_t flows_hash(const struct program *program, const struct packet_spec *packet);
uint32_t flows_tag(const struct program *program, const struct packet_spec *packet);
struct flow_bucket *flows_bucket(const struct program *program, const struct packet_spec *packet);

/* The number of entries of the packet's flow, live or not; the last one of them in *entry. */
size_t flows_find(const struct program *program, const struct packet_spec *packet,
		  union flow **entry);

void flows_clear(struct program *program);

/* The second of the program's clock. */
uint32_t flows_now(const struct program *program);

void flows_get_events(const struct program *program, uint64_t events[FLOW_EVENT_COUNT]);
