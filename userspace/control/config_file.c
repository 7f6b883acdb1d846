// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "control/config_file.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "model/decode.h"
#include "model/yaml.h"

static void cleanup_file(FILE **file)
{
	if (*file)
		fclose(*file);
}

static int read_file(const char *path, char **out, size_t *length, struct err *err)
{
	_cleanup_(cleanup_file) FILE *file = fopen(path, "re");
	_cleanup_free_ char *text = malloc(YAML_SIZE_MAX + 1);

	if (!file)
		return err_set(err, errno, "%s", strerror(errno));
	if (!text)
		return err_set(err, ENOMEM, "out of memory");
	*length = fread(text, 1, YAML_SIZE_MAX + 1, file);
	if (ferror(file))
		return err_set(err, EIO, "reading failed: %s", strerror(errno));
	if (*length > YAML_SIZE_MAX)
		return err_set(err, EFBIG, "larger than %d MiB", YAML_SIZE_MAX >> 20);
	*out = take_ptr(text);
	return 0;
}

int config_file_load(const char *path, struct model **out, struct err *err)
{
	_cleanup_(lines_free) struct lines *lines = NULL;
	_cleanup_free_ char *text = NULL;
	json_t *tree = NULL;
	size_t length = 0;
	int r;

	r = read_file(path, &text, &length, err);
	r = r ?: yaml_parse(text, length, &tree, &lines, err);
	r = r ?: decode_model(tree, lines, out, err);
	json_decref(tree);
	if (r)
		err_prefix(err, "%s", path);
	return r;
}
