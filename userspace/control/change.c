// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * The last step of every change: the new model into the maps, into the state file, into place. What
 * makes new models is control/handlers_*.c, the health checks, the routes and the drain timer.
 */
#include "control/change.h"

#include <errno.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "dataplane/dataplane.h"
#include "model/state.h"
#include "model/validate.h"

static int apply(const struct change *change, const struct model *model, struct err *err)
{
	return change->dataplane ? dataplane_apply(change->dataplane, model, err) : 0;
}

/*
 * Below the model, a lack of room in the maps is the user's to mend; whatever else fails is the
 * system's fault, however much its errno looks like that of a bad request.
 */
static int system_failed(struct err *err)
{
	if (err->code != ENOSPC && err->code != E2BIG && err->code != ENOMEM)
		err->code = EIO;
	return -err->code;
}

/* The maps follow the model already but the state file does not: back to the current model. */
static void unapply(const struct change *change, struct err *err)
{
	struct err saving = *err, undoing = { .code = 0 };

	if (apply(change, change->model, &undoing))
		err_set(err, saving.code, "%.240s; and the maps could not be put back: %.200s",
			saving.text, undoing.text);
}

static int save(const struct change *change, const struct model *model, struct err *err)
{
	if (!state_save(change->state_dir, model, err))
		return 0;
	err->code = EIO;	/* a full disk is no lack of room in the maps */
	unapply(change, err);
	return -EIO;
}

static void swap(struct change *change, struct model **next)
{
	model_free(&change->model);
	change->model = take_ptr(*next);
	if (change->swapped)
		change->swapped(change->context);
}

int change_commit(struct change *change, struct model **next, struct err *err)
{
	_cleanup_(model_free) struct model *model = take_ptr(*next);
	int r = model_validate(model, err);

	if (r)
		return r;
	if (apply(change, model, err))
		return system_failed(err);
	r = save(change, model, err);
	if (!r)
		swap(change, &model);
	return r;
}

int change_commit_facts(struct change *change, struct model **next, struct err *err)
{
	_cleanup_(model_free) struct model *model = take_ptr(*next);

	if (apply(change, model, err))
		return system_failed(err);
	swap(change, &model);
	return 0;
}
