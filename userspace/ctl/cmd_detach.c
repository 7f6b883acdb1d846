// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* sluicectl detach: by the daemon, or without it when none runs. */
#include "ctl/cmd.h"

#include <errno.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "ctl/pins.h"
#include "ctl/view.h"

static int show_detached(const json_t *reply, const struct output *output)
{
	(void)reply;
	fputs("detached: sluiced took its program off every interface and ends\n", output->stream);
	return 0;
}

static int show_removed(const json_t *reply, const struct output *output)
{
	json_int_t count = json_integer_value(json_object_get(reply, "pins_removed"));
	const char *dir = view_text(reply, "pin_dir"), *socket = view_text(reply, "socket");

	if (json_is_true(json_object_get(reply, "detached")))
		fprintf(output->stream,
			"detached: removed %" JSON_INTEGER_FORMAT
			" pins below %s (no sluiced answers on %s)\n",
			count, dir, socket);
	else
		fprintf(output->stream,
			"nothing is attached: no sluiced answers on %s and there is no %s\n",
			socket, dir);
	return 0;
}

static int detach_by_hand(const struct invocation *invocation, struct err *err)
{
	const char *dir = invocation_value(invocation, "pin-dir") ?: PINS_DIR_DEFAULT;
	json_auto_t *reply = NULL;
	unsigned count = 0;
	int r;

	r = pins_remove(dir, &count, err);
	if (r && r != -ENOENT)
		return r;
	reply = json_pack("{s:b, s:i, s:s, s:s}", "detached", !r, "pins_removed", (int)count,
			  "pin_dir", dir, "socket", invocation->client.socket);
	if (!reply)
		return err_set(err, ENOMEM, "out of memory");
	return invocation_show(invocation, reply, show_removed, err);
}

int cmd_detach(const struct invocation *invocation, struct err *err)
{
	_cleanup_free_ char *path = client_path("detach", NULL);
	json_auto_t *reply = NULL;
	int r;

	r = client_json(&invocation->client, "POST", path, NULL, &reply, err);
	if (r == -ENOENT || r == -ECONNREFUSED)
		return detach_by_hand(invocation, err);
	return r ?: invocation_show(invocation, reply, show_detached, err);
}
