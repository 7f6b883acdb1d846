// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* JSON, or YAML where the content type says so. Between control/handlers.c and model/decode.h. */
#include "control/body.h"

#include <errno.h>
#include <string.h>

#include "base/err.h"
#include "control/handlers.h"
#include "model/show.h"
#include "model/yaml.h"

static int parse_json(struct request *request, struct err *err)
{
	char shown[SHOWN_SIZE];
	json_error_t error;

	request->object = json_loadb(request->body, request->body_length, JSON_REJECT_DUPLICATES,
				     &error);
	if (request->object)
		return 0;
	if (json_error_code(&error) == json_error_out_of_memory)
		return -ENOMEM;
	return err_set(err, EINVAL, "the body is not JSON: line %d, column %d: %s", error.line,
		       error.column, show_text(error.text, shown));
}

int body_parse(struct request *request, struct err *err)
{
	bool yaml = request->content_type && strcasestr(request->content_type, "yaml");
	int r;

	if (request->body_length > YAML_SIZE_MAX)
		return err_set(err, EFBIG, "the body is larger than %d MiB", YAML_SIZE_MAX >> 20);
	/* Nothing is valid YAML and would be the empty configuration: hardly what was meant. */
	if (!request->body_length)
		return err_set(err, EINVAL, "the body is empty; an object such as {} is needed");
	if (yaml)
		r = yaml_parse(request->body, request->body_length, &request->object,
			       &request->lines, err);
	else
		r = parse_json(request, err);
	if (!r && !json_is_object(request->object))
		r = err_set(err, EINVAL, "the body is not an object such as {\"name\": \"web\"}");
	return r;
}
