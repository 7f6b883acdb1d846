// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * What changes the maps while the daemon runs: models, which come into force in two steps, and the
 * sweep. Between the steps dp->prepared is an image beside the one that the maps hold.
 */
#include "dataplane/dataplane.h"

#include <errno.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/err.h"
#include "dataplane/apply.h"
#include "dataplane/compile.h"
#include "dataplane/dataplane_parts.h"
#include "dataplane/image.h"
#include "dataplane/loader.h"

/* The clock of bpf_ktime_get_ns, as the program reads it. */
static uint32_t now(const struct dataplane *dp)
{
	return (uint32_t)(monotonic_ms() / 1000) + dp->image->config.clock_offset;
}

/* Neither the old nor the new image is in the maps: what is there must be the next one's start. */
static void read_again(struct dataplane *dp, struct err *err)
{
	struct image *image = NULL;

	if (image_read(loader_maps(dp->loader), &image)) {
		err_prefix(err, "the maps are between two states, restart sluiced");
		return;
	}
	image_free(&dp->image);
	dp->image = image;
	dp->swept = false;
	err_prefix(err, "the maps are between two states until the next change");
}

int dataplane_prepare(struct dataplane *dp, const struct model *model, struct err *err)
{
	const struct compile_options options = { .now = now(dp), .never_refuse = !dp->started };
	struct image *next = NULL;
	int r = compile(model, dp->image, &options, &next, err);

	image_free(&dp->prepared);
	dp->prepared = next;
	return r;
}

int dataplane_commit(struct dataplane *dp, struct err *err)
{
	struct map_writer writer = maps_writer(loader_maps(dp->loader));
	_cleanup_(image_free) struct image *next = take_ptr(dp->prepared);
	struct image *was = dp->image;
	int r = apply(&writer, was, next, err);

	if (r == -ENOTRECOVERABLE)
		read_again(dp, err);
	if (r) {
		image_keep_ids(dp->image, next);
		return r;
	}
	dp->image = next;
	next = was;
	dp->started = true;
	dp->swept = false;	/* who is remembered may be seen again by the next sweep only */
	return 0;
}

int dataplane_apply(struct dataplane *dp, const struct model *model, struct err *err)
{
	int r = dataplane_prepare(dp, model, err);

	return r ? r : dataplane_commit(dp, err);
}

static size_t unsettled_rings(const struct image *image)
{
	const struct image_ring *rings = image->rings.rows;
	size_t count = 0;

	for (size_t i = 0; i < image->rings.count; i++)
		count += rings[i].slots->unsettled != 0;
	return count;
}

static bool has_forgotten_listener(const struct image *image, uint32_t now_s)
{
	const struct image_listener *rows = image->listeners.rows;

	for (size_t i = 0; i < image->listeners.count; i++) {
		if (image_forgets(image, &rows[i], now_s))
			return true;
	}
	return false;
}

int dataplane_sweep(struct dataplane *dp, bool *settled)
{
	struct maps *maps = loader_maps(dp->loader);
	struct map_writer writer = maps_writer(maps);
	const struct flow_table table = { maps->flows, maps->flow_buckets };
	size_t unsettled = unsettled_rings(dp->image);
	uint32_t now_s = now(dp);
	int r = sweep_run(&dp->sweep, dp->image, &writer, &table, now_s);

	if (r)
		return r;
	dp->swept = true;
	*settled = unsettled_rings(dp->image) < unsettled ||
		   has_forgotten_listener(dp->image, now_s);
	return 0;
}
