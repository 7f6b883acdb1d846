/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The configuration file of --config. */
#pragma once

struct err;
struct model;

/* Reads and decodes the file; sentences start with its path. *out is a new model (model_free). */
int config_file_load(const char *path, struct model **out, struct err *err);
