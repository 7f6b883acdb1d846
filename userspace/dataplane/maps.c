// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "dataplane/maps.h"

#include <errno.h>
#include <linux/membarrier.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include "base/cleanup.h"

static const char *const names[] = {
	[MAP_CONFIG] = "config",
	[MAP_LISTENERS] = "listeners",
	[MAP_LISTENER_RANGES] = "listener_ranges",
	[MAP_REPLIES] = "replies",
	[MAP_REPLY_RANGES] = "reply_ranges",
	[MAP_SLOTS] = "slots",
	[MAP_TARGETS] = "targets",
	[MAP_FLOWS] = "flows",
	[MAP_FLOW_EVENTS] = "flow_events",
	[MAP_DIRECT_FLOWS] = "direct_flows",
	[MAP_LINKS] = "links",
	[MAP_DEVICES] = "devices",
	[MAP_LISTENER_TRAFFIC] = "listener_traffic",
	[MAP_TARGET_TRAFFIC] = "target_traffic",
	[MAP_REASONS] = "reasons",
	[MAP_TARGET_LABELS] = "target_labels",
	[MAP_LISTENER_LABELS] = "listener_labels",
};
_Static_assert(ARRAY_SIZE(names) == MAP_COUNT, "a name for every map");

const char *map_name(enum map_id map)
{
	return names[map];
}

static bool is_percpu(enum map_id map)
{
	return map == MAP_LISTENER_TRAFFIC || map == MAP_TARGET_TRAFFIC || map == MAP_REASONS ||
	       map == MAP_FLOW_EVENTS;
}

/* The kernel keeps the values of the CPUs of a per-CPU map 8 bytes aligned. */
static size_t percpu_stride(size_t value_size)
{
	return (value_size + 7) & ~(size_t)7;
}

static int read_sizes(struct maps *maps)
{
	size_t largest = 0;

	for (int map = 0; map < MAP_COUNT; map++) {
		struct bpf_map_info info = { 0 };
		__u32 size = sizeof(info);

		if (bpf_obj_get_info_by_fd(maps->fd[map], &info, &size))
			return -errno;
		maps->value_size[map] = info.value_size;
		if (map == MAP_FLOWS)
			maps->flow_buckets = info.max_entries;
		if (is_percpu(map) && info.value_size > largest)
			largest = info.value_size;
	}
	maps->percpu = malloc(percpu_stride(largest) * (size_t)maps->cpus);
	return maps->percpu ? 0 : -ENOMEM;
}

/* What the daemon changes while the program runs. NULL and errno on failure. */
static void *map_shared(const struct maps *maps, enum map_id map, size_t size)
{
	void *memory = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, maps->fd[map], 0);

	return memory == MAP_FAILED ? NULL : memory;
}

static size_t flows_size(const struct maps *maps)
{
	return maps->flow_buckets * sizeof(struct flow_bucket);
}

int maps_open(struct maps *maps)
{
	int r;

	maps->cpus = libbpf_num_possible_cpus();
	if (maps->cpus < 0)
		return maps->cpus;
	r = read_sizes(maps);
	if (r)
		return r;
	maps->slots = map_shared(maps, MAP_SLOTS, SLOTS_MAX * sizeof(union slot));
	if (!maps->slots)
		return -errno;
	maps->flows = map_shared(maps, MAP_FLOWS, flows_size(maps));
	return maps->flows ? 0 : -errno;
}

void maps_close(struct maps *maps)
{
	if (maps->slots)
		munmap(maps->slots, SLOTS_MAX * sizeof(union slot));
	if (maps->flows)
		munmap(maps->flows, flows_size(maps));
	maps->slots = NULL;
	maps->flows = NULL;
	free(maps->percpu);
	maps->percpu = NULL;
}

static int update(void *context, enum map_id map, const void *key, const void *value)
{
	struct maps *maps = context;
	size_t stride = percpu_stride(maps->value_size[map]);
	const void *source = value;

	if (is_percpu(map)) {
		for (int cpu = 0; cpu < maps->cpus; cpu++)
			memcpy((char *)maps->percpu + stride * (size_t)cpu, value,
			       maps->value_size[map]);
		source = maps->percpu;
	}
	return bpf_map_update_elem(maps->fd[map], key, source, BPF_ANY) ? -errno : 0;
}

static int delete(void *context, enum map_id map, const void *key)
{
	struct maps *maps = context;

	return bpf_map_delete_elem(maps->fd[map], key) ? -errno : 0;
}

static void store_slot(void *context, uint32_t slot, union slot value)
{
	struct maps *maps = context;

	__atomic_store_n(&maps->slots[slot], value.word, __ATOMIC_RELEASE);
}

/* The program runs as one RCU read side; this system call returns after all that were running. */
static void wait_for_readers(void *context)
{
	(void)context;
	if (syscall(SYS_membarrier, MEMBARRIER_CMD_GLOBAL, 0, 0))
		/* not available with nohz_full: longer than any packet takes */
		usleep(20000);
}

struct map_writer maps_writer(struct maps *maps)
{
	return (struct map_writer){
		.update = update,
		.remove = delete,
		.store_slot = store_slot,
		.wait_for_readers = wait_for_readers,
		.context = maps,
	};
}

void maps_read_counters(struct maps *maps, enum map_id map, uint32_t index, uint64_t *out,
			size_t fields)
{
	size_t stride = percpu_stride(maps->value_size[map]) / sizeof(uint64_t);
	const uint64_t *values = maps->percpu;

	memset(out, 0, fields * sizeof(*out));
	if (bpf_map_lookup_elem(maps->fd[map], &index, maps->percpu))
		return;
	for (int cpu = 0; cpu < maps->cpus; cpu++) {
		for (size_t field = 0; field < fields; field++)
			out[field] += values[stride * (size_t)cpu + field];
	}
}

enum { BATCH = 4096 };		/* more than any hash bucket holds, or the kernel answers ENOSPC */

int maps_each(const struct maps *maps, enum map_id map, size_t key_size,
	      int (*visit)(void *context, const void *key, const void *value), void *context)
{
	_cleanup_free_ char *keys = malloc(BATCH * key_size);
	_cleanup_free_ char *values = malloc(BATCH * maps->value_size[map]);
	char cursor[64];
	bool first = true, last = false;
	int r = keys && values ? 0 : -ENOMEM;

	while (!r && !last) {
		__u32 count = BATCH;

		if (bpf_map_lookup_batch(maps->fd[map], first ? NULL : cursor, cursor, keys, values,
					 &count, NULL)) {
			if (errno != ENOENT)
				return -errno;
			last = true;
		}
		first = false;
		for (__u32 i = 0; i < count && !r; i++)
			r = visit(context, keys + i * key_size, values + i * maps->value_size[map]);
	}
	return r;
}
