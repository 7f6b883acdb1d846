// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "dataplane/pin_dir.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <limits.h>
#include <linux/magic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/vfs.h>

#include <bpf/bpf.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "base/log.h"
#include "dataplane/link_pins.h"

#define BESIDE_PREFIX "new-"
enum { BESIDE_LENGTH = sizeof(BESIDE_PREFIX) - 1 };

/* Where going up changes the device. */
static bool is_mount_point(const char *path)
{
	struct stat here, above;
	char up[PATH_MAX];

	snprintf(up, sizeof(up), "%s/..", path);
	return !stat(path, &here) && !stat(up, &above) && here.st_dev != above.st_dev;
}

int bpffs_check(const char *path, struct err *err)
{
	char above[PATH_MAX];
	const char *place = path;
	struct statfs fs;

	if (statfs(place, &fs)) {
		snprintf(above, sizeof(above), "%s", path);
		place = dirname(above);
		if (statfs(place, &fs))
			return err_set(err, errno, "pin directory %s: %s: %s", path, place,
				       strerror(errno));
	}
	if (fs.f_type == BPF_FS_MAGIC && place == path && is_mount_point(path))
		return err_set(err, EINVAL,
			       "pin directory %s is a whole bpffs, which others use too: give a "
			       "directory in it, such as %s/sluice", path, path);
	if (fs.f_type == BPF_FS_MAGIC)
		return 0;
	return err_set(err, ENOTSUP,
		       "pin directory %s: no bpffs is mounted at %s; mount it with `mount -t bpf bpf %s`",
		       path, place, place);
}

/*
 * ---- pins by name -----------------------------------------------------------------------------
 */

static void path_of(const struct pin_dir *pins, const char *prefix, const char *name,
		    char path[PATH_MAX])
{
	snprintf(path, PATH_MAX, "%s/%s%s", pins->path, prefix, name);
}

static void path_of_map(const struct pin_dir *pins, enum map_id map, enum pin_place place,
			char path[PATH_MAX])
{
	path_of(pins, place == PIN_BESIDE ? BESIDE_PREFIX : "", map_name(map), path);
}

static bool has(const struct pin_dir *pins, enum map_id map, enum pin_place place)
{
	char path[PATH_MAX];

	path_of_map(pins, map, place, path);
	return !access(path, F_OK);
}

static unsigned count_maps(const struct pin_dir *pins, enum pin_place place)
{
	unsigned count = 0;

	for (int map = 0; map < MAP_COUNT; map++)
		count += has(pins, map, place);
	return count;
}

static bool is_map(const char *name)
{
	for (int map = 0; map < MAP_COUNT; map++) {
		if (!strcmp(name, map_name(map)))
			return true;
	}
	return false;
}

static bool is_beside(const char *name)
{
	return !strncmp(name, BESIDE_PREFIX, BESIDE_LENGTH);
}

static int remove_pin(const struct pin_dir *pins, const char *name)
{
	char path[PATH_MAX];

	path_of(pins, "", name, path);
	return unlink(path) && errno != ENOENT ? -errno : 0;
}

/* The list is made first: the directory may change under way. No directory is an empty one. */
static int each_pin(const struct pin_dir *pins,
		    int (*visit)(const struct pin_dir *pins, const char *name))
{
	struct dirent **list;
	int count = scandir(pins->path, &list, NULL, NULL), r = 0;

	if (count < 0)
		return errno == ENOENT ? 0 : -errno;
	for (int i = 0; i < count; i++) {
		if (!r && list[i]->d_name[0] != '.')
			r = visit(pins, list[i]->d_name);
		free(list[i]);
	}
	free(list);
	return r;
}

/*
 * ---- maps beside others -----------------------------------------------------------------------
 */

static int withdraw_others(const struct pin_dir *pins, const char *name)
{
	if (!is_beside(name) || !strcmp(name + BESIDE_LENGTH, map_name(MAP_CONFIG)))
		return 0;
	return remove_pin(pins, name);
}

static int withdraw(const struct pin_dir *pins)
{
	int r = each_pin(pins, withdraw_others);

	if (!r)
		pin_dir_drop(pins, MAP_CONFIG, PIN_BESIDE);
	return r;
}

/* Over the pin that has the name so far, in one step. */
static int give_name(const struct pin_dir *pins, const char *name)
{
	char from[PATH_MAX], to[PATH_MAX];

	if (!is_beside(name))
		return 0;
	path_of(pins, "", name, from);
	path_of(pins, "", name + BESIDE_LENGTH, to);
	return rename(from, to) ? -errno : 0;
}

static int give_names(const struct pin_dir *pins)
{
	char from[PATH_MAX], to[PATH_MAX];

	path_of_map(pins, MAP_CONFIG, PIN_BESIDE, from);
	path_of_map(pins, MAP_CONFIG, PIN_IN_PLACE, to);
	if (rename(from, to) && errno != ENOENT)
		return -errno;
	return each_pin(pins, give_name);
}

/* Maps of an ABI version that has others than this one. */
static int remove_stranger(const struct pin_dir *pins, const char *name)
{
	return is_map(name) || is_link_pin(name) ? 0 : remove_pin(pins, name);
}

