/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The data plane as the daemon sees it: open (load or adopt what is pinned), apply a model, read
 * counters, detach. Everything below this header is in this folder.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "abi.h"
#include "reasons.h"

struct err;
struct model;
struct group;
struct target;
struct listener;
struct dataplane;

enum xdp_mode { XDP_MODE_AUTO, XDP_MODE_NATIVE, XDP_MODE_GENERIC };

struct dataplane_options {
	const char *const *interfaces;	/* names; at least one */
	size_t interface_count;
	enum xdp_mode mode;
	const char *pin_dir;		/* on a mounted bpffs */
	/* size of the flow table, a power of two; 0: as it is pinned, else FLOW_BUCKETS_DEFAULT */
	uint32_t flow_buckets;
	/*
	 * Start with new maps, whatever is pinned: flows that are recorded or in a learning slot
	 * are forgotten, all others stay, no packet is lost. The way to another ABI version or
	 * another size of the flow table.
	 */
	bool replace;
};

/* One interface as it is attached. */
struct attachment {
	char name[16];
	uint32_t ifindex;
	enum xdp_mode mode;		/* native or generic */
	char why[160];			/* why auto fell back to generic; "" if it did not */
};

/*
 * Loads the program and its maps, reusing the maps pinned by an earlier daemon of the same ABI
 * version, and reads back what they hold. Nothing is attached yet. Refuses, each with its own
 * sentence: no privilege, pin_dir not on a bpffs, kernel too old, pins of another ABI version, no
 * such interface, not an Ethernet interface.
 */
int dataplane_open(const struct dataplane_options *options, struct dataplane **out,
		   struct err *err);

/*
 * Attaches to every interface, or replaces the program of a pinned link atomically, and pins. On
 * failure everything this call attached is detached again.
 */
int dataplane_attach(struct dataplane *dp, struct err *err);

/* Frees memory and descriptors; the pins keep program and maps alive and traffic flowing. */
void dataplane_close(struct dataplane **dp);

/* Detaches from every interface and removes every pin. */
int dataplane_detach(struct dataplane *dp, struct err *err);

/*
 * The first half of a change: works out what the maps should hold for the model and writes nothing.
 * What has no room (-ENOSPC, -E2BIG) or living flows against it (-EBUSY) is refused here. What was
 * prepared before is dropped. Up to the first commit living flows stand against nothing.
 */
int dataplane_prepare(struct dataplane *dp, const struct model *model, struct err *err);

/*
 * The second half, right after the first (no sweep in between): makes the maps equal to what was
 * prepared, in make-before-break order, by difference. On failure what was written is undone and
 * the sentence names the step; if undoing failed too it says so. Nothing is prepared afterwards.
 */
int dataplane_commit(struct dataplane *dp, struct err *err);

/* Both. */
int dataplane_apply(struct dataplane *dp, const struct model *model, struct err *err);

/*
 * Ends transitions whose time is over and counts what is recorded; to be called every
 * DATAPLANE_SWEEP_MS, or less often where that would be too much work. *settled: something that was
 * kept for flows is needed no more (a removed listener's ring, a ring as good as another), so that
 * applying the same model again would free it. Facts of targets may have changed: ask
 * dataplane_remembers. -ENOMEM.
 */
enum { DATAPLANE_SWEEP_MS = 1000 };
int dataplane_sweep(struct dataplane *dp, bool *settled);

/* Whether a slot or a recorded flow names the target; true until a sweep has looked. */
bool dataplane_remembers(const struct dataplane *dp, const struct group *group,
			 const struct target *target);

/* Flows recorded on the target, at the last sweep. */
uint32_t dataplane_target_flows(const struct dataplane *dp, const struct group *group,
				const struct target *target);

/*
 * How packets leave by the interfaces that routes name (route_links); the map is made equal to it.
 */
struct route_link;
int dataplane_set_links(struct dataplane *dp, const struct route_link *links, size_t count,
			struct err *err);

/*
 * After open with adopted maps: fills the facts (state, reason, since, alive, remembered) of the
 * model's targets from what the last daemon left, so that a restart does not start from `initial`.
 */
void dataplane_recall(const struct dataplane *dp, struct model *model);

size_t dataplane_attachments(const struct dataplane *dp, const struct attachment **out);

/* Counters, summed over CPUs. Zero for what is not in the maps. */
void dataplane_listener_traffic(const struct dataplane *dp, const struct listener *listener,
				struct traffic *out);
void dataplane_target_traffic(const struct dataplane *dp, const struct group *group,
			      const struct target *target, struct traffic *out);
void dataplane_reasons(const struct dataplane *dp, uint64_t out[REASON_COUNT]);

/* How full each map is, in entries. name is static. */
struct map_fill {
	const char *name;
	uint64_t used, capacity;
};
size_t dataplane_map_fill(const struct dataplane *dp, struct map_fill *out, size_t max);

/*
 * The rings of one routing, for metrics. routing is "web" or "blue=90,green=10"; valid until apply.
 * Rings that are only kept for a listener that was removed are left out. With out NULL: how much
 * room that takes at most.
 */
enum { SLOT_CONDITIONS = SLOT_TRACKING + 1 };
struct ring_info {
	const char *routing;
	uint32_t slots[SLOT_CONDITIONS];	/* by enum slot_condition */
	double imbalance;		/* the largest of its rings; see ring_imbalance */
};
size_t dataplane_rings(const struct dataplane *dp, struct ring_info *out, size_t max);

/* The flow table: what the last sweep saw, and what happened since the maps were made. */
struct flow_info {
	uint64_t capacity;			/* entries */
	uint64_t entries[FLOW_STATE_COUNT];	/* live, without direct ones */
	uint64_t direct;
	uint64_t events[FLOW_EVENT_COUNT];
};
void dataplane_flows(const struct dataplane *dp, struct flow_info *out);
