// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Model -> JSON tree. Each object has one function that writes all its attributes; the
 * configuration is that with everything taken away again that equals a fresh object's, so that the
 * defaults stand in group_init alone.
 */
#include "model/encode.h"

#include <stdio.h>
#include <string.h>

#include "base/addr.h"
#include "base/cleanup.h"
#include "model/duration.h"
#include "model/model.h"

/* Takes value; false if it is NULL or out of memory. */
static bool add(json_t *object, const char *key, json_t *value)
{
	return !json_object_set_new(object, key, value);
}

static json_t *encode_address(const struct addr *addr)
{
	char text[ADDR_TEXT_SIZE];

	return json_string(addr_format(addr, text));
}

static json_t *encode_duration(uint64_t ms)
{
	char text[DURATION_TEXT_SIZE];

	return json_string(duration_format(ms, MS_PER_SECOND, text));
}

static json_t *encode_seconds(uint32_t seconds)
{
	return encode_duration((uint64_t)seconds * MS_PER_SECOND);
}

static json_t *encode_ports(const struct listener *listener)
{
	char text[PORTS_TEXT_SIZE];

	if (listener->port_first == listener->port_last)
		return json_integer(listener->port_first);
	return json_string(ports_format(listener->port_first, listener->port_last, text));
}

static json_t *encode_weights(const struct listener *listener)
{
	json_auto_t *weights = json_object();

	for (size_t i = 0; i < listener->group_count; i++) {
		const struct weighted_group *group = &listener->groups[i];

		if (!add(weights, group->name, json_integer(group->weight)))
			return NULL;
	}
	return take_ptr(weights);
}

json_t *encode_listener(const struct listener *listener)
{
	bool single = listener->group_count == 1 && listener->groups[0].weight == 1;
	json_auto_t *object = json_object();
	bool ok;

	ok = add(object, "name", json_string(listener->name)) &&
	     add(object, "address", encode_address(&listener->addr)) &&
	     add(object, "protocol", json_string(protocol_name(listener->protocol))) &&
	     add(object, "port", encode_ports(listener)) &&
	     add(object, "affinity", json_string(affinity_name(listener->affinity))) &&
	     (single ? add(object, "group", json_string(listener->groups[0].name))
		     : add(object, "groups", encode_weights(listener)));
	return ok ? take_ptr(object) : NULL;
}

static json_t *encode_target_attributes(const struct target *target)
{
	json_auto_t *object = json_object();
	bool ok;

	ok = add(object, "address", encode_address(&target->addr)) &&
	     add(object, "port", json_integer(target->port)) &&
	     add(object, "weight", json_integer(target->weight));
	return ok ? take_ptr(object) : NULL;
}

static json_t *encode_mac(const uint8_t mac[6])
{
	return json_sprintf("%02x:%02x:%02x:%02x:%02x:%02x", mac[0], mac[1], mac[2], mac[3], mac[4],
			    mac[5]);
}

static json_t *encode_hop(const struct next_hop *hop)
{
	json_auto_t *object = json_object();
	bool ok;

	ok = add(object, "state", json_string(hop_state_name(hop->state)));
	if (ok && hop->state == HOP_RESOLVED)
		ok = add(object, "interface", json_integer(hop->ifindex)) &&
		     add(object, "mac", encode_mac(hop->dst_mac)) &&
		     add(object, "mtu", json_integer(hop->mtu)) &&
		     (!hop->vlan || add(object, "vlan", json_integer(hop->vlan)));
	return ok ? take_ptr(object) : NULL;
}

json_t *encode_target(const struct target *target, int in_service)
{
	json_auto_t *object = encode_target_attributes(target);
	bool ok;

	ok = add(object, "state", json_string(target_state_name(target->state))) &&
	     add(object, "reason", json_string(target_reason_name(target->reason))) &&
	     add(object, "in_service", json_boolean(in_service)) &&
	     add(object, "next_hop", encode_hop(&target->hop));
	return ok ? take_ptr(object) : NULL;
}

static json_t *encode_health_check(const struct health_check *check)
{
	json_t *port = check->port ? json_integer(check->port) : json_string("traffic-port");
	json_auto_t *object = json_object();
	bool ok;

	ok = add(object, "port", port) &&
	     add(object, "protocol", json_string(check_protocol_name(check->protocol))) &&
	     add(object, "interval", encode_duration(check->interval_ms)) &&
	     add(object, "timeout", encode_duration(check->timeout_ms)) &&
	     add(object, "healthy_threshold", json_integer(check->healthy_threshold)) &&
	     add(object, "unhealthy_threshold", json_integer(check->unhealthy_threshold));
	return ok ? take_ptr(object) : NULL;
}

/* One address as itself, both or none as a list. */
static json_t *encode_tunnel_source(const struct addr sources[2])
{
	json_auto_t *list = json_array();

	for (int i = 0; i < 2; i++) {
		if (addr_is_zero(&sources[i]))
			continue;
		if (json_array_append_new(list, encode_address(&sources[i])))
			return NULL;
	}
	if (json_array_size(list) == 1)
		return json_incref(json_array_get(list, 0));
	return take_ptr(list);
}

