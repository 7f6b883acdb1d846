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
 * sentence names the object, the key and the value (`line 7: group 'web': target 10.0.0.11: port
 * 70000 is not in 1-65535`). *out is a new model (model_free it) without facts; untouched on
 * failure. A tree without hash_secret leaves the secret zero. Does not call model_validate.
 */
int decode_model(const json_t *tree, const struct lines *lines, struct model **out,
		 struct err *err);

/*
 * One object of the API over what is already in *out: keys that are absent keep their value, so the
 * same function serves creation and `set` (over the current one). A new one is a zeroed listener or
 * target, or a group of group_init with the name "": then the names, addresses and ports must be
 * given, protocol is tcp and weight 1 if they are not. What identifies the object, its name or a
 * target's address and port, can not be changed. The key `targets` of a group replaces all of its
 * targets, without their facts (model_carry brings them back). On failure *out is untouched.
 */
int decode_listener(const json_t *tree, struct listener *out, struct err *err);
int decode_group(const json_t *tree, struct group *out, struct err *err);
int decode_target(const json_t *tree, struct target *out, struct err *err);

/* The rule for names (model/model.h); what is "listener", "group" or the key, for the sentence. */
int name_check(const char *what, const char *name, struct err *err);
