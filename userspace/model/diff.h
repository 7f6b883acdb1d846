/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What would change from one model to the next, for people: `apply --dry-run` and the log. */
#pragma once

#include <jansson.h>

struct model;

/*
 * An array in a stable order of { "change": "add"|"change"|"remove", "object":
 * "listener"|"group"|"target"|"hash_secret", "name": "web" (targets: "web 10.0.0.11:8080"),
 * "detail": "weight 1 -> 5, port 80 -> 81" (may be "") }. Facts do not count; a target that starts
 * to drain is a removal, one that stops draining an addition. A new reference, NULL if out of
 * memory.
 */
json_t *model_diff(const struct model *from, const struct model *to);
