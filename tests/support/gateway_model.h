/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The world's setups as models, places as addresses. Private to gateway.c. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "abi.h"

struct gateway_tuple;
struct model;
struct world_listener;
struct world_setup;

/* What a configuration file of the setup would say; no facts. */
struct model *gateway_model(const struct world_setup *setup);

/* What the state file says of the model when it is read again. */
struct model *gateway_model_reload(const struct model *model);

void gateway_model_remove(struct model *model, int place);
void gateway_model_learn(struct model *model, const struct world_setup *setup, uint64_t now_ms);
void gateway_model_find_hops(struct model *model);
const char *gateway_model_unsettled(const struct model *model);

struct endpoint_key gateway_listener_key(const struct gateway_tuple *tuple,
					 const struct world_listener *listener);

/* The target that a frame leaves for, be it in a tunnel or not. */
int gateway_place_of_frame(const uint8_t *frame);
