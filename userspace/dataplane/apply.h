/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The difference of two images, written to the maps in make-before-break order. */
#pragma once

struct err;
struct image;
struct map_writer;

/*
 * Targets, rings, replies, listeners; then removals in reverse. At every moment in between each
 * packet meets either the old or the new entry, complete. On failure what was written is undone:
 * -errno and a sentence that names the step; -ENOTRECOVERABLE if undoing failed too: the
 * maps are then between the two images.
 */
int apply(const struct map_writer *writer, const struct image *from, const struct image *to,
	  struct err *err);
