/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The pin directory: a pin for each map, under the map's name, and one for each link (link_pins.h).
 * Private to the loader.
 *
 * Maps that take the place of others are pinned beside them, as new-NAME, and get their names once
 * every link runs on them. Wherever in this a daemon is killed, the next one understands what it
 * finds, because config is pinned first, gets its name first and is withdrawn last:
 *
 *	new-config and all others	links may run on these maps: they are in force
 *	new-config, but not all		they were being pinned or withdrawn: no link runs on them
 *	some, but not new-config	they were getting their names: they are in force
 */
#pragma once

#include <stdint.h>

#include "dataplane/maps.h"

struct err;

struct pin_dir {
	char *path;
	int lock;			/* the directory; -1: it is not there yet */
};

/* Whose name a pin has. */
enum pin_place { PIN_IN_PLACE, PIN_BESIDE };

/* What there is, besides maps that are beside others. */
struct pins_found {
	unsigned maps, links;
	uint32_t version;		/* of the ABI, as the map config says; 0: not known */
};

/*
 * Locks the directory if it exists, and brings a replacement that was cut off to its end, or undoes
 * it. Refuses, each with its own sentence: path not on a bpffs or a whole one, locked by another
 * daemon.
 */
int pin_dir_open(struct pin_dir *pins, const char *path, struct err *err);
void pin_dir_close(struct pin_dir *pins);

/* Makes the directory, and locks it, if need be. */
int pin_dir_make(struct pin_dir *pins, struct err *err);

int pin_dir_look(const struct pin_dir *pins, struct pins_found *found, struct err *err);

/* A descriptor of the pinned map, or -errno: -ENOENT if there is none. */
int pin_dir_get(const struct pin_dir *pins, enum map_id map);

/* -errno with a sentence. */
int pin_dir_add(const struct pin_dir *pins, enum map_id map, enum pin_place place, int fd,
		struct err *err);
void pin_dir_drop(const struct pin_dir *pins, enum map_id map, enum pin_place place);

/* The maps that are beside others get their names, and whatever else is pinned goes but links. */
int pin_dir_take_place(const struct pin_dir *pins, struct err *err);

/* Unpins everything, links first, which ends them, and removes the directory. */
int pin_dir_remove(const char *path, struct err *err);

/*
 * -errno with a sentence unless path, or the directory above it if path does not exist, is on a
 * bpffs, and path is not all of it.
 */
int bpffs_check(const char *path, struct err *err);
