/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The daemon: puts the parts together, in order, and takes them apart in reverse. What the parts
 * learn (health, next hops, passing time) becomes a change like any other.
 */
#pragma once

#include "dataplane/dataplane.h"

struct err;

struct daemon_options {
	struct dataplane_options dataplane;
	/* applied at start, as `sluicectl apply` would; NULL: none */
	const char *config_path;
	const char *state_dir;
	const char *socket_path;
	const char *metrics_address;	/* NULL: none */
};

/*
 * Runs until SIGTERM, SIGINT or a detach request. 0, or -errno with a sentence if it could not
 * start; whatever it had attached by then is detached again, and what the configuration file
 * changed is taken back.
 */
int daemon_run(const struct daemon_options *options, struct err *err);

/* Only checks the configuration file, without touching anything. */
int daemon_check(const char *config_path, struct err *err);
