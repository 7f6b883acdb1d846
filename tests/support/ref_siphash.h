/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* SipHash with any number of rounds, written to be right: what the fast ones must equal. */
#pragma once

#include <stddef.h>
#include <stdint.h>

uint64_t ref_siphash(int c_rounds, int d_rounds, const uint8_t key[16], const void *bytes,
		     size_t length);
