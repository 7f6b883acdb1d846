// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* sluicectl apply and export: the whole configuration as a file. */
#include "ctl/cmd.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "ctl/view.h"

enum { FILE_SIZE_MAX = 16 << 20, READ_SIZE = 64 << 10 };

/* A growing buffer, ended by a zero byte once it has been read. */
struct text {
	char *bytes;
	size_t length;
};

static void cleanup_text(struct text *text)
{
	free(text->bytes);
}

static int reserve(struct text *text, size_t *size)
{
	char *bytes;

	if (*size - text->length > READ_SIZE)
		return 0;
	bytes = realloc(text->bytes, *size * 2 + READ_SIZE * 2);
	if (!bytes)
		return -ENOMEM;
	*size = *size * 2 + READ_SIZE * 2;
	text->bytes = bytes;
	return 0;
}

static int read_all(int fd, struct text *text)
{
	size_t size = 0;
	ssize_t got;

	do {
		if (reserve(text, &size))
			return -ENOMEM;
		got = TEMP_FAILURE_RETRY(read(fd, text->bytes + text->length, READ_SIZE));
		if (got < 0)
			return -errno;
		text->length += got;
		if (text->length > FILE_SIZE_MAX)
			return -EFBIG;
	} while (got);
	text->bytes[text->length] = '\0';
	return 0;
}

/*
 * Nothing at all is more likely a command that failed in front of a pipe than the wish to remove
 * every listener.
 */
static int check_text(const struct text *text, const char *name, struct err *err)
{
	if (strspn(text->bytes, " \t\r\n") < text->length)
		return 0;
	return err_set(err, ENODATA, "%s is empty: to remove everything, apply 'listeners: []'",
		       name);
}

static int read_file(const char *path, struct text *text, struct err *err)
{
	bool is_stdin = !strcmp(path, "-");
	const char *name = is_stdin ? "standard input" : path;
	_cleanup_close_ int fd = -1;
	int r;

	if (!is_stdin)
		fd = open(path, O_RDONLY | O_CLOEXEC);
	if (!is_stdin && fd < 0)
		return err_set(err, errno, "cannot open %s: %s", name, strerror(errno));
	r = read_all(is_stdin ? STDIN_FILENO : fd, text);
	if (r == -EFBIG)
		return err_set(err, EFBIG, "%s is too large: a configuration has at most %d MiB",
			       name, FILE_SIZE_MAX >> 20);
	if (r)
		return err_set(err, -r, "cannot read %s: %s", name, strerror(-r));
	return check_text(text, name, err);
}

static int show_summary(const json_t *reply, const struct output *output, const char *outcome)
{
	size_t count = json_array_size(json_object_get(reply, "changes"));
	int r = view_changes(reply, output);

	if (!r && count)
		fprintf(output->stream, "%zu change%s %s\n", count, count == 1 ? "" : "s", outcome);
	return r;
}

static int show_applied(const json_t *reply, const struct output *output)
{
	return show_summary(reply, output, "applied");
}

static int show_dry_run(const json_t *reply, const struct output *output)
{
	return show_summary(reply, output, "would be applied");
}

int cmd_apply(const struct invocation *invocation, struct err *err)
{
	_cleanup_(cleanup_text) struct text file = { 0 };
	bool dry_run = invocation_value(invocation, "dry-run");
	_cleanup_free_ char *text = NULL;
	json_auto_t *reply = NULL;
	struct request request;
	int r;

	r = read_file(invocation_value(invocation, "file"), &file, err);
	if (r)
		return r;
	request = (struct request){
		.method = "PUT",
		.path = dry_run ? "/v1/config?dry_run=1" : "/v1/config",
		.accept = "application/json",
		.type = "application/yaml",
		.body = file.bytes,
		.length = file.length,
	};
	r = client_text(&invocation->client, &request, &text, err) ?:
	    client_parse(&invocation->client, text, &reply, err);
	return r ?: invocation_show(invocation, reply, dry_run ? show_dry_run : show_applied, err);
}

int cmd_export(const struct invocation *invocation, struct err *err)
{
	struct request request = {
		.method = "GET",
		.path = "/v1/config",
		.accept = "application/yaml",
	};
	_cleanup_free_ char *text = NULL;
	int r;

	if (invocation->output.json)
		return invocation_ask(invocation, "GET", client_path("config", NULL), NULL, err);
	r = client_text(&invocation->client, &request, &text, err);
	if (!r)
		fputs(text, invocation->output.stream);
	return r;
}
