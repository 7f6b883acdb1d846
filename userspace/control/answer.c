// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Building answers: what the handlers share. */
#include "control/handlers.h"

#include <errno.h>

#include "abi.h"

int answer_object(struct answer *answer, json_t *object)
{
	answer->json = object;
	return object ? 0 : -ENOMEM;
}

int answer_key(struct answer *answer, const char *key, json_t *value)
{
	return answer_object(answer, json_pack("{s:o}", key, value));
}

json_t *add_members(json_t *object, json_t *more)
{
	if (!json_object_update_new(object, more))
		return object;
	json_decref(object);
	return NULL;
}

json_t *describe_traffic(const struct traffic *traffic)
{
	return json_pack("{s:I, s:I, s:I}", "packets", (json_int_t)traffic->packets, "bytes",
			 (json_int_t)traffic->bytes, "flows", (json_int_t)traffic->flows);
}
