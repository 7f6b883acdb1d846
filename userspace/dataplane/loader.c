// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "dataplane/loader.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "base/log.h"
#include "dataplane/dataplane.h"
#include "dataplane/handover.h"
#include "dataplane/pin_dir.h"
#include "sluice.skel.h"

enum { KERNEL_MAJOR_MIN = 6, KERNEL_MINOR_MIN = 1 };

struct loader {
	struct sluice_bpf *skeleton;
	struct bpf_map *map[MAP_COUNT];
	struct maps maps;
	struct pin_dir pins;
	enum pin_place place;		/* where new maps are to be pinned */
	bool is_pinned[MAP_COUNT];
	bool is_ours[MAP_COUNT];	/* pinned by loader_pin */
};

/* What an operator has to know of it, at the end of a sentence that refuses. */
#define REPLACE_HINT                                                                           \
	"`sluiced --replace` takes over (flows in transition are forgotten, nothing else; no " \
	"packet is lost)"

/* libbpf's own lines are for developers: our sentence says what went wrong. */
static int log_libbpf(enum libbpf_print_level level, const char *format, va_list args)
{
	if (level != LIBBPF_DEBUG)
		log_write_args(LOG_LEVEL_DEBUG, "libbpf", format, args);
	return 0;
}

int kernel_check(const char *release, struct err *err)
{
	int major = 0, minor = 0;

	if (sscanf(release, "%d.%d", &major, &minor) == 2 &&
	    (major > KERNEL_MAJOR_MIN || (major == KERNEL_MAJOR_MIN && minor >= KERNEL_MINOR_MIN)))
		return 0;
	return err_set(err, EOPNOTSUPP, "kernel %s is too old: %d.%d or later is needed", release,
		       KERNEL_MAJOR_MIN, KERNEL_MINOR_MIN);
}

static int check_kernel(struct err *err)
{
	struct utsname kernel;

	uname(&kernel);
	return kernel_check(kernel.release, err);
}

static int open_skeleton(struct loader *loader, struct err *err)
{
	loader->skeleton = sluice_bpf__open();
	if (!loader->skeleton)
		return err_set(err, errno, "opening the BPF object failed: %s", strerror(errno));
	for (int map = 0; map < MAP_COUNT; map++) {
		loader->map[map] =
			bpf_object__find_map_by_name(loader->skeleton->obj, map_name(map));
		if (!loader->map[map])
			return err_set(err, ENOENT, "the BPF object has no map '%s'", map_name(map));
	}
	return 0;
}

/*
 * ---- adopt or replace -------------------------------------------------------------------------
 */

/* 0: nothing is pinned there that could be a flow table. */
static uint32_t pinned_buckets(const struct loader *loader)
{
	_cleanup_close_ int fd = pin_dir_get(&loader->pins, MAP_FLOWS);
	struct bpf_map_info info = { 0 };
	__u32 size = sizeof(info), buckets;

	if (fd < 0 || bpf_obj_get_info_by_fd(fd, &info, &size))
		return 0;
	buckets = info.max_entries;
	return buckets >= FLOW_BUCKETS_MIN && buckets <= FLOW_BUCKETS_MAX &&
	       !(buckets & (buckets - 1)) ? buckets : 0;
}

static int make_new(struct loader *loader, uint32_t buckets, struct err *err)
{
	buckets = buckets ?: pinned_buckets(loader) ?: FLOW_BUCKETS_DEFAULT;
	if (bpf_map__set_max_entries(loader->map[MAP_FLOWS], buckets))
		return err_set(err, errno, "a flow table of %u buckets: %s", buckets,
			       strerror(errno));
	return 0;
}

