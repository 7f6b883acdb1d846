/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The site with several targets, numbered from 1, and slots that are all alike: for tests about
 * which target a flow gets. Targets are of both IP versions, alive, and in nat.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "abi.h"
#include "program.h"
#include "site.h"

enum { CROWD_MAX = 200 };

/* The first thing in the program's maps. */
void crowd_set_up(struct program *program, uint32_t targets);

/* For maps that name a target. 0 is none. */
uint32_t crowd_id(bool is_v6, uint32_t number);

/* As crowd_set_up made it, for tests that want it a little different; and to set it. */
struct target_entry crowd_target(bool is_v6, uint32_t number);
void crowd_set_target(struct program *program, bool is_v6, uint32_t number,
		      const struct target_entry *entry);

/* Every slot of the ring that the site's listeners of that IP version share. */
void crowd_set_slots(struct program *program, bool is_v6, union slot slot);

/* flags: enum listener_flags. */
void crowd_set_listener(struct program *program, bool is_v6, uint8_t protocol, uint8_t flags,
			uint16_t idle_timeout);

/* What becomes of a packet of the site on its way to that target. */
struct packet_spec crowd_natted(const struct packet_spec *packet, uint32_t number);

/* Asserts that the packet goes there. 0: that there is no target for it. */
void crowd_expect(struct program *program, const char *title, const struct packet_spec *packet,
		  uint32_t number);
