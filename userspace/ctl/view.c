// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Turns the daemon's objects into tables: between ctl/client.c and ctl/output.c. */
#include "ctl/view.h"

#include <assert.h>
#include <ctype.h>
#include <errno.h>
#include <string.h>

#include "base/cleanup.h"
#include "ctl/units.h"

const char *view_text(const json_t *object, const char *key)
{
	const char *text = json_string_value(json_object_get(object, key));

	return text && *text ? text : "-";
}

static void write_value(const json_t *value, FILE *stream)
{
	const char *separator = "", *key;
	size_t i;
	json_t *child;

	switch (value ? json_typeof(value) : JSON_NULL) {
	case JSON_OBJECT:
		json_object_foreach((json_t *)value, key, child) {
			fprintf(stream, "%s%s=", separator, key);
			write_value(child, stream);
			separator = ",";
		}
		break;
	case JSON_ARRAY:
		json_array_foreach(value, i, child) {
			fputs(separator, stream);
			write_value(child, stream);
			separator = ",";
		}
		break;
	case JSON_STRING:
		fputs(json_string_value(value), stream);
		break;
	case JSON_INTEGER:
		fprintf(stream, "%" JSON_INTEGER_FORMAT, json_integer_value(value));
		break;
	case JSON_REAL:
		fprintf(stream, "%g", json_real_value(value));
		break;
	default:
		fputs(json_is_true(value) ? "yes" : json_is_false(value) ? "no" : "-", stream);
	}
}

char *view_value(const json_t *value)
{
	char *text = NULL;
	size_t length = 0;
	FILE *stream = open_memstream(&text, &length);

	if (!stream)
		return NULL;
	write_value(value, stream);
	if (!ftell(stream))
		fputc('-', stream);
	if (fclose(stream)) {
		free(text);
		return NULL;
	}
	return text;
}

static void value_cell(struct table *table, const json_t *value)
{
	_cleanup_free_ char *text = view_value(value);

	if (text)
		table_cell(table, STYLE_PLAIN, "%s", text);
	else
		table_fail(table);
}

void view_cell_value(struct table *table, const json_t *object, const char *key)
{
	value_cell(table, json_object_get(object, key));
}

void view_cell_count(struct table *table, const json_t *object, const char *key)
{
	char text[UNITS_TEXT_SIZE];

	table_cell(table, STYLE_PLAIN, "%s",
		   units_count(json_integer_value(json_object_get(object, key)), text));
}

void view_cell_bytes(struct table *table, const json_t *object, const char *key)
{
	char text[UNITS_TEXT_SIZE];

	table_cell(table, STYLE_PLAIN, "%s",
		   units_bytes(json_integer_value(json_object_get(object, key)), text));
}

int view_list(const json_t *array, const struct view_column *columns, size_t count,
	      const char *what, const struct output *output)
{
	_cleanup_(table_free) struct table *table = NULL;
	struct column titles[VIEW_COLUMNS_MAX];
	const json_t *object;
	size_t i;

	assert(count <= VIEW_COLUMNS_MAX);
	if (!json_array_size(array)) {
		fprintf(output->stream, "%s\n", what);
		return 0;
	}
	for (i = 0; i < count; i++)
		titles[i] = (struct column){ columns[i].title, columns[i].number };
	table = table_new(titles, count);
	json_array_foreach(array, i, object) {
		for (size_t c = 0; c < count; c++)
			columns[c].cell(table, object, columns[c].key);
	}
	return table_print(table, output);
}

/* "health_check" -> "Health check" */
static void label_cell(struct table *table, const char *key)
{
	char label[64];

	snprintf(label, sizeof(label), "%s", key);
	for (char *c = label; *c; c++) {
		if (*c == '_')
			*c = ' ';
	}
	*label = (char)toupper((unsigned char)*label);
	table_cell(table, STYLE_STRONG, "%s", label);
}

int view_object(const json_t *object, const char *skip, const struct output *output)
{
	static const struct {
		const char *key;
		void (*cell)(struct table *table, const json_t *object, const char *key);
	} special[] = {
		{ "packets", view_cell_count },
		{ "flows", view_cell_count },
		{ "bytes", view_cell_bytes },
	};
	_cleanup_(table_free) struct table *table = table_new(NULL, 2);
	const char *key;
	json_t *value;
	size_t i;

	json_object_foreach((json_t *)object, key, value) {
		if (skip && !strcmp(key, skip))
			continue;
		label_cell(table, key);
		for (i = 0; i < ARRAY_SIZE(special) && strcmp(key, special[i].key); i++)
			;
		if (i < ARRAY_SIZE(special))
			special[i].cell(table, object, key);
		else
			value_cell(table, value);
	}
	return table_print(table, output);
}

/* " text", or ": text"; nothing if the object has no such text. */
static void print_part(const struct output *output, enum style style, const char *before,
		       const json_t *object, const char *key)
{
	const char *text = json_string_value(json_object_get(object, key));

	if (text && *text)
		output_text(output, style, "%s%s", before, text);
}

static void print_change(const json_t *change, const struct output *output)
{
	static const struct {
		const char *change;
		const char *sign;
		enum style style;
	} kinds[] = {
		{ "add", "+", STYLE_GOOD },
		{ "remove", "-", STYLE_BAD },
		{ "change", "~", STYLE_WARNING },
	};
	unsigned kind = 0;

	while (kind < ARRAY_SIZE(kinds) - 1 &&
	       strcmp(view_text(change, "change"), kinds[kind].change))
		kind++;
	output_text(output, kinds[kind].style, "%s", kinds[kind].sign);
	print_part(output, kinds[kind].style, " ", change, "object");
	print_part(output, kinds[kind].style, " ", change, "name");
	print_part(output, kinds[kind].style, ": ", change, "detail");
	fputc('\n', output->stream);
}

int view_changes(const json_t *reply, const struct output *output)
{
	const json_t *changes = json_object_get(reply, "changes"), *change;
	size_t i;

	json_array_foreach(changes, i, change)
		print_change(change, output);
	if (!json_array_size(changes))
		fputs("no changes\n", output->stream);
	return 0;
}
