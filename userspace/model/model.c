// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Making, copying, searching and editing a model: plain data in sorted arrays. */
#include "model/model.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/addr.h"
#include "base/cleanup.h"
#include "model/array.h"

static size_t find_name(const char *name, const void *array, size_t count, size_t size, bool *found)
{
	return array_find(name, array, count, size, array_by_name, found);
}

static size_t find_endpoint(const struct group *group, const struct addr *addr, uint16_t port,
			    bool *found)
{
	struct target key = { .addr = *addr, .port = port };

	return array_find(&key, group->targets, group->target_count, sizeof(key), array_by_endpoint,
			  found);
}

struct model *model_new(void)
{
	return calloc(1, sizeof(struct model));
}

bool model_has_secret(const struct model *model)
{
	static const uint8_t none[SECRET_SIZE];

	return memcmp(model->hash_secret, none, SECRET_SIZE);
}

void model_free(struct model **model)
{
	struct model *m = take_ptr(*model);

	if (!m)
		return;
	for (size_t i = 0; i < m->group_count; i++)
		free(m->groups[i].targets);
	free(m->groups);
	free(m->listeners);
	free(m);
}

/* Groups count as cloned one by one, so that freeing a half-made clone frees what is its own. */
static int clone_groups(struct model *clone, const struct model *model)
{
	size_t *done = &clone->group_count;

	clone->groups = array_copy(model->groups, model->group_count, sizeof(*clone->groups));
	if (!clone->groups)
		return -ENOMEM;
	for (*done = 0; *done < model->group_count; ++*done) {
		const struct group *from = &model->groups[*done];
		struct target *targets;

		targets = array_copy(from->targets, from->target_count, sizeof(*targets));
		if (!targets)
			return -ENOMEM;
		clone->groups[*done].targets = targets;
	}
	return 0;
}

struct model *model_clone(const struct model *model)
{
	_cleanup_(model_free) struct model *clone = model_new();

	if (!clone)
		return NULL;
	memcpy(clone->hash_secret, model->hash_secret, sizeof(clone->hash_secret));
	clone->listeners = array_copy(model->listeners, model->listener_count,
				      sizeof(*clone->listeners));
	if (!clone->listeners)
		return NULL;
	clone->listener_count = model->listener_count;
	if (clone_groups(clone, model))
		return NULL;
	return take_ptr(clone);
}

void group_init(struct group *group, const char *name)
{
	*group = (struct group){
		.forwarding = FORWARDING_NAT,
		.health_check = {
			.protocol = CHECK_TCP,
			.interval_ms = 10000,
			.timeout_ms = 2000,
			.healthy_threshold = 3,
			.unhealthy_threshold = 3,
		},
		.idle_timeout_s = 350,
		.deregistration_delay_s = 300,
		.unhealthy_connection_termination = true,
	};
	snprintf(group->name, sizeof(group->name), "%s", name);
}

struct listener *model_find_listener(const struct model *model, const char *name)
{
	bool found;
	size_t at = find_name(name, model->listeners, model->listener_count,
			      sizeof(*model->listeners), &found);

	return found ? &model->listeners[at] : NULL;
}

struct group *model_find_group(const struct model *model, const char *name)
{
	bool found;
	size_t at = find_name(name, model->groups, model->group_count, sizeof(*model->groups),
			      &found);

	return found ? &model->groups[at] : NULL;
}

struct target *group_find_target(const struct group *group, const struct addr *addr, uint16_t port)
{
	bool found;
	size_t at = find_endpoint(group, addr, port, &found);

	return found ? &group->targets[at] : NULL;
}

int model_put_listener(struct model *model, const struct listener *listener)
{
	struct listener *listeners = model->listeners;
	bool found;
	size_t at = find_name(listener->name, listeners, model->listener_count, sizeof(*listeners),
			      &found);

	if (!found) {
		listeners = array_open(listeners, model->listener_count, sizeof(*listeners), at);
		if (!listeners)
			return -ENOMEM;
		model->listeners = listeners;
		model->listener_count++;
	}
	listeners[at] = *listener;
	qsort(listeners[at].groups, listeners[at].group_count, sizeof(*listeners[at].groups),
	      array_by_name);
	return 0;
}

int model_put_group(struct model *model, struct group *group)
{
	struct group *groups = model->groups;
	bool found;
	size_t at = find_name(group->name, groups, model->group_count, sizeof(*groups), &found);

	if (found) {
		free(groups[at].targets);
	} else {
		groups = array_open(groups, model->group_count, sizeof(*groups), at);
		if (!groups)
			return -ENOMEM;
		model->groups = groups;
		model->group_count++;
	}
	groups[at] = *group;
	group->targets = NULL;
	group->target_count = 0;
	return 0;
}

int group_put_target(struct group *group, const struct target *target)
{
	struct target *targets = group->targets;
	bool found;
	size_t at = find_endpoint(group, &target->addr, target->port, &found);

	if (!found) {
		targets = array_open(targets, group->target_count, sizeof(*targets), at);
		if (!targets)
			return -ENOMEM;
		group->targets = targets;
		group->target_count++;
	}
	targets[at] = *target;
	return 0;
}

bool model_remove_listener(struct model *model, const char *name)
{
	bool found;
	size_t at = find_name(name, model->listeners, model->listener_count,
			      sizeof(*model->listeners), &found);

	if (found)
		array_close(model->listeners, model->listener_count--, sizeof(*model->listeners),
			    at);
	return found;
}

bool model_remove_group(struct model *model, const char *name)
{
	bool found;
	size_t at = find_name(name, model->groups, model->group_count, sizeof(*model->groups),
			      &found);

	if (!found)
		return false;
	free(model->groups[at].targets);
	array_close(model->groups, model->group_count--, sizeof(*model->groups), at);
	return true;
}

bool group_remove_target(struct group *group, const struct addr *addr, uint16_t port)
{
	bool found;
	size_t at = find_endpoint(group, addr, port, &found);

	if (found)
		array_close(group->targets, group->target_count--, sizeof(*group->targets), at);
	return found;
}

int target_compare(const struct target *a, const struct target *b)
{
	return addr_compare(&a->addr, &b->addr) ?: a->port - b->port;
}
