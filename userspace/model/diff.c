// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Two models side by side, in the words of the configuration file. Attributes are tables: what
 * differs as text is what changed.
 */
#include "model/diff.h"

#include <stdio.h>
#include <string.h>

#include "base/addr.h"
#include "base/cleanup.h"
#include "model/array.h"
#include "model/duration.h"
#include "model/model.h"

enum {
	TEXT_SIZE = ROUTING_GROUPS_MAX * (NAME_SIZE + sizeof("=999,")),
	DETAIL_SIZE = 4 * TEXT_SIZE,
	LABEL_SIZE = NAME_SIZE + ENDPOINT_TEXT_SIZE,
};

struct attribute {
	const char *key;
	void (*format)(const void *object, char *text);
};

/* What has a name, attributes and a place in the list of changes. */
struct kind {
	const char *name;
	const struct attribute *attributes;
	size_t attribute_count;
	size_t size;			/* the first bytes: if they are equal, nothing differs */
};

struct changes {
	json_t *list;			/* owned */
	bool failed;			/* out of memory */
};

static void format_listener_address(const void *object, char *text)
{
	addr_format(&((const struct listener *)object)->addr, text);
}

static void format_listener_protocol(const void *object, char *text)
{
	strcpy(text, protocol_name(((const struct listener *)object)->protocol));
}

static void format_listener_port(const void *object, char *text)
{
	const struct listener *listener = object;

	ports_format(listener->port_first, listener->port_last, text);
}

static void format_listener_affinity(const void *object, char *text)
{
	strcpy(text, affinity_name(((const struct listener *)object)->affinity));
}

static void format_listener_groups(const void *object, char *text)
{
	const struct listener *listener = object;
	size_t used = 0;

	text[0] = '\0';
	if (listener->group_count == 1 && listener->groups[0].weight == 1) {
		strcpy(text, listener->groups[0].name);
		return;
	}
	for (size_t i = 0; i < listener->group_count; i++)
		used += (size_t)snprintf(text + used, TEXT_SIZE - used, "%s%s=%u", i ? "," : "",
					 listener->groups[i].name, listener->groups[i].weight);
}

static void format_group_forwarding(const void *object, char *text)
{
	strcpy(text, forwarding_name(((const struct group *)object)->forwarding));
}

static void format_seconds(uint32_t seconds, char *text)
{
	duration_format((uint64_t)seconds * MS_PER_SECOND, MS_PER_SECOND, text);
}

static void format_bool(bool value, char *text)
{
	strcpy(text, value ? "true" : "false");
}

static void format_group_idle(const void *object, char *text)
{
	format_seconds(((const struct group *)object)->idle_timeout_s, text);
}

static void format_group_delay(const void *object, char *text)
{
	format_seconds(((const struct group *)object)->deregistration_delay_s, text);
}

static void format_group_termination(const void *object, char *text)
{
	format_bool(((const struct group *)object)->connection_termination, text);
}

static void format_unhealthy_termination(const void *object, char *text)
{
	format_bool(((const struct group *)object)->unhealthy_connection_termination, text);
}

static void format_unhealthy_draining(const void *object, char *text)
{
	format_seconds(((const struct group *)object)->unhealthy_draining_interval_s, text);
}

static void format_group_slow_start(const void *object, char *text)
{
	format_seconds(((const struct group *)object)->slow_start_s, text);
}

static void format_group_source(const void *object, char *text)
{
	const struct group *group = object;
	char addr[ADDR_TEXT_SIZE];

	text[0] = '\0';
	for (size_t i = 0; i < ARRAY_SIZE(group->tunnel_source); i++) {
		if (addr_is_zero(&group->tunnel_source[i]))
			continue;
		strcat(text, *text ? "," : "");
		strcat(text, addr_format(&group->tunnel_source[i], addr));
	}
	strcat(text, *text ? "" : "auto");
}

static const struct health_check *check_of(const void *group)
{
	return &((const struct group *)group)->health_check;
}

