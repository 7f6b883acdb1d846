// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "place.h"

#include <errno.h>
#include <string.h>

#include "base/err.h"

int place_parse(const char *text, struct place *out, struct err *err)
{
	out->protocol = !strncmp(text, "tcp:", 4) ? IPPROTO_TCP : IPPROTO_UDP;
	if (out->protocol == IPPROTO_UDP && strncmp(text, "udp:", 4))
		return err_set(err, EINVAL, "'%s' does not begin with tcp: or udp:", text);
	return endpoint_parse(text + 4, &out->addr, &out->port, err);
}

const char *place_protocol(const struct place *place)
{
	return place->protocol == IPPROTO_TCP ? "tcp" : "udp";
}
