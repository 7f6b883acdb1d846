/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * What the files behind dataplane.h share: dataplane.c opens and closes it, dataplane_change.c
 * changes it, dataplane_stats.c reads it.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "dataplane/dataplane.h"
#include "dataplane/image.h"
#include "dataplane/sweep.h"

struct link;
struct loader;

struct dataplane {
	struct loader *loader;
	struct image *image;		/* what the maps hold */
	struct image *prepared;		/* what they are to hold; NULL: nothing */
	struct link *links;
	size_t link_count;
	struct attachment *attachments;	/* of links, for dataplane_attachments */
	enum xdp_mode mode;
	char *pin_dir;
	struct table routes;		/* struct route_link: what the map links holds */
	struct sweep sweep;		/* what the last one saw */
	bool swept;			/* and nothing has changed since */
	bool started;			/* the model of the state file has come into force */
};
