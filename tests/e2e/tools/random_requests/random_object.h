/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Random listeners, groups, targets and configurations as the API takes them, as new references.
 * They have few names, addresses and ports, so that they meet: most are valid, some collide or are
 * odd.
 */
#pragma once

#include <jansson.h>
#include <stdbool.h>

#include "random_tree.h"

bool chance(struct random_source *random, unsigned percent);

#define PICK(random, array) ((array)[random_below(random, ARRAY_SIZE(array))])

/* A name of listeners and groups; those that end in 6 have IPv6 addresses. */
const char *random_name(struct random_source *random);
/* What is no name, or one that nothing has. */
const char *random_odd_name(struct random_source *random);
/* A target, such as "10.0.0.11:80". */
const char *random_endpoint(struct random_source *random);

json_t *random_listener(struct random_source *random);
json_t *random_group(struct random_source *random);
json_t *random_target(struct random_source *random);
json_t *random_config(struct random_source *random);

/* Damages the tree somewhere: another type, another key, one key less, too long a text. */
void spoil_tree(struct random_source *random, json_t *tree);
