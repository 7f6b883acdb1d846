// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* One target group with its health check and targets: JSON object -> struct group. */
#include "model/decode.h"

#include <stdlib.h>
#include <string.h>

#include "base/addr.h"
#include "base/cleanup.h"
#include "model/decode_kind.h"
#include "model/decode_value.h"
#include "model/duration.h"
#include "model/model.h"
#include "model/show.h"
#include "model/yaml.h"

static int decode_forwarding(const struct place *at, const struct field *field,
			     const json_t *value, void *object)
{
	static const char *const later[] = { "snat", "l2dsr", "gue", "geneve", NULL };
	const char *word = json_string_value(value);

	if (!word)
		return decode_refuse_type(at, field, value, "nat or ipip");
	if (!forwarding_parse(word, member_of(object, field)))
		return decode_refuse_word(at, field, word, "nat or ipip", later);
	return 0;
}

static int decode_check_protocol(const struct place *at, const struct field *field,
				 const json_t *value, void *object)
{
	static const char *const later[] = { "http", "https", NULL };
	const char *word = json_string_value(value);

	if (!word)
		return decode_refuse_type(at, field, value, "tcp or none");
	if (!check_protocol_parse(word, member_of(object, field)))
		return decode_refuse_word(at, field, word, "tcp or none", later);
	return 0;
}

static int decode_check_port(const struct place *at, const struct field *field,
			     const json_t *value, void *object)
{
	const char *text = json_string_value(value), *end;
	char shown[SHOWN_SIZE];
	uint16_t port = 0;

	if (!text && !json_is_integer(value))
		return decode_refuse_type(at, field, value, "a port in 1-65535 or traffic-port");
	if (!text)
		return decode_number(at, field, value, object);
	if (strcmp(text, "traffic-port")) {
		end = port_read(text, &port);
		if (!end || *end)
			return decode_refuse(at, "%s '%s' is not a port in 1-65535 or traffic-port",
					     field->key, show_text(text, shown));
	}
	member_store(object, field, port);
	return 0;
}

static const struct field health_check_fields[] = {
	{ "protocol", decode_check_protocol, FIELD(struct health_check, protocol) },
	{ "port", decode_check_port, FIELD(struct health_check, port), .min = 1, .max = 65535 },
	{ "interval", decode_duration, FIELD(struct health_check, interval_ms),
	  .min = 100, .max = 300000, .unit_ms = 1 },
	{ "timeout", decode_duration, FIELD(struct health_check, timeout_ms),
	  .min = 100, .max = 300000, .unit_ms = 1 },
	{ "healthy_threshold", decode_number, FIELD(struct health_check, healthy_threshold),
	  .min = 1, .max = 10 },
	{ "unhealthy_threshold", decode_number, FIELD(struct health_check, unhealthy_threshold),
	  .min = 1, .max = 10 },
	{ 0 },
};

static int decode_health_check(const struct place *at, const struct field *field,
			       const json_t *value, void *object)
{
	struct place here = *at;

	here.in = at;
	here.label = field->key;
	return decode_object(&here, health_check_fields, value, member_of(object, field));
}

/* Adds one address to the pair of an IPv4 and an IPv6 one. */
static int add_tunnel_source(const struct place *at, const struct field *field,
			     const json_t *value, struct addr sources[2])
{
	struct addr addr, *source;
	int r;

	r = address_read(at, field, value, &addr);
	if (r)
		return r;
	if (addr_is_zero(&addr))	/* would mean that none is set */
		return decode_refuse(at, "%s :: is the unspecified address", field->key);
	source = &sources[addr_is_v4(&addr) ? 0 : 1];
	if (!addr_is_zero(source))
		return decode_refuse(at, "%s has two %s addresses; it takes one IPv4 and one IPv6 "
				     "address", field->key, addr_is_v4(&addr) ? "IPv4" : "IPv6");
	*source = addr;
	return 0;
}

