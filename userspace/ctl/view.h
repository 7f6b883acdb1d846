/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The daemon's JSON as text: lists of objects as tables, one object as a block of lines. */
#pragma once

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

#include "ctl/output.h"

/* One column of a list: which key of each object, and how it becomes a cell. */
struct view_column {
	const char *title;
	const char *key;
	void (*cell)(struct table *table, const json_t *object, const char *key);
	bool number;
};

enum { VIEW_COLUMNS_MAX = 16 };

/* A string of the object, "-" if it is missing or empty. */
const char *view_text(const json_t *object, const char *key);

/*
 * Any value on one line: yes and no, a,b for arrays, k=v,k=v for objects, - for nothing. A new
 * string (free), NULL if out of memory.
 */
char *view_value(const json_t *value);

void view_cell_value(struct table *table, const json_t *object, const char *key);
void view_cell_count(struct table *table, const json_t *object, const char *key);
void view_cell_bytes(struct table *table, const json_t *object, const char *key);

/* what is said if the array is empty: "no listeners". 0 or -ENOMEM. */
int view_list(const json_t *array, const struct view_column *columns, size_t count,
	      const char *what, const struct output *output);

/* Every key of the object but skip (may be NULL), a line each, in its order. 0 or -ENOMEM. */
int view_object(const json_t *object, const char *skip, const struct output *output);

/* A reply's "changes": "+ listener web", "~ group web: interval 10s -> 5s", or "no changes". */
int view_changes(const json_t *reply, const struct output *output);
