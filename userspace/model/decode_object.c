// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Objects by tables of fields: one half of the decoder's engine. The other one is decode_list.c. */
#include "model/decode_object.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/err.h"
#include "model/show.h"
#include "model/yaml.h"

static const char *const type_names[] = {
	[JSON_OBJECT] = "an object", [JSON_ARRAY] = "a list",	[JSON_STRING] = "a string",
	[JSON_INTEGER] = "a number", [JSON_REAL] = "a fraction", [JSON_TRUE] = "true",
	[JSON_FALSE] = "false",	     [JSON_NULL] = "null",
};

void label_object(char *label, const char *kind, const char *name, size_t number)
{
	char shown[SHOWN_SIZE];

	if (name && *name)
		snprintf(label, LABEL_SIZE, "%s '%s'", kind, show_text(name, shown));
	else if (number)
		snprintf(label, LABEL_SIZE, "%s #%zu", kind, number);
	else
		snprintf(label, LABEL_SIZE, "%s", kind);
}

int decode_refuse(const struct place *at, const char *format, ...)
{
	char text[sizeof(at->err->text)];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	err_set(at->err, EINVAL, "%s", text);
	for (const struct place *place = at; place; place = place->in) {
		if (place->label)
			err_prefix(at->err, "%s", place->label);
	}
	if (at->line)
		err_prefix(at->err, "line %u", at->line);
	return -EINVAL;
}

int decode_no_memory(const struct place *at)
{
	return err_set(at->err, ENOMEM, "out of memory");
}

int decode_refuse_type(const struct place *at, const struct field *field, const json_t *value,
		       const char *wanted)
{
	return decode_refuse(at, "%s must be %s, not %s", field->key, wanted,
			     type_names[json_typeof(value)]);
}

void *member_of(void *object, const struct field *field)
{
	return (char *)object + field->offset;
}

void member_store(void *object, const struct field *field, uint64_t value)
{
	void *member = member_of(object, field);

	switch (field->size) {
	case sizeof(uint8_t):
		*(uint8_t *)member = (uint8_t)value;
		break;
	case sizeof(uint16_t):
		*(uint16_t *)member = (uint16_t)value;
		break;
	case sizeof(uint32_t):
		*(uint32_t *)member = (uint32_t)value;
		break;
	case sizeof(uint64_t):
		*(uint64_t *)member = value;
		break;
	}
}

static bool member_is_zero(void *object, const struct field *field)
{
	const char *bytes = member_of(object, field);

	for (size_t i = 0; i < field->size; i++) {
		if (bytes[i])
			return false;
	}
	return true;
}

static const struct field *find_field(const struct field *fields, const char *key)
{
	while (fields->key && strcmp(fields->key, key))
		fields++;
	return fields->key ? fields : NULL;
}

enum { KEYS_SIZE = 256 };

static const char *list_keys(const struct field *fields, char keys[KEYS_SIZE])
{
	size_t used = 0;

	for (const struct field *field = fields; field->key; field++)
		used += (size_t)snprintf(keys + used, KEYS_SIZE - used, "%s%s",
					 field == fields ? "" : ", ", field->key);
	return keys;
}

static int check_required(const struct place *at, const struct field *fields, const json_t *tree,
			  void *object)
{
	for (const struct field *field = fields; field->key; field++) {
		if (field->required && !json_object_get(tree, field->key) &&
		    member_is_zero(object, field))
			return decode_refuse(at, "the key '%s' is missing", field->key);
	}
	return 0;
}

int decode_object(const struct place *at, const struct field *fields, const json_t *tree,
		  void *object)
{
	char keys[KEYS_SIZE], shown[SHOWN_SIZE];
	struct place here = *at;
	const struct field *field;
	const char *key;
	json_t *value;
	size_t i = 0;
	int r;

	if (!json_is_object(tree))
		return decode_refuse(at, "expected an object with the keys %s, not %s",
				     list_keys(fields, keys), type_names[json_typeof(tree)]);
	json_object_foreach((json_t *)tree, key, value) {
		here.line = lines_find(at->lines, tree, i++);
		field = find_field(fields, key);
		if (!field)
			return decode_refuse(&here, "unknown key '%s'; the keys are %s",
					     show_text(key, shown), list_keys(fields, keys));
		r = field->decode(&here, field, value, object);
		if (r)
			return r;
	}
	return check_required(at, fields, tree, object);
}
