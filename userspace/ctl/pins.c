// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Removes pins below a directory: the end of `sluicectl detach` when no daemon runs. */
#include "ctl/pins.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <stdbool.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/vfs.h>

#include "base/cleanup.h"
#include "base/err.h"

static void cleanup_dir(DIR **dir)
{
	if (*dir)
		closedir(*dir);
}

/* Never through a symbolic link: it could lead out of the bpffs. */
static int open_dir(int parent, const char *name)
{
	return openat(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
}

/* Of the directory itself, not of its path, so that what was checked is what is emptied. */
static bool is_bpffs(int fd)
{
	struct statfs fs;

	return !fstatfs(fd, &fs) && fs.f_type == BPF_FS_MAGIC;
}

/* The root of a mounted file system is where going up changes the device, or leads nowhere. */
static bool is_root(int fd)
{
	struct stat here, above;

	return fstat(fd, &here) || fstatat(fd, "..", &above, 0) || here.st_dev != above.st_dev ||
	       here.st_ino == above.st_ino;
}

/* Of what sluiced pins, these keep the program on an interface. */
#define LINK_PREFIX "link-"

static int empty_dir(int fd, const char *prefix, unsigned *count, struct err *err);

static int remove_entry(int parent, const char *name, unsigned *count, struct err *err)
{
	_cleanup_close_ int fd = open_dir(parent, name);
	int r;

	if (fd >= 0) {
		if (!is_bpffs(fd) || is_root(fd))
			return err_set(err, EXDEV, "another file system is mounted on %s", name);
		r = empty_dir(fd, "", count, err);
		if (r)
			return r;
	}
	if (unlinkat(parent, name, fd >= 0 ? AT_REMOVEDIR : 0))
		return err_set(err, errno, "cannot remove %s: %s", name, strerror(errno));
	*count += fd < 0;
	return 0;
}

/* Of its entries those whose names begin so. */
static int empty_dir(int fd, const char *prefix, unsigned *count, struct err *err)
{
	_cleanup_(cleanup_dir) DIR *dir = NULL;
	struct dirent *entry;
	int own = dup(fd), r;

	dir = own < 0 ? NULL : fdopendir(own);
	if (!dir) {
		r = err_set(err, errno, "cannot read the directory: %s", strerror(errno));
		if (own >= 0)
			close(own);
		return r;
	}
	rewinddir(dir);
	while ((entry = readdir(dir))) {
		if (!strcmp(entry->d_name, ".") || !strcmp(entry->d_name, "..") ||
		    strncmp(entry->d_name, prefix, strlen(prefix)))
			continue;
		r = remove_entry(fd, entry->d_name, count, err);
		if (r)
			return r;
	}
	return 0;
}

static int check_dir(int fd, const char *dir, struct err *err)
{
	if (!is_bpffs(fd))
		return err_set(err, EINVAL,
			       "%s is not on a bpf file system: nothing there was pinned by sluiced",
			       dir);
	if (is_root(fd))
		return err_set(err, EINVAL,
			       "%s is the root of a bpf file system, which other programs use too: give the directory that sluiced was given",
			       dir);
	return 0;
}

int pins_remove(const char *dir, unsigned *count, struct err *err)
{
	_cleanup_close_ int fd = open_dir(AT_FDCWD, dir);
	unsigned removed = 0;
	int r;

	if (fd < 0 && errno == ENOENT)
		return -ENOENT;
	if (fd < 0)
		return err_set(err, errno, "cannot open %s: %s", dir, strerror(errno));
	r = check_dir(fd, dir, err);
	if (r)
		return r;
	/* Links first: if this is cut off, what is left is maps that nothing needs. */
	r = empty_dir(fd, LINK_PREFIX, &removed, err) ?: empty_dir(fd, "", &removed, err);
	if (r)
		return err_prefix(err, "%s", dir);
	if (rmdir(dir))
		return err_set(err, errno, "cannot remove %s: %s", dir, strerror(errno));
	*count = removed;
	return 0;
}
