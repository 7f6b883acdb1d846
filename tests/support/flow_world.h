/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * A load balancer as its users see it: listeners, groups, targets, and a plain table of every flow.
 * It says of each packet where it may go, from the promise alone: a flow stays on its target until
 * it ends, is silent for longer than the group's idle timeout, or its target dies. Nothing in here
 * knows of rings, slots, tables or sweeps, and nothing is shared with the code that does.
 *
 * While a change is under way there are two setups, and whoever begins then may meet either.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
	WORLD_GROUPS = 7,
	WORLD_TARGETS = 24,		/* of a group */
	WORLD_PLACES = WORLD_GROUPS * WORLD_TARGETS,
	WORLD_LISTENERS = 8,
	WORLD_NOWHERE = -1,		/* instead of a place */
	WORLD_NOT_ROUTED = -1,		/* instead of a group's weight in a routing */
	WORLD_UDP_TIMEOUT = 120,
	WORLD_LONGEST_TIMEOUT = 350,
	/* seconds around each timeout in which nothing is said: not all read the clock at once */
	WORLD_MARGIN = 4,
};

enum world_health {
	WORLD_UNKNOWN,			/* not checked yet, or nobody uses the group */
	WORLD_UP,
	WORLD_DOWN,
};

struct world_target {
	bool registered;
	uint16_t weight;
	enum world_health health;
	uint32_t down_since;
	bool down_alive;		/* it was alive when it went down */
	uint32_t drain_end;		/* of one that is not registered any more */
	/*
	 * Whether it is alive, although no flow lives on it: it may have been forgotten, or left in
	 * any way by a change that was given up. So what the checks find next is that it is up.
	 */
	bool unclear;
	/* flows may live on it; each time it comes to life it is another one */
	bool alive;
	uint32_t life;
};

/* One that is removed keeps its attributes, for its targets that still drain. */
struct world_group {
	bool exists;
	bool is_v6, is_nat;
	uint32_t idle_timeout, delay, unhealthy_interval, slow_start;
	bool termination, unhealthy_termination;
	struct world_target target[WORLD_TARGETS];
};

struct world_listener {
	bool exists;
	bool is_v6, is_udp;
	bool tracked;
	bool hash;			/* no promise but that targets are in service */
	int weight[WORLD_GROUPS];	/* WORLD_NOT_ROUTED: not in the routing */
};

struct world_setup {
	struct world_group group[WORLD_GROUPS];
	struct world_listener listener[WORLD_LISTENERS];
};

struct world_flow {
	int listener;
	bool lives;			/* it began, and has not ended or lost its target */
	int place;			/* where, and in which life of the target */
	uint32_t life;
	uint32_t last;			/* second of its last packet */
	uint32_t timeout;		/* the shortest since */
	uint32_t quiet_until;		/* its end is not certain before, or it is in the way */
	bool is_new;			/* it may have left something in the change under way */
};

enum world_change {
	WORLD_CALM,
	WORLD_CHANGING,			/* next counts, too */
	/* it is given up by a new daemon: all flows are safe that are on targets that stay */
	WORLD_GIVING_UP,
	/* or undone as it was made: all are safe but those that began since */
	WORLD_UNDOING,
};

struct world {
	struct world_setup now, next;
	enum world_change change;
	uint32_t clock;			/* seconds */
	uint32_t lives;
	struct world_flow *flows;	/* owned */
	size_t flow_count;
	char fault[200];		/* what world_judge did not like */
};

void world_init(struct world *world, size_t flows, uint32_t clock);
void world_clean(struct world *world);

/*
 * A change: edit what world_edit returns (a copy of now), say when it begins to show (begin), and
 * whether it was made (commit) or not (abandon). Time that passes is a change, too: deaths follow
 * from it.
 */
struct world_setup *world_edit(struct world *world);
void world_begin(struct world *world);
void world_commit(struct world *world);
void world_abandon(struct world *world);

/*
 * Edits of next. One edit does not undo another, and does not change a group that it removes: what
 * is there before and after has never been away.
 */
void world_register(struct world_target *target, uint16_t weight);
void world_remove(struct world_target *target);		/* it drains */
void world_kill(struct world_target *target);		/* removed at once */
void world_remove_group(struct world_group *group);
void world_check(struct world *world, struct world_target *target, enum world_health health);

bool world_uses(const struct world_setup *setup, int group);
/* It takes new flows of the listener: registered, healthy, with weight; or all there is. */
bool world_serves(const struct world_setup *setup, int listener, int place);
bool world_serves_any(const struct world_setup *setup, int listener);

/* Whether a packet of the flow's tuple may be sent, and what it is then. */
enum world_phase {
	WORLD_LIVE,		/* of the flow: it must reach its target */
	WORLD_OVER,		/* a stray one; SYN, or UDP's first packet, begins a flow */
	WORLD_WAIT,		/* nothing can be said: do not send */
};
enum world_phase world_phase(const struct world *world, size_t flow);

/* A packet of the tuple was sent to the place. False, and fault, if that is wrong. */
bool world_judge(struct world *world, size_t flow, bool is_syn, int place);
void world_end_flow(struct world *world, size_t flow);
size_t world_living(const struct world *world);
