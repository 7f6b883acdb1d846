/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Targets as tables, for `group show`, `target list` and what `status` says of their states. */
#pragma once

#include <jansson.h>
#include <stdbool.h>

#include "ctl/output.h"

/* grouped: each object has the key "group", which becomes the first column. 0 or -ENOMEM. */
int targets_print(const json_t *targets, bool grouped, const struct output *output);

enum style target_state_style(const char *state);
