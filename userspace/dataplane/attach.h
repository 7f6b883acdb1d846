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
 * Takes over the link that is pinned for this interface, with the program that it runs, or attaches
 * this one. The link is pinned under the interface's name. Refuses a mode that the link is not in.
 */
int attach_link(struct link *link, int program, enum xdp_mode mode, const char *pin_dir,
		struct err *err);

/* Replaces the program of a link that was taken over, in one atomic step. */
int replace_program(const struct link *link, int program, struct err *err);

/* Undoes attach_link if it attached. */
void detach_link(struct link *link, const char *pin_dir);
