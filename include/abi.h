/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The bytes that the BPF program and the daemon share: map keys and values, limits, version.
 *
 * Rules of this file: fixed widths, explicit padding, a size assert under each struct, byte order
 * in the type (__be16, __be32) and host byte order otherwise. Id 0 always means "not set", so that
 * a zeroed map leads to a counted drop and never to a wrong target.
 */
#pragma once

#include <linux/types.h>

/*
 * Raised whenever the layout or the meaning of anything here changes. A daemon of another version
 * takes over with new maps, and copies into them what these hold (dataplane/handover.c): so values
 * grow at their end, and whatever changes otherwise has to be converted there.
 */
#define ABI_VERSION 2

enum limits {
	LISTENERS_MAX = 16384,		/* listener ids are 1 .. LISTENERS_MAX - 1 */
	TARGETS_MAX = 65536,		/* target indexes are 1 .. TARGETS_MAX - 1 */
	REPLIES_MAX = 65536,
	RANGED_ADDRESSES_MAX = 4096,	/* (address, protocol) pairs that have port ranges */
	RANGES_MAX = 64,		/* disjoint port ranges of one (address, protocol) */
	SLOTS_MAX = 1 << 22,		/* slots of all rings together: 32 MiB */
	RING_BITS_MIN = 7,
	RING_BITS_MAX = 20,
	FLOW_BUCKETS_MIN = 1 << 10,
	FLOW_BUCKETS_DEFAULT = 1 << 18,	/* 16 MiB */
	FLOW_BUCKETS_MAX = 1 << 24,	/* 1 GiB; a power of two */
	FLOWS_PER_BUCKET = 8,
	LINKS_MAX = 1024,		/* network interfaces, VLAN devices included */
	RING_GROUPS_MAX = 16,		/* groups that the flows of one ring may be on */
};

/* An IPv6 address, or an IPv4 address as ::ffff:a.b.c.d, so that nothing is written twice. */
struct addr {
	__be32 word[4];
};
_Static_assert(sizeof(struct addr) == 16, "struct addr");

/*
 * One address, protocol and port. With is_range set, port is not a port but the number of a range
 * in struct port_ranges (host byte order, so that the two can never be confused by accident).
 */
struct endpoint_key {
	struct addr addr;
	union {
		__be16 port;
		__u16 range;
	};
	__u8 protocol;			/* IPPROTO_TCP or IPPROTO_UDP */
	__u8 is_range;
};
_Static_assert(sizeof(struct endpoint_key) == 20, "struct endpoint_key");

/* The port ranges of one address and protocol: disjoint and ascending, found by binary search. */
struct port_range {
	__u16 first, last;		/* inclusive */
	__u16 number;			/* endpoint_key.range of the entry that owns these ports */
};
struct port_ranges {
	__u32 count;
	struct port_range range[RANGES_MAX];
};
_Static_assert(sizeof(struct port_ranges) == 4 + 6 * RANGES_MAX, "struct port_ranges");

enum listener_flags {
	/* a range or `any`: nat leaves the destination port alone */
	LISTENER_KEEPS_PORT = 1 << 0,
	/* every flow is recorded, whatever the condition of its slot */
	LISTENER_TRACKED = 1 << 1,
	/* there only so that a listener that comes back finds its ring: counts as no entry */
	LISTENER_REMOVED = 1 << 2,
	/* its ring is one without history; the program has no use for it */
	LISTENER_HASHED = 1 << 3,
};

/* What a packet needs to know of its listener. The ring is slots[ring_base ..] of 2^k slots. */
struct listener_entry {
	__u32 id;			/* index into listener_traffic */
	__u32 ring_base;
	__u8 ring_shift;		/* 64 - k: the slot is ring_base + (hash >> ring_shift) */
	__u8 flags;			/* enum listener_flags */
	__u16 idle_timeout;		/* seconds; a recorded flow silent for longer is over */
};
_Static_assert(sizeof(struct listener_entry) == 12, "struct listener_entry");

