/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The small site that most packet tests send packets to: one address with a service on one port,
 * over TCP and UDP and in both IP versions, one target for each version, and one client.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "abi.h"
#include "build_packet.h"
#include "program.h"

struct site_addresses {
	const char *client, *vip, *target;
	const char *tunnel_source;	/* of the gateway, for ipip */
};

/* By IP version: site[false] is IPv4, site[true] is IPv6. */
extern const struct site_addresses site[2];
extern const uint8_t site_protocols[2];		/* TCP, UDP */
extern const struct mac client_mac, gateway_mac, target_mac;

enum {
	CLIENT_PORT = 40000,
	VIP_PORT = 80,
	TARGET_PORT = 8080,
	SITE_MTU = 1500,
};

/* Ids and indexes of the site in the maps. */
uint32_t site_listener_id(bool is_v6, uint8_t protocol);
uint32_t site_target_index(bool is_v6);

/* Fills the maps; targets are reached by the interface packets come in by, untagged. */
void site_set_up(struct program *program, enum forwarding forwarding);

/* What site_set_up makes of the targets, for tests that want them a little different. */
struct target_entry site_target(bool is_v6, enum forwarding forwarding);

/* A plain packet of the client to the service, with 10 bytes of payload and don't fragment. */
struct packet_spec site_packet(bool is_v6, uint8_t protocol);

/* What becomes of a packet on its way to site_target. */
struct packet_spec site_natted(const struct packet_spec *packet);
struct packet_spec site_tunneled(const struct packet_spec *packet);

/* The targets' own addresses and ports go into the map of replies. */
void site_set_up_replies(struct program *program);

/* From the target's own address and port to CLIENT_PORT of someone. */
struct packet_spec site_reply(bool is_v6, uint8_t protocol, const char *to);

/* Someone's packet to the target's own address and port: what site_reply answers. */
struct packet_spec site_direct(bool is_v6, uint8_t protocol, const char *from);

/* "IPv6 UDP", and what; the text is overwritten by the next call. */
const char *site_title(bool is_v6, uint8_t protocol, const char *what);

/* Runs a command with sh; fails the test if it fails. */
void site_command(const char *command);
