// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "dataplane/handover.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include <bpf/bpf.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "base/log.h"
#include "dataplane/maps.h"
#include "dataplane/pin_dir.h"

enum map_kind {
	KIND_PLAIN,
	KIND_COUNTERS,		/* per CPU */
	KIND_ENUM_COUNTERS,	/* by an enum that may be another one in another version */
};

static const struct {
	enum map_id map;
	enum map_kind kind;
} passed_on[] = {
	{ MAP_LISTENERS, KIND_PLAIN },
	{ MAP_LISTENER_RANGES, KIND_PLAIN },
	{ MAP_REPLIES, KIND_PLAIN },
	{ MAP_REPLY_RANGES, KIND_PLAIN },
	{ MAP_TARGETS, KIND_PLAIN },
	{ MAP_LINKS, KIND_PLAIN },
	{ MAP_TARGET_LABELS, KIND_PLAIN },
	{ MAP_LISTENER_LABELS, KIND_PLAIN },
	{ MAP_LISTENER_TRAFFIC, KIND_COUNTERS },
	{ MAP_TARGET_TRAFFIC, KIND_COUNTERS },
	{ MAP_REASONS, KIND_ENUM_COUNTERS },
	{ MAP_FLOW_EVENTS, KIND_ENUM_COUNTERS },
};

/* Sizes of one entry: values parts of stride bytes, one for each CPU where there are several. */
struct copy {
	int to;
	size_t parts, from_stride, to_stride;
	char *value;			/* room for the parts of to */
};

static bool is_zero(const char *bytes, size_t size)
{
	return !size || (!bytes[0] && !memcmp(bytes, bytes + 1, size - 1));
}

/* Array entries are zero from the start. What does not fit is for the first change to refuse. */
static int copy_entry(void *context, const void *key, const void *value)
{
	const struct copy *copy = context;
	size_t size = copy->parts * copy->to_stride;
	size_t known = copy->from_stride < copy->to_stride ? copy->from_stride : copy->to_stride;

	memset(copy->value, 0, size);
	for (size_t i = 0; i < copy->parts; i++)
		memcpy(copy->value + i * copy->to_stride,
		       (const char *)value + i * copy->from_stride, known);
	if (is_zero(copy->value, size))
		return 0;
	return bpf_map_update_elem(copy->to, key, copy->value, BPF_ANY) && errno != E2BIG ? -errno
											  : 0;
}

static size_t stride_of(enum map_kind kind, size_t value_size)
{
	return kind == KIND_PLAIN ? value_size : (value_size + 7) & ~(size_t)7;
}

static int copy_map(enum map_id map, enum map_kind kind, int fd, const struct bpf_map_info *info,
		    const struct maps *to)
{
	struct copy copy = {
		.to = to->fd[map],
		.parts = kind == KIND_PLAIN ? 1 : (size_t)to->cpus,
		.from_stride = stride_of(kind, info->value_size),
		.to_stride = stride_of(kind, to->value_size[map]),
	};
	struct maps from = { .cpus = to->cpus };
	_cleanup_free_ char *value = malloc(copy.parts * copy.to_stride);

	if (!value)
		return -ENOMEM;
	copy.value = value;
	from.fd[map] = fd;
	from.value_size[map] = copy.parts * copy.from_stride;
	return maps_each(&from, map, info->key_size, copy_entry, &copy);
}

static int get_info(int fd, struct bpf_map_info *info)
{
	__u32 size = sizeof(*info);

	memset(info, 0, sizeof(*info));
	return bpf_obj_get_info_by_fd(fd, info, &size) ? -errno : 0;
}

/* A map that is there as something else can not be read as what it is here. */
static bool is_alike(const struct bpf_map_info *from, int to)
{
	struct bpf_map_info info;

	return !get_info(to, &info) && info.type == from->type && info.key_size == from->key_size;
}

static int begin_empty(enum map_id map)
{
	log_warning("dataplane", "map %s is another one in this version: it begins empty",
		    map_name(map));
	return 0;
}

/* The map's descriptor, or -errno; -ENOENT: that version had none. */
static int open_map(const struct pin_dir *from, enum map_id map, struct bpf_map_info *info)
{
	_cleanup_close_ int fd = pin_dir_get(from, map);
	int r = fd < 0 ? fd : get_info(fd, info);

	return r ? r : take_fd(fd);
}

static int pass_map(const struct pin_dir *from, enum map_id map, enum map_kind kind,
		    const struct maps *to)
{
	struct bpf_map_info info;
	_cleanup_close_ int fd = open_map(from, map, &info);

	if (fd < 0)
		return fd == -ENOENT ? 0 : fd;
	if (is_alike(&info, to->fd[map]))
		return copy_map(map, kind, fd, &info, to);
	return begin_empty(map);
}

/* Without the flow table's memory a slot that learns or tracks is as good as a stable one. */
static int pass_slots(const struct pin_dir *from, const struct maps *to)
{
	struct bpf_map_info info;
	_cleanup_close_ int fd = open_map(from, MAP_SLOTS, &info);
	const union slot *slots;
	size_t size;

	if (fd < 0)
		return fd == -ENOENT ? 0 : fd;
	if (!is_alike(&info, to->fd[MAP_SLOTS]) || info.value_size != sizeof(*slots))
		return begin_empty(MAP_SLOTS);
	size = (size_t)info.max_entries * sizeof(*slots);
	slots = mmap(NULL, size, PROT_READ, MAP_SHARED, fd, 0);
	if (slots == MAP_FAILED)
		return -errno;
	for (uint32_t i = 0; i < info.max_entries && i < SLOTS_MAX; i++) {
		if (slots[i].current)
			to->slots[i] = (union slot){ .current = slots[i].current }.word;
	}
	munmap((void *)slots, size);
	return 0;
}

static bool is_this_version(const struct pin_dir *pins)
{
	struct pins_found found;

	return !pin_dir_look(pins, &found, NULL) && found.version == ABI_VERSION;
}

int handover(const struct pin_dir *from, struct maps *to, struct err *err)
{
	bool same = is_this_version(from);
	int r = pass_slots(from, to);

	for (size_t i = 0; i < ARRAY_SIZE(passed_on) && !r; i++) {
		if (passed_on[i].kind != KIND_ENUM_COUNTERS || same)
			r = pass_map(from, passed_on[i].map, passed_on[i].kind, to);
	}
	return r ? err_set(err, -r, "copying from the maps in %s failed: %s", from->path,
			   strerror(-r)) : 0;
}
