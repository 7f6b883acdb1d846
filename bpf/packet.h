/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * One packet on its way through the program: every fact that the steps share. The headers are read
 * once, by parse.h; later steps read this struct.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include <linux/stddef.h>
#include <linux/types.h>

#include "abi.h"
#include "reasons.h"

/* The two ends of a flow, as the packet names them. */
struct five_tuple {
	struct addr src, dst;
	__be16 sport, dport;
	__u8 protocol;
	bool is_v6;
};

struct packet {
	/* parse.h */
	struct five_tuple tuple;
	__u16 l3_offset;		/* of the IP header: the length of Ethernet and tags */
	__u16 l4_offset;
	__u32 l3_length;		/* of the IP packet; Ethernet padding may follow it */
	__u8 ttl;			/* or hop limit */
	__u8 tos;			/* DSCP and ECN */
	__be32 flowinfo;		/* IPv6: traffic class and flow label; IPv4: 0 */
	bool dont_fragment;		/* IPv6: always */
	bool is_syn;			/* TCP: SYN without ACK, the beginning of a flow */

	/* the later steps; 0: not known yet */
	__u32 listener;			/* index into listener_traffic */
	__u32 target;			/* index into targets and target_traffic */
	__u32 egress_ifindex;
};

struct vlan_tag {
	__be16 control;
	__be16 ethertype;		/* of what follows the tag */
};
