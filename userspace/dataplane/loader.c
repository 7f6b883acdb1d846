// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "dataplane/loader.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <limits.h>
#include <linux/magic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/utsname.h>
#include <sys/vfs.h>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "base/log.h"
#include "sluice.skel.h"

enum { KERNEL_MAJOR_MIN = 6, KERNEL_MINOR_MIN = 1 };

enum pin_state { PIN_NONE, PIN_FOUND, PIN_OURS };

struct loader {
	struct sluice_bpf *skeleton;
	struct bpf_map *map[MAP_COUNT];
	enum pin_state state[MAP_COUNT];
	struct maps maps;
	char *pin_dir;
	int lock;			/* the directory; -1: it is not there yet */
};

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

/* Where going up changes the device. */
static bool is_mount_point(const char *dir)
{
	struct stat here, above;
	char up[PATH_MAX];

	snprintf(up, sizeof(up), "%s/..", dir);
	return !stat(dir, &here) && !stat(up, &above) && here.st_dev != above.st_dev;
}

int bpffs_check(const char *dir, struct err *err)
{
	char above[PATH_MAX];
	const char *place = dir;
	struct statfs fs;

	if (statfs(place, &fs)) {
		snprintf(above, sizeof(above), "%s", dir);
		place = dirname(above);
		if (statfs(place, &fs))
			return err_set(err, errno, "pin directory %s: %s: %s", dir, place,
				       strerror(errno));
	}
	if (fs.f_type == BPF_FS_MAGIC && place == dir && is_mount_point(dir))
		return err_set(err, EINVAL,
			       "pin directory %s is a whole bpffs, which others use too: give a "
			       "directory in it, such as %s/sluice", dir, dir);
	if (fs.f_type == BPF_FS_MAGIC)
		return 0;
	return err_set(err, ENOTSUP,
		       "pin directory %s: no bpffs is mounted at %s; mount it with `mount -t bpf bpf %s`",
		       dir, place, place);
}

/* Two daemons with the same pins would undo each other's changes. */
static int lock_pins(struct loader *loader, struct err *err)
{
	const char *dir = loader->pin_dir;

	if (loader->lock >= 0)
		return 0;
	loader->lock = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (loader->lock < 0)
		return errno == ENOENT ? 0 : err_set(err, errno, "pin directory %s: %s", dir,
						     strerror(errno));
	if (flock(loader->lock, LOCK_EX | LOCK_NB))
		return err_set(err, EBUSY, "another sluiced is running with the pin directory %s",
			       dir);
	return 0;
}

static void pin_path(const struct loader *loader, enum map_id map, char path[PATH_MAX])
{
	snprintf(path, PATH_MAX, "%s/%s", loader->pin_dir, map_name(map));
}

/* abi_version is the first field of the map config in every version. */
static int check_version(const struct loader *loader, int fd, struct err *err)
{
	struct bpf_map_info info = { 0 };
	__u32 size = sizeof(info), version;
	const __u32 zero = 0;

	if (bpf_obj_get_info_by_fd(fd, &info, &size))
		return err_set(err, errno, "reading the pinned maps in %s failed: %s",
			       loader->pin_dir, strerror(errno));
	_cleanup_free_ __u32 *value = calloc(1, info.value_size + sizeof(version));
	if (!value || bpf_map_lookup_elem(fd, &zero, value))
		return err_set(err, ENOMEM, "reading the pinned maps in %s failed", loader->pin_dir);
	version = value[0];
	if (version == ABI_VERSION)
		return 0;
	return err_set(err, EEXIST,
		       "%s holds maps of another version of sluiced (ABI %u, this one has %u): run "
		       "`sluicectl detach` first, traffic is not balanced from then until sluiced runs",
		       loader->pin_dir, version, ABI_VERSION);
}

/* Takes over every pinned map, or none. */
static int adopt(struct loader *loader, bool *adopted, struct err *err)
{
	char path[PATH_MAX];
	int found = 0, r = 0;

	for (int map = 0; map < MAP_COUNT && !r; map++) {
		_cleanup_close_ int fd = -1;

		pin_path(loader, map, path);
		fd = bpf_obj_get(path);
		if (fd < 0 && errno == ENOENT)
			continue;
		if (fd < 0)
			return err_set(err, errno, "opening %s failed: %s", path, strerror(errno));
		if (map == MAP_CONFIG)
			r = check_version(loader, fd, err);
		if (!r && bpf_map__reuse_fd(loader->map[map], fd))
			r = err_set(err, errno, "reusing %s failed: %s", path, strerror(errno));
		loader->state[map] = PIN_FOUND;
		found++;
	}
	if (!r && found && found < MAP_COUNT)
		return err_set(err, EEXIST,
			       "%s holds only some of the maps (%d of %d): run `sluicectl detach` first",
			       loader->pin_dir, found, MAP_COUNT);
	*adopted = found;
	return r;
}

