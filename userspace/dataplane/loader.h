/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Opens, checks, loads and pins the program and its maps. Private to dataplane.c and its tests.
 *
 * The maps are those that are pinned (adopted), or new ones. New ones may have others to replace
 * that are pinned and in use: then they are pinned beside those, and take their names when every
 * link runs on the new ones (pin_dir.h).
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "dataplane/maps.h"

struct dataplane_options;
struct err;
struct loader;

/*
 * Loads the program. *adopted: with the maps that are pinned; else they are new and empty, and pins
 * that no link needs and that can not be adopted are gone. Nothing is pinned yet. Sentences as in
 * dataplane_open.
 */
int loader_open(const struct dataplane_options *options, struct loader **out, bool *adopted,
		struct err *err);
void loader_close(struct loader **loader);

/* Into new maps, which know already of what version they are, what those to replace hold. */
int loader_hand_over(struct loader *loader, struct err *err);

struct maps *loader_maps(struct loader *loader);
int loader_program(const struct loader *loader);	/* descriptor; borrowed */

/* Entries that a map can hold. */
uint32_t loader_capacity(const struct loader *loader, enum map_id map);

/* Pins the maps that are not pinned yet. On failure those pinned by this call are unpinned. */
int loader_pin(struct loader *loader, struct err *err);
void loader_unpin(struct loader *loader);		/* those that loader_pin pinned */

/* Every link runs on these maps now: those that they replace go. Logs what fails. */
void loader_take_place(struct loader *loader);

/* "6.1.0-31-amd64" is at least 6.1; -EOPNOTSUPP with a sentence otherwise. */
int kernel_check(const char *release, struct err *err);
