// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* control/upkeep.c on a real loop, above a data plane without a kernel: what happens by itself. */
#include "control/upkeep.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <event2/event.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/log.h"
#include "build_model.h"
#include "control/change.h"
#include "fake_dataplane.h"
#include "loopback.h"
#include "model/state.h"

static char dir[64];
static struct event_base *base;
static struct dataplane dataplane;
static struct change change;
static struct upkeep upkeep;

static void init(void)
{
	strcpy(dir, "/tmp/sluice-upkeep-XXXXXX");
	cr_assert(mkdtemp(dir));
	log_set_level(LOG_LEVEL_ERROR);
	base = event_base_new();
	fake_dataplane_init(&dataplane);
	change = (struct change){ .model = model_new(), .dataplane = &dataplane, .state_dir = dir };
	upkeep_init(&upkeep, base, &change);
	cr_assert_eq(upkeep_start(&upkeep), 0);
}

static void fini(void)
{
	char path[128];

	upkeep_clean(&upkeep);
	event_base_free(base);
	model_free(&change.model);
	snprintf(path, sizeof(path), "%s/state.json", dir);
	unlink(path);
	rmdir(dir);
}

TestSuite(upkeep, .init = init, .fini = fini, .timeout = 60);

/* Text as of build_model; %1$llu is now. */
static void commit(const char *text)
{
	struct model *next;
	char full[512];
	struct err err;

	snprintf(full, sizeof(full), text, (unsigned long long)wall_ms());
	next = build_model(full);
	cr_assert_eq(change_commit(&change, &next, &err), 0, "%s", err.text);
}

static const struct group *find_group(void)
{
	return model_find_group(change.model, "web");
}

/* "draining unused", in the order of the targets; "" if there is none. */
static const char *states(void)
{
	const struct group *group = find_group();
	static char text[256];

	text[0] = '\0';
	for (size_t i = 0; group && i < group->target_count; i++) {
		strcat(text, i ? " " : "");
		strcat(text, target_state_name(group->targets[i].state));
	}
	return text;
}

static bool has_states(void *expected)
{
	return !strcmp(states(), expected);
}

static void await(char *expected)
{
	cr_assert(loop_until(base, has_states, expected), "not '%s' but '%s'", expected, states());
}

static bool has_swept(void *count)
{
	return dataplane.sweeps >= *(unsigned *)count;
}

static void await_sweeps(unsigned more)
{
	unsigned count = dataplane.sweeps + more;

	cr_assert(loop_until(base, has_swept, &count), "no sweep");
}

static size_t saved_groups(void)
{
	_cleanup_(model_free) struct model *saved = NULL;
	struct err err;

	cr_assert_eq(state_load(dir, &saved, &err), 0, "%s", err.text);
	return saved->group_count;
}

Test(upkeep, draining_ends_by_itself)
{
	dataplane.forgets = true;
	commit("group web removed; target web 10.0.0.1:80 draining until=9%1$llu alive;"
	       "target web 10.0.0.2:80 draining until=%1$llu alive;"
	       "target web [fd00::2]:80 draining until=%1$llu alive");
	await("draining");
	cr_expect_eq(dataplane.alive, 1, "the maps have heard of it");
	cr_expect_eq(saved_groups(), 1);
	commit("group other; group web removed; target web 10.0.0.1:80 draining until=%1$llu alive");
	await("");
	cr_expect_null(find_group());
	cr_expect_eq(saved_groups(), 1, "it is gone from the state file too");
}

Test(upkeep, who_has_flows_lingers_until_a_sweep_finds_none)
{
	unsigned applied;

	commit("group web; target web 10.0.0.1:80 draining until=%1$llu alive remembered;"
	       "target web [fd00::2]:80 draining until=%1$llu alive remembered");
	await("unused unused");
	await_sweeps(1);
	applied = dataplane.applied;
	await_sweeps(1);
	cr_expect_str_eq(states(), "unused unused");
	cr_expect_eq(dataplane.applied, applied, "nothing changed");
	dataplane.forgets = true;
	await("");
	cr_expect_eq(dataplane.alive, 0);
}

/* The last sweep knows nothing of flows on a target that has left since. */
Test(upkeep, what_a_sweep_found_before_a_change_does_not_count)
{
	unsigned sweeps;

	dataplane.forgets = true;
	await_sweeps(1);
	commit("group web; target web 10.0.0.1:80 draining until=%1$llu alive remembered");
	sweeps = dataplane.sweeps;
	await("unused");
	cr_expect_eq(dataplane.sweeps, sweeps);
	await("");
	cr_expect_gt(dataplane.sweeps, sweeps);
}

Test(upkeep, a_deadline_that_is_not_over_ends_nothing)
{
	dataplane.forgets = true;
	commit("group web; target web 10.0.0.1:80 draining until=9%1$llu alive remembered");
	await_sweeps(2);
	cr_expect_str_eq(states(), "draining");
	cr_expect_eq(dataplane.applied, 1);
}

Test(upkeep, what_the_data_plane_can_let_go_of_goes_with_one_change)
{
	commit("group web; target web 10.0.0.1:80 healthy");
	await_sweeps(1);
	cr_expect_eq(dataplane.applied, 1);
	dataplane.settled = true;
	await_sweeps(3);
	cr_expect_eq(dataplane.applied, 2);
}

static bool has_full_share(void *context)
{
	(void)context;
	return find_group()->targets[0].share == SHARE_FULL;
}

Test(upkeep, a_slow_start_goes_on_by_itself)
{
	commit("group web slow_start=1; target web 10.0.0.1:80 healthy since=%1$llu");
	cr_expect_lt(find_group()->targets[0].share, SHARE_FULL);
	cr_assert(loop_until(base, has_full_share, NULL));
	cr_expect_gt(dataplane.applied, 1);
	cr_expect_leq(dataplane.applied, SHARE_FULL + 1, "no more than a change for each step");
}

/* A full disk keeps what drains, not what is known of health. */
Test(upkeep, a_state_that_can_not_be_saved_puts_off_only_what_is_saved)
{
	dataplane.forgets = true;
	commit("group web slow_start=1; target web 10.0.0.1:80 healthy since=%1$llu;"
	       "target web 10.0.0.2:80 draining until=%1$llu alive");
	change.state_dir = "/tmp/sluice-no-such-directory";
	cr_assert(loop_until(base, has_full_share, NULL));
	cr_expect_str_eq(states(), "healthy draining");
	change.state_dir = dir;
	await("healthy");
}

Test(upkeep, what_the_maps_refuse_is_tried_again)
{
	dataplane.forgets = true;
	commit("group web; target web 10.0.0.1:80 draining until=%1$llu alive");
	dataplane.fail_from = dataplane.calls + 1;
	dataplane.fail_count = 1;
	dataplane.fail_code = EBUSY;
	await("");
	cr_expect_eq(dataplane.calls, dataplane.applied + 1);
}

/* The next sweep is due at that time, by the wall clock. */
static uint64_t next_sweep_ms(void)
{
	struct timeval due;

	cr_assert(event_pending(&upkeep.sweep, EV_TIMEOUT, &due));
	return (uint64_t)due.tv_sec * 1000 + (uint64_t)due.tv_usec / 1000;
}

Test(upkeep, a_sweep_that_takes_long_comes_more_rarely)
{
	uint64_t before = wall_ms();

	cr_expect_leq(next_sweep_ms(), before + DATAPLANE_SWEEP_MS + 100);
	dataplane.sweep_takes_ms = 200;
	await_sweeps(1);
	cr_expect_geq(next_sweep_ms(), before + 20 * 200);
}
