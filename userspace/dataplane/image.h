/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * What the maps hold, as plain sorted tables. The daemon knows the image that is in the maps and
 * compiles the one that should be (compile.h); their difference is what gets written (apply.h).
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "abi.h"

struct maps;

/* A target; sorted by label.group, addr, port. entry.generation and index make its id. */
struct image_target {
	struct target_label label;
	struct target_entry entry;
	uint32_t index;
};

/* The contents of a ring; shared by images. Only the sweep edits them, between changes. */
struct ring_slots {
	unsigned references;
	uint32_t unsettled;		/* slots that are not stable */
	double imbalance;
	union slot slot[];
};

/*
 * A ring; sorted by key. It owns slots base .. base + 2^bits - 1. Listeners share it that have the
 * same routing and the same past: one that comes to a routing with flows of its own brings a ring
 * of its own, until that is as good as another (compile_rings.c).
 */
struct image_ring {
	uint64_t key;
	uint64_t routing;		/* hash of name and kind; 0: not known */
	/* hash of members, weights and secret: what slots was made from */
	uint64_t members;
	uint64_t groups[RING_GROUPS_MAX];	/* as in struct listener_label */
	bool hashed;			/* `affinity: hash`: slots are stable, whatever happens */
	uint32_t base;
	unsigned bits;
	struct ring_slots *slots;	/* one reference owned */
	char *name;			/* "web" or "blue=90,green=10"; owned; NULL: not known */
};

/* One entry of the map listeners; sorted by key. */
struct image_listener {
	struct endpoint_key key;
	struct listener_entry entry;
	struct listener_label label;
};

struct image_reply {
	struct endpoint_key key;
	struct reply_entry entry;
};

struct image_ranges {
	struct endpoint_key key;
	struct port_ranges ranges;
};

/* Which id a listener has; sorted by name. */
struct image_id {
	char name[LABEL_NAME_SIZE];
	uint32_t id;
	bool removed;			/* there for its ring only */
};

/* A growing array of rows that are plain bytes. */
struct table {
	void *rows;
	size_t count, capacity;
};

struct image {
	struct config config;
	struct table targets;		/* struct image_target */
	struct table rings;		/* struct image_ring */
	struct table listeners;		/* struct image_listener */
	struct table replies;		/* struct image_reply */
	struct table listener_ranges;	/* struct image_ranges */
	struct table reply_ranges;	/* struct image_ranges */
	struct table ids;		/* struct image_id */
	uint8_t generations[TARGETS_MAX];	/* the last one given out, by index */
	uint32_t next_index, next_listener;	/* where the search for a free id starts */
};

struct image *image_new(void);
void image_free(struct image **image);

/*
 * failed was compiled from image, written in part and undone: the ids that it gave out may be in
 * recorded flows, so that image must not give them out again.
 */
void image_keep_ids(struct image *image, const struct image *failed);

/* A new zeroed row at the end, NULL if out of memory. */
void *table_add(struct table *table, size_t row_size);
void table_sort(struct table *table, size_t row_size, int (*compare)(const void *, const void *));

/*
 * Reads back what an earlier daemon left in the maps. -errno. Rings come without a name, and with
 * members 0, so that the first compile fills them anew.
 */
int image_read(const struct maps *maps, struct image **out);

struct image_target *image_find_target(const struct image *image, const char *group,
				       const struct addr *addr, uint16_t port);
struct image_ring *image_find_ring(const struct image *image, uint64_t key);
struct image_listener *image_find_listener(const struct image *image,
					   const struct endpoint_key *key);
uint32_t image_find_id(const struct image *image, const char *listener);	/* 0: not there */
bool image_has_removed(const struct image *image, const char *listener);

/* Whether a removed listener's flows have been silent for so long that they are over. */
bool image_forgets(const struct image *image, const struct image_listener *listener, uint32_t now);

uint32_t image_target_id(const struct image_target *target);
bool image_target_is_alive(const struct image_target *target);

/*
 * By index: the id of the target that is alive there, else 0. An array of TARGETS_MAX (free); NULL
 * if out of memory.
 */
uint32_t *image_alive_ids(const struct image *image);

/*
 * Whether flows of the ring may be on targets of the group. GROUP_ANY, in the last place alone,
 * stands for those that found no room.
 */
#define GROUP_ANY UINT64_MAX
uint64_t group_hash(const char *group);
bool ring_serves_group(const struct image_ring *ring, uint64_t group);
bool ring_serves_any(const struct image_ring *ring);
void ring_add_group(struct image_ring *ring, uint64_t group);	/* 0: none */
struct ring_slots *ring_slots_new(unsigned bits);
struct ring_slots *ring_slots_ref(struct ring_slots *slots);
void ring_slots_unref(struct ring_slots **slots);

/* Orders of the tables. */
int image_target_compare(const void *a, const void *b);
int image_ring_compare(const void *a, const void *b);
int image_id_compare(const void *a, const void *b);
int endpoint_key_compare(const void *a, const void *b);	/* any row that starts with its key */
