/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The maps as things to write to and read from, behind one small table of functions, so that what
 * decides on the writes can be tested without a kernel.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "abi.h"

enum map_id {
	MAP_CONFIG,
	MAP_LISTENERS,
	MAP_LISTENER_RANGES,
	MAP_REPLIES,
	MAP_REPLY_RANGES,
	MAP_SLOTS,
	MAP_TARGETS,
	MAP_FLOWS,
	MAP_FLOW_EVENTS,
	MAP_DIRECT_FLOWS,
	MAP_LINKS,
	MAP_DEVICES,
	MAP_LISTENER_TRAFFIC,
	MAP_TARGET_TRAFFIC,
	MAP_REASONS,
	MAP_TARGET_LABELS,
	MAP_LISTENER_LABELS,
	MAP_COUNT,
};

/* As in bpf/maps.h; also the name of the pin. */
const char *map_name(enum map_id map);

/*
 * All return 0 or -errno. For a per-CPU map update takes one value and stores it for every CPU.
 * Slots are not updated but stored: one 64-bit store through the map's mmap, which can not fail.
 */
struct map_writer {
	int (*update)(void *context, enum map_id map, const void *key, const void *value);
	int (*remove)(void *context, enum map_id map, const void *key);
	void (*store_slot)(void *context, uint32_t slot, union slot value);
	/* Returns when no packet that was in flight before the call still is. */
	void (*wait_for_readers)(void *context);
	void *context;
};

/* The real maps of a loaded program. */
struct maps {
	int fd[MAP_COUNT];		/* borrowed from the skeleton */
	size_t value_size[MAP_COUNT];
	uint64_t *slots;		/* the map slots, mmapped */
	struct flow_bucket *flows;	/* the map flows, mmapped */
	size_t flow_buckets;
	int cpus;
	void *percpu;			/* room for one value of every CPU */
};

/* fd[] is set by the caller; maps what must be mapped. -errno. */
int maps_open(struct maps *maps);
void maps_close(struct maps *maps);

struct map_writer maps_writer(struct maps *maps);

/* Sums the counters of one index over the CPUs; they are __u64 fields. Zero on failure. */
void maps_read_counters(struct maps *maps, enum map_id map, uint32_t index, uint64_t *out,
			size_t fields);

/* Calls visit for each entry, in no order; stops at the first non-zero result and returns it. */
int maps_each(const struct maps *maps, enum map_id map, size_t key_size,
	      int (*visit)(void *context, const void *key, const void *value), void *context);
