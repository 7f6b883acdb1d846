/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The JSON tree of the state file: { "version": 1, "config": the configuration, "removed": [ the
 * groups that are removed, as they were configured ], "draining": [ the targets that are removed and
 * still drain or linger, each with its group and its deadline ] }.
 */
#pragma once

#include <jansson.h>

struct err;
struct model;

/* A new reference, NULL if out of memory. */
json_t *state_encode(const struct model *model);

/* *out is a new model (model_free); untouched on failure. */
int state_decode(const json_t *tree, struct model **out, struct err *err);
