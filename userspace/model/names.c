// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* The model's enums as words: one table each, for files, JSON, metrics and sentences. */
#include "model/model.h"

#include <netinet/in.h>
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"

static const char *const target_states[TARGET_STATE_COUNT] = {
	[TARGET_INITIAL] = "initial",
	[TARGET_HEALTHY] = "healthy",
	[TARGET_UNHEALTHY] = "unhealthy",
	[TARGET_UNHEALTHY_DRAINING] = "unhealthy.draining",
	[TARGET_UNUSED] = "unused",
	[TARGET_DRAINING] = "draining",
	[TARGET_UNAVAILABLE] = "unavailable",
};

static const char *const target_reasons[TARGET_REASON_COUNT] = {
	[TARGET_REASON_NONE] = "",
	[TARGET_REASON_REGISTRATION_IN_PROGRESS] = "Elb.RegistrationInProgress",
	[TARGET_REASON_INITIAL_HEALTH_CHECKING] = "Elb.InitialHealthChecking",
	[TARGET_REASON_RESPONSE_CODE_MISMATCH] = "Target.ResponseCodeMismatch",
	[TARGET_REASON_TIMEOUT] = "Target.Timeout",
	[TARGET_REASON_FAILED_HEALTH_CHECKS] = "Target.FailedHealthChecks",
	[TARGET_REASON_NOT_REGISTERED] = "Target.NotRegistered",
	[TARGET_REASON_NOT_IN_USE] = "Target.NotInUse",
	[TARGET_REASON_DEREGISTRATION_IN_PROGRESS] = "Target.DeregistrationInProgress",
	[TARGET_REASON_INVALID_STATE] = "Target.InvalidState",
	[TARGET_REASON_HEALTH_CHECK_DISABLED] = "Target.HealthCheckDisabled",
	[TARGET_REASON_INTERNAL_ERROR] = "Elb.InternalError",
};

static const char *const hop_states[HOP_STATE_COUNT] = {
	[HOP_UNKNOWN] = "unknown",
	[HOP_RESOLVED] = "resolved",
	[HOP_NO_ROUTE] = "no_route",
	[HOP_NO_NEIGHBOUR] = "no_neighbour",
	[HOP_NO_XDP] = "no_xdp",
	[HOP_LOCAL] = "local",
};

/* FORWARDING_NONE has no name: nothing in a file or in the API can ask for it. */
static const char *const forwardings[FORWARDING_COUNT] = {
	[FORWARDING_NAT] = "nat",
	[FORWARDING_IPIP] = "ipip",
};

static const char *const affinities[AFFINITY_COUNT] = {
	[AFFINITY_AUTO] = "auto",
	[AFFINITY_TRACKED] = "tracked",
	[AFFINITY_HASH] = "hash",
};

static const char *const check_protocols[CHECK_PROTOCOL_COUNT] = {
	[CHECK_TCP] = "tcp",
	[CHECK_NONE] = "none",
};

static const char *const protocols[] = {
	[IPPROTO_TCP] = "tcp",
	[IPPROTO_UDP] = "udp",
};

static const char *name_of(const char *const *names, size_t count, size_t value)
{
	return value < count && names[value] ? names[value] : "?";
}

/* The value of the name; count if there is none. */
static size_t value_of(const char *const *names, size_t count, const char *name)
{
	size_t value = 0;

	while (value < count && (!names[value] || strcmp(names[value], name)))
		value++;
	return value;
}

const char *target_state_name(enum target_state state)
{
	return name_of(target_states, ARRAY_SIZE(target_states), state);
}

const char *target_reason_name(enum target_reason reason)
{
	return name_of(target_reasons, ARRAY_SIZE(target_reasons), reason);
}

const char *hop_state_name(enum hop_state state)
{
	return name_of(hop_states, ARRAY_SIZE(hop_states), state);
}

const char *forwarding_name(enum forwarding forwarding)
{
	return name_of(forwardings, ARRAY_SIZE(forwardings), forwarding);
}

bool forwarding_parse(const char *name, enum forwarding *forwarding)
{
	size_t value = value_of(forwardings, ARRAY_SIZE(forwardings), name);

	if (value == ARRAY_SIZE(forwardings))
		return false;
	*forwarding = (enum forwarding)value;
	return true;
}

const char *affinity_name(enum affinity affinity)
{
	return name_of(affinities, ARRAY_SIZE(affinities), affinity);
}

bool affinity_parse(const char *name, enum affinity *affinity)
{
	size_t value = value_of(affinities, ARRAY_SIZE(affinities), name);

	if (value == ARRAY_SIZE(affinities))
		return false;
	*affinity = (enum affinity)value;
	return true;
}

const char *check_protocol_name(enum check_protocol protocol)
{
	return name_of(check_protocols, ARRAY_SIZE(check_protocols), protocol);
}

bool check_protocol_parse(const char *name, enum check_protocol *protocol)
{
	size_t value = value_of(check_protocols, ARRAY_SIZE(check_protocols), name);

	if (value == ARRAY_SIZE(check_protocols))
		return false;
	*protocol = (enum check_protocol)value;
	return true;
}

const char *protocol_name(uint8_t protocol)
{
	return name_of(protocols, ARRAY_SIZE(protocols), protocol);
}

bool protocol_parse(const char *name, uint8_t *protocol)
{
	size_t value = value_of(protocols, ARRAY_SIZE(protocols), name);

	if (value == ARRAY_SIZE(protocols))
		return false;
	*protocol = (uint8_t)value;
	return true;
}

const char *ports_format(uint16_t first, uint16_t last, char *text)
{
	if (first == last)
		snprintf(text, PORTS_TEXT_SIZE, "%u", first);
	else if (first == PORT_ANY_FIRST && last == PORT_ANY_LAST)
		snprintf(text, PORTS_TEXT_SIZE, "any");
	else
		snprintf(text, PORTS_TEXT_SIZE, "%u-%u", first, last);
	return text;
}
