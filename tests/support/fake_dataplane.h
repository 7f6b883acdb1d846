/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * A data plane without a kernel. A test that names fake_dataplane_init gets this in place of
 * dataplane/dataplane.c, as far as control/ and stats/ use it.
 */
#pragma once

#include "dataplane/dataplane.h"

enum { FAKE_PACKETS = 7, FAKE_BYTES = 700, FAKE_FLOWS = 3 };	/* of each listener and target */
enum { FAKE_TRACKED_FLOWS = 5 };				/* of each target */

struct dataplane {
	struct attachment attachment;
	unsigned applied;			/* changes that were made */
	unsigned calls;				/* of dataplane_prepare */
	unsigned fail_from, fail_count;		/* of them, counted from 1, these fail */
	int fail_code;
	int commit_code;			/* every dataplane_commit fails with it; 0: none */
	void (*committing)(void *context);	/* called before the maps are written, or NULL */
	void *context;
	struct {
		size_t listeners, alive;
	} prepared;
	size_t listeners;			/* of the model that was applied last */
	size_t alive;				/* targets of it */
	unsigned sweeps, sweep_takes_ms;
	bool settled;				/* what the next sweep says; a change takes it back */
	bool forgets;				/* no flow is on any target */
	struct ring_info rings[2];
	size_t ring_count;
	struct flow_info flows;
};

void fake_dataplane_init(struct dataplane *dp);
