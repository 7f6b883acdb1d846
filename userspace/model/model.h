/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The model: listeners, groups and targets as plain data, with what is known of each target beside
 * its configuration. There is one way to change anything: clone the model, edit the clone, validate
 * it whole, hand it to change_commit. All ports are in host byte order.
 * Arrays grow by the functions below alone: they know how much room there is (model/array.h).
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "abi.h"

struct err;

enum {
	NAME_SIZE = LABEL_NAME_SIZE,	/* names: 1-63 of a-z A-Z 0-9 . _ -, no . or - first */
	SECRET_SIZE = 16,
	ROUTING_GROUPS_MAX = 8,
	WEIGHT_MAX = 999,
	PORT_ANY_FIRST = 0,		/* port `any` is the range 0-65535 */
	PORT_ANY_LAST = 65535,
	SHARE_FULL = 10,		/* steps of a slow start */
};

/* The NLB's states and reason codes; names by target_state_name and target_reason_name. */
enum target_state {
	TARGET_INITIAL,
	TARGET_HEALTHY,
	TARGET_UNHEALTHY,
	TARGET_UNHEALTHY_DRAINING,
	TARGET_UNUSED,
	TARGET_DRAINING,
	TARGET_UNAVAILABLE,
	TARGET_STATE_COUNT,
};

enum target_reason {
	TARGET_REASON_NONE,
	TARGET_REASON_REGISTRATION_IN_PROGRESS,
	TARGET_REASON_INITIAL_HEALTH_CHECKING,
	TARGET_REASON_RESPONSE_CODE_MISMATCH,
	TARGET_REASON_TIMEOUT,
	TARGET_REASON_FAILED_HEALTH_CHECKS,
	TARGET_REASON_NOT_REGISTERED,
	TARGET_REASON_NOT_IN_USE,
	TARGET_REASON_DEREGISTRATION_IN_PROGRESS,
	TARGET_REASON_INVALID_STATE,
	TARGET_REASON_HEALTH_CHECK_DISABLED,
	TARGET_REASON_INTERNAL_ERROR,
	TARGET_REASON_COUNT,
};

enum check_protocol { CHECK_TCP, CHECK_NONE, CHECK_PROTOCOL_COUNT };

struct health_check {
	enum check_protocol protocol;	/* CHECK_NONE: targets are `unavailable` and in service */
	uint16_t port;			/* 0: traffic-port, the target's own */
	uint32_t interval_ms;		/* 100 - 300000 */
	uint32_t timeout_ms;		/* 100 - 300000 */
	uint8_t healthy_threshold;	/* 1 - 10 */
	uint8_t unhealthy_threshold;	/* 1 - 10 */
};

/* How a listener keeps its flows on their targets through changes; see docs/AFFINITY.md. */
enum affinity {
	AFFINITY_AUTO,		/* TCP exact, recorded in transitions only; UDP tracked */
	AFFINITY_TRACKED,	/* every flow is recorded */
	AFFINITY_HASH,		/* the ring alone: a change moves flows */
	AFFINITY_COUNT,
};

/* How packets reach an address: learnt from the kernel (dataplane/route.h), never configured. */
enum hop_state {
	HOP_UNKNOWN,		/* not looked up yet */
	HOP_RESOLVED,		/* everything below is right */
	HOP_NO_ROUTE,
	HOP_NO_NEIGHBOUR,	/* a route, but nobody answers ARP or neighbour discovery */
	HOP_NO_XDP,		/* the route leaves by an interface that is not among --interface */
	HOP_LOCAL,		/* an address of the gateway itself */
	HOP_STATE_COUNT,
};

struct next_hop {
	enum hop_state state;
	uint32_t ifindex;	/* to send through: the lower device of a VLAN */
	uint16_t vlan;		/* VLAN id, 0: untagged */
	uint16_t mtu;		/* of the route's interface */
	uint8_t dst_mac[6], src_mac[6];
	struct addr source;	/* the gateway's own address on this route: default outer source */
};
_Static_assert(sizeof(struct next_hop) == 40, "next hops are compared as bytes: no padding");

