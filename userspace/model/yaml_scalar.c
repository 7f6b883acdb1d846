// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * The type of a plain scalar. Words are those of YAML's core schema. Numbers are what JSON would
 * read as a number: the wider forms of YAML (080, 0x10, .5, 1_000) mean different things to
 * different readers, so they stay text and the decoder refuses them where it wants a number.
 */
#include "model/yaml_scalar.h"

#include <ctype.h>
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"

static const struct {
	const char *text;
	json_type type;
} words[] = {
	{ "", JSON_NULL },	  { "~", JSON_NULL },	    { "null", JSON_NULL },
	{ "Null", JSON_NULL },	  { "NULL", JSON_NULL },    { "true", JSON_TRUE },
	{ "True", JSON_TRUE },	  { "TRUE", JSON_TRUE },    { "false", JSON_FALSE },
	{ "False", JSON_FALSE },  { "FALSE", JSON_FALSE },
};

static const char *skip_digits(const char *text)
{
	while (isdigit((unsigned char)*text))
		text++;
	return text;
}

/* JSON_INTEGER or JSON_REAL if the text is a number by JSON's grammar, else JSON_STRING. */
static json_type number_type(const char *text)
{
	json_type type = JSON_INTEGER;
	const char *digits = text + (*text == '-');
	const char *end = skip_digits(digits);

	if (end == digits || (*digits == '0' && end - digits > 1))
		return JSON_STRING;
	if (*end == '.') {
		digits = end + 1;
		end = skip_digits(digits);
		if (end == digits)
			return JSON_STRING;
		type = JSON_REAL;
	}
	if (*end == 'e' || *end == 'E') {
		digits = end + 1 + (end[1] == '+' || end[1] == '-');
		end = skip_digits(digits);
		if (end == digits)
			return JSON_STRING;
		type = JSON_REAL;
	}
	return *end ? JSON_STRING : type;
}

/* The value too must fit: what overflows stays text. */
static json_t *read_number(const char *text, json_type type)
{
	double real = strtod(text, NULL);
	long long integer;

	errno = 0;
	integer = strtoll(text, NULL, 10);
	if (type == JSON_INTEGER && !errno)
		return json_integer(integer);
	if (type == JSON_REAL && isfinite(real))
		return json_real(real);
	return json_string(text);
}

json_t *yaml_scalar_read(const char *text)
{
	for (size_t i = 0; i < ARRAY_SIZE(words); i++) {
		if (strcmp(text, words[i].text))
			continue;
		if (words[i].type == JSON_NULL)
			return json_null();
		return json_boolean(words[i].type == JSON_TRUE);
	}
	return read_number(text, number_type(text));
}

bool yaml_scalar_is_typed(const char *text)
{
	json_auto_t *value = yaml_scalar_read(text);

	return !json_is_string(value);
}
