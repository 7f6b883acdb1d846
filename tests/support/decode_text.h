/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* A configuration file's whole way, from text to model, without validation. */
#pragma once

struct err;
struct model;

int decode_text(const char *yaml, struct model **out, struct err *err);
