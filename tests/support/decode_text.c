// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "decode_text.h"

#include <string.h>

#include "base/cleanup.h"
#include "model/decode.h"
#include "model/yaml.h"

int decode_text(const char *yaml, struct model **out, struct err *err)
{
	_cleanup_(lines_free) struct lines *lines = NULL;
	json_t *tree = NULL;
	int r;

	r = yaml_parse(yaml, strlen(yaml), &tree, &lines, err);
	r = r ?: decode_model(tree, lines, out, err);
	json_decref(tree);
	return r;
}