static void format_check_protocol(const void *object, char *text)
{
	strcpy(text, check_protocol_name(check_of(object)->protocol));
}

static void format_check_port(const void *object, char *text)
{
	uint16_t port = check_of(object)->port;

	if (port)
		sprintf(text, "%u", port);
	else
		strcpy(text, "traffic-port");
}

static void format_check_interval(const void *object, char *text)
{
	duration_format(check_of(object)->interval_ms, MS_PER_SECOND, text);
}

static void format_check_timeout(const void *object, char *text)
{
	duration_format(check_of(object)->timeout_ms, MS_PER_SECOND, text);
}

static void format_check_healthy(const void *object, char *text)
{
	sprintf(text, "%u", check_of(object)->healthy_threshold);
}

static void format_check_unhealthy(const void *object, char *text)
{
	sprintf(text, "%u", check_of(object)->unhealthy_threshold);
}

static void format_target_weight(const void *object, char *text)
{
	sprintf(text, "%u", ((const struct target *)object)->weight);
}

static const struct attribute listener_attributes[] = {
	{ "address", format_listener_address },
	{ "protocol", format_listener_protocol },
	{ "port", format_listener_port },
	{ "affinity", format_listener_affinity },
	{ "groups", format_listener_groups },
};

static const struct attribute group_attributes[] = {
	{ "forwarding", format_group_forwarding },
	{ "tunnel_source", format_group_source },
	{ "idle_timeout", format_group_idle },
	{ "deregistration_delay", format_group_delay },
	{ "connection_termination", format_group_termination },
	{ "unhealthy_connection_termination", format_unhealthy_termination },
	{ "unhealthy_draining_interval", format_unhealthy_draining },
	{ "slow_start", format_group_slow_start },
	{ "health_check protocol", format_check_protocol },
	{ "health_check port", format_check_port },
	{ "health_check interval", format_check_interval },
	{ "health_check timeout", format_check_timeout },
	{ "health_check healthy_threshold", format_check_healthy },
	{ "health_check unhealthy_threshold", format_check_unhealthy },
};

static const struct attribute target_attributes[] = {
	{ "weight", format_target_weight },
};

#define ATTRIBUTES(table) .attributes = table, .attribute_count = ARRAY_SIZE(table)

static const struct kind listener_kind = {
	"listener", ATTRIBUTES(listener_attributes), .size = sizeof(struct listener)
};
static const struct kind group_kind = {
	"group", ATTRIBUTES(group_attributes), .size = offsetof(struct group, targets)
};
static const struct kind target_kind = {
	"target", ATTRIBUTES(target_attributes), .size = offsetof(struct target, drain_deadline_ms)
};

/* What differs, "" if nothing: "weight 1 -> 5" for a change, "weight 5" for an addition. */
static void describe(const struct kind *kind, const void *from, const void *to, bool is_added,
		     char detail[DETAIL_SIZE])
{
	size_t used = 0;

	detail[0] = '\0';
	for (size_t i = 0; i < kind->attribute_count; i++) {
		const struct attribute *attribute = &kind->attributes[i];
		char before[TEXT_SIZE], after[TEXT_SIZE];

		attribute->format(from, before);
		attribute->format(to, after);
		if (!strcmp(before, after))
			continue;
		used += (size_t)snprintf(detail + used, DETAIL_SIZE - used, "%s%s %s%s%s",
					 used ? ", " : "", attribute->key, is_added ? "" : before,
					 is_added ? "" : " -> ", after);
	}
}

static void add_change(struct changes *changes, const char *change, const char *object,
		       const char *name, const char *detail)
{
	json_t *entry = json_pack("{s:s, s:s, s:s, s:s}", "change", change, "object", object,
				  "name", name, "detail", detail);

	if (json_array_append_new(changes->list, entry))
		changes->failed = true;
}

