/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The configuration file of --config. */
#pragma once

#include <stdint.h>

struct err;
struct model;

/* Reads and decodes the file; sentences start with its path. *out is a new model (model_free). */
int config_file_load(const char *path, struct model **out, struct err *err);

/*
 * Replaces *model by what the file says, as `sluicectl apply` would: what it can not say is carried
 * over, and targets that it does not have any more drain.
 */
int config_file_apply(const char *path, uint64_t now_ms, struct model **model, struct err *err);
