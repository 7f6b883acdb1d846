/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* XDP on the interfaces: bpf_links, pinned beside the maps. Private to dataplane.c. */
#pragma once

#include <stdbool.h>

#include "dataplane/dataplane.h"

struct err;

struct link {
	struct attachment attachment;
	int fd;			/* of the bpf_link; -1: not attached */
	bool is_new;		/* attached by attach_link, not adopted */
};

/* Looks the interface up: -errno with a sentence if there is none or it is not Ethernet. */
int link_init(struct link *link, const char *interface, struct err *err);
void link_clean(struct link *link);

/*
 * Attaches the program, or replaces the program of the link that is pinned for this interface in
 * one atomic step. Pins a new link.
 */
int attach_link(struct link *link, int program, enum xdp_mode mode, const char *pin_dir,
		struct err *err);

/* Undoes attach_link if it attached; a replaced program stays. */
void detach_link(struct link *link, const char *pin_dir);

/* Detaches pinned links of interfaces that are not among links. */
void detach_others(const struct link *links, size_t count, const char *pin_dir);

/* Unpins everything in pin_dir, links first, which ends them, and removes the directory. */
int remove_pins(const char *pin_dir, struct err *err);
