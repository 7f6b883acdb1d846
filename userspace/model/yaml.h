/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* YAML text <-> JSON tree (libyaml events). No anchors, aliases, tags or several documents. */
#pragma once

#include <jansson.h>
#include <stddef.h>

struct err;
struct lines;		/* member of an object or list of the tree -> line of the text */

enum { YAML_SIZE_MAX = 16 << 20, YAML_DEPTH_MAX = 16 };

/*
 * Plain scalars become true/false and null as in YAML's core schema, and numbers where JSON would
 * read a number that fits (`080`, `1_000`, `0x10` and 20 digits stay strings); quoted ones strings.
 * Duplicate keys are refused. On success *tree (json_decref) and *lines (lines_free) are new; on
 * failure untouched: -EFBIG for a text above YAML_SIZE_MAX, -EINVAL for every other mistake. An
 * empty text is an empty object.
 */
int yaml_parse(const char *text, size_t length, json_t **tree, struct lines **lines,
	       struct err *err);

/* Block style, keys in the tree's order. A new string (free), NULL if out of memory. */
char *yaml_emit(const json_t *tree);

/*
 * Where the index-th member of an object (its key) or list begins, in the tree's order; 0 if it is
 * not known or lines is NULL. By place, not by node: jansson has only one node for each of true,
 * false and null.
 */
unsigned lines_find(const struct lines *lines, const json_t *container, size_t index);
void lines_free(struct lines **lines);
