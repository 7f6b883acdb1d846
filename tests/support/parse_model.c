// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "parse_model.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "model/decode.h"
#include "model/model.h"
#include "model/validate.h"
#include "model/yaml.h"

static const struct next_hop somewhere = {
	.state = HOP_RESOLVED,
	.ifindex = 7,
	.mtu = 1500,
	.dst_mac = { 2, 0, 0, 0, 0, 1 },
	.src_mac = { 2, 0, 0, 0, 0, 2 },
};

struct model *parse_model(const char *yaml)
{
	struct lines *lines = NULL;
	struct model *model = NULL;
	json_t *tree = NULL;
	struct err err;

	if (yaml_parse(yaml, strlen(yaml), &tree, &lines, &err) ||
	    decode_model(tree, lines, &model, &err) || model_validate(model, &err)) {
		fprintf(stderr, "parse_model: %s\n", err.text);
		abort();
	}
	json_decref(tree);
	lines_free(&lines);
	for (size_t i = 0; i < model->group_count; i++) {
		for (size_t j = 0; j < model->groups[i].target_count; j++) {
			model->groups[i].targets[j].state = TARGET_HEALTHY;
			model->groups[i].targets[j].hop = somewhere;
		}
	}
	return model;
}
