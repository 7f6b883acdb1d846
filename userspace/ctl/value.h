/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The text of an option -> the JSON that the daemon expects. Only the form is looked at here: what
 * a value may be is for the daemon to say. NULL with the sentence in *err if the form is wrong.
 */
#pragma once

#include <jansson.h>

struct err;

json_t *value_text(const char *text, struct err *err);	 /* a string */
json_t *value_number(const char *text, struct err *err); /* of digits: a number; else a string */
json_t *value_bool(const char *text, struct err *err);	 /* true, false; else a string */
json_t *value_list(const char *text, struct err *err);	 /* "a,b": strings; "": none */
json_t *value_pairs(const char *text, struct err *err);	 /* "a=1,b=x": an object of numbers, strings */
