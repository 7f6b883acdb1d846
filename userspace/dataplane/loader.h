/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Opens, checks, loads and pins the program and its maps. Private to dataplane.c and its tests. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "dataplane/maps.h"

struct err;
struct loader;

/*
 * Loads the program with the maps that are pinned in pin_dir, or with new ones. *adopted says
 * which. Nothing is pinned yet. Sentences as in dataplane_open.
 */
int loader_open(const char *pin_dir, struct loader **out, bool *adopted, struct err *err);
void loader_close(struct loader **loader);

struct maps *loader_maps(struct loader *loader);
int loader_program(const struct loader *loader);	/* descriptor; borrowed */

/* Entries that a map can hold. */
uint32_t loader_capacity(const struct loader *loader, enum map_id map);

/* Pins the maps that are not pinned yet. On failure those pinned by this call are unpinned. */
int loader_pin(struct loader *loader, struct err *err);
void loader_unpin(struct loader *loader);		/* those that loader_pin pinned */

/*
 * -errno with a sentence unless dir, or the directory above it if dir does not exist, is on a
 * bpffs, and dir is not all of it.
 */
int bpffs_check(const char *dir, struct err *err);

/* "6.1.0-31-amd64" is at least 6.1; -EOPNOTSUPP with a sentence otherwise. */
int kernel_check(const char *release, struct err *err);
