// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Target groups: list, show, create, set, remove. */
#include "control/handlers.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "control/change.h"
#include "model/decode.h"
#include "model/model.h"
#include "model/show.h"

struct group *find_any_group(const struct model *model, const char *name, struct err *err)
{
	struct group *group = model_find_group(model, name);
	char shown[SHOWN_SIZE];

	if (!group)
		err_set(err, ENOENT, "there is no group '%s'", show_text(name, shown));
	return group;
}

struct group *find_group(const struct model *model, const char *name, struct err *err)
{
	struct group *group = find_any_group(model, name, err);

	if (!group || !group->removed)
		return group;
	err_set(err, ENOENT, "there is no group '%s' any more, only targets of it that drain", name);
	return NULL;
}

int get_groups(const struct server_options *api, const struct request *request,
	       struct answer *answer, struct err *err)
{
	const struct model *model = api->change->model;
	_cleanup_free_ uint8_t *uses = model_group_uses(model);
	json_auto_t *groups = json_array();

	(void)request, (void)err;
	if (!uses)
		return -ENOMEM;
	for (size_t i = 0; i < model->group_count; i++) {
		json_t *group = describe_group(api, &model->groups[i], uses[i]);

		if (json_array_append_new(groups, group))
			return -ENOMEM;
	}
	return answer_key(answer, "groups", json_incref(groups));
}

int get_group(const struct server_options *api, const struct request *request,
	      struct answer *answer, struct err *err)
{
	const struct model *model = api->change->model;
	const struct group *group = find_any_group(model, request->args[0], err);

	if (!group)
		return -ENOENT;
	return answer_object(answer, describe_group(api, group, group_is_used(model, group)));
}

static void clean_group(struct group *group)
{
	free(group->targets);
}

int post_group(const struct request *request, struct model **next, struct err *err)
{
	_cleanup_(clean_group) struct group group = { .targets = NULL };
	const struct group *present;
	int r;

	group_init(&group, "");
	r = decode_group(request->object, &group, err);
	if (r)
		return r;
	present = model_find_group(*next, group.name);
	if (present && !present->removed)
		return err_set(err, EEXIST, "group '%s' exists already", group.name);
	return model_put_group(*next, &group);
}

int patch_group(const struct request *request, struct model **next, struct err *err)
{
	struct group *group = find_group(*next, request->args[0], err);

	return group ? decode_group(request->object, group, err) : -ENOENT;
}

static const struct listener *find_user(const struct model *model, const struct group *group)
{
	for (size_t i = 0; i < model->listener_count; i++) {
		const struct listener *listener = &model->listeners[i];

		for (size_t j = 0; j < listener->group_count; j++) {
			if (!strcmp(listener->groups[j].name, group->name))
				return listener;
		}
	}
	return NULL;
}

int delete_group(const struct request *request, struct model **next, struct err *err)
{
	const struct group *group = find_group(*next, request->args[0], err);
	const struct listener *user = group ? find_user(*next, group) : NULL;

	if (!group)
		return -ENOENT;
	if (user)
		return err_set(err, EBUSY, "group '%s' is used by listener '%s'; give that another group, or "
			       "remove it, first",
			       group->name, user->name);
	model_remove_group(*next, request->args[0]);
	return 0;
}
