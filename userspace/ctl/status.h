/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The answer of GET /v1/status as a page of text. */
#pragma once

#include <jansson.h>

struct output;

/* 0 or -ENOMEM. */
int status_print(const json_t *status, const struct output *output);