/* What the packet of a nat target gets as its source on the way back to the client. */
struct reply_entry {
	struct addr addr;		/* the listener's address */
	__be16 port;			/* the listener's port; 0: the packet keeps its own */
	__u16 pad;
};
_Static_assert(sizeof(struct reply_entry) == 20, "struct reply_entry");

/*
 * A target id is an index into targets with the generation of its owner, never reused while named.
 */
enum target_id_layout {
	TARGET_INDEX_BITS = 16,
	TARGET_GENERATION_BITS = 8,
	TARGET_ID_BITS = TARGET_INDEX_BITS + TARGET_GENERATION_BITS,
};
#define TARGET_ID(index, generation) ((__u32)(generation) << TARGET_INDEX_BITS | (__u32)(index))
#define TARGET_INDEX(id) ((id) & (TARGETS_MAX - 1))
#define TARGET_GENERATION(id) (((id) >> TARGET_INDEX_BITS) & 0xff)

/*
 * stable: every flow of the slot is on its current target. learning: the current target changed
 * lately; flows that began since are recorded, all others are on the previous one. tracking: flows
 * that are not on the current target are recorded. docs/AFFINITY.md says what follows from it.
 */
enum slot_condition { SLOT_STABLE, SLOT_LEARNING, SLOT_TRACKING };
enum { SLOT_DEADLINE_BITS = 14 };

/* One slot of a ring; always read and written as one 64-bit word. */
union slot {
	struct {
		__u64 current : TARGET_ID_BITS;		/* target id; 0: no target in service */
		__u64 previous : TARGET_ID_BITS;	/* while learning; else 0 */
		__u64 condition : 2;			/* enum slot_condition */
		/* while learning: second (modulo 2^14) when that ends; only the daemon reads it */
		__u64 deadline : SLOT_DEADLINE_BITS;
	};
	__u64 word;
};
_Static_assert(sizeof(union slot) == 8, "union slot");

enum forwarding { FORWARDING_NONE, FORWARDING_NAT, FORWARDING_IPIP, FORWARDING_COUNT };

enum target_flags {
	/* flows that began on it stay; without it slots and flows that name it do not count */
	TARGET_ALIVE = 1 << 0,
};

/* Everything about a target that a packet needs: one cache line, filled by the daemon. */
struct target_entry {
	struct addr addr;		/* nat: the new destination; ipip: the outer destination */
	struct addr source;		/* ipip: the outer source */
	__u8 dst_mac[6], src_mac[6];	/* next hop's and egress interface's */
	/* egress interface (the lower one of a VLAN); 0: no next hop known */
	__u32 ifindex;
	__be16 vlan;			/* 802.1Q tag control of the egress; 0: untagged */
	/* nat: the new destination port; 0: the packet keeps its own */
	__be16 port;
	__u16 mtu;			/* largest IP packet that the egress interface takes */
	/* enum forwarding; FORWARDING_NONE: the entry is not in use */
	__u8 forwarding;
	__u8 generation;		/* must equal TARGET_GENERATION of the id that led here */
	__u8 flags;			/* enum target_flags */
	__u8 pad[7];
};
_Static_assert(sizeof(struct target_entry) == 64, "struct target_entry");

/*
 * Per CPU. Of a listener: every packet that matched it, also those dropped later. Of a target: the
 * packets that were sent to it.
 */
struct traffic {
	__u64 packets;
	/* of IP packets as they came in, without Ethernet and VLAN headers */
	__u64 bytes;
	__u64 flows;			/* TCP: SYNs */
};
_Static_assert(sizeof(struct traffic) == 24, "struct traffic");

/*
 * In the order in which a full bucket gives them up. Embryonic: only its first packet was seen.
 * Adopted: a packet that began no flow and belonged to none that was recorded, so an older flow's
 * or made up; and direct flows (target 0). Established: more packets followed.
 */
enum flow_state { FLOW_FREE, FLOW_EMBRYONIC, FLOW_ADOPTED, FLOW_ESTABLISHED, FLOW_STATE_COUNT };
enum {
	FLOW_TAG_BITS = 22,
	FLOW_CLOCK_SKEW = 4,		/* seconds that the clocks of CPUs may be apart */
};

