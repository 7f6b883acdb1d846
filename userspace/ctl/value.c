// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Encodes the values of options into the body of a request: between ctl/args.c and ctl/client.c. */
#include "ctl/value.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/err.h"

static json_t *out_of_memory(struct err *err)
{
	err_set(err, ENOMEM, "out of memory");
	return NULL;
}

json_t *value_text(const char *text, struct err *err)
{
	json_t *value = json_string(text);

	if (!value)
		err_set(err, EINVAL, "the value is not UTF-8 text");
	return value;
}

json_t *value_number(const char *text, struct err *err)
{
	size_t digits = strspn(text, "0123456789");

	/* What does not fit stays text: the daemon's sentence can then quote it as it was typed. */
	if (!digits || text[digits] || digits > 18)
		return value_text(text, err);
	return json_integer(strtoll(text, NULL, 10)) ?: out_of_memory(err);
}

json_t *value_bool(const char *text, struct err *err)
{
	bool is_true = !strcmp(text, "true");

	return is_true || !strcmp(text, "false") ? json_boolean(is_true) : value_text(text, err);
}

json_t *value_list(const char *text, struct err *err)
{
	json_auto_t *list = json_array();
	_cleanup_free_ char *copy = strdup(text);
	char *rest = copy, *element;
	json_t *value;

	if (!copy || !list)
		return out_of_memory(err);
	while (*text && (element = strsep(&rest, ","))) {
		value = value_text(element, err);
		if (!value)
			return NULL;
		if (json_array_append_new(list, value))
			return out_of_memory(err);
	}
	return take_ptr(list);
}

static int add_pair(json_t *object, char *pair, struct err *err)
{
	char *equals = strchr(pair, '=');
	json_t *value;

	if (!equals || equals == pair || !equals[1])
		return err_set(err, EINVAL, "'%s' is not NAME=VALUE", pair);
	*equals = '\0';
	if (json_object_get(object, pair))
		return err_set(err, EINVAL, "%s is given twice", pair);
	value = value_number(equals + 1, err);
	if (!value)
		return -EINVAL;
	if (json_object_set_new(object, pair, value))
		return err_set(err, EINVAL, "'%s' is not UTF-8 text", pair);
	return 0;
}

json_t *value_pairs(const char *text, struct err *err)
{
	json_auto_t *object = json_object();
	_cleanup_free_ char *copy = strdup(text);
	char *rest = copy, *pair;

	if (!copy || !object)
		return out_of_memory(err);
	while ((pair = strsep(&rest, ","))) {
		if (add_pair(object, pair, err))
			return NULL;
	}
	return take_ptr(object);
}
