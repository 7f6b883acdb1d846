/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The only arithmetic on checksums: one's complement sums (RFC 1071) and their incremental update
 * (RFC 1624, equation 3). Everything is summed as it lies in memory, in network order.
 */
#pragma once

#include <linux/stddef.h>
#include <linux/types.h>

#include "abi.h"

/* What replacing old by new adds to a sum. Up to 2^31 changes fit into one sum. */
static __always_inline __u64 change_word(__u64 sum, __be32 old, __be32 new)
{
	return sum + (__u32)~old + new;
}

/* IPv4 too: what two mapped addresses have in common adds nothing. */
static __always_inline __u64 change_addr(__u64 sum, const struct addr *old, const struct addr *new)
{
	for (int i = 0; i < 4; i++)
		sum = change_word(sum, old->word[i], new->word[i]);
	return sum;
}

static __always_inline __u16 fold(__u64 sum)
{
	sum = (sum & 0xffffffff) + (sum >> 32);
	sum = (sum & 0xffffffff) + (sum >> 32);
	sum = (sum & 0xffff) + (sum >> 16);
	sum = (sum & 0xffff) + (sum >> 16);
	return sum;
}

/* The checksum after the changes. */
static __always_inline __sum16 update_checksum(__sum16 check, __u64 changes)
{
	return ~fold(changes + (__u16)~check);
}

/* UDP: 0 means that there is none, so a sum of 0 is sent as 0xffff (RFC 768). */
static __always_inline __sum16 update_udp_checksum(__sum16 check, __u64 changes)
{
	return check ? update_checksum(check, changes) ?: 0xffff : 0;
}

/* Of whatever a header consists of. */
typedef __be32 __attribute__((may_alias)) any_word;

/* Of a header of whole 32-bit words whose checksum field is 0. */
static __always_inline __sum16 compute_checksum(const void *header, __u32 length)
{
	const any_word *word = header;
	__u64 sum = 0;

	for (__u32 i = 0; i < length / sizeof(*word); i++)
		sum += word[i];
	return ~fold(sum);
}
