/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Random JSON trees for property tests: the same seed gives the same trees. */
#pragma once

#include <jansson.h>
#include <stdint.h>

struct random_source {
	uint64_t state;
};

/* Uniform enough for tests, 0 .. count - 1. */
uint32_t random_below(struct random_source *random, uint32_t count);

/* An object or list, at most depth levels deep, of all types; its texts are hard for YAML. */
json_t *random_tree(struct random_source *random, unsigned depth);
