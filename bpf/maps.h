/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * All maps. Each is pinned under its name; types and limits are in include/abi.h. The daemon is the
 * only writer unless the comment says otherwise.
 */
#pragma once

#include <linux/bpf.h>

#include <bpf/bpf_helpers.h>

#include "abi.h"
#include "reasons.h"

/* 0 -> struct config. Read for every packet. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__uint(map_flags, BPF_F_MMAPABLE);
	__type(key, __u32);
	__type(value, struct config);
} config SEC(".maps");

static __always_inline const struct config *find_config(void)
{
	__u32 zero = 0;

	return bpf_map_lookup_elem(&config, &zero);
}

/*
 * Listener by destination. Not preallocated, here and below: a removed entry is not used again
 * while a packet may still read it. When full the daemon refuses the change; the program never
 * inserts.
 */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, LISTENERS_MAX);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, struct endpoint_key);
	__type(value, struct listener_entry);
} listeners SEC(".maps");

/* Port ranges of listeners, by address and protocol (port 0, is_range 0). */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, RANGED_ADDRESSES_MAX);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, struct endpoint_key);
	__type(value, struct port_ranges);
} listener_ranges SEC(".maps");

/* Reply rewriting by source of a nat target; port ranges as for listeners. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, REPLIES_MAX);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, struct endpoint_key);
	__type(value, struct reply_entry);
} replies SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, REPLIES_MAX);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, struct endpoint_key);
	__type(value, struct port_ranges);
} reply_ranges SEC(".maps");

/* The slots of all rings. The daemon stores through mmap, one 64-bit store a slot. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, SLOTS_MAX);
	__uint(map_flags, BPF_F_MMAPABLE);
	__type(key, __u32);
	__type(value, union slot);
} slots SEC(".maps");

/* Targets by index; 0 is never used. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, TARGETS_MAX);
	__type(key, __u32);
	__type(value, struct target_entry);
} targets SEC(".maps");

/* NULL for an id of another generation, whose target is gone. */
static __always_inline const struct target_entry *find_target(__u32 id)
{
	__u32 index = TARGET_INDEX(id);
	const struct target_entry *target = bpf_map_lookup_elem(&targets, &index);

	return target && target->generation == TARGET_GENERATION(id) ? target : NULL;
}

/*
 * The flow table; max_entries is set by the daemon before load. Written by the program, and by the
 * daemon's sweep through mmap, which frees entries by compare-and-swap.
 */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, FLOW_BUCKETS_DEFAULT);
	__uint(map_flags, BPF_F_MMAPABLE);
	__type(key, __u32);
	__type(value, struct flow_bucket);
} flows SEC(".maps");

/* What happened to the flow table, by enum flow_event. Written by the program alone. */
struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, FLOW_EVENT_COUNT);
	__type(key, __u32);
	__type(value, __u64);
} flow_events SEC(".maps");

/* 0 -> struct direct_flows. Written by the program alone, at most once a second. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct direct_flows);
} direct_flows SEC(".maps");

/*
 * How to leave by the interface (key: ifindex) that a route lookup named. Absent: let the kernel.
 */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, LINKS_MAX);
	__type(key, __u32);
	__type(value, struct link_entry);
} links SEC(".maps");

/* Redirect targets by ifindex: the interfaces that the program is attached to. */
struct {
	__uint(type, BPF_MAP_TYPE_DEVMAP_HASH);
	__uint(max_entries, LINKS_MAX);
	__type(key, __u32);
	__type(value, __u32);
} devices SEC(".maps");

/*
 * Counters, per CPU; the program adds, the daemon reads, and zeroes an index before it reuses it.
 */
struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, LISTENERS_MAX);
	__type(key, __u32);
	__type(value, struct traffic);
} listener_traffic SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, TARGETS_MAX);
	__type(key, __u32);
	__type(value, struct traffic);
} target_traffic SEC(".maps");

/* Packets by enum reason. */
struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, REASON_COUNT);
	__type(key, __u32);
	__type(value, __u64);
} reasons SEC(".maps");

/* Who owns which index: the daemon's notes to the next daemon. The program never reads them. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, TARGETS_MAX);
	__type(key, __u32);
	__type(value, struct target_label);
} target_labels SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, LISTENERS_MAX);
	__type(key, __u32);
	__type(value, struct listener_label);
} listener_labels SEC(".maps");
