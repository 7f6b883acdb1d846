// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* A whole configuration: JSON tree -> struct model. Its objects: decode_listener.c and so on. */
#include "model/decode.h"

#include <ctype.h>
#include <errno.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "model/decode_kind.h"
#include "model/decode_value.h"
#include "model/model.h"
#include "model/show.h"

int name_check(const char *what, const char *name, struct err *err)
{
	static const char allowed[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
				      "0123456789._-";
	size_t length = strlen(name);
	char shown[SHOWN_SIZE];

	if (length && length < NAME_SIZE && strspn(name, allowed) == length && *name != '.' &&
	    *name != '-')
		return 0;
	return err_set(err, EINVAL, "%s '%s' must be 1-%d of the characters a-z A-Z 0-9 . _ - and "
		       "not start with . or -", what, show_text(name, shown), NAME_SIZE - 1);
}

static int hex_digit(char c)
{
	return isdigit((unsigned char)c) ? c - '0' : tolower((unsigned char)c) - 'a' + 10;
}

/* The sentences do not show the value: they end up in logs. */
static int decode_secret(const struct place *at, const struct field *field, const json_t *value,
			 void *object)
{
	static const char hex[] = "0123456789abcdefABCDEF";
	const char *text = json_string_value(value);
	uint8_t *secret = member_of(object, field);
	uint8_t any = 0;

	if (!text)
		return decode_refuse_type(at, field, value, "32 hexadecimal digits in quotes");
	if (strlen(text) != 2 * SECRET_SIZE || strspn(text, hex) != 2 * SECRET_SIZE)
		return decode_refuse(at, "%s must be 32 hexadecimal digits", field->key);
	for (size_t i = 0; i < SECRET_SIZE; i++) {
		secret[i] = (uint8_t)(hex_digit(text[2 * i]) << 4 | hex_digit(text[2 * i + 1]));
		any |= secret[i];
	}
	if (!any)
		return decode_refuse(at, "%s must not be all zeros", field->key);
	return 0;
}

static int decode_listeners(const struct place *at, const struct field *field,
			    const json_t *value, void *model)
{
	return decode_list(at, field, &decode_listener_kind, value, model);
}

static int decode_groups(const struct place *at, const struct field *field, const json_t *value,
			 void *model)
{
	return decode_list(at, field, &decode_group_kind, value, model);
}

static const struct field fields[] = {
	{ "hash_secret", decode_secret, FIELD(struct model, hash_secret) },
	{ .key = "listeners", .decode = decode_listeners },
	{ .key = "groups", .decode = decode_groups },
	{ 0 },
};

int decode_model(const json_t *tree, const struct lines *lines, struct model **out,
		 struct err *err)
{
	_cleanup_(model_free) struct model *model = model_new();
	struct place at = { .lines = lines, .err = err };
	int r;

	if (!model)
		return decode_no_memory(&at);
	r = decode_object(&at, fields, tree, model);
	if (!r)
		*out = take_ptr(model);
	return r;
}
