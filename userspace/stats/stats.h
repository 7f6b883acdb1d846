/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* A snapshot of everything that is counted: maps, checks and facts at one moment, plain data. */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "dataplane/dataplane.h"
#include "health/checker.h"
#include "model/model.h"

struct target_stats {
	const struct group *group;
	const struct target *target;
	struct traffic traffic;
	struct check_stats checks;
	uint32_t tracked_flows;
	int in_service;
};

/* Points into the model that it was taken of: must not outlive it. */
struct stats {
	const struct model *model;
	struct traffic *listeners;		/* owned; as model->listeners */
	struct target_stats *targets;		/* owned; groups in order, their targets in order */
	size_t target_count;
	uint64_t reasons[REASON_COUNT];
	struct map_fill maps[16];
	size_t map_count;
	struct ring_info *rings;		/* owned */
	size_t ring_count;
	struct flow_info flows;
	const struct attachment *attachments;
	size_t attachment_count;
	double uptime_s;
	const char *version;			/* of the daemon */
};

/* dp and checker may be NULL: their parts stay zero. -ENOMEM. */
int stats_take(struct stats *out, const struct model *model, const struct dataplane *dp,
	       const struct checker *checker);
void stats_clean(struct stats *stats);
