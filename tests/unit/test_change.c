// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "control/change.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
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

Test(change, what_can_not_be_prepared_leaves_state_and_model_alone)
{
	struct fixture f;
	struct err err;

	set_up(&f);
	f.dataplane.fail_from = f.dataplane.fail_count = 1;
	f.dataplane.fail_code = EINVAL;
	cr_assert_eq(commit(&f, VALID, &err), -EIO, "no fault of the request");
	cr_assert_str_eq(err.text, "prepare 1 failed");
	cr_assert_eq(f.change.model->listener_count, 0);
	cr_assert_eq(f.swaps, 0);
	cr_assert(!has_state(&f));
	tear_down(&f);
}

Test(change, what_the_user_can_mend_keeps_its_own_code)
{
	static const int codes[] = { ENOSPC, E2BIG, EBUSY, ENOMEM };

	for (size_t i = 0; i < sizeof(codes) / sizeof(codes[0]); i++) {
		struct fixture f;
		struct err err;

		set_up(&f);
		f.dataplane.fail_from = f.dataplane.fail_count = 1;
		f.dataplane.fail_code = codes[i];
		cr_assert_eq(commit(&f, VALID, &err), -codes[i]);
		cr_assert_eq(err.code, codes[i]);
		tear_down(&f);
	}
}

/* What follows from states and time is in place before the maps see the model. */
Test(change, every_commit_settles_the_model)
{
	struct model *next;
	struct fixture f;
	struct err err;

	set_up(&f);
	cr_assert_eq(commit(&f, ONE_GROUP "target web 10.0.0.1:80 healthy;", &err), 0);
	cr_assert(f.change.model->groups[0].targets[0].alive);
	cr_assert_eq(f.change.model->groups[0].targets[0].share, SHARE_FULL);
	cr_assert_eq(f.dataplane.alive, 1);
	next = model_clone(f.change.model);
	next->groups[0].targets[0].state = TARGET_UNHEALTHY;
	next->groups[0].targets[0].weight = 0;
	cr_assert_eq(change_commit_facts(&f.change, &next, &err), 0);
	cr_assert_not(f.change.model->groups[0].targets[0].alive);
	cr_assert_eq(f.dataplane.alive, 0);
	tear_down(&f);
}

/*
 * ---- the order: prepared, saved, written ------------------------------------------------------
 */

static size_t saved_listeners(const struct fixture *f)
{
	struct model *saved = NULL;
	struct err err;
	size_t count;

	cr_assert_eq(state_load(f->dir, &saved, &err), 0, "%s", err.text);
	count = saved->listener_count;
	model_free(&saved);
	return count;
}

Test(change, a_failed_save_never_reaches_the_maps)
{
	struct fixture f;
	struct err err;

	set_up(&f);
	f.change.state_dir = "/tmp/sluice-no-such-directory";
	cr_assert_eq(commit(&f, VALID, &err), -EIO);
	cr_assert_eq(err.code, EIO);
	cr_assert(strstr(err.text, "/tmp/sluice-no-such-directory"), "%s", err.text);
	cr_assert_eq(f.dataplane.applied, 0);
	cr_assert_eq(f.change.model->listener_count, 0);
	cr_assert_eq(f.swaps, 0);
	f.change.state_dir = f.dir;
	cr_assert_eq(commit(&f, ONE_GROUP, &err), 0, "%s", err.text);
	cr_assert_eq(f.dataplane.listeners, 0, "what was prepared then is forgotten");
	tear_down(&f);
}

static void die(void *context)
{
	(void)context;
	raise(SIGKILL);
}

/* Whoever comes next knows every target that may have got flows. */
Test(change, a_daemon_that_is_killed_while_it_writes_the_maps_has_saved_the_change)
{
	struct fixture f;
	struct err err;
	int status;
	pid_t pid;

	set_up(&f);
	f.dataplane.committing = die;
	pid = fork();
	if (!pid) {
		commit(&f, VALID, &err);
		_exit(0);
	}
	cr_assert_eq(waitpid(pid, &status, 0), pid);
	cr_assert(WIFSIGNALED(status));
	cr_assert_eq(saved_listeners(&f), 1);
	tear_down(&f);
}

Test(change, a_failed_write_of_the_maps_takes_the_state_file_back)
{
	struct fixture f;
	struct err err;

	set_up(&f);
	cr_assert_eq(commit(&f, VALID, &err), 0, "%s", err.text);
	f.dataplane.commit_code = EINVAL;
	cr_assert_eq(commit(&f, ONE_GROUP, &err), -EIO, "no fault of the request");
	cr_assert_str_eq(err.text, "commit 2 failed");
	cr_assert_eq(saved_listeners(&f), 1);
	cr_assert_eq(f.change.model->listener_count, 1);
	cr_assert_eq(f.swaps, 1);
	f.dataplane.commit_code = E2BIG;
	cr_assert_eq(commit(&f, ONE_GROUP, &err), -E2BIG, "the user can mend it");
	cr_assert_eq(saved_listeners(&f), 1);
	tear_down(&f);
}

/* From now on nothing can be saved. */
static void lose_directory(void *context)
{
	struct fixture *f = context;

	f->change.state_dir = "/tmp/sluice-no-such-directory";
}

Test(change, a_failed_write_says_when_the_state_file_could_not_be_taken_back)
{
	struct fixture f;
	struct err err;

	set_up(&f);
	f.dataplane.committing = lose_directory;
	f.dataplane.context = &f;
	f.dataplane.commit_code = E2BIG;
	cr_assert_eq(commit(&f, VALID, &err), -EIO);
	cr_assert_eq(err.code, EIO);
	cr_assert(strstr(err.text, "commit 1 failed; and the state file could not be put back"), "%s",
		  err.text);
	cr_assert(strstr(err.text, "/tmp/sluice-no-such-directory"), "%s", err.text);
	cr_assert_eq(f.change.model->listener_count, 0);
	cr_assert_eq(saved_listeners(&f), 1);
	tear_down(&f);
}

/*
 * ---- facts ------------------------------------------------------------------------------------
 */

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
	f.dataplane.commit_code = EINVAL;
	next = build_model(VALID);
	cr_assert_eq(change_commit_facts(&f.change, &next, &err), -EIO);
	cr_assert_null(next);
	cr_assert(!has_state(&f));
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
