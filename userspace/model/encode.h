/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Model -> JSON tree, the inverse of model/decode.h. New references; NULL if out of memory. */
#pragma once

#include <jansson.h>

struct model;
struct listener;
struct group;
struct target;

/*
 * The configuration alone, such that decode_model gives it back: no facts, no draining targets,
 * attributes that have their default value left out. hash_secret is included (unless it is zero).
 */
json_t *encode_model(const struct model *model);

/*
 * Objects as the API shows them: every attribute (defaults too) and the facts. A group carries
 * "targets": [...], draining ones too, "in_use" and "fails_open"; a target has "state", "reason",
 * "in_service" and "next_hop". How long it still drains is for the caller, who knows the time.
 */
json_t *encode_listener(const struct listener *listener);
json_t *encode_group(const struct group *group, int in_use);
json_t *encode_target(const struct target *target, int in_service);