static int load(struct loader *loader, struct err *err)
{
	int r = sluice_bpf__load(loader->skeleton);

	if (!r)
		return 0;
	if (r == -EPERM || r == -EACCES)
		return err_set(err, EPERM,
			       "not allowed to load BPF programs: run as root (or with CAP_BPF, "
			       "CAP_NET_ADMIN and CAP_PERFMON)");
	return err_set(err, -r, "loading the BPF program failed: %s (--log-level debug says more)",
		       strerror(-r));
}

static int find_maps(struct loader *loader, struct err *err)
{
	for (int map = 0; map < MAP_COUNT; map++) {
		loader->map[map] =
			bpf_object__find_map_by_name(loader->skeleton->obj, map_name(map));
		if (!loader->map[map])
			return err_set(err, ENOENT, "the BPF object has no map '%s'", map_name(map));
	}
	return 0;
}

static int open_maps(struct loader *loader, struct err *err)
{
	int r;

	for (int map = 0; map < MAP_COUNT; map++)
		loader->maps.fd[map] = bpf_map__fd(loader->map[map]);
	r = maps_open(&loader->maps);
	return r ? err_set(err, -r, "opening the maps failed: %s", strerror(-r)) : 0;
}

int loader_open(const char *pin_dir, struct loader **out, bool *adopted, struct err *err)
{
	_cleanup_(loader_close) struct loader *loader = calloc(1, sizeof(*loader));
	struct utsname kernel;
	bool found = false;
	int r;

	if (!loader)
		return err_set(err, ENOMEM, "out of memory");
	loader->lock = -1;
	loader->pin_dir = strdup(pin_dir);
	if (!loader->pin_dir)
		return err_set(err, ENOMEM, "out of memory");
	libbpf_set_print(log_libbpf);
	uname(&kernel);
	r = kernel_check(kernel.release, err);
	r = r ?: bpffs_check(pin_dir, err);
	r = r ?: lock_pins(loader, err);
	if (r)
		return r;
	loader->skeleton = sluice_bpf__open();
	if (!loader->skeleton)
		return err_set(err, errno, "opening the BPF object failed: %s", strerror(errno));
	r = find_maps(loader, err);
	r = r ?: adopt(loader, &found, err);
	r = r ?: load(loader, err);
	r = r ?: open_maps(loader, err);
	if (r)
		return r;
	*adopted = found;
	*out = take_ptr(loader);
	return 0;
}

void loader_close(struct loader **loader)
{
	if (!*loader)
		return;
	maps_close(&(*loader)->maps);
	sluice_bpf__destroy((*loader)->skeleton);
	if ((*loader)->lock >= 0)
		close((*loader)->lock);
	free((*loader)->pin_dir);
	free(*loader);
	*loader = NULL;
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

void loader_unpin(struct loader *loader)
{
	char path[PATH_MAX];

	for (int map = 0; map < MAP_COUNT; map++) {
		pin_path(loader, map, path);
		if (loader->state[map] != PIN_OURS)
			continue;
		unlink(path);
		loader->state[map] = PIN_NONE;
	}
	rmdir(loader->pin_dir);		/* stays if anything else is in it */
}

int loader_pin(struct loader *loader, struct err *err)
{
	char path[PATH_MAX];
	int r;

	if (mkdir(loader->pin_dir, 0700) && errno != EEXIST)
		return err_set(err, errno, "creating %s failed: %s", loader->pin_dir,
			       strerror(errno));
	r = lock_pins(loader, err);
	if (r)
		return r;
	for (int map = 0; map < MAP_COUNT; map++) {
		if (loader->state[map] != PIN_NONE)
			continue;
		pin_path(loader, map, path);
		if (bpf_obj_pin(loader->maps.fd[map], path)) {
			err_set(err, errno, "pinning %s failed: %s", path, strerror(errno));
			loader_unpin(loader);
			return -err->code;
		}
		loader->state[map] = PIN_OURS;
	}
	return 0;
}
