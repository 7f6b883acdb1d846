/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What sluicectl writes: aligned tables, coloured on a terminal, or JSON. */
#pragma once

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

enum style {
	STYLE_PLAIN,
	STYLE_STRONG,
	STYLE_GOOD,
	STYLE_WARNING,
	STYLE_BAD,
	STYLE_COUNT,
};

struct output {
	FILE *stream;
	bool json;		/* --output json */
	bool colour;
	unsigned width;		/* columns that text under a table may take */
};

/* For a stream as it is: colour and width only if it is a terminal that can show them. */
void output_init(struct output *output, FILE *stream);

/* Indented, keys in the order they came, with a final newline. */
int output_json(const struct output *output, const json_t *tree);

/* printf in a style. */
void output_text(const struct output *output, enum style style, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

struct column {
	const char *title;
	bool number;		/* aligned right */
};

/*
 * A table takes its cells row by row. NULL is out of memory, and every function below takes a NULL
 * table: table_print alone reports it (-ENOMEM), as it does an allocation that failed in between.
 * With columns NULL the table has no titles and every column is text.
 */
struct table;
struct table *table_new(const struct column *columns, size_t count);
void table_free(struct table **table);
void table_cell(struct table *table, enum style style, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/* Marks the table as not whole, for a caller who ran out of memory on the way to a cell. */
void table_fail(struct table *table);

/* A sentence under the row that has just been completed, folded to the width of the output. */
void table_note(struct table *table, const char *text);

bool table_is_empty(const struct table *table);		/* whole, but without a row */
int table_print(const struct table *table, const struct output *output);
