// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* One listener of a configuration, the API or the state file: JSON object -> struct listener. */
#include "model/decode.h"

#include <errno.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "model/decode_kind.h"
#include "model/decode_value.h"
#include "model/model.h"
#include "model/show.h"
#include "model/yaml.h"

static int decode_protocol(const struct place *at, const struct field *field, const json_t *value,
			   void *object)
{
	const char *word = json_string_value(value);

	if (!word)
		return decode_refuse_type(at, field, value, "tcp or udp");
	if (!protocol_parse(word, member_of(object, field)))
		return decode_refuse_word(at, field, word, "tcp or udp", NULL);
	return 0;
}

static int decode_affinity(const struct place *at, const struct field *field, const json_t *value,
			   void *object)
{
	const char *word = json_string_value(value);

	if (!word)
		return decode_refuse_type(at, field, value, "auto, tracked or hash");
	if (!affinity_parse(word, member_of(object, field)))
		return decode_refuse_word(at, field, word, "auto, tracked or hash", NULL);
	return 0;
}

static int set_ports(struct listener *listener, uint16_t first, uint16_t last)
{
	listener->port_first = first;
	listener->port_last = last;
	return 0;
}

/* "80", "8000-8100" or "any". */
static int read_ports(const struct place *at, const struct field *field, const char *text,
		      struct listener *listener)
{
	uint16_t first = 0, last;
	char shown[SHOWN_SIZE];
	const char *end;

	if (!strcmp(text, "any"))
		return set_ports(listener, PORT_ANY_FIRST, PORT_ANY_LAST);
	end = port_read(text, &first);
	last = first;
	if (end && *end == '-')
		end = port_read(end + 1, &last);
	if (!end || *end)
		return decode_refuse(at, "%s '%s' is not a port in 1-65535, a range such as "
				     "8000-8100 or any", field->key, show_text(text, shown));
	if (first > last)
		return decode_refuse(at, "%s range %u-%u ends before it begins", field->key, first,
				     last);
	return set_ports(listener, first, last);
}

static int decode_ports(const struct place *at, const struct field *field, const json_t *value,
			void *object)
{
	struct listener *listener = object;
	uint64_t port;
	int r;

	if (json_is_string(value))
		return read_ports(at, field, json_string_value(value), listener);
	if (!json_is_integer(value))
		return decode_refuse_type(at, field, value,
					  "a port in 1-65535, a range such as 8000-8100 or any");
	r = number_read(at, field, value, &port);
	return r ? r : set_ports(listener, (uint16_t)port, (uint16_t)port);
}

static int set_groups(struct listener *listener, const struct weighted_group *groups, size_t count)
{
	memset(listener->groups, 0, sizeof(listener->groups));
	memcpy(listener->groups, groups, count * sizeof(*groups));
	listener->group_count = count;
	return 0;
}

static int decode_group_name(const struct place *at, const struct field *field,
			     const json_t *value, void *object)
{
	const struct field name = { .key = field->key, FIELD(struct weighted_group, name) };
	struct weighted_group group = { .weight = 1 };
	int r;

	r = decode_name(at, &name, value, &group);
	return r ? r : set_groups(object, &group, 1);
}

static int compare_weighted_groups(const void *a, const void *b)
{
	return strcmp(((const struct weighted_group *)a)->name,
		      ((const struct weighted_group *)b)->name);
}

static int decode_group_weight(const struct place *at, const char *name, const json_t *weight,
			       struct weighted_group *out)
{
	static const struct field field = { .key = "weight", .max = WEIGHT_MAX,
					    FIELD(struct weighted_group, weight) };
	char label[LABEL_SIZE];
	struct place here = *at;
	struct err err;

	if (name_check("group", name, &err))
		return decode_refuse(at, "%s", err.text);
	label_object(label, "group", name, 0);
	here.in = at;
	here.label = label;
	strcpy(out->name, name);
	return decode_number(&here, &field, weight, out);
}

static int decode_group_weights(const struct place *at, const struct field *field,
				const json_t *value, void *object)
{
	struct weighted_group groups[ROUTING_GROUPS_MAX] = { 0 };
	struct place here = *at;
	json_t *weight;
	const char *name;
	size_t i = 0;
	int r;

	if (!json_is_object(value))
		return decode_refuse_type(at, field, value,
					  "an object such as { blue: 90, green: 10 }");
	if (!json_object_size(value) || json_object_size(value) > ROUTING_GROUPS_MAX)
		return decode_refuse(at, "%s must name 1-%d groups, not %zu", field->key,
				     ROUTING_GROUPS_MAX, json_object_size(value));
	json_object_foreach((json_t *)value, name, weight) {
		here.line = lines_find(at->lines, value, i);
		r = decode_group_weight(&here, name, weight, &groups[i++]);
		if (r)
			return r;
	}
	qsort(groups, i, sizeof(groups[0]), compare_weighted_groups);
	return set_groups(object, groups, i);
}

static const struct field fields[] = {
	{ "name", decode_name, FIELD(struct listener, name), .required = true },
	{ "address", decode_address, FIELD(struct listener, addr), .required = true },
	{ "protocol", decode_protocol, FIELD(struct listener, protocol) },
	{ "port", decode_ports, FIELD(struct listener, port_last), .required = true,
	  .min = 1, .max = 65535 },
	{ "affinity", decode_affinity, FIELD(struct listener, affinity) },
	{ .key = "group", .decode = decode_group_name },
	{ .key = "groups", .decode = decode_group_weights },
	{ 0 },
};

static void init(void *object)
{
	((struct listener *)object)->protocol = IPPROTO_TCP;
}

static int decode_at(const struct place *at, const json_t *tree, void *object)
{
	struct listener *listener = object;
	int r;

	r = decode_object(at, fields, tree, listener);
	if (r)
		return r;
	if (json_object_get(tree, "group") && json_object_get(tree, "groups"))
		return decode_refuse(at, "group and groups exclude each other: give one of them");
	if (!listener->group_count)
		return decode_refuse(at, "the key 'group' (or 'groups') is missing");
	return 0;
}

int decode_listener(const json_t *tree, struct listener *out, struct err *err)
{
	const char *name = json_string_value(json_object_get(tree, "name"));
	struct listener listener = *out;
	char label[LABEL_SIZE];
	struct place at = { .label = label, .err = err };
	int r;

	if (!listener.protocol)
		init(&listener);
	label_object(label, "listener", *out->name ? out->name : name, 0);
	r = decode_at(&at, tree, &listener);
	if (!r)
		*out = listener;
	return r;
}

static void label_listener(const json_t *tree, size_t number, char *label)
{
	label_object(label, "listener", json_string_value(json_object_get(tree, "name")), number);
}

static int compare(const void *a, const void *b)
{
	return strcmp(((const struct listener *)a)->name, ((const struct listener *)b)->name);
}

static int put(const struct place *at, void *owner, void *object)
{
	return model_put_listener(owner, object) ? decode_no_memory(at) : 0;
}

const struct kind decode_listener_kind = {
	.size = sizeof(struct listener),
	.init = init,
	.label = label_listener,
	.decode = decode_at,
	.compare = compare,
	.put = put,
};
