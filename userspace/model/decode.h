/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* JSON tree -> model: the one decoder behind the configuration file, the API and the state file. */
#pragma once

#include <jansson.h>

struct err;
struct model;
struct listener;
struct group;
struct target;

/*
 * Where a node of the tree came from, so that a sentence can say `line 12: `. NULL for trees that
 * did not come from a file. (model/yaml.h makes one.)
 */
struct lines;

/*
 * A whole configuration. Unknown keys, wrong types, bad values and duplicate names are refused; the
 * sentence names the object, the key and the value (`line 7: target 10.0.0.11: port 70000 is not in
 * 1-65535`). *out is a new model (model_free it) without facts; untouched on failure. A tree
 * without hash_secret leaves the secret zero. Does not call model_validate.
 */
int decode_model(const json_t *tree, const struct lines *lines, struct model **out, struct err *err);

/*
 * One object of the API over what is already in *out: keys that are absent keep their value, so the
 * same function serves creation (over defaults) and `set` (over the current one). decode_group takes
 * the key `targets` too. On failure *out is untouched.
 */
int decode_listener(const json_t *tree, struct listener *out, struct err *err);
int decode_group(const json_t *tree, struct group *out, struct err *err);
int decode_target(const json_t *tree, struct target *out, struct err *err);

/* "web": 1-63 characters of a-z A-Z 0-9 . _ - and not starting with . or -; what is "listener", ... */
int name_check(const char *what, const char *name, struct err *err);
