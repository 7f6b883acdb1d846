/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What a plain (unquoted) YAML scalar means: one rule for reading and for what to quote. */
#pragma once

#include <jansson.h>
#include <stdbool.h>

/* A new reference of true, false, null, a number or a string; NULL if out of memory. */
json_t *yaml_scalar_read(const char *text);

/* Would yaml_scalar_read take this text for something else than a string? */
bool yaml_scalar_is_typed(const char *text);
