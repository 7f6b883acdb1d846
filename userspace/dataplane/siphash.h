/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* SipHash-1-3 of a byte string. (The program has its own, over packed words: bpf/hash.h.) */
#pragma once

#include <stddef.h>
#include <stdint.h>

/* key: the 16 bytes of the secret as two little-endian words. Source: Aumasson, Bernstein 2012. */
uint64_t siphash13(const uint64_t key[2], const void *bytes, size_t length);
