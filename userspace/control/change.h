/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The one way to change anything: settle the new model, validate it whole, see that the maps have
 * room for it, save it, make the maps equal to it, swap it in, tell the parts that follow it.
 */
#pragma once

#include "model/model.h"

struct dataplane;
struct err;

struct change {
	struct model *model;		/* the current model; owned; never edited in place */
	struct dataplane *dataplane;	/* borrowed; NULL in tests: no maps */
	const char *state_dir;		/* borrowed */
	/* After a swap: who follows the model (checks, routes, timers) makes itself equal to it. */
	void (*swapped)(void *context);
	void *context;
};

/*
 * Takes *next, whatever happens, and sets it to NULL. On failure the current model, the maps and
 * the state file are as before, or the sentence says that they are not. A daemon that is killed
 * meanwhile leaves either nothing or what the next one completes. Codes: those of
 * model_validate; -ENOSPC and -E2BIG if the maps have no room; -EBUSY if living flows stand against
 * it; -ENOMEM; -EIO for everything else that fails below the model.
 */
int change_commit(struct change *change, struct model **next, struct err *err);

/* The same for facts alone (health, next hops): the state file is not written. */
int change_commit_facts(struct change *change, struct model **next, struct err *err);
