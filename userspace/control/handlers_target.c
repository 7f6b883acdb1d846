// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Targets of a group: list, show, register, set, remove. That a removed target drains, and that one
 * which comes back starts afresh, is model_carry's doing.
 */
#include "control/handlers.h"

#include <errno.h>

#include "base/addr.h"
#include "base/clock.h"
#include "base/err.h"
#include "control/change.h"
#include "dataplane/dataplane.h"
#include "model/decode.h"
#include "model/encode.h"
#include "model/model.h"

/* When a target stops draining, whatever made it; 0: it does not drain, or no time ends that. */
static uint64_t drained_at_ms(const struct group *group, const struct target *target)
{
	uint64_t interval_ms = (uint64_t)group->unhealthy_draining_interval_s * 1000;

	if (target_is_draining(target))
		return target_lingers(target) ? 0 : target->drain_deadline_ms;
	if (target->state == TARGET_UNHEALTHY_DRAINING && interval_ms)
		return target->since_ms + interval_ms;
	return 0;
}

/* What the model's encoder can not know: counters and clock. */
static json_t *describe_now(const struct server_options *api, const struct group *group,
			    const struct target *target)
{
	uint64_t now_ms = wall_ms(), end_ms = drained_at_ms(group, target);
	uint64_t left_ms = end_ms > now_ms ? end_ms - now_ms : 0;
	struct traffic traffic = { .packets = 0 };
	json_int_t tracked = 0;
	json_t *object;

	if (api->dataplane) {
		dataplane_target_traffic(api->dataplane, group, target, &traffic);
		tracked = dataplane_target_flows(api->dataplane, group, target);
	}
	object = add_members(describe_traffic(&traffic),
			     json_pack("{s:I}", "tracked_flows", tracked));
	if (!end_ms)
		return object;
	return add_members(object, json_pack("{s:I}", "drain_seconds_left",
					     (json_int_t)((left_ms + 999) / 1000)));
}

json_t *describe_group(const struct server_options *api, const struct group *group, bool in_use)
{
	json_auto_t *object = encode_group(group, in_use);
	const json_t *targets = json_object_get(object, "targets");

	for (size_t i = 0; i < group->target_count; i++) {
		json_t *now = describe_now(api, group, &group->targets[i]);

		if (json_object_update_new(json_array_get(targets, i), now))
			return NULL;
	}
	return json_incref(object);
}

int get_targets(const struct server_options *api, const struct request *request,
		struct answer *answer, struct err *err)
{
	const struct group *group = find_any_group(api->change->model, request->args[0], err);
	json_auto_t *object = group ? describe_group(api, group, true) : NULL;

	if (!group)
		return -ENOENT;
	return answer_key(answer, "targets", json_incref(json_object_get(object, "targets")));
}

/* In a group that find_group, or find_any_group, gives. */
static int find_in(struct group *group, const struct request *request, struct target **out,
		   struct err *err)
{
	char text[ENDPOINT_TEXT_SIZE];
	struct target *target;
	struct addr addr;
	uint16_t port;
	int r;

	r = group ? endpoint_parse(request->args[1], &addr, &port, err) : -ENOENT;
	if (r)
		return r;
	target = group_find_target(group, &addr, port);
	if (!target)
		return err_set(err, ENOENT, "group '%s' has no target %s", group->name,
			       endpoint_format(&addr, port, text));
	*out = target;
	return 0;
}

int get_target(const struct server_options *api, const struct request *request,
	       struct answer *answer, struct err *err)
{
	struct group *group = find_any_group(api->change->model, request->args[0], err);
	struct target *target;
	json_t *object;
	int r;

	r = find_in(group, request, &target, err);
	if (r)
		return r;
	object = encode_target(target, target_in_service(target, group_fails_open(group)));
	return answer_object(answer, add_members(object, describe_now(api, group, target)));
}

int post_target(const struct request *request, struct model **next, struct err *err)
{
	struct group *group = find_group(*next, request->args[0], err);
	struct target target = {
		.state = TARGET_INITIAL,
		.reason = TARGET_REASON_REGISTRATION_IN_PROGRESS,
	};
	char text[ENDPOINT_TEXT_SIZE];
	const struct target *present;
	int r;

	r = group ? decode_target(request->object, &target, err) : -ENOENT;
	if (r)
		return r;
	present = group_find_target(group, &target.addr, target.port);
	if (present && !target_is_draining(present))
		return err_set(err, EEXIST, "group '%s' has target %s already", group->name,
			       endpoint_format(&target.addr, target.port, text));
	return group_put_target(group, &target);
}

static int refuse_draining(const struct request *request, const struct target *target,
			   const char *way_out, struct err *err)
{
	char text[ENDPOINT_TEXT_SIZE];

	if (!target_is_draining(target))
		return 0;
	endpoint_format(&target->addr, target->port, text);
	return err_set(err, EBUSY, "target %s of group '%s' is draining already; %s", text,
		       request->args[0], way_out);
}

int patch_target(const struct request *request, struct model **next, struct err *err)
{
	struct group *group = find_group(*next, request->args[0], err);
	struct target *target;
	int r;

	r = find_in(group, request, &target, err);
	r = r ?: refuse_draining(request, target, "add it again to take it back into service", err);
	return r ?: decode_target(request->object, target, err);
}

/* In a removed group there is nothing to remove but what drains, which is what `now` ends. */
int delete_target(const struct request *request, struct model **next, struct err *err)
{
	bool now = request->flag == FLAG_NOW;
	struct group *group = (now ? find_any_group : find_group)(*next, request->args[0], err);
	struct target *target;
	int r;

	r = find_in(group, request, &target, err);
	if (!r && !now)
		r = refuse_draining(request, target, "`target remove --now` removes it at once", err);
	if (r)
		return r;
	group_remove_target(group, &target->addr, target->port);
	if (group->removed && !group->target_count)
		model_remove_group(*next, request->args[0]);
	return 0;
}
