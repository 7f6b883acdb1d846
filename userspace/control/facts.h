/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What is known of the targets: which ones to watch, and what watching them taught. */
#pragma once

#include <stdbool.h>

struct checker;
struct model;
struct route_watch;

/* Has checks and routes watch exactly the targets of the model. -ENOMEM. checker may be NULL. */
int facts_follow(const struct model *model, struct checker *checker, struct route_watch *routes);

/* Brings what they know into the model; true if that changed it. */
bool facts_learn(struct model *model, const struct checker *checker,
		 const struct route_watch *routes);