/* One address or a list; an empty list goes back to the default. */
static int decode_tunnel_source(const struct place *at, const struct field *field,
				const json_t *value, void *object)
{
	struct addr sources[2] = { 0 };
	struct place here = *at;
	json_t *item;
	size_t i;
	int r = 0;

	if (!json_is_array(value))
		r = add_tunnel_source(at, field, value, sources);
	json_array_foreach(value, i, item) {
		here.line = lines_find(at->lines, value, i);
		r = add_tunnel_source(&here, field, item, sources);
		if (r)
			break;
	}
	if (!r)
		memcpy(member_of(object, field), sources, sizeof(sources));
	return r;
}

/* The group must have no targets yet. */
static int decode_targets(const struct place *at, const struct field *field, const json_t *value,
			  void *object)
{
	return decode_list(at, field, &decode_target_kind, value, object);
}

#define SECONDS(shortest, longest)                                                              \
	.min = (shortest) * MS_PER_SECOND,                                                      \
	.max = (longest) * MS_PER_SECOND, .unit_ms = MS_PER_SECOND

static const struct field fields[] = {
	{ "name", decode_name, FIELD(struct group, name), .required = true },
	{ "forwarding", decode_forwarding, FIELD(struct group, forwarding) },
	{ "health_check", decode_health_check, FIELD(struct group, health_check) },
	{ "idle_timeout", decode_duration, FIELD(struct group, idle_timeout_s),
	  SECONDS(60, 6000) },
	{ "deregistration_delay", decode_duration, FIELD(struct group, deregistration_delay_s),
	  SECONDS(0, 3600) },
	{ "connection_termination", decode_bool, FIELD(struct group, connection_termination) },
	{ "unhealthy_connection_termination", decode_bool,
	  FIELD(struct group, unhealthy_connection_termination) },
	{ "unhealthy_draining_interval", decode_duration,
	  FIELD(struct group, unhealthy_draining_interval_s), SECONDS(0, 360000) },
	{ "slow_start", decode_duration, FIELD(struct group, slow_start_s), SECONDS(0, 900) },
	{ "tunnel_source", decode_tunnel_source, FIELD(struct group, tunnel_source) },
	{ .key = "targets", .decode = decode_targets },
	{ 0 },
};

static int decode_at(const struct place *at, const json_t *tree, void *object)
{
	return decode_object(at, fields, tree, object);
}

static void clean(void *object)
{
	struct group *group = object;

	free(group->targets);
	group->targets = NULL;
	group->target_count = 0;
}

int decode_group(const json_t *tree, struct group *out, struct err *err)
{
	const char *name = json_string_value(json_object_get(tree, "name"));
	_cleanup_(clean) struct group group = *out;
	char label[LABEL_SIZE];
	struct place at = { .label = label, .err = err };
	int r;

	group.targets = NULL;
	group.target_count = 0;
	label_object(label, "group", *out->name ? out->name : name, 0);
	r = decode_at(&at, tree, &group);
	if (r)
		return r;
	if (json_object_get(tree, "targets")) {
		free(out->targets);
	} else {
		group.targets = out->targets;
		group.target_count = out->target_count;
	}
	*out = group;
	group.targets = NULL;		/* out owns them now */
	return 0;
}

static void init(void *object)
{
	group_init(object, "");
}

static void label_group(const json_t *tree, size_t number, char *label)
{
	label_object(label, "group", json_string_value(json_object_get(tree, "name")), number);
}

static int compare(const void *a, const void *b)
{
	return strcmp(((const struct group *)a)->name, ((const struct group *)b)->name);
}

static int put(const struct place *at, void *owner, void *object)
{
	return model_put_group(owner, object) ? decode_no_memory(at) : 0;
}

const struct kind decode_group_kind = {
	.size = sizeof(struct group),
	.init = init,
	.label = label_group,
	.decode = decode_at,
	.compare = compare,
	.put = put,
	.clean = clean,
};
