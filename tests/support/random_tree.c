// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "random_tree.h"

#include <string.h>

#include "base/cleanup.h"

uint32_t random_below(struct random_source *random, uint32_t count)
{
	/* SplitMix64: a counter, mixed. */
	uint64_t mixed = random->state += UINT64_C(0x9e3779b97f4a7c15);

	mixed = (mixed ^ mixed >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
	mixed = (mixed ^ mixed >> 27) * UINT64_C(0x94d049bb133111eb);
	return (uint32_t)((mixed ^ mixed >> 31) % count);
}

enum { PIECES_MAX = 6, PIECE_SIZE = 8, TEXT_SIZE = PIECES_MAX * PIECE_SIZE };

static const char *random_text(struct random_source *random, char text[TEXT_SIZE])
{
	static const char pieces[][PIECE_SIZE] = {
		" ", "\n", "\t", "\r", "'", "\"", "\\", ":", ": ", " #", "#", "-", "- ", "? ", ",",
		"[", "]", "{", "}", "&", "*", "!", "|", ">", "%", "@", "0", "1", "80", "-1", ".5",
		"e1", "true", "null", "~", "a", "web", "10.0.0", "::", "\xc3\xbc", "\xc2\x85",
		"\xe2\x80\xa9", "\xef\xbb\xbf", "\x01", "\x7f", "---", "...", "<<", "=",
	};
	uint32_t count = random_below(random, PIECES_MAX);

	text[0] = '\0';
	for (uint32_t i = 0; i < count; i++)
		strcat(text, pieces[random_below(random, ARRAY_SIZE(pieces))]);
	return text;
}

static json_t *random_scalar(struct random_source *random)
{
	char text[TEXT_SIZE];

	switch (random_below(random, 8)) {
	case 0:
		return json_integer((json_int_t)random_below(random, UINT32_MAX) - INT32_MAX);
	case 1:
		return json_real((random_below(random, UINT32_MAX) - 1e9) / 64);
	case 2:
		return json_boolean(random_below(random, 2));
	case 3:
		return json_null();
	default:
		return json_string(random_text(random, text));
	}
}

static json_t *random_node(struct random_source *random, unsigned depth)
{
	return depth && random_below(random, 3) ? random_tree(random, depth)
						: random_scalar(random);
}

json_t *random_tree(struct random_source *random, unsigned depth)
{
	json_t *tree = random_below(random, 2) ? json_object() : json_array();
	uint32_t count = random_below(random, 5);
	char key[TEXT_SIZE];

	for (uint32_t i = 0; i < count; i++) {
		json_t *node = random_node(random, depth - 1);

		if (json_is_object(tree))
			json_object_set_new(tree, random_text(random, key), node);
		else
			json_array_append_new(tree, node);
	}
	return tree;
}
