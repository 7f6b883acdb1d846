// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "dataplane/link_pins.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <bpf/bpf.h>

#include "base/cleanup.h"
#include "base/log.h"
#include "dataplane/dataplane.h"

#define LINK_PREFIX "link-"
/* Longer than an interface's name can be, so that it is none. */
#define ASIDE_PREFIX "moved-aside-for-"

enum { PIN_NAME_SIZE = sizeof(LINK_PREFIX ASIDE_PREFIX) + sizeof(((struct attachment *)0)->name) };

/* What is done to one pinned link; fd is -1 if it can not be opened. */
typedef int link_visitor(void *context, const char *pin_dir, const char *name, int fd);

bool is_link_pin(const char *name)
{
	return !strncmp(name, LINK_PREFIX, strlen(LINK_PREFIX));
}

static void path_of(const char *pin_dir, const char *name, char path[PATH_MAX])
{
	snprintf(path, PATH_MAX, "%s/%s", pin_dir, name);
}

/* A bpffs takes no dots in names, and interfaces have no colons in theirs. */
static void pin_name(const char *prefix, const struct attachment *attachment,
		     char name[PIN_NAME_SIZE])
{
	snprintf(name, PIN_NAME_SIZE, LINK_PREFIX "%s%s", prefix, attachment->name);
	for (char *dot = strchr(name, '.'); dot; dot = strchr(dot, '.'))
		*dot = ':';
}

static int is_listed(const struct dirent *entry)
{
	return is_link_pin(entry->d_name);
}

static int visit_pin(const char *pin_dir, const char *name, link_visitor *visit, void *context)
{
	char path[PATH_MAX];

	path_of(pin_dir, name, path);
	_cleanup_close_ int fd = bpf_obj_get(path);
	return visit(context, pin_dir, name, fd);
}

/* The list is made first: the directory may change under way. Stops where one is not 0. */
static int each_link(const char *pin_dir, link_visitor *visit, void *context)
{
	struct dirent **list;
	int count = scandir(pin_dir, &list, is_listed, alphasort), r = 0;

	if (count < 0)
		return errno == ENOENT ? 0 : -errno;
	for (int i = 0; i < count; i++) {
		r = r ?: visit_pin(pin_dir, list[i]->d_name, visit, context);
		free(list[i]);
	}
	free(list);
	return r;
}

/* 0: it is gone, or can not be told. */
static uint32_t ifindex_of(int fd)
{
	struct bpf_link_info info = { 0 };
	__u32 size = sizeof(info);

	return fd < 0 || bpf_obj_get_info_by_fd(fd, &info, &size) ? 0 : info.xdp.ifindex;
}

static int count_one(void *context, const char *pin_dir, const char *name, int fd)
{
	(void)pin_dir;
	(void)name;
	(void)fd;
	++*(int *)context;
	return 0;
}

int link_pins_count(const char *pin_dir)
{
	int count = 0, r = each_link(pin_dir, count_one, &count);

	return r ? r : count;
}

struct search {
	uint32_t ifindex;
	int fd;
};

static int match_one(void *context, const char *pin_dir, const char *name, int fd)
{
	struct search *search = context;

	(void)pin_dir;
	(void)name;
	if (search->fd < 0 && ifindex_of(fd) == search->ifindex)
		search->fd = fcntl(fd, F_DUPFD_CLOEXEC, 0);
	return 0;
}

int link_pins_find(const char *pin_dir, uint32_t ifindex)
{
	struct search search = { .ifindex = ifindex, .fd = -1 };

	return each_link(pin_dir, match_one, &search) ? -1 : search.fd;
}

/*
 * At every step each link has a pin, for a link whose last pin is gone ends with the daemon. What
 * stands in the way may be the link of an interface whose turn is yet to come: of two that have
 * changed their names, say.
 */
int link_pins_add(const char *pin_dir, const struct attachment *attachment, int fd)
{
	char path[PATH_MAX], aside[PATH_MAX], name[PIN_NAME_SIZE];

	pin_name("", attachment, name);
	path_of(pin_dir, name, path);
	_cleanup_close_ int there = bpf_obj_get(path);
	if (there >= 0 && ifindex_of(there) == attachment->ifindex)
		return 0;
	pin_name(ASIDE_PREFIX, attachment, name);
	path_of(pin_dir, name, aside);
	if (there >= 0 && rename(path, aside))
		return -errno;
	return bpf_obj_pin(fd, path) ? -errno : 0;
}

void link_pins_drop(const char *pin_dir, const struct attachment *attachment)
{
	char path[PATH_MAX], name[PIN_NAME_SIZE];

	pin_name("", attachment, name);
	path_of(pin_dir, name, path);
	unlink(path);
}

static int unpin(const char *pin_dir, const char *name)
{
	char path[PATH_MAX];

	path_of(pin_dir, name, path);
	return unlink(path) && errno != ENOENT ? -errno : 0;
}

/* Unlinking alone detaches too, but only some time later. */
static int remove_one(void *context, const char *pin_dir, const char *name, int fd)
{
	(void)context;
	if (fd >= 0)
		bpf_link_detach(fd);
	return unpin(pin_dir, name);
}

int link_pins_remove(const char *pin_dir)
{
	return each_link(pin_dir, remove_one, NULL);
}

struct wanted {
	const struct attachment *attachments;
	size_t count;
};

static const struct attachment *find_wanted(const struct wanted *wanted, uint32_t ifindex)
{
	for (size_t i = 0; i < wanted->count; i++) {
		if (wanted->attachments[i].ifindex == ifindex)
			return &wanted->attachments[i];
	}
	return NULL;
}

static void log_removed(const char *name, uint32_t ifindex)
{
	char interface[IF_NAMESIZE];

	if (ifindex && if_indextoname(ifindex, interface))
		log_info("xdp", "interface '%s': detached, it is not among --interface any more",
			 interface);
	else
		log_info("xdp", "pin %s: removed, its interface is gone", name);
}

static int tidy_one(void *context, const char *pin_dir, const char *name, int fd)
{
	uint32_t ifindex = ifindex_of(fd);
	const struct attachment *attachment = find_wanted(context, ifindex);
	char own_name[PIN_NAME_SIZE];

	if (!attachment) {
		if (!remove_one(NULL, pin_dir, name, fd))
			log_removed(name, ifindex);
		return 0;
	}
	pin_name("", attachment, own_name);
	if (strcmp(name, own_name))
		unpin(pin_dir, name);
	return 0;
}

void link_pins_tidy(const char *pin_dir, const struct attachment *attachments, size_t count)
{
	struct wanted wanted = { attachments, count };

	each_link(pin_dir, tidy_one, &wanted);
}
