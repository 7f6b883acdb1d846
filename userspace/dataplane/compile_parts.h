/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The parts of compile.c, each filling its tables of the next image. Private to compile*.c. */
#pragma once

#include "dataplane/image.h"
#include "model/model.h"

struct err;

struct compilation {
	const struct model *model;
	const struct image *current;
	struct image *next;
};

/* Secret as SipHash reads it. */
void secret_words(const uint8_t secret[SECRET_SIZE], uint64_t words[2]);

/* "web" or "blue=90,green=10"; a new string, NULL if out of memory. */
char *routing_name(const struct listener *listener);
uint64_t routing_hash(const char *name);

/* next->rings; needs next->targets. */
int compile_rings(struct compilation *c, struct err *err);

/* next->listeners and next->listener_ranges; needs next->rings. */
int compile_listeners(struct compilation *c, struct err *err);

/* next->replies and next->reply_ranges; needs next->listeners. */
int compile_replies(struct compilation *c, struct err *err);
