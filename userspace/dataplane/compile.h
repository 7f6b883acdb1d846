/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Model -> image: what the maps should hold. Pure. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

struct err;
struct image;
struct model;

struct compile_options {
	uint32_t now;			/* second of the clock of the slots' deadlines */
	/* Where living flows stand against the model, the model wins: it was accepted before. */
	bool never_refuse;
};

/*
 * The image of a valid, settled model, as near to current as possible: whoever was in the maps
 * keeps its index, its id and its part of the slots, and every slot its history. Refuses with a
 * sentence what does not fit (-ENOSPC, -E2BIG), and a nat target whose living flows belong to
 * another listener (-EBUSY). *out is a new image (image_free).
 */
int compile(const struct model *model, const struct image *current,
	    const struct compile_options *options, struct image **out, struct err *err);
