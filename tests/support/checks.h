/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* A checker wired as in the daemon: changed -> facts into the model -> follow. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "health/checker.h"
#include "model/model.h"

struct event_base;

struct checks {
	struct event_base *base;
	struct checker *checker;
	struct model *model;		/* tests edit it in place, then call checks_follow */
	unsigned changes;		/* calls of changed */
	bool in_call;			/* of the checker: changed must not come now */
	bool forgets;			/* changed leaves the model alone */
};

void checks_init(struct checks *checks);
void checks_clean(struct checks *checks);

/* A tcp group that listener "l-NAME" sends to: every 20 ms, timeout 100 ms, thresholds 3 and 3. */
struct group *checks_add_group(struct checks *checks, const char *name);
struct target *checks_add_target(struct checks *checks, const char *group, const struct addr *addr,
				 uint16_t port);
void checks_follow(struct checks *checks);

/* What the checker says of it. */
struct target checks_find(const struct checks *checks, const char *group, const struct addr *addr,
			  uint16_t port);
struct check_stats checks_stats(const struct checks *checks, const char *group,
				const struct addr *addr, uint16_t port);

/* Run the loop until it is so; asserts that it comes to be. */
void checks_await(struct checks *checks, const char *group, const struct addr *addr, uint16_t port,
		  enum target_state state, enum target_reason reason);
void checks_await_count(struct checks *checks, const char *group, const struct addr *addr,
			uint16_t port, uint64_t count);
