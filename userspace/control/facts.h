/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What is known of the targets: which ones to watch, and what watching them taught. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

struct checker;
struct dataplane;
struct model;
struct route_watch;

/* Has checks and routes watch exactly the targets of the model. -ENOMEM. Either may be NULL. */
int facts_follow(const struct model *model, struct checker *checker, struct route_watch *routes);

/* Brings what they know into the model; true if that changed it. */
bool facts_learn(struct model *model, const struct checker *checker,
		 const struct route_watch *routes, uint64_t now_ms);

/*
 * What the last sweep of the data plane says of those that drain: whether anything remembers them.
 * To be asked only if the model has not changed since: a sweep knows nothing of what follows it.
 */
void facts_remember(struct model *model, const struct dataplane *dataplane);
/* Whether one of them lingers that nothing remembers any more. */
bool facts_has_forgotten(const struct model *model, const struct dataplane *dataplane);