/* Nothing runs on them: what a daemon leaves that is killed while it pins, or while it detaches. */
static void remove_leftovers(struct loader *loader, const struct pins_found *found)
{
	log_warning("dataplane", "%s held %u maps that no interface used and that were not the %d of "
		    "ABI version %d: removed", loader->pins.path, found->maps, MAP_COUNT,
		    ABI_VERSION);
	for (int map = MAP_COUNT - 1; map >= 0; map--)
		pin_dir_drop(&loader->pins, map, PIN_IN_PLACE);
}

static int refuse(const struct loader *loader, const struct pins_found *found, struct err *err)
{
	if (found->version && found->version != ABI_VERSION)
		return err_set(err, EEXIST,
			       "%s holds maps of ABI version %u, this sluiced has version %u: "
			       REPLACE_HINT, loader->pins.path, found->version, ABI_VERSION);
	return err_set(err, EEXIST,
		       "%s holds links, but not all maps (%u of %d): " REPLACE_HINT,
		       loader->pins.path, found->maps, MAP_COUNT);
}

/* The number of buckets is the one thing that the command line decides. */
static bool fits(const struct bpf_map *wanted, enum map_id map, const struct bpf_map_info *info)
{
	return info->type == bpf_map__type(wanted) && info->key_size == bpf_map__key_size(wanted) &&
	       info->value_size == bpf_map__value_size(wanted) &&
	       (map == MAP_FLOWS || info->max_entries == bpf_map__max_entries(wanted));
}

static int adopt_map(struct loader *loader, enum map_id map, struct err *err)
{
	_cleanup_close_ int fd = pin_dir_get(&loader->pins, map);
	struct bpf_map_info info = { 0 };
	__u32 size = sizeof(info);

	if (fd < 0)
		return err_set(err, -fd, "opening %s/%s failed: %s", loader->pins.path,
			       map_name(map), strerror(-fd));
	if (bpf_obj_get_info_by_fd(fd, &info, &size))
		return err_set(err, errno, "reading %s/%s failed: %s", loader->pins.path,
			       map_name(map), strerror(errno));
	if (!fits(loader->map[map], map, &info))
		return err_set(err, EEXIST, "%s/%s is not the map that this sluiced has by that name: "
			       REPLACE_HINT, loader->pins.path, map_name(map));
	if (bpf_map__reuse_fd(loader->map[map], fd))
		return err_set(err, errno, "reusing %s/%s failed: %s", loader->pins.path,
			       map_name(map), strerror(errno));
	loader->is_pinned[map] = true;
	return 0;
}

static int adopt(struct loader *loader, uint32_t buckets, struct err *err)
{
	uint32_t pinned;
	int r = 0;

	for (int map = 0; map < MAP_COUNT && !r; map++)
		r = adopt_map(loader, map, err);
	if (r)
		return r;
	pinned = bpf_map__max_entries(loader->map[MAP_FLOWS]);
	if (buckets && buckets != pinned)
		log_warning("dataplane", "--flow-buckets %u: the flow table in %s has %u buckets and "
			    "keeps them; a start with --replace changes that", buckets,
			    loader->pins.path, pinned);
	return 0;
}

static int choose_maps(struct loader *loader, const struct dataplane_options *options,
		       bool *adopted, struct err *err)
{
	struct pins_found found;
	int r = pin_dir_look(&loader->pins, &found, err);

	if (r)
		return r;
	*adopted = !options->replace && found.maps == MAP_COUNT && found.version == ABI_VERSION;
	if (*adopted)
		return adopt(loader, options->flow_buckets, err);
	if (!options->replace && found.links)
		return refuse(loader, &found, err);
	if (options->replace && (found.maps || found.links))
		loader->place = PIN_BESIDE;
	else if (found.maps)
		remove_leftovers(loader, &found);
	return make_new(loader, options->flow_buckets, err);
}

/*
 * ---- open -------------------------------------------------------------------------------------
 */

