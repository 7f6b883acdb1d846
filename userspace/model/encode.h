/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Model -> JSON tree, the inverse of model/decode.h. New references; NULL if out of memory. */
#pragma once

#include <jansson.h>

struct model;
struct listener;
struct group;
struct target;

/*
 * The configuration alone, such that decode_model gives it back: no facts, no draining targets, no
 * removed groups, attributes that have their default value left out. hash_secret is included
 * (unless it is zero).
 */
json_t *encode_model(const struct model *model);

/*
 * A group as it stands there, removed or not, but without its targets: decode_group over a fresh
 * one gives it back.
 */
json_t *encode_group_settings(const struct group *group);

/*
 * Objects as the API shows them: every attribute (defaults too) and the facts. A group carries
 * "targets": [...], draining ones too, "in_use" and "fails_open", and "removed": true if it is
 * removed; a target has "state", "reason", "in_service" and "next_hop". How long it still drains and
 * how many flows are on it is for the caller, who knows the time and the data plane.
 */
json_t *encode_listener(const struct listener *listener);
json_t *encode_group(const struct group *group, int in_use);
json_t *encode_target(const struct target *target, int in_service);