/* Most of a model does not change: bytes tell that faster than texts do. */
static bool is_same(const struct kind *kind, const void *from, const void *to)
{
	return from && to && !memcmp(from, to, kind->size);
}

/* from or to is NULL where there is no such object; of a new one, defaults need not be told. */
static void compare_objects(struct changes *changes, const struct kind *kind, const char *name,
			    const void *from, const void *to, const void *defaults)
{
	char detail[DETAIL_SIZE];

	if (is_same(kind, from, to))
		return;
	if (!to) {
		add_change(changes, "remove", kind->name, name, "");
		return;
	}
	describe(kind, from ? from : defaults, to, !from, detail);
	if (!from)
		add_change(changes, "add", kind->name, name, detail);
	else if (detail[0])
		add_change(changes, "change", kind->name, name, detail);
}

static const struct target *registered(const struct target *target)
{
	return target && !target_is_draining(target) ? target : NULL;
}

static void compare_target(struct changes *changes, const char *group, const struct target *from,
			   const struct target *to)
{
	static const struct target defaults = { .weight = 1 };
	char name[LABEL_SIZE], endpoint[ENDPOINT_TEXT_SIZE];
	const struct target *either = from ? from : to;

	from = registered(from);
	to = registered(to);
	if ((!from && !to) || is_same(&target_kind, from, to))
		return;
	endpoint_format(&either->addr, either->port, endpoint);
	snprintf(name, sizeof(name), "%s %s", group, endpoint);
	compare_objects(changes, &target_kind, name, from, to, &defaults);
}

static void compare_targets(struct changes *changes, const struct group *from,
			    const struct group *to)
{
	struct array_walk walk = {
		.next = { from ? from->targets : NULL, to ? to->targets : NULL },
		.left = { from ? from->target_count : 0, to ? to->target_count : 0 },
		.size = sizeof(struct target),
		.compare = array_by_endpoint,
	};

	while (array_walk(&walk))
		compare_target(changes, (from ? from : to)->name, walk.pair[0], walk.pair[1]);
}

/* A group that is only there until its targets have drained has left the configuration. */
static const struct group *configured(const struct group *group)
{
	return group && !group->removed ? group : NULL;
}

static void compare_group(struct changes *changes, const struct group *from,
			  const struct group *to, const struct group *defaults)
{
	if (!from && !to)
		return;
	compare_objects(changes, &group_kind, (from ? from : to)->name, from, to, defaults);
	compare_targets(changes, from, to);
}

static void compare_groups(struct changes *changes, const struct model *from,
			   const struct model *to)
{
	struct array_walk walk = {
		.next = { from->groups, to->groups },
		.left = { from->group_count, to->group_count },
		.size = sizeof(struct group),
		.compare = array_by_name,
	};
	struct group defaults;

	group_init(&defaults, "");
	while (array_walk(&walk))
		compare_group(changes, configured(walk.pair[0]), configured(walk.pair[1]),
			      &defaults);
}

static void compare_listeners(struct changes *changes, const struct model *from,
			      const struct model *to)
{
	static const struct listener defaults;
	struct array_walk walk = {
		.next = { from->listeners, to->listeners },
		.left = { from->listener_count, to->listener_count },
		.size = sizeof(struct listener),
		.compare = array_by_name,
	};

	while (array_walk(&walk)) {
		const struct listener *before = walk.pair[0], *after = walk.pair[1];

		compare_objects(changes, &listener_kind, (before ? before : after)->name, before,
				after, &defaults);
	}
}

json_t *model_diff(const struct model *from, const struct model *to)
{
	struct changes changes = { .list = json_array() };

	if (!changes.list)
		return NULL;
	if (memcmp(from->hash_secret, to->hash_secret, sizeof(to->hash_secret)))
		add_change(&changes, "change", "hash_secret", "", "");
	compare_groups(&changes, from, to);
	compare_listeners(&changes, from, to);
	if (changes.failed) {
		json_decref(changes.list);
		return NULL;
	}
	return changes.list;
}