/* One entry of the flow table; always read and written as one 64-bit word. */
union flow {
	struct {
		/* the top bits of the flow hash, so that an entry tells its slot in any ring */
		__u64 tag : FLOW_TAG_BITS;
		__u64 target : TARGET_ID_BITS;	/* 0: a direct flow, to no listener */
		__u64 state : 2;		/* enum flow_state */
		__u64 seen : 16;		/* second of the last packet, modulo 2^16 */
	};
	__u64 word;
};
_Static_assert(sizeof(union flow) == 8, "union flow");

struct flow_bucket {
	union flow flow[FLOWS_PER_BUCKET];
} __attribute__((aligned(64)));
_Static_assert(sizeof(struct flow_bucket) == 64, "struct flow_bucket");

enum config_flags {
	/* some listener has a port range: look there on an exact miss */
	CONFIG_HAS_RANGES = 1 << 0,
	/* some target is in nat: look for replies and direct flows */
	CONFIG_HAS_NAT = 1 << 1,
};

/* The only entry of the map config. abi_version stays the first field in every version. */
struct config {
	__u32 abi_version;
	__u32 flags;			/* enum config_flags */
	/* the 16 bytes of the secret, little endian, as SipHash reads its key */
	__u64 hash_secret[2];
	__u32 flow_bucket_mask;		/* number of buckets (a power of two) - 1 */
	__u16 idle_timeout_tcp;		/* of direct flows, in seconds */
	__u16 idle_timeout_udp;
	/* of these two and of any listener's: older entries are free */
	__u16 idle_timeout_longest;
	__u16 pad;
	__u32 clock_offset;		/* seconds that tests add to the clock */
};
_Static_assert(sizeof(struct config) == 40, "struct config");

/* What happened to the flow table; per CPU counters in the map flow_events. */
enum flow_event {
	FLOW_INSERTED,			/* into a free or expired place */
	FLOW_REPLACED_EMBRYONIC,	/* the bucket was full: its oldest of this state went */
	FLOW_REPLACED_ADOPTED,
	FLOW_REPLACED_ESTABLISHED,
	FLOW_NO_ROOM,			/* a first packet pushes out no other flow's later ones */
	FLOW_NOT_INSERTED,		/* other CPUs kept changing the bucket */
	FLOW_EVENT_COUNT,
};

/* The only entry of the map direct_flows: when a packet of a direct flow last left its mark. */
struct direct_flows {
	__u32 last_recorded;		/* second of the flow table's clock; 0: never */
	__u32 pad;
};

/*
 * How a packet leaves by the interface that a route names. A VLAN device has no transmit function
 * of its own for XDP: the frame leaves by the device below it, with a tag.
 */
struct link_entry {
	__u32 ifindex;			/* the interface to send through; its devmap entry exists */
	__be16 vlan;			/* tag control; 0: untagged */
	__u16 pad;
};
_Static_assert(sizeof(struct link_entry) == 8, "struct link_entry");

/*
 * Who owns an index: written by the daemon for the next daemon, which rebuilds its picture of the
 * maps from them. The program never reads these.
 */
enum { LABEL_NAME_SIZE = 64 };
struct target_label {
	char group[LABEL_NAME_SIZE];	/* "" : the index is free */
	struct addr addr;
	__u16 port;			/* host byte order */
	__u8 state;			/* enum target_state of the model */
	__u8 reason;			/* enum target_reason of the model */
	__u32 pad;
	__u64 since_ms;			/* Unix time of the last change of state */
};
_Static_assert(sizeof(struct target_label) == 96, "struct target_label");

struct listener_label {
	char name[LABEL_NAME_SIZE];
	__u64 ring;			/* key of its ring */
	__u64 routing;			/* hash of the routing that the ring serves */
	/* group_hash of each group that flows of the ring may be on; 0: free; the last, ~0: any */
	__u64 groups[RING_GROUPS_MAX];
	__u16 port_first, port_last;	/* host byte order */
	__u32 removed_at;		/* second of CLOCK_MONOTONIC; 0: not removed */
};
_Static_assert(sizeof(struct listener_label) == 216, "struct listener_label");
