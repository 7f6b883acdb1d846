/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * A data plane without a kernel. A test that names fake_dataplane_init gets this in place of
 * dataplane/dataplane.c, as far as control/ and stats/ use it.
 */
#pragma once

#include "dataplane/dataplane.h"

enum { FAKE_PACKETS = 7, FAKE_BYTES = 700, FAKE_FLOWS = 3 };	/* of each listener and target */

struct dataplane {
	struct attachment attachment;
	unsigned applied;			/* calls that succeeded */
	unsigned fail_from, fail_count;		/* of the calls, counted from 1, these fail */
	int fail_code;
	unsigned calls;
	size_t listeners;			/* of the model that was applied last */
};

void fake_dataplane_init(struct dataplane *dp);
