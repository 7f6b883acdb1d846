// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* sluicectl status, metrics, version: how it goes. */
#include "ctl/cmd.h"

#include <errno.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "ctl/status.h"
#include "ctl/view.h"

int cmd_status(const struct invocation *invocation, struct err *err)
{
	return invocation_ask(invocation, "GET", client_path("status", NULL), status_print, err);
}

int cmd_metrics(const struct invocation *invocation, struct err *err)
{
	struct request request = { .method = "GET", .path = "/metrics" };
	_cleanup_free_ char *text = NULL;
	int r;

	if (invocation->output.json)
		return err_set(err, EINVAL,
			       "metrics are in the text format of Prometheus: leave out --output json");
	r = client_text(&invocation->client, &request, &text, err);
	if (!r)
		fputs(text, invocation->output.stream);
	return r;
}

static int show_version(const json_t *reply, const struct output *output)
{
	const json_t *abi = json_object_get(reply, "abi");

	fprintf(output->stream, "sluicectl %s\n", view_text(reply, "sluicectl"));
	if (abi)
		fprintf(output->stream, "sluiced   %s (ABI %d)\n", view_text(reply, "version"),
			(int)json_integer_value(abi));
	else
		fprintf(output->stream, "sluiced   is not running\n");
	return 0;
}

/* A daemon that is not there is an answer too; one that can not be asked is a failure. */
int cmd_version(const struct invocation *invocation, struct err *err)
{
	_cleanup_free_ char *path = client_path("version", NULL);
	json_auto_t *reply = NULL;
	int r;

	r = client_json(&invocation->client, "GET", path, NULL, &reply, err);
	if (r == -ENOENT || r == -ECONNREFUSED)
		reply = json_object();
	else if (r)
		return r;
	if (json_object_set_new(reply, "sluicectl", json_string(SLUICE_VERSION)))
		return err_set(err, ENOMEM, "out of memory");
	return invocation_show(invocation, reply, show_version, err);
}
