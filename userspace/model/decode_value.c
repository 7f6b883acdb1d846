// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Numbers, booleans, durations, addresses, names, ports, words: JSON values -> struct members. */
#include "model/decode_value.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/addr.h"
#include "base/err.h"
#include "model/decode.h"
#include "model/duration.h"
#include "model/model.h"
#include "model/show.h"

int number_read(const struct place *at, const struct field *field, const json_t *value,
		uint64_t *out)
{
	unsigned long long min = field->min, max = field->max;
	long long number = json_integer_value(value);
	char wanted[64], shown[SHOWN_SIZE];

	if (json_is_string(value))
		return decode_refuse(at, "%s '%s' is not a whole number in %llu-%llu", field->key,
				     show_text(json_string_value(value), shown), min, max);
	if (!json_is_integer(value)) {
		snprintf(wanted, sizeof(wanted), "a whole number in %llu-%llu", min, max);
		return decode_refuse_type(at, field, value, wanted);
	}
	if ((uint64_t)number < min || (uint64_t)number > max)	/* negative ones are huge */
		return decode_refuse(at, "%s %lld is not in %llu-%llu", field->key, number, min,
				     max);
	*out = (uint64_t)number;
	return 0;
}

int decode_number(const struct place *at, const struct field *field, const json_t *value,
		  void *object)
{
	uint64_t number;
	int r = number_read(at, field, value, &number);

	if (!r)
		member_store(object, field, number);
	return r;
}

int decode_bool(const struct place *at, const struct field *field, const json_t *value,
		void *object)
{
	const char *text = json_string_value(value);
	char shown[SHOWN_SIZE];

	if (text)
		return decode_refuse(at, "%s '%s' is not true or false", field->key,
				     show_text(text, shown));
	if (!json_is_boolean(value))
		return decode_refuse_type(at, field, value, "true or false");
	*(bool *)member_of(object, field) = json_is_true(value);
	return 0;
}

/* A plain number is read as the text that it would be. */
static int duration_read(const struct place *at, const struct field *field, const json_t *value,
			 uint64_t *ms, uint64_t *unit_ms)
{
	static const char wanted[] = "a duration such as 500ms, 10s, 5m, 1h or a number of seconds";
	char digits[DURATION_TEXT_SIZE], shown[SHOWN_SIZE];
	const char *text = json_string_value(value);

	if (json_is_integer(value)) {
		snprintf(digits, sizeof(digits), "%lld", (long long)json_integer_value(value));
		text = digits;
	}
	if (!text)
		return decode_refuse_type(at, field, value, wanted);
	if (!duration_parse(text, ms, unit_ms))
		return decode_refuse(at, "%s '%s' is not %s", field->key, show_text(text, shown),
				     wanted);
	return 0;
}

int decode_duration(const struct place *at, const struct field *field, const json_t *value,
		    void *object)
{
	char text[DURATION_TEXT_SIZE], min[DURATION_TEXT_SIZE], max[DURATION_TEXT_SIZE];
	uint64_t ms, unit_ms;
	int r;

	r = duration_read(at, field, value, &ms, &unit_ms);
	if (r)
		return r;
	if (ms < field->min || ms > field->max)
		return decode_refuse(at, "%s %s is not in %s-%s", field->key,
				     duration_format(ms, unit_ms, text),
				     duration_format(field->min, unit_ms, min),
				     duration_format(field->max, unit_ms, max));
	if (ms % field->unit_ms)
		return decode_refuse(at, "%s %s is not a whole number of seconds", field->key,
				     duration_format(ms, unit_ms, text));
	member_store(object, field, ms / field->unit_ms);
	return 0;
}

int address_read(const struct place *at, const struct field *field, const json_t *value,
		 struct addr *out)
{
	char shown[SHOWN_SIZE];
	struct addr addr;
	struct err err;

	if (!json_is_string(value))
		return decode_refuse_type(at, field, value,
					  "an address such as 192.0.2.10 or 2001:db8::10");
	if (addr_parse(show_text(json_string_value(value), shown), &addr, &err))
		return decode_refuse(at, "%s %s", field->key, err.text);
	*out = addr;
	return 0;
}

int decode_address(const struct place *at, const struct field *field, const json_t *value,
		   void *object)
{
	return address_read(at, field, value, member_of(object, field));
}

int decode_name(const struct place *at, const struct field *field, const json_t *value,
		void *object)
{
	char *name = member_of(object, field);
	const char *text = json_string_value(value);
	struct err err;

	if (!text)
		return decode_refuse_type(at, field, value, "a string");
	if (name_check(field->key, text, &err))
		return decode_refuse(at, "%s", err.text);
	if (*name && strcmp(name, text))
		return decode_refuse(at, "%s can not be changed from '%s' to '%s'", field->key,
				     name, text);
	strcpy(name, text);
	return 0;
}

const char *port_read(const char *text, uint16_t *port)
{
	unsigned long number;
	char *end;

	if (*text < '1' || *text > '9')
		return NULL;
	number = strtoul(text, &end, 10);
	if (number > UINT16_MAX)
		return NULL;
	*port = (uint16_t)number;
	return end;
}

int decode_refuse_word(const struct place *at, const struct field *field, const char *word,
		       const char *available, const char *const *later)
{
	char shown[SHOWN_SIZE];

	for (; later && *later; later++) {
		if (!strcmp(word, *later))
			return decode_refuse(at, "%s %s is not available yet; use %s", field->key,
					     word, available);
	}
	return decode_refuse(at, "%s '%s' is unknown; use %s", field->key, show_text(word, shown),
			     available);
}
