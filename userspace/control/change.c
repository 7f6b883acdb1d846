// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * The last step of every change: the new model into the state file, into the maps, into place. What
 * makes new models is control/handlers_*.c and control/upkeep.c.
 *
 * The state file comes first: flows may be on a new target as soon as the maps name it, so that a
 * daemon after this one has to know it, however this one ends.
 */
#include "control/change.h"

#include <errno.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/err.h"
#include "control/state_log.h"
#include "dataplane/dataplane.h"
#include "model/state.h"
#include "model/validate.h"

static int prepare(const struct change *change, const struct model *model, struct err *err)
{
	return change->dataplane ? dataplane_prepare(change->dataplane, model, err) : 0;
}

static int write_maps(const struct change *change, struct err *err)
{
	return change->dataplane ? dataplane_commit(change->dataplane, err) : 0;
}

/*
 * Below the model, a lack of room in the maps is the user's to mend, and so is what living flows
 * stand against; whatever else fails is the system's fault, however much its errno looks like that
 * of a bad request.
 */
static int system_failed(struct err *err)
{
	static const int of_user[] = { ENOSPC, E2BIG, EBUSY, ENOMEM };

	for (size_t i = 0; i < ARRAY_SIZE(of_user); i++) {
		if (err->code == of_user[i])
			return -err->code;
	}
	err->code = EIO;
	return -EIO;
}

static int save(const struct change *change, const struct model *model, struct err *err)
{
	if (!state_save(change->state_dir, model, err))
		return 0;
	err->code = EIO;	/* a full disk is no lack of room in the maps */
	return -EIO;
}

/* The state file follows the model already but the maps do not: back to the current model. */
static int put_back(const struct change *change, struct err *err)
{
	struct err writing = *err, saving;

	if (!save(change, change->model, &saving))
		return -err->code;
	return err_set(err, EIO,
		       "%.220s; and the state file could not be put back, so that the change is made "
		       "when sluiced starts again: %.180s", writing.text, saving.text);
}

static void swap(struct change *change, struct model **next)
{
	state_log(change->model, *next);
	model_free(&change->model);
	change->model = take_ptr(*next);
	if (change->swapped)
		change->swapped(change->context);
}

int change_commit(struct change *change, struct model **next, struct err *err)
{
	_cleanup_(model_free) struct model *model = take_ptr(*next);
	int r;

	model_settle(model, wall_ms());
	r = model_validate(model, err);
	if (r)
		return r;
	if (prepare(change, model, err))
		return system_failed(err);
	r = save(change, model, err);
	if (r)
		return r;
	if (write_maps(change, err)) {
		system_failed(err);
		return put_back(change, err);
	}
	swap(change, &model);
	return 0;
}

int change_commit_facts(struct change *change, struct model **next, struct err *err)
{
	_cleanup_(model_free) struct model *model = take_ptr(*next);

	model_settle(model, wall_ms());
	if (change->dataplane && dataplane_apply(change->dataplane, model, err))
		return system_failed(err);
	swap(change, &model);
	return 0;
}
