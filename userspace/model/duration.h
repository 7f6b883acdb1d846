/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Durations as text: "500ms", "10s", "5m", "1h". */
#pragma once

#include <stdbool.h>
#include <stdint.h>

enum {
	DURATION_TEXT_SIZE = 24,
	MS_PER_SECOND = 1000,
};

/*
 * Whole numbers only; without a unit they are seconds. *unit_ms is the length of the unit that the
 * text is written in. False, and nothing written, if it is no duration or too long to count.
 */
bool duration_parse(const char *text, uint64_t *ms, uint64_t *unit_ms);

/*
 * In the unit of unit_ms (a length from duration_parse, or MS_PER_SECOND), or where it is not a
 * whole number of those in the next smaller one. text holds DURATION_TEXT_SIZE bytes; returns text.
 */
const char *duration_format(uint64_t ms, uint64_t unit_ms, char *text);
