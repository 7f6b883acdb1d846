// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* The configuration as a whole: export, and the declarative change. */
#include "control/handlers.h"

#include <errno.h>
#include <string.h>

#include "base/cleanup.h"
#include "control/change.h"
#include "model/decode.h"
#include "model/encode.h"
#include "model/model.h"
#include "model/yaml.h"

int get_config(const struct server_options *api, const struct request *request,
	       struct answer *answer, struct err *err)
{
	json_auto_t *config = encode_model(api->change->model);

	(void)err;
	if (!request->accept || !strcasestr(request->accept, "yaml"))
		return answer_object(answer, json_incref(config));
	answer->content_type = "application/yaml";
	answer->text = config ? yaml_emit(config) : NULL;
	return answer->text ? 0 : -ENOMEM;
}

int put_config(const struct request *request, struct model **next, struct err *err)
{
	_cleanup_(model_free) struct model *model = NULL;
	int r = decode_model(request->object, request->lines, &model, err);

	if (r)
		return r;
	model_free(next);
	*next = take_ptr(model);
	return 0;
}
