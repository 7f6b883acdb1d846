/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * A gateway without the daemon's event loop: the loaded program with its real maps, the model, and
 * the changes of the model written by compile and apply, step by step as the daemon does it. Its
 * clock stands still until the test moves it on; its writes can be watched, and made to fail or to
 * end, as if the daemon had been killed. Packets are run one by one.
 *
 * What to make the model from is a struct world_setup, read as a user would write a configuration.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "dataplane/dataplane.h"
#include "dataplane/maps.h"
#include "flow_world.h"

struct image;
struct model;

enum {
	GATEWAY_BUCKETS = 1 << 10,
	GATEWAY_FRAME = 96,		/* bytes, the largest there is */
	GATEWAY_PASSED = -2,		/* untouched: instead of a place, as WORLD_NOWHERE */
};

enum gateway_result {
	GATEWAY_DONE,
	GATEWAY_REFUSED,		/* it is no valid change; nothing was written */
	GATEWAY_UNDONE,			/* a write failed, and all is as before */
	GATEWAY_KILLED,			/* somewhere in the middle: restart it */
};

struct gateway {
	struct sluice_bpf *skeleton;
	struct maps maps;
	struct dataplane *dp;		/* owned: only what recall and remembers read of it */
	struct model *model;
	struct model *saved;		/* the state file: written before the maps */
	int program;
	uint32_t seconds;		/* of the program's clock, offset included */
	uint32_t real;			/* second of CLOCK_MONOTONIC when they were last compared */
	uint32_t slots_used;		/* slots beyond were never written */
	/* called before some of the writes of a change; context */
	void (*between)(void *context);
	void *context;
	int writes_left;		/* before the failure; -1: there is none */
	bool kill;			/* a failure is for good: killed */
	bool failed;			/* it has come */
	char why[256];			/* of a refusal */
};

/* A prepared packet; place of the destination is the same for all. */
struct gateway_packet {
	uint8_t length;
	uint8_t bytes[GATEWAY_FRAME];
};

/* Skips the test unless it is run as root. */
void gateway_open(struct gateway *gateway);
void gateway_close(struct gateway *gateway);

/* All maps empty, no model, this secret and time. */
void gateway_reset(struct gateway *gateway, const uint64_t secret[2], uint32_t seconds);

/* To be called before each packet, sweep and change: keeps the clock where it should be. */
void gateway_hold_clock(struct gateway *gateway);
void gateway_advance(struct gateway *gateway, uint32_t seconds);

/* The model becomes what the setup says: targets that left drain. */
enum gateway_result gateway_configure(struct gateway *gateway, const struct world_setup *setup);
/* `target remove --now`. */
enum gateway_result gateway_remove_now(struct gateway *gateway, int place);
/* What the checks say, what the sweep saw, and what time has done. */
enum gateway_result gateway_learn(struct gateway *gateway, const struct world_setup *setup);

void gateway_sweep(struct gateway *gateway);

/*
 * The daemon has ended and is started again, on its state file and what is in the maps: a change of
 * the configuration that was begun is made.
 */
enum gateway_result gateway_restart(struct gateway *gateway);

/* Where the packet is sent: a place, WORLD_NOWHERE (dropped) or GATEWAY_PASSED. */
int gateway_run(struct gateway *gateway, const struct gateway_packet *packet);

/* Addresses and ports of the world. */
struct gateway_tuple {
	int listener;
	uint32_t client;		/* a number for the client's address */
	uint16_t sport, dport;
};
void gateway_listener_ports(int listener, uint16_t *first, uint16_t *last);
void gateway_packet(const struct gateway_tuple *tuple, const struct world_listener *listener,
		    bool is_syn, struct gateway_packet *out);
uint64_t gateway_hash(const struct gateway_tuple *tuple, const struct world_listener *listener,
		      const uint64_t secret[2]);

/* For those who ask why: the slot of the tuple and what is recorded, as the maps have it. */
void gateway_explain(const struct gateway *gateway, const struct gateway_tuple *tuple,
		     const struct world_listener *listener, FILE *out);

/*
 * Whether no slot learns from a target that is dead. No flow would notice, but transitions would be
 * longer than they need to be.
 */
bool gateway_buries_the_dead(const struct gateway *gateway);

/* What is kept for flows, such as a draining target; NULL: nothing. */
const char *gateway_unsettled(const struct gateway *gateway);