struct target {
	struct addr addr;
	uint16_t port;
	uint16_t weight;		/* 0 - WEIGHT_MAX */
	uint64_t drain_deadline_ms;	/* 0: registered; else it drains until this Unix time */
	enum target_state state;	/* from here on facts, not configuration */
	enum target_reason reason;
	uint64_t since_ms;		/* Unix time of the last change of state; 0: not known */
	/*
	 * Flows may live on it: it was in service and has not died since. What dies (unhealthy,
	 * drained with connection_termination, removed at once) loses its flows for good.
	 */
	bool alive;
	bool remembered;		/* some slot or recorded flow names it (dataplane_sweep) */
	uint8_t share;			/* of its weight while it starts slowly: 1 .. SHARE_FULL */
	struct next_hop hop;
};

struct group {
	char name[NAME_SIZE];
	enum forwarding forwarding;
	struct health_check health_check;
	uint32_t idle_timeout_s;		/* of TCP flows: 60 - 6000 */
	uint32_t deregistration_delay_s;	/* 0 - 3600 */
	bool connection_termination;		/* at the end of that delay flows end, too */
	bool unhealthy_connection_termination;	/* flows end when their target becomes unhealthy */
	/* if not: how long such a target is unhealthy.draining; 0: as long as it has flows */
	uint32_t unhealthy_draining_interval_s;	/* 0 - 360000 */
	uint32_t slow_start_s;			/* 0 - 900 */
	/* removed by the user, and there only as long as its targets drain; no configuration */
	bool removed;
	struct addr tunnel_source[2];	/* ipip outer source, [0] IPv4, [1] IPv6; zero: the hop's */
	struct target *targets;			/* owned; sorted by target_compare */
	size_t target_count;
};

struct weighted_group {
	char name[NAME_SIZE];
	uint16_t weight;			/* 0 - WEIGHT_MAX */
};

struct listener {
	char name[NAME_SIZE];
	struct addr addr;
	uint8_t protocol;			/* IPPROTO_TCP or IPPROTO_UDP */
	uint16_t port_first, port_last;		/* equal: one port */
	enum affinity affinity;
	struct weighted_group groups[ROUTING_GROUPS_MAX];	/* the routing, sorted by name */
	size_t group_count;			/* at least 1 */
};

struct model {
	uint8_t hash_secret[SECRET_SIZE];
	struct listener *listeners;		/* owned; sorted by name */
	size_t listener_count;
	struct group *groups;			/* owned; sorted by name */
	size_t group_count;
};

/* Allocation: NULL is out of memory. The secret of a new model is zero: it has none. */
struct model *model_new(void);
struct model *model_clone(const struct model *model);
void model_free(struct model **model);		/* NULL-safe; sets it to NULL */
bool model_has_secret(const struct model *model);

/*
 * Defaults of DESIGN: nat, tcp check on traffic-port every 10 s, 2 s, 3, 3; idle timeout 350 s,
 * delay 300 s without termination, termination when unhealthy, no slow start.
 */
void group_init(struct group *group, const char *name);

/*
 * Lookups return a pointer into the model, NULL if there is none; valid until the next edit. A
 * removed group is found too: whoever looks for a registered one asks group->removed.
 */
struct listener *model_find_listener(const struct model *model, const char *name);
struct group *model_find_group(const struct model *model, const char *name);
struct target *group_find_target(const struct group *group, const struct addr *addr, uint16_t port);

/*
 * Edits insert in order, or replace the one of the same name (endpoint). They copy, and sort a
 * listener's groups; model_put_group takes the targets of *group and leaves it empty. The only
 * failure is -ENOMEM: nothing has changed then.
 */
int model_put_listener(struct model *model, const struct listener *listener);
int model_put_group(struct model *model, struct group *group);
int group_put_target(struct group *group, const struct target *target);

