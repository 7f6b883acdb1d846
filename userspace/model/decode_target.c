// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* One target of a group: JSON object -> struct target. */
#include "model/decode.h"

#include <stdio.h>

#include "base/addr.h"
#include "model/decode_kind.h"
#include "model/decode_value.h"
#include "model/model.h"
#include "model/show.h"

static const struct field fields[] = {
	{ "address", decode_address, FIELD(struct target, addr), .required = true },
	{ "port", decode_number, FIELD(struct target, port), .required = true,
	  .min = 1, .max = 65535 },
	{ "weight", decode_number, FIELD(struct target, weight), .max = WEIGHT_MAX },
	{ 0 },
};

static void init(void *object)
{
	((struct target *)object)->weight = 1;
}

/* As far as it can be read: "target 10.0.0.11:8080", "target 10.0.0.11". */
static void label_target(const json_t *tree, size_t number, char *label)
{
	const char *address = json_string_value(json_object_get(tree, "address"));
	json_int_t port = json_integer_value(json_object_get(tree, "port"));
	char text[ENDPOINT_TEXT_SIZE], shown[SHOWN_SIZE];
	struct addr addr;

	if (address && port > 0 && port <= UINT16_MAX && !addr_parse(address, &addr, NULL))
		address = endpoint_format(&addr, (uint16_t)port, text);
	if (address)
		snprintf(label, LABEL_SIZE, "target %s", show_text(address, shown));
	else
		label_object(label, "target", NULL, number);
}

static int decode_at(const struct place *at, const json_t *tree, void *object)
{
	return decode_object(at, fields, tree, object);
}

static int refuse_other_endpoint(const struct place *at, const struct target *from,
				 const struct target *to)
{
	char old[ENDPOINT_TEXT_SIZE], new[ENDPOINT_TEXT_SIZE];

	return decode_refuse(at, "address and port can not be changed from %s to %s",
			     endpoint_format(&from->addr, from->port, old),
			     endpoint_format(&to->addr, to->port, new));
}

int decode_target(const json_t *tree, struct target *out, struct err *err)
{
	bool is_new = addr_is_zero(&out->addr);
	struct target target = *out;
	char label[LABEL_SIZE], endpoint[ENDPOINT_TEXT_SIZE];
	struct place at = { .label = label, .err = err };
	int r;

	if (is_new) {
		init(&target);
		label_target(tree, 0, label);
	} else {
		snprintf(label, sizeof(label), "target %s",
			 endpoint_format(&out->addr, out->port, endpoint));
	}
	r = decode_at(&at, tree, &target);
	if (!r && !is_new && target_compare(&target, out))
		r = refuse_other_endpoint(&at, out, &target);
	if (!r)
		*out = target;
	return r;
}

static int compare(const void *a, const void *b)
{
	return target_compare(a, b);
}

static int put(const struct place *at, void *owner, void *object)
{
	return group_put_target(owner, object) ? decode_no_memory(at) : 0;
}

const struct kind decode_target_kind = {
	.size = sizeof(struct target),
	.init = init,
	.label = label_target,
	.decode = decode_at,
	.compare = compare,
	.put = put,
};
