/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The body of a request -> JSON tree. */
#pragma once

struct err;
struct request;

/* Fills object, and lines if the content type says YAML. Refuses what is not an object. */
int body_parse(struct request *request, struct err *err);
