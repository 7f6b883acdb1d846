// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Any bytes as a YAML text: refused with a sentence and a line, or read, written and read again
 * without a difference. Run: tests/fuzz/run yaml [SECONDS].
 */
#include <jansson.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "model/yaml.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length);

static void require(int is_right)
{
	if (!is_right)
		abort();
}

/* Every member of every object and list has a line, in the order of the text. */
static void check_lines(const struct lines *lines, const json_t *node, unsigned at_least)
{
	size_t count = json_is_array(node) ? json_array_size(node) : json_object_size(node);
	void *member = json_object_iter((json_t *)node);

	for (size_t i = 0; i < count; i++) {
		unsigned line = lines_find(lines, node, i);

		require(line >= at_least);
		at_least = line;
		check_lines(lines,
			    json_is_array(node) ? json_array_get(node, i)
						: json_object_iter_value(member),
			    line);
		if (member)
			member = json_object_iter_next((json_t *)node, member);
	}
}

static void check_round_trip(const json_t *tree)
{
	struct lines *lines = NULL;
	json_t *back = NULL;
	struct err err;
	char *text = yaml_emit(tree);

	require(text && !yaml_parse(text, strlen(text), &back, &lines, &err));
	require(json_equal(tree, back));
	json_decref(back);
	lines_free(&lines);
	free(text);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length)
{
	struct err err = { .code = 0 };
	struct lines *lines = NULL;
	json_t *tree = NULL;

	if (yaml_parse((const char *)bytes, length, &tree, &lines, &err)) {
		require(err.code > 0 && !strncmp(err.text, "line ", 5) && !tree && !lines);
		return 0;
	}
	check_lines(lines, tree, 1);
	check_round_trip(tree);
	json_decref(tree);
	lines_free(&lines);
	return 0;
}