static int load(struct loader *loader, struct err *err)
{
	int r = sluice_bpf__load(loader->skeleton);

	if (!r)
		return 0;
	if (r == -EPERM || r == -EACCES)
		return err_set(err, EPERM,
			       "not allowed to load BPF programs: run as root (or with CAP_BPF, "
			       "CAP_NET_ADMIN and CAP_PERFMON)");
	if (r == -ENOMEM)
		return err_set(err, ENOMEM,
			       "not enough memory for the maps; the flow table (--flow-buckets) takes "
			       "%zu KiB of it", bpf_map__max_entries(loader->map[MAP_FLOWS]) *
			       sizeof(struct flow_bucket) >> 10);
	return err_set(err, -r, "loading the BPF program failed: %s (--log-level debug says more)",
		       strerror(-r));
}

static int open_maps(struct loader *loader, struct err *err)
{
	int r;

	for (int map = 0; map < MAP_COUNT; map++)
		loader->maps.fd[map] = bpf_map__fd(loader->map[map]);
	r = maps_open(&loader->maps);
	return r ? err_set(err, -r, "opening the maps failed: %s", strerror(-r)) : 0;
}

int loader_open(const struct dataplane_options *options, struct loader **out, bool *adopted,
		struct err *err)
{
	_cleanup_(loader_close) struct loader *loader = calloc(1, sizeof(*loader));
	int r;

	if (!loader)
		return err_set(err, ENOMEM, "out of memory");
	libbpf_set_print(log_libbpf);
	r = check_kernel(err);
	r = r ?: pin_dir_open(&loader->pins, options->pin_dir, err);
	r = r ?: open_skeleton(loader, err);
	r = r ?: choose_maps(loader, options, adopted, err);
	r = r ?: load(loader, err);
	r = r ?: open_maps(loader, err);
	if (r)
		return r;
	*out = take_ptr(loader);
	return 0;
}

void loader_close(struct loader **loader)
{
	if (!*loader)
		return;
	maps_close(&(*loader)->maps);
	sluice_bpf__destroy((*loader)->skeleton);
	pin_dir_close(&(*loader)->pins);
	free(*loader);
	*loader = NULL;
}

int loader_hand_over(struct loader *loader, struct err *err)
{
	return loader->place == PIN_BESIDE ? handover(&loader->pins, &loader->maps, err) : 0;
}

struct maps *loader_maps(struct loader *loader)
{
	return &loader->maps;
}

int loader_program(const struct loader *loader)
{
	return bpf_program__fd(loader->skeleton->progs.sluice);
}

uint32_t loader_capacity(const struct loader *loader, enum map_id map)
{
	return bpf_map__max_entries(loader->map[map]);
}

/*
 * ---- pins -------------------------------------------------------------------------------------
 */

/* config, the first of the maps, is the last to go: see pin_dir.h. */
void loader_unpin(struct loader *loader)
{
	for (int map = MAP_COUNT - 1; map >= 0; map--) {
		if (!loader->is_ours[map])
			continue;
		pin_dir_drop(&loader->pins, map, loader->place);
		loader->is_ours[map] = loader->is_pinned[map] = false;
	}
	rmdir(loader->pins.path);	/* stays if anything else is in it */
}

int loader_pin(struct loader *loader, struct err *err)
{
	int r = pin_dir_make(&loader->pins, err);

	for (int map = 0; map < MAP_COUNT && !r; map++) {
		if (loader->is_pinned[map])
			continue;
		r = pin_dir_add(&loader->pins, map, loader->place, loader->maps.fd[map], err);
		loader->is_pinned[map] = loader->is_ours[map] = !r;
	}
	if (r)
		loader_unpin(loader);
	return r;
}

void loader_take_place(struct loader *loader)
{
	struct err err;

	if (loader->place == PIN_IN_PLACE)
		return;
	if (pin_dir_take_place(&loader->pins, &err))
		log_error("dataplane", "%s; the next start will do it", err.text);
	else
		log_info("dataplane", "%s: new maps have taken the place of the old ones",
			 loader->pins.path);
	loader->place = PIN_IN_PLACE;
}
