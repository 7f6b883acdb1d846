// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Listeners: list, show, create, set, remove. */
#include "control/handlers.h"

#include <errno.h>

#include "base/err.h"
#include "control/change.h"
#include "dataplane/dataplane.h"
#include "model/decode.h"
#include "model/encode.h"
#include "model/model.h"
#include "model/show.h"

static json_t *describe(const struct server_options *api, const struct listener *listener)
{
	struct traffic traffic = { .packets = 0 };

	if (api->dataplane)
		dataplane_listener_traffic(api->dataplane, listener, &traffic);
	return add_members(encode_listener(listener), describe_traffic(&traffic));
}

static struct listener *find(const struct model *model, const char *name, struct err *err)
{
	struct listener *listener = model_find_listener(model, name);
	char shown[SHOWN_SIZE];

	if (!listener)
		err_set(err, ENOENT, "there is no listener '%s'", show_text(name, shown));
	return listener;
}

int get_listeners(const struct server_options *api, const struct request *request,
		  struct answer *answer, struct err *err)
{
	const struct model *model = api->change->model;
	json_auto_t *listeners = json_array();

	(void)request, (void)err;
	for (size_t i = 0; i < model->listener_count; i++) {
		if (json_array_append_new(listeners, describe(api, &model->listeners[i])))
			return -ENOMEM;
	}
	return answer_key(answer, "listeners", json_incref(listeners));
}

int get_listener(const struct server_options *api, const struct request *request,
		 struct answer *answer, struct err *err)
{
	const struct listener *listener = find(api->change->model, request->args[0], err);

	return listener ? answer_object(answer, describe(api, listener)) : -ENOENT;
}

int post_listener(const struct request *request, struct model **next, struct err *err)
{
	struct listener listener = { .group_count = 0 };
	int r = decode_listener(request->object, &listener, err);

	if (r)
		return r;
	if (model_find_listener(*next, listener.name))
		return err_set(err, EEXIST, "listener '%s' exists already", listener.name);
	return model_put_listener(*next, &listener);
}

int patch_listener(const struct request *request, struct model **next, struct err *err)
{
	struct listener *listener = find(*next, request->args[0], err);

	return listener ? decode_listener(request->object, listener, err) : -ENOENT;
}

int delete_listener(const struct request *request, struct model **next, struct err *err)
{
	if (!find(*next, request->args[0], err))
		return -ENOENT;
	model_remove_listener(*next, request->args[0]);
	return 0;
}
