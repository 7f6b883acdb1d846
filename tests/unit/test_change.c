// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "control/change.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/err.h"
#include "build_model.h"
#include "fake_dataplane.h"
#include "model/state.h"

#define ONE_GROUP "group web;"
#define VALID	  ONE_GROUP " target web 10.0.0.1:80; listener www tcp 192.0.2.1 80 web;"
#define INVALID	  "listener www tcp 192.0.2.1 80 nope;"

struct fixture {
	char dir[64];
	struct dataplane dataplane;
	struct change change;
	unsigned swaps;
	const struct model *seen;		/* change.model at the last swap */
};

static void swapped(void *context)
{
	struct fixture *fixture = context;

	fixture->swaps++;
	fixture->seen = fixture->change.model;
}

static void set_up(struct fixture *f)
{
	*f = (struct fixture){ .dir = "/tmp/sluice-change-XXXXXX" };
	cr_assert(mkdtemp(f->dir));
	fake_dataplane_init(&f->dataplane);
	f->change = (struct change){ .model = build_model(ONE_GROUP), .dataplane = &f->dataplane,
				     .state_dir = f->dir, .swapped = swapped, .context = f };
}

static void tear_down(struct fixture *f)
{
	char path[128];

	snprintf(path, sizeof(path), "%s/state.json", f->dir);
	unlink(path);
	rmdir(f->dir);
	model_free(&f->change.model);
}

static int commit(struct fixture *f, const char *text, struct err *err)
{
	struct model *next = build_model(text);
	int r;

	*err = (struct err){ .code = 0 };
	r = change_commit(&f->change, &next, err);
	cr_assert_null(next, "the model is taken, whatever happens");
	return r;
}

static bool has_state(const struct fixture *f)
{
	char path[128];

	snprintf(path, sizeof(path), "%s/state.json", f->dir);
	return !access(path, F_OK);
}

Test(change, a_commit_writes_maps_and_state_and_swaps)
{
	struct model *saved = NULL;
	struct fixture f;
	struct err err;

	set_up(&f);
	cr_assert_eq(commit(&f, VALID, &err), 0, "%s", err.text);
	cr_assert_eq(f.dataplane.applied, 1);
	cr_assert_eq(f.dataplane.listeners, 1);
	cr_assert_eq(f.change.model->listener_count, 1);
	cr_assert_eq(f.swaps, 1);
	cr_assert_eq(f.seen, f.change.model, "followers see the new model");
	cr_assert_eq(state_load(f.dir, &saved, &err), 0, "%s", err.text);
	cr_assert_eq(saved->listener_count, 1);
	model_free(&saved);
	tear_down(&f);
}

Test(change, an_invalid_model_reaches_neither_maps_nor_state)
{
	struct fixture f;
	struct err err;

	set_up(&f);
	cr_assert_eq(commit(&f, INVALID, &err), -EINVAL);
	cr_assert(strstr(err.text, "nope"));
	cr_assert_eq(f.dataplane.calls, 0);
	cr_assert_eq(f.change.model->listener_count, 0);
	cr_assert_eq(f.swaps, 0);
	cr_assert(!has_state(&f));
	tear_down(&f);
}

Test(change, a_failed_write_of_the_maps_leaves_state_and_model_alone)
{
	struct fixture f;
	struct err err;

	set_up(&f);
	f.dataplane.fail_from = f.dataplane.fail_count = 1;
	f.dataplane.fail_code = EINVAL;
	cr_assert_eq(commit(&f, VALID, &err), -EIO, "no fault of the request");
	cr_assert_str_eq(err.text, "apply 1 failed");
	cr_assert_eq(f.change.model->listener_count, 0);
	cr_assert_eq(f.swaps, 0);
	cr_assert(!has_state(&f));
	tear_down(&f);
}

Test(change, full_maps_keep_their_own_code)
{
	struct fixture f;
	struct err err;

	set_up(&f);
	f.dataplane.fail_from = f.dataplane.fail_count = 1;
	f.dataplane.fail_code = ENOSPC;
	cr_assert_eq(commit(&f, VALID, &err), -ENOSPC);
	tear_down(&f);
}

Test(change, a_failed_save_takes_the_maps_back)
{
	struct fixture f;
	struct err err;

	set_up(&f);
	f.change.state_dir = "/tmp/sluice-no-such-directory";
	cr_assert_eq(commit(&f, VALID, &err), -EIO);
	cr_assert_eq(err.code, EIO);
	cr_assert(strstr(err.text, "/tmp/sluice-no-such-directory"), "%s", err.text);
	cr_assert_eq(f.dataplane.applied, 2);
	cr_assert_eq(f.dataplane.listeners, 0, "the maps are those of the current model again");
	cr_assert_eq(f.change.model->listener_count, 0);
	cr_assert_eq(f.swaps, 0);
	tear_down(&f);
}

Test(change, a_failed_save_says_when_the_maps_could_not_be_taken_back)
{
	struct fixture f;
	struct err err;

	set_up(&f);
	f.change.state_dir = "/tmp/sluice-no-such-directory";
	f.dataplane.fail_from = 2;
	f.dataplane.fail_count = 1;
	f.dataplane.fail_code = ENOMEM;
	cr_assert_eq(commit(&f, VALID, &err), -EIO);
	cr_assert(strstr(err.text, "/tmp/sluice-no-such-directory"), "%s", err.text);
	cr_assert(strstr(err.text, "the maps could not be put back: apply 2 failed"), "%s", err.text);
	tear_down(&f);
}

Test(change, facts_are_not_validated_and_not_saved)
{
	struct model *next;
	struct fixture f;
	struct err err;

	set_up(&f);
	next = build_model(INVALID);
	cr_assert_eq(change_commit_facts(&f.change, &next, &err), 0);
	cr_assert_null(next);
	cr_assert_eq(f.dataplane.applied, 1);
	cr_assert_eq(f.swaps, 1);
	cr_assert_eq(f.change.model->listener_count, 1);
	cr_assert(!has_state(&f));
	tear_down(&f);
}

Test(change, facts_that_the_maps_refuse_are_dropped)
{
	struct model *next;
	struct fixture f;
	struct err err;

	set_up(&f);
	f.dataplane.fail_from = f.dataplane.fail_count = 1;
	f.dataplane.fail_code = ENOMEM;
	next = build_model(VALID);
	cr_assert_eq(change_commit_facts(&f.change, &next, &err), -ENOMEM);
	cr_assert_null(next);
	cr_assert_eq(f.change.model->listener_count, 0);
	cr_assert_eq(f.swaps, 0);
	tear_down(&f);
}

Test(change, nobody_has_to_follow_and_there_may_be_no_maps)
{
	struct fixture f;
	struct err err;

	set_up(&f);
	f.change.dataplane = NULL;
	f.change.swapped = NULL;
	cr_assert_eq(commit(&f, VALID, &err), 0);
	cr_assert_eq(f.change.model->listener_count, 1);
	tear_down(&f);
}
