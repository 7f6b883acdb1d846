// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * The state file on disk: the end of each change's way, the start of the next daemon's. What stands
 * in it: state_tree.c.
 */
#include "model/state.h"

#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "model/model.h"
#include "model/state_tree.h"

static const char file_name[] = "state.json";
static const char temporary_name[] = "state.json.new";

static void cleanup_file(FILE **file)
{
	if (*file)
		fclose(*file);
}

static int ensure_secret(struct model *model, struct err *err)
{
	if (model_has_secret(model))
		return 0;
	if (getrandom(model->hash_secret, SECRET_SIZE, 0) != SECRET_SIZE)
		return err_set(err, errno, "no random bytes for the hash secret: %s",
			       strerror(errno));
	return 0;
}

/* The way out comes before the cause, which may be cut. */
static int refuse_content(const char *dir, const char *why, struct err *err)
{
	return err_set(err, EINVAL,
		       "the state file %s/%s can not be used; repair it, or move it away to start "
		       "empty: %s",
		       dir, file_name, why);
}

static int read_state(const char *dir, FILE *file, struct model **out, struct err *err)
{
	json_auto_t *tree = NULL;
	json_error_t error;
	char why[256];
	struct err cause;
	int r;

	tree = json_loadf(file, JSON_REJECT_DUPLICATES, &error);
	if (ferror(file))
		return err_set(err, errno, "can not read the state file %s/%s: %s", dir, file_name,
			       strerror(errno));
	if (!tree) {
		snprintf(why, sizeof(why), "line %d: %s", error.line, error.text);
		return refuse_content(dir, why, err);
	}
	r = state_decode(tree, out, &cause);
	if (r == -ENOMEM)
		return err_set(err, ENOMEM, "out of memory");
	return r ? refuse_content(dir, cause.text, err) : 0;
}

int state_load(const char *dir, struct model **out, struct err *err)
{
	_cleanup_(model_free) struct model *model = NULL;
	_cleanup_(cleanup_file) FILE *file = NULL;
	_cleanup_free_ char *path = NULL;
	int r;

	if (mkdir(dir, 0700) && errno != EEXIST)
		return err_set(err, errno, "can not create the state directory %s: %s", dir,
			       strerror(errno));
	if (asprintf(&path, "%s/%s", dir, file_name) < 0)
		return err_set(err, ENOMEM, "out of memory");
	file = fopen(path, "re");
	if (file) {
		r = read_state(dir, file, &model, err);
	} else if (errno == ENOENT) {
		model = model_new();
		r = model ? 0 : err_set(err, ENOMEM, "out of memory");
	} else {
		r = err_set(err, errno, "can not read the state file %s: %s", path,
			    strerror(errno));
	}
	r = r ?: ensure_secret(model, err);
	if (!r)
		*out = take_ptr(model);
	return r;
}

static int write_text(int fd, const char *text)
{
	size_t left = strlen(text);

	while (left) {
		ssize_t written = write(fd, text, left);

		if (written < 0 && errno != EINTR)
			return -errno;
		if (written > 0) {
			text += written;
			left -= (size_t)written;
		}
	}
	return fsync(fd) ? -errno : 0;
}

/* The old file stays whole until the new one is: a crash at any point leaves one of the two. */
static int replace(int dir, const char *text)
{
	_cleanup_close_ int fd = -1;
	int r;

	fd = openat(dir, temporary_name, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	if (fd < 0)
		return -errno;
	r = write_text(fd, text);
	if (!r && renameat(dir, temporary_name, dir, file_name))
		r = -errno;
	if (r)
		unlinkat(dir, temporary_name, 0);
	else if (fsync(dir))
		r = -errno;
	return r;
}

int state_save(const char *dir, const struct model *model, struct err *err)
{
	json_auto_t *tree = state_encode(model);
	_cleanup_free_ char *text = tree ? json_dumps(tree, JSON_INDENT(2)) : NULL;
	_cleanup_close_ int fd = -1;
	int r;

	if (!text)
		return err_set(err, ENOMEM, "out of memory");
	fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	r = fd < 0 ? -errno : replace(fd, text);
	if (r)
		return err_set(err, -r, "can not write the state file %s/%s: %s", dir, file_name,
			       strerror(-r));
	return 0;
}
