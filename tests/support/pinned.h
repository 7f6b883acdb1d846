/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * A data plane on the veths eth0 and eth1 of a network namespace, pinned on a bpffs, both of the
 * test's own; and what is seen of it from outside, whether its daemon lives or not.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "dataplane/dataplane.h"

struct err;

extern char pin_dir[64];
extern const char *const interfaces[2];		/* "eth0", "eth1" */

/* Skips the test unless it is run as root. */
void pinned_set_up(void);

/* For the first so many interfaces, in any mode, as it is pinned. */
struct dataplane_options pinned_options(size_t count);
int open_with(const char *const *names, size_t count, struct dataplane **dp, struct err *err);

/* These fail the test if they fail. Opened is neither applied nor attached. */
struct dataplane *open_data_plane(const struct dataplane_options *options);
struct dataplane *open_or_fail(size_t count);
void apply_yaml(struct dataplane *dp, const char *yaml);
void attach_or_fail(struct dataplane *dp);

/* Opens, applies, attaches, closes: a daemon that came and went. */
void run_daemon(const struct dataplane_options *options, const char *yaml);

/* What the pinned maps hold is what the model compiles to. */
void check_maps(const char *yaml);

/* Ids of the program and of the link that are attached, 0 if none. */
uint32_t program_on(const char *interface);
uint32_t link_pinned_for(const char *interface);

/* A descriptor of the pinned map; fails the test if there is none. */
int pinned_map(const char *name);
bool is_pinned(const char *name);
unsigned count_pins(void);
void unpin(const char *name);

/* The version that the pinned maps have; writing another one makes them another daemon's. */
uint32_t pinned_version(void);
void set_pinned_version(uint32_t version);
