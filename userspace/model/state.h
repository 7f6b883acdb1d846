/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The state file: the last accepted model, with all that drains, in DIR/state.json. */
#pragma once

struct err;
struct model;

/*
 * *out is a new model (model_free); with no state file yet, an empty one with a fresh random
 * secret. Creates the directory, but not those above it. A file that can not be read or understood
 * is refused and left alone: it may hold all there is.
 */
int state_load(const char *dir, struct model **out, struct err *err);

/* Written to a temporary file, synced, renamed; the directory is synced too. Mode 0600. */
int state_save(const char *dir, const struct model *model, struct err *err);