/* Removals: false if there was none. */
bool model_remove_listener(struct model *model, const char *name);
bool model_remove_group(struct model *model, const char *name);
bool group_remove_target(struct group *group, const struct addr *addr, uint16_t port);

/* By address, then port. */
int target_compare(const struct target *a, const struct target *b);

/* By any listener. */
bool group_is_used(const struct model *model, const struct group *group);

/*
 * The same for all groups at once, and by what listeners: an array (free) in the order of
 * model->groups, enum group_use or-ed. NULL if out of memory.
 */
enum group_use {
	GROUP_USED_BY_V4 = 1 << 0,
	GROUP_USED_BY_V6 = 1 << 1,
	GROUP_USED_BY_TCP = 1 << 2,
	GROUP_USED_BY_UDP = 1 << 3,
};
uint8_t *model_group_uses(const struct model *model);

/* Not registered any more: until its deadline, or lingering as `unused` behind it. */
bool target_is_draining(const struct target *target);
bool target_lingers(const struct target *target);

/*
 * Which targets of the group take new flows: registered, weight above 0 and healthy (or
 * unavailable). If there are some with a weight, and all of them are unhealthy (or
 * unhealthy.draining), the group fails open: all of them are in service.
 */
bool group_fails_open(const struct group *group);
bool target_in_service(const struct target *target, bool fails_open);

/*
 * A target's state and reason as its checks give them, made its state as the model has it: one
 * that turns unhealthy where flows outlive that is unhealthy.draining for the group's interval.
 * What they say of one that is draining is of no account. since_ms follows. True if anything
 * changed.
 */
bool target_follow_health(const struct group *group, struct target *target,
			  enum target_state state, enum target_reason reason, uint64_t now_ms);

/*
 * What follows from states and time, for all targets: alive and share. To be called when everything
 * else of a new model is in place, last before it is validated or committed. True if anything
 * changed.
 */
bool model_settle(struct model *model, uint64_t now_ms);

/*
 * Carries what a new configuration does not say over from the current model: the hash secret, the
 * facts of the targets that stay, and as draining (deadline now_ms + the group's delay) those that
 * left and are alive, in a removed group if the group left as well. A target that is back stops
 * draining: it is `initial`, and keeps its flows. -ENOMEM: next is good for nothing but model_free
 * then.
 */
int model_carry(struct model *next, const struct model *current, uint64_t now_ms);

/*
 * Ends the draining of targets whose deadline has passed: they are removed if the group says
 * connection_termination or nothing remembers them, else they become `unused`
 * (Target.NotRegistered) until nothing does. Removed groups go with their last target. How many
 * targets changed.
 */
size_t model_expire(struct model *model, uint64_t now_ms);
/*
 * When model_expire, target_follow_health or model_settle have work to do by time alone, now_ms or
 * earlier if that is now; 0: never.
 */
uint64_t model_next_deadline(const struct model *model, uint64_t now_ms);

/* Names as they stand in files, JSON and metrics. _parse returns false for an unknown name. */
const char *target_state_name(enum target_state state);
const char *target_reason_name(enum target_reason reason);	/* "" for none */
const char *hop_state_name(enum hop_state state);		/* "resolved", "no_route", ... */
const char *forwarding_name(enum forwarding forwarding);
bool forwarding_parse(const char *name, enum forwarding *forwarding);
const char *affinity_name(enum affinity affinity);		/* "auto", "tracked", "hash" */
bool affinity_parse(const char *name, enum affinity *affinity);
const char *check_protocol_name(enum check_protocol protocol);
bool check_protocol_parse(const char *name, enum check_protocol *protocol);
const char *protocol_name(uint8_t protocol);			/* "tcp", "udp" */
bool protocol_parse(const char *name, uint8_t *protocol);

/* Ports of a listener: "80", "8000-8999", "any". text holds PORTS_TEXT_SIZE bytes; returns text. */
enum { PORTS_TEXT_SIZE = sizeof("65535-65535") };
const char *ports_format(uint16_t first, uint16_t last, char *text);
