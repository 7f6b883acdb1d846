// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Any bytes as a configuration file, and each object of it as the body of an API call: refused with
 * a sentence, or a model that comes back from its own encoding.
 * Run: tests/fuzz/run decode [SECONDS].
 */
#include <errno.h>
#include <jansson.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "model/decode.h"
#include "model/encode.h"
#include "model/model.h"
#include "model/state_tree.h"
#include "model/yaml.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length);

static void require(int is_right)
{
	if (!is_right)
		abort();
}

/* A failure has a sentence that can be sent as JSON. */
static void check_sentence(int r, const struct err *err)
{
	json_t *text = r ? json_string(err->text) : NULL;

	require(!r || (r == -EINVAL && err->code == EINVAL && err->text[0] && text));
	json_decref(text);
}

static void try_objects(const json_t *tree)
{
	struct listener listener = { .name = "" };
	struct target target = { .port = 0 };
	struct group group;
	struct err err;

	group_init(&group, "");
	check_sentence(decode_listener(tree, &listener, &err), &err);
	check_sentence(decode_target(tree, &target, &err), &err);
	check_sentence(decode_group(tree, &group, &err), &err);
	check_sentence(decode_group(tree, &group, &err), &err);
	free(group.targets);
}

static void try_all_objects(const json_t *tree)
{
	const char *key;
	json_t *member;
	size_t i;

	try_objects(tree);
	json_object_foreach ((json_t *)tree, key, member)
		try_all_objects(member);
	json_array_foreach (tree, i, member)
		try_all_objects(member);
}

static void try_state(const json_t *tree)
{
	struct model *model = NULL;
	struct err err;

	check_sentence(state_decode(tree, &model, &err), &err);
	model_free(&model);
}

static void check_round_trip(const struct model *model)
{
	json_t *tree = encode_model(model), *again;
	struct model *back = NULL;

	require(!decode_model(tree, NULL, &back, NULL));
	again = encode_model(back);
	require(json_equal(tree, again));
	json_decref(tree);
	json_decref(again);
	model_free(&back);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length)
{
	struct model *model = NULL;
	struct lines *lines = NULL;
	json_t *tree = NULL;
	struct err err;
	int r;

	if (yaml_parse((const char *)bytes, length, &tree, &lines, &err))
		return 0;
	r = decode_model(tree, lines, &model, &err);
	check_sentence(r, &err);
	if (!r)
		check_round_trip(model);
	try_all_objects(tree);
	try_state(tree);
	model_free(&model);
	json_decref(tree);
	lines_free(&lines);
	return 0;
}
