/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Model -> image: what the maps should hold. Pure. */
#pragma once

struct err;
struct image;
struct model;

/*
 * The image of a valid model, as near to current as possible: whoever was in the maps keeps its
 * index, its id and its part of the slots. Refuses what does not fit (slots, targets) with a
 * sentence. *out is a new image (image_free).
 */
int compile(const struct model *model, const struct image *current, struct image **out,
	    struct err *err);