/* How long flows stay where they are, and where they end. */
static bool add_flow_attributes(json_t *object, const struct group *group)
{
	return add(object, "idle_timeout", encode_seconds(group->idle_timeout_s)) &&
	       add(object, "deregistration_delay", encode_seconds(group->deregistration_delay_s)) &&
	       add(object, "connection_termination", json_boolean(group->connection_termination)) &&
	       add(object, "unhealthy_connection_termination",
		   json_boolean(group->unhealthy_connection_termination)) &&
	       add(object, "unhealthy_draining_interval",
		   encode_seconds(group->unhealthy_draining_interval_s)) &&
	       add(object, "slow_start", encode_seconds(group->slow_start_s));
}

static json_t *encode_group_attributes(const struct group *group)
{
	json_auto_t *object = json_object();
	bool ok;

	ok = add(object, "name", json_string(group->name)) &&
	     add(object, "forwarding", json_string(forwarding_name(group->forwarding))) &&
	     add(object, "health_check", encode_health_check(&group->health_check)) &&
	     add_flow_attributes(object, group) &&
	     add(object, "tunnel_source", encode_tunnel_source(group->tunnel_source));
	return ok ? take_ptr(object) : NULL;
}

json_t *encode_group(const struct group *group, int in_use)
{
	json_auto_t *object = encode_group_attributes(group);
	json_auto_t *targets = json_array();
	bool fails_open = group_fails_open(group);

	for (size_t i = 0; i < group->target_count; i++) {
		const struct target *target = &group->targets[i];
		bool in_service = target_in_service(target, fails_open);

		if (json_array_append_new(targets, encode_target(target, in_service)))
			return NULL;
	}
	if ((group->removed && !add(object, "removed", json_true())) ||
	    !add(object, "in_use", json_boolean(in_use)) ||
	    !add(object, "fails_open", json_boolean(fails_open)) ||
	    !add(object, "targets", take_ptr(targets)))
		return NULL;
	return take_ptr(object);
}

/* Takes away what is the same in fresh, and objects that are empty then. */
static void leave_out(json_t *object, const json_t *fresh)
{
	const char *key;
	json_t *value;
	void *next;

	json_object_foreach_safe(object, next, key, value) {
		const json_t *same = json_object_get(fresh, key);

		if (json_is_object(value) && json_is_object(same))
			leave_out(value, same);
		if (json_equal(value, same) || (json_is_object(value) && !json_object_size(value)))
			json_object_del(object, key);
	}
}

/* Without the targets that are only draining: they are not configured any more. */
static json_t *encode_registered(const struct group *group, const json_t *fresh)
{
	json_auto_t *targets = json_array();

	for (size_t i = 0; i < group->target_count; i++) {
		json_t *target;

		if (target_is_draining(&group->targets[i]))
			continue;
		target = encode_target_attributes(&group->targets[i]);
		if (json_array_append_new(targets, target))
			return NULL;
		leave_out(target, fresh);
	}
	return take_ptr(targets);
}

static json_t *encode_fresh_group(void)
{
	struct group group;

	group_init(&group, "");
	return encode_group_attributes(&group);
}

/* Without the groups that are only there until their targets have drained. */
static json_t *encode_configured_groups(const struct model *model)
{
	json_auto_t *fresh_target = json_pack("{s:i}", "weight", 1);
	json_auto_t *fresh_group = encode_fresh_group();
	json_auto_t *list = json_array();

	if (!fresh_group || !fresh_target)
		return NULL;
	for (size_t i = 0; i < model->group_count; i++) {
		json_t *object;

		if (model->groups[i].removed)
			continue;
		object = encode_group_attributes(&model->groups[i]);
		if (json_array_append_new(list, object))
			return NULL;
		leave_out(object, fresh_group);
		if (!add(object, "targets", encode_registered(&model->groups[i], fresh_target)))
			return NULL;
	}
	return take_ptr(list);
}

json_t *encode_group_settings(const struct group *group)
{
	json_auto_t *fresh = encode_fresh_group();
	json_auto_t *object = encode_group_attributes(group);

	if (!fresh || !object)
		return NULL;
	leave_out(object, fresh);
	return take_ptr(object);
}

static json_t *encode_configured_listeners(const struct model *model)
{
	json_auto_t *fresh = json_pack("{s:s}", "affinity", affinity_name(AFFINITY_AUTO));
	json_auto_t *list = json_array();

	if (!fresh)
		return NULL;
	for (size_t i = 0; i < model->listener_count; i++) {
		json_t *object = encode_listener(&model->listeners[i]);

		if (json_array_append_new(list, object))
			return NULL;
		leave_out(object, fresh);
	}
	return take_ptr(list);
}

static json_t *encode_secret(const uint8_t secret[SECRET_SIZE])
{
	char hex[2 * SECRET_SIZE + 1];

	for (size_t i = 0; i < SECRET_SIZE; i++)
		sprintf(hex + 2 * i, "%02x", secret[i]);
	return json_string(hex);
}

static bool has_secret(const struct model *model)
{
	static const uint8_t none[SECRET_SIZE];

	return memcmp(model->hash_secret, none, SECRET_SIZE);
}

json_t *encode_model(const struct model *model)
{
	json_auto_t *object = json_object();

	if (has_secret(model) && !add(object, "hash_secret", encode_secret(model->hash_secret)))
		return NULL;
	if (!add(object, "listeners", encode_configured_listeners(model)) ||
	    !add(object, "groups", encode_configured_groups(model)))
		return NULL;
	return take_ptr(object);
}