int pin_dir_take_place(const struct pin_dir *pins, struct err *err)
{
	int r = give_names(pins) ?: each_pin(pins, remove_stranger);

	return r ? err_set(err, -r, "renaming the pins in %s failed: %s", pins->path, strerror(-r))
		 : 0;
}

/* abi_version is the first field of the map config in every version. 0: there is no such map. */
static int read_version(const struct pin_dir *pins, enum pin_place place, uint32_t *version,
			struct err *err)
{
	struct bpf_map_info info = { 0 };
	__u32 size = sizeof(info);
	const __u32 zero = 0;
	char path[PATH_MAX];

	*version = 0;
	path_of_map(pins, MAP_CONFIG, place, path);
	_cleanup_close_ int fd = bpf_obj_get(path);
	if (fd < 0 && errno == ENOENT)
		return 0;
	if (fd < 0 || bpf_obj_get_info_by_fd(fd, &info, &size))
		return err_set(err, errno, "opening %s failed: %s", path, strerror(errno));
	_cleanup_free_ uint32_t *value = calloc(1, info.value_size + sizeof(*value));
	if (!value || bpf_map_lookup_elem(fd, &zero, value))
		return err_set(err, ENOMEM, "reading %s failed", path);
	*version = value[0];
	return 0;
}

/* Of another version it is not known which maps were all, but what they are beside still serves. */
static int settle(const struct pin_dir *pins, struct err *err)
{
	unsigned beside = count_maps(pins, PIN_BESIDE);
	uint32_t version;
	bool back;
	int r;

	if (!beside)
		return 0;
	r = read_version(pins, PIN_BESIDE, &version, err);
	if (r)
		return r;
	back = version && (beside < MAP_COUNT || version != ABI_VERSION);
	log_warning("dataplane", "%s: an earlier start with --replace was cut off: going on with the "
		    "maps that it %s", pins->path, back ? "was to replace" : "made");
	r = back ? withdraw(pins) : give_names(pins);
	return r ? err_set(err, -r, "%s: settling what an earlier start with --replace left failed: %s",
			   pins->path, strerror(-r)) : 0;
}

/*
 * ---- the directory ----------------------------------------------------------------------------
 */

/* Two daemons with the same pins would undo each other's changes. */
static int lock(struct pin_dir *pins, struct err *err)
{
	if (pins->lock >= 0)
		return 0;
	pins->lock = open(pins->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (pins->lock < 0)
		return errno == ENOENT ? 0 : err_set(err, errno, "pin directory %s: %s", pins->path,
						     strerror(errno));
	if (flock(pins->lock, LOCK_EX | LOCK_NB))
		return err_set(err, EBUSY, "another sluiced is running with the pin directory %s",
			       pins->path);
	return 0;
}

int pin_dir_open(struct pin_dir *pins, const char *path, struct err *err)
{
	int r = bpffs_check(path, err);

	pins->lock = -1;
	pins->path = strdup(path);
	if (!pins->path)
		return err_set(err, ENOMEM, "out of memory");
	r = r ?: lock(pins, err);
	return r ?: settle(pins, err);
}

void pin_dir_close(struct pin_dir *pins)
{
	if (pins->path && pins->lock >= 0)
		close(pins->lock);
	free(pins->path);
	pins->path = NULL;
}

int pin_dir_make(struct pin_dir *pins, struct err *err)
{
	if (mkdir(pins->path, 0700) && errno != EEXIST)
		return err_set(err, errno, "creating %s failed: %s", pins->path, strerror(errno));
	return lock(pins, err);
}

int pin_dir_look(const struct pin_dir *pins, struct pins_found *found, struct err *err)
{
	int links = link_pins_count(pins->path);

	if (links < 0)
		return err_set(err, -links, "reading %s failed: %s", pins->path, strerror(-links));
	*found = (struct pins_found){
		.maps = count_maps(pins, PIN_IN_PLACE),
		.links = (unsigned)links,
	};
	return read_version(pins, PIN_IN_PLACE, &found->version, err);
}

int pin_dir_get(const struct pin_dir *pins, enum map_id map)
{
	char path[PATH_MAX];
	int fd;

	path_of_map(pins, map, PIN_IN_PLACE, path);
	fd = bpf_obj_get(path);
	return fd < 0 ? -errno : fd;
}

int pin_dir_add(const struct pin_dir *pins, enum map_id map, enum pin_place place, int fd,
		struct err *err)
{
	char path[PATH_MAX];

	path_of_map(pins, map, place, path);
	if (bpf_obj_pin(fd, path))
		return err_set(err, errno, "pinning %s failed: %s", path, strerror(errno));
	return 0;
}

void pin_dir_drop(const struct pin_dir *pins, enum map_id map, enum pin_place place)
{
	char path[PATH_MAX];

	path_of_map(pins, map, place, path);
	unlink(path);
}

int pin_dir_remove(const char *path, struct err *err)
{
	const struct pin_dir pins = { .path = (char *)path };
	int r;

	/* First the links, so that no packet meets a program whose maps are going. */
	r = link_pins_remove(path) ?: each_pin(&pins, remove_pin);
	if (!r && rmdir(path) && errno != ENOENT)
		r = -errno;
	return r ? err_set(err, -r, "removing the pins in %s failed: %s", path, strerror(-r)) : 0;
}
