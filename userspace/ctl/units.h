/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Numbers as people read them in tables. --output json carries the raw ones. */
#pragma once

#include <stdint.h>

enum { UNITS_TEXT_SIZE = 48 };

/* All write UNITS_TEXT_SIZE bytes at most to text and return it. */
const char *units_count(uint64_t count, char *text);		/* 9999, 12.3k, 1.23M */
const char *units_bytes(uint64_t bytes, char *text);		/* 9999B, 12.3KiB, 1.23MiB */
const char *units_rate(double per_second, char *text);		/* 0, <0.1, 0.4, 44, 12.3k */
const char *units_duration(uint64_t seconds, char *text);	/* 42s, 4m 50s, 3d 4h */
