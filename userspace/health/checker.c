// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* The set of all checks: made equal to the model, asked by those who need states and counters. */
#include "health/checker.h"

#include <errno.h>
#include <event2/event.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/resource.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "base/log.h"
#include "health/check.h"

/* One for each of 10,000 checks in flight, and some for all the rest of the daemon. */
enum { DESCRIPTORS_WANTED = 12000 };

struct checker {
	struct check_shared shared;
	void (*changed)(void *context);
	void *context;
	struct check **checks;		/* owned; in the order of the model */
	size_t count;
	uint64_t round;			/* of checker_follow */
};

static void on_changed(evutil_socket_t fd, short events, void *context)
{
	struct checker *checker = context;

	(void)fd;
	(void)events;
	checker->changed(checker->context);
}

static void raise_descriptor_limit(void)
{
	struct rlimit limit;

	getrlimit(RLIMIT_NOFILE, &limit);
	limit.rlim_cur = limit.rlim_max;
	setrlimit(RLIMIT_NOFILE, &limit);
	if (limit.rlim_cur < DESCRIPTORS_WANTED)
		log_info("health", "only %llu files may be open: no more checks than that at once",
			 (unsigned long long)limit.rlim_cur);
}

int checker_open(const struct checker_options *options, struct checker **out, struct err *err)
{
	_cleanup_free_ struct checker *checker = calloc(1, sizeof(*checker));
	uint64_t seed;

	if (!checker)
		return err_set(err, ENOMEM, "out of memory");
	if (getrandom(&seed, sizeof(seed), 0) != sizeof(seed))
		return err_set(err, errno, "no random numbers: %s", strerror(errno));
	raise_descriptor_limit();
	jitter_init(&checker->shared.jitter, seed);
	checker->shared.base = options->base;
	checker->changed = options->changed;
	checker->context = options->context;
	evtimer_assign(&checker->shared.changed, options->base, on_changed, checker);
	*out = take_ptr(checker);
	return 0;
}

void checker_close(struct checker **checker)
{
	if (!*checker)
		return;
	for (size_t i = 0; i < (*checker)->count; i++)
		check_free(&(*checker)->checks[i]);
	event_del(&(*checker)->shared.changed);
	free((*checker)->checks);
	free(*checker);
	*checker = NULL;
}

static size_t count_targets(const struct model *model)
{
	size_t count = 0;

	for (size_t i = 0; i < model->group_count; i++)
		count += model->groups[i].target_count;
	return count;
}

static void free_new_checks(struct check **checks, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		if (!checks[i]->round)
			check_free(&checks[i]);
	}
}

/*
 * Fills next with one check for each target of the model: the one it has, or a new one. Both sides
 * are in the same order, so that one walk over both is enough.
 */
static int match_checks(struct checker *checker, const struct model *model, struct check **next)
{
	size_t count = 0, old = 0;

	for (size_t i = 0; i < model->group_count; i++) {
		const struct group *group = &model->groups[i];

		for (size_t j = 0; j < group->target_count; j++) {
			const struct target *target = &group->targets[j];
			int order = 1;

			while (old < checker->count &&
			       (order = check_compare(checker->checks[old], group, target)) < 0)
				old++;
			next[count] = order ? check_new(&checker->shared, group, target) :
					      checker->checks[old++];
			if (!next[count]) {
				free_new_checks(next, count);
				return -ENOMEM;
			}
			count++;
		}
	}
	return 0;
}

/* Settings and states. Who keeps the facts hears of it if the model has other ones. */
static void follow_targets(struct checker *checker, const struct model *model, const uint8_t *uses,
			   struct check **next)
{
	for (size_t i = 0; i < model->group_count; i++) {
		const struct group *group = &model->groups[i];

		for (size_t j = 0; j < group->target_count; j++) {
			const struct target *target = &group->targets[j];
			struct check *check = *next++;

			check_follow(check, group, target, uses[i] != 0);
			check->round = checker->round;
			if (!check_agrees(check, target))
				check_announce(&checker->shared);
		}
	}
}

static void replace_checks(struct checker *checker, struct check **next, size_t count)
{
	for (size_t i = 0; i < checker->count; i++) {
		if (checker->checks[i]->round != checker->round)
			check_free(&checker->checks[i]);
	}
	free(checker->checks);
	checker->checks = next;
	checker->count = count;
}

static void schedule_idle(struct checker *checker)
{
	struct jitter *jitter = &checker->shared.jitter;
	size_t idle = 0;

	for (size_t i = 0; i < checker->count; i++)
		idle += check_is_idle(checker->checks[i]);
	for (size_t i = 0; idle && i < checker->count; i++) {
		struct check *check = checker->checks[i];

		if (check_is_idle(check))
			check_schedule(check,
				       jitter_first_us(jitter, check->settings.interval_ms, idle));
	}
}

int checker_follow(struct checker *checker, const struct model *model)
{
	size_t count = count_targets(model);
	_cleanup_free_ struct check **next = calloc(count + 1, sizeof(struct check *));
	_cleanup_free_ uint8_t *uses = model_group_uses(model);
	int r;

	if (!next || !uses)
		return -ENOMEM;
	r = match_checks(checker, model, next);
	if (r)
		return r;
	checker->round++;
	follow_targets(checker, model, uses, next);
	replace_checks(checker, take_ptr(next), count);
	schedule_idle(checker);
	return 0;
}

static const struct check *find_check(const struct checker *checker, const struct group *group,
				      const struct target *target)
{
	size_t low = 0, high = checker->count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;
		int order = check_compare(checker->checks[middle], group, target);

		if (!order)
			return checker->checks[middle];
		if (order < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return NULL;
}

void checker_find(const struct checker *checker, const struct group *group,
		  const struct target *target, enum target_state *state, enum target_reason *reason)
{
	const struct check *check = find_check(checker, group, target);

	*state = check ? check->health.state : target->state;
	*reason = check ? check->health.reason : target->reason;
}

void checker_stats(const struct checker *checker, const struct group *group,
		   const struct target *target, struct check_stats *out)
{
	const struct check *check = find_check(checker, group, target);

	*out = check ? check->stats : (struct check_stats){ 0 };
}
