// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Model <-> the tree of the state file: the configuration as ever, and what it leaves out. */
#include "model/state_tree.h"

#include <stdbool.h>
#include <string.h>

#include "base/addr.h"
#include "base/cleanup.h"
#include "model/decode.h"
#include "model/decode_kind.h"
#include "model/decode_value.h"
#include "model/encode.h"
#include "model/model.h"

enum { STATE_VERSION = 1 };

static int append_draining(json_t *list, const struct group *group, const struct target *target)
{
	json_int_t deadline_ms = (json_int_t)target->drain_deadline_ms;
	char addr[ADDR_TEXT_SIZE];
	json_t *entry;

	entry = json_pack("{s:s, s:s, s:i, s:i, s:I}", "group", group->name, "address",
			  addr_format(&target->addr, addr), "port", (int)target->port, "weight",
			  (int)target->weight, "deadline_ms", deadline_ms);
	return json_array_append_new(list, entry);
}

static json_t *encode_draining(const struct model *model)
{
	json_auto_t *list = json_array();

	for (size_t i = 0; i < model->group_count; i++) {
		const struct group *group = &model->groups[i];

		for (size_t j = 0; j < group->target_count; j++) {
			if (target_is_draining(&group->targets[j]) &&
			    append_draining(list, group, &group->targets[j]))
				return NULL;
		}
	}
	return take_ptr(list);
}

static json_t *encode_removed(const struct model *model)
{
	json_auto_t *list = json_array();

	for (size_t i = 0; i < model->group_count; i++) {
		const struct group *group = &model->groups[i];

		if (group->removed && json_array_append_new(list, encode_group_settings(group)))
			return NULL;
	}
	return take_ptr(list);
}

json_t *state_encode(const struct model *model)
{
	return json_pack("{s:i, s:o, s:o, s:o}", "version", STATE_VERSION, "config",
			 encode_model(model), "removed", encode_removed(model), "draining",
			 encode_draining(model));
}

static int removed_put(const struct place *at, void *owner, void *object)
{
	struct group *group = object;

	if (model_find_group(owner, group->name))
		return decode_refuse(at, "group '%s' is both there and removed", group->name);
	if (group->target_count)
		return decode_refuse(at, "group '%s' is removed but has targets", group->name);
	group->removed = true;
	return model_put_group(owner, group) ? decode_no_memory(at) : 0;
}

/* Files of versions that knew no removed groups do not have the key. */
static int decode_removed(const struct place *at, const json_t *list, struct model *model)
{
	static const struct field removed = { .key = "removed" };
	struct kind kind = decode_group_kind;

	kind.put = removed_put;
	return list ? decode_list(at, &removed, &kind, list, model) : 0;
}

struct drained {
	char group[NAME_SIZE];
	struct target target;
};

static const struct field drained_fields[] = {
	{ "group", decode_name, FIELD(struct drained, group), .required = true },
	{ "address", decode_address, FIELD(struct drained, target.addr), .required = true },
	{ "port", decode_number, FIELD(struct drained, target.port), .required = true,
	  .min = 1, .max = 65535 },
	{ "weight", decode_number, FIELD(struct drained, target.weight), .max = WEIGHT_MAX },
	{ "deadline_ms", decode_number, FIELD(struct drained, target.drain_deadline_ms),
	  .required = true, .min = 1, .max = INT64_MAX },
	{ 0 },
};

static void drained_init(void *object)
{
	struct drained *drained = object;

	drained->target.state = TARGET_DRAINING;
	drained->target.reason = TARGET_REASON_DEREGISTRATION_IN_PROGRESS;
}

static void drained_label(const json_t *tree, size_t number, char *label)
{
	(void)tree;
	label_object(label, "draining target", NULL, number);
}

static int drained_decode(const struct place *at, const json_t *tree, void *object)
{
	return decode_object(at, drained_fields, tree, object);
}

static int drained_compare(const void *a, const void *b)
{
	const struct drained *x = a, *y = b;

	return strcmp(x->group, y->group) ?: target_compare(&x->target, &y->target);
}

static int drained_put(const struct place *at, void *owner, void *object)
{
	const struct drained *drained = object;
	const struct target *target = &drained->target;
	struct group *group = model_find_group(owner, drained->group);
	char text[ENDPOINT_TEXT_SIZE];

	endpoint_format(&target->addr, target->port, text);
	if (!group)
		return decode_refuse(at, "target %s drains from group '%s', which is not there",
				     text, drained->group);
	if (group_find_target(group, &target->addr, target->port))
		return decode_refuse(at, "target %s both drains from group '%s' and is in it", text,
				     drained->group);
	return group_put_target(group, target) ? decode_no_memory(at) : 0;
}

static const struct kind drained_kind = {
	.size = sizeof(struct drained),
	.init = drained_init,
	.label = drained_label,
	.decode = drained_decode,
	.compare = drained_compare,
	.put = drained_put,
};

/* The parts are taken apart first and decoded in their order, whatever that of the file is. */
struct parts {
	uint32_t version;
	const json_t *config, *removed, *draining;
};

static int keep_part(const struct place *at, const struct field *field, const json_t *value,
		     void *object)
{
	(void)at;
	*(const json_t **)member_of(object, field) = value;
	return 0;
}

static int check_version(const struct place *at, const struct field *field, const json_t *value,
			 void *object)
{
	int r = decode_number(at, field, value, object);
	const struct parts *parts = object;

	if (!r && parts->version != STATE_VERSION)
		r = decode_refuse(at, "another Sluice wrote version %u; this one reads version %d",
				  parts->version, STATE_VERSION);
	return r;
}

static const struct field part_fields[] = {
	{ "version", check_version, FIELD(struct parts, version), .required = true,
	  .min = 1, .max = UINT32_MAX },
	{ "config", keep_part, FIELD(struct parts, config), .required = true },
	{ "removed", keep_part, FIELD(struct parts, removed) },
	{ "draining", keep_part, FIELD(struct parts, draining), .required = true },
	{ 0 },
};

int state_decode(const json_t *tree, struct model **out, struct err *err)
{
	static const struct field draining = { .key = "draining" };
	_cleanup_(model_free) struct model *model = NULL;
	struct place at = { .err = err };
	struct parts parts = { .version = 0 };
	int r;

	r = decode_object(&at, part_fields, tree, &parts);
	r = r ?: decode_model(parts.config, NULL, &model, err);
	r = r ?: decode_removed(&at, parts.removed, model);
	r = r ?: decode_list(&at, &draining, &drained_kind, parts.draining, model);
	if (!r)
		*out = take_ptr(model);
	return r;
}
