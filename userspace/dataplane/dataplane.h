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
 * Makes the maps equal to the model (in make-before-break order, by difference). On failure what
 * was written is undone and the sentence names the step; if undoing failed too it says so.
 */
int dataplane_apply(struct dataplane *dp, const struct model *model, struct err *err);

/*
 * How packets leave by the interfaces that routes name (route_links); the map is made equal to it.
 */
struct route_link;
int dataplane_set_links(struct dataplane *dp, const struct route_link *links, size_t count,
			struct err *err);

/*
 * After open with adopted maps: fills the facts (state, reason) of the model's targets from the
 * labels that the last daemon left, so that a restart does not start from `initial`.
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

/* One routing's ring, for metrics. routing is "web" or "blue=90,green=10"; valid until apply. */
struct ring_info {
	const char *routing;
	uint32_t slots;
	double imbalance;		/* see ring_imbalance */
};
size_t dataplane_rings(const struct dataplane *dp, struct ring_info *out, size_t max);
