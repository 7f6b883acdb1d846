/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Random models for property tests: every attribute takes its limits and defaults often. */
#pragma once

#include <stdbool.h>

#include "random_tree.h"

struct model;

/*
 * Decodable, though not valid as a whole (groups may be missing, listeners may collide). With
 * draining, some targets and groups are removed and drain until some moment.
 */
struct model *random_model(struct random_source *random, bool draining);
