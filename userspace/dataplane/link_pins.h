/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The pinned links: link-NAME for each interface that the program is attached to. The name is for
 * people; which interface a link is on the kernel says, and interfaces may be renamed, or removed
 * and made anew, at any time. Private to this folder.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct attachment;

/* Whether a pin of this name is a link's. */
bool is_link_pin(const char *name);

int link_pins_count(const char *pin_dir);		/* -errno */

/* A descriptor of the link that is on this interface, under whatever name; -1 if there is none. */
int link_pins_find(const char *pin_dir, uint32_t ifindex);

/*
 * Pins the link under the interface's name, unless it is. Another link that has the name keeps a
 * pin. -errno.
 */
int link_pins_add(const char *pin_dir, const struct attachment *attachment, int fd);

/* Unpins what has the interface's name. */
void link_pins_drop(const char *pin_dir, const struct attachment *attachment);

/*
 * Only links of these interfaces stay pinned, each under its interface's name; others are detached.
 */
void link_pins_tidy(const char *pin_dir, const struct attachment *attachments, size_t count);

/* Detaches and unpins all. -errno. */
int link_pins_remove(const char *pin_dir);
