/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* YAML text <-> JSON tree (libyaml events). No anchors, aliases, tags or several documents. */
#pragma once

#include <jansson.h>
#include <stddef.h>

struct err;
struct lines;		/* node of the tree -> line of the file */

enum { YAML_SIZE_MAX = 16 << 20, YAML_DEPTH_MAX = 16 };

/*
 * Plain scalars become numbers, true/false and null as in YAML's core schema; quoted ones strings.
 * Duplicate keys are refused. On success *tree (json_decref) and *lines (lines_free) are new; on
 * failure untouched. An empty text is an empty object.
 */
int yaml_parse(const char *text, size_t length, json_t **tree, struct lines **lines, struct err *err);

/* Block style, keys in the tree's order. A new string (free), NULL if out of memory. */
char *yaml_emit(const json_t *tree);

/* 0 if the node is not known or lines is NULL. */
unsigned lines_find(const struct lines *lines, const json_t *node);
void lines_free(struct lines **lines);
