/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The making of struct lines, whose reading side is in model/yaml.h. */
#pragma once

#include <jansson.h>

struct lines;

struct lines *lines_new(void);		/* NULL if out of memory */

/* Members may come in any order; nothing is found before lines_sort. -ENOMEM. */
int lines_add(struct lines *lines, const json_t *container, size_t index, unsigned line);
void lines_sort(struct lines *lines);
