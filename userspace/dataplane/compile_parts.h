/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The parts of compile.c, each filling its tables of the next image. Private to compile*.c. */
#pragma once

#include "dataplane/image.h"
#include "model/model.h"

struct err;

/* What a listener of the model goes on with. */
struct lineage {
	uint64_t ring;			/* key */
	const struct image_listener *before;	/* who had its ports; NULL: nobody */
};

/* A group of the model by its hash; sorted by hash. */
struct group_row {
	uint64_t hash;
	const struct group *group;
};

/*
 * Which ring a listener of the model gets, or one that was removed lately keeps (listener NULL).
 * Sorted by key, and of the same key the model's listeners first.
 */
struct ring_plan {
	uint64_t key;
	uint64_t routing;		/* routing_hash */
	/* ring of current whose past this one goes on with; NULL: no flows yet */
	const struct image_ring *origin;
	const struct listener *listener;
	const struct image_listener *removed;
	bool comes_back;		/* the listener was removed a while ago */
};

struct compilation {
	const struct model *model;
	const struct image *current;
	struct image *next;
	uint32_t now;			/* seconds */
	bool never_refuse;
	uint32_t *alive;		/* owned; image_alive_ids of next */
	bool deaths;			/* somebody who was alive in current is not in next */
	struct group_row *groups;	/* owned; all of the model, by hash */
	struct ring_plan *plans;	/* owned */
	size_t plan_count;
	struct lineage *lineages;	/* owned; by listener of the model */
};

/* Secret as SipHash reads it. */
void secret_words(const uint8_t secret[SECRET_SIZE], uint64_t words[2]);

/* "web" or "blue=90,green=10"; a new string, NULL if out of memory. */
char *routing_name(const struct listener *listener);

/* NULL if the model has none. */
const struct group *find_group_by_hash(const struct compilation *c, uint64_t hash);

/* plans and lineages: who goes on with which ring, who shares one. */
int plan_rings(struct compilation *c, struct err *err);

/* next->rings; needs next->targets, alive and the plans. */
int compile_rings(struct compilation *c, struct err *err);

/*
 * The contents of the ring, whose members have been dealt out as ids: origin's history, and these
 * changes. NULL if out of memory. window in seconds.
 */
struct ring_slots *ring_slots_follow(const struct compilation *c, const struct image_ring *origin,
				     const uint32_t *ids, unsigned bits, uint32_t window);

/* The longest idle timeout of TCP flows in the ring, in seconds. */
uint32_t ring_idle_timeout(const struct compilation *c, const struct image_ring *ring);

/* next->listeners and next->listener_ranges; needs next->rings. */
int compile_listeners(struct compilation *c, struct err *err);

/* next->replies and next->reply_ranges; needs next->listeners. */
int compile_replies(struct compilation *c, struct err *err);

/* A reply, and what it is checked against others by. */
struct reply_row {
	struct image_reply reply;
	const char *listener;		/* name; borrowed */
	uint16_t first, last;		/* the ports that such replies come from; host byte order */
};

struct replies {
	struct table rows;		/* struct reply_row */
	struct table ranges;		/* struct wanted_range */
};
struct reply_row reply_row_of(const struct listener *listener, uint32_t number,
			      const struct target *target);
int add_reply(struct replies *replies, const struct reply_row *reply);

/* What living flows need beside the present replies, which are sorted by key. -EBUSY, -ENOMEM. */
int add_past_replies(const struct compilation *c, struct replies *replies, struct err *err);

/* Ports of a listener that are not one port are looked up by number: the listener's id. */
bool listener_is_range(const struct listener *listener);
struct endpoint_key listener_key(const struct addr *addr, const struct listener *listener,
				 uint16_t port, uint32_t number);

/* A range of an address and protocol, before ranges that contain each other are cut apart. */
struct wanted_range {
	struct endpoint_key key;	/* port 0, is_range 0 */
	struct port_range range;
};
/* The range is of the address and protocol of a key. -ENOMEM. */
int want_range(struct table *wanted, const struct endpoint_key *of, const struct port_range *range);
int finish_ranges(struct table *wanted, struct table *ranges, struct err *err);
void table_clean(struct table *table);
