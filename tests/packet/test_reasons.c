// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Every reason of the table can be reached: one packet for each. */
#include <arpa/inet.h>
#include <criterion/criterion.h>
#include <linux/bpf.h>
#include <netinet/in.h>

#include "base/cleanup.h"
#include "network.h"
#include "program.h"
#include "site.h"

struct gateway {
	struct program program;
	struct network network;
};

/* Each changes what it must of the gateway, and of the packet, a plain one to the service. */
static void not_ip(struct gateway *gateway, struct packet_spec *packet)
{
	(void)gateway;
	packet->tag[0] = (struct tag){ 0x9100, 5 };
}

static void not_unicast(struct gateway *gateway, struct packet_spec *packet)
{
	(void)gateway;
	packet->dst_mac.byte[0] |= 1;
}

static void extension_headers(struct gateway *gateway, struct packet_spec *packet)
{
	(void)gateway;
	*packet = site_packet(true, IPPROTO_TCP);
	packet->extension[0].type = IPPROTO_AH;
	packet->extensions = 1;
}

static void malformed(struct gateway *gateway, struct packet_spec *packet)
{
	(void)gateway;
	*packet = site_packet(true, IPPROTO_TCP);
	packet->src = "::ffff:192.0.2.1";
}

static void fragment(struct gateway *gateway, struct packet_spec *packet)
{
	(void)gateway;
	packet->fragment = 0x2000;
}

static void protocol(struct gateway *gateway, struct packet_spec *packet)
{
	(void)gateway;
	packet->protocol = IPPROTO_ICMP;
}

static void no_listener(struct gateway *gateway, struct packet_spec *packet)
{
	(void)gateway;
	packet->dport++;
}

static void direct(struct gateway *gateway, struct packet_spec *packet)
{
	(void)gateway;
	*packet = site_direct(false, IPPROTO_TCP, network_near[false]);
}

static void reply_local(struct gateway *gateway, struct packet_spec *packet)
{
	(void)gateway;
	*packet = site_reply(false, IPPROTO_TCP, network_gateway[false]);
}

static void replied(struct gateway *gateway, struct packet_spec *packet)
{
	(void)gateway;
	*packet = site_reply(false, IPPROTO_TCP, network_near[false]);
}

static void reply_direct(struct gateway *gateway, struct packet_spec *packet)
{
	struct outcome outcome;
	struct frame in;

	direct(gateway, packet);
	build_packet(packet, &in);
	program_run(&gateway->program, &in, &outcome);
	replied(gateway, packet);
}

static void reply_too_big(struct gateway *gateway, struct packet_spec *packet)
{
	(void)gateway;
	*packet = site_reply(false, IPPROTO_TCP, network_narrow[false]);
	packet->payload = NARROW_MTU;
}

static void reply_by_kernel(struct gateway *gateway, struct packet_spec *packet)
{
	(void)gateway;
	*packet = site_reply(false, IPPROTO_TCP, network_unresolved[false]);
}

static void reply_forwarding_off(struct gateway *gateway, struct packet_spec *packet)
{
	site_command("echo 0 >/proc/sys/net/ipv4/conf/in0/forwarding");
	replied(gateway, packet);
}

static void forwarded(struct gateway *gateway, struct packet_spec *packet)
{
	(void)gateway;
	(void)packet;
}

static void change_target(struct gateway *gateway, void (*change)(struct target_entry *target))
{
	struct target_entry target = site_target(false, FORWARDING_NAT);

	change(&target);
	program_set_target(&gateway->program, site_target_index(false), &target);
}

static void no_target(struct gateway *gateway, struct packet_spec *packet)
{
	uint32_t none = 0;
	struct listener_entry listener = program_add_ring(&gateway->program, &none, 1);

	packet->dport++;
	program_set_listener(&gateway->program, port_key(packet->dst, IPPROTO_TCP, packet->dport),
			     &listener);
}

static void next_generation(struct target_entry *target)
{
	target->generation++;
}

static void stale_target(struct gateway *gateway, struct packet_spec *packet)
{
	(void)packet;
	change_target(gateway, next_generation);
}

static void without_next_hop(struct target_entry *target)
{
	target->ifindex = 0;
}

static void no_next_hop(struct gateway *gateway, struct packet_spec *packet)
{
	(void)packet;
	change_target(gateway, without_next_hop);
}

static void ttl_expired(struct gateway *gateway, struct packet_spec *packet)
{
	(void)gateway;
	packet->ttl = 1;
}

static void too_big(struct gateway *gateway, struct packet_spec *packet)
{
	(void)gateway;
	packet->payload = SITE_MTU;
}

static void into_ipip(struct target_entry *target)
{
	target->forwarding = FORWARDING_IPIP;
}

static void no_headroom(struct gateway *gateway, struct packet_spec *packet)
{
	struct frame frame;

	build_packet(packet, &frame);
	change_target(gateway, into_ipip);
	program_leave_no_headroom(&gateway->program, frame.length);
}

/* The one that no spec describes: its total length is longer than the frame. */
static void truncated(struct gateway *gateway, struct packet_spec *packet)
{
	(void)gateway;
	(void)packet;
}

static void (*const packets[REASON_COUNT])(struct gateway *, struct packet_spec *) = {
	[REASON_NOT_IP] = not_ip,
	[REASON_NOT_UNICAST] = not_unicast,
	[REASON_TRUNCATED] = truncated,
	[REASON_MALFORMED] = malformed,
	[REASON_FRAGMENT] = fragment,
	[REASON_EXTENSION_HEADERS] = extension_headers,
	[REASON_PROTOCOL] = protocol,
	[REASON_NO_LISTENER] = no_listener,
	[REASON_DIRECT] = direct,
	[REASON_REPLY_LOCAL] = reply_local,
	[REASON_REPLY_DIRECT] = reply_direct,
	[REASON_REPLY_TOO_BIG] = reply_too_big,
	[REASON_REPLY_BY_KERNEL] = reply_by_kernel,
	[REASON_REPLY_FORWARDING_OFF] = reply_forwarding_off,
	[REASON_FORWARDED] = forwarded,
	[REASON_REPLIED] = replied,
	[REASON_NO_TARGET] = no_target,
	[REASON_STALE_TARGET] = stale_target,
	[REASON_NO_NEXT_HOP] = no_next_hop,
	[REASON_TTL_EXPIRED] = ttl_expired,
	[REASON_TOO_BIG] = too_big,
	[REASON_NO_HEADROOM] = no_headroom,
};

static int expected_action(enum reason reason)
{
	switch (reason) {
	case REASON_FORWARDED:
		return XDP_TX;
	case REASON_REPLIED:
		return XDP_REDIRECT;
	default:
		return reason_action(reason) == ACTION_PASS ? XDP_PASS : XDP_DROP;
	}
}

static void expect_reached(enum reason reason)
{
	struct packet_spec packet = site_packet(false, IPPROTO_TCP);
	struct gateway gateway;
	struct outcome outcome;
	struct frame frame;

	program_open(&gateway.program);
	network_set_up(&gateway.program, &gateway.network);
	gateway.program.ingress = LOOPBACK;
	site_set_up(&gateway.program, FORWARDING_NAT);
	site_set_up_replies(&gateway.program);
	if (reason_action(reason) == ACTION_PASS || reason == REASON_REPLIED)
		gateway.program.ingress = gateway.network.in;
	packets[reason](&gateway, &packet);
	build_packet(&packet, &frame);
	if (reason == REASON_TRUNCATED)
		frame.length--;
	program_run(&gateway.program, &frame, &outcome);
	cr_expect_eq(outcome.reason, reason, "%s instead of %s", reason_label(outcome.reason),
		     reason_label(reason));
	cr_expect_eq(outcome.action, expected_action(reason), "%s: action %d", reason_label(reason),
		     outcome.action);
	program_close(&gateway.program);
}

Test(reasons, each_can_be_reached)
{
	for (int reason = REASON_NEXT + 1; reason < REASON_COUNT; reason++) {
		cr_assert(packets[reason], "%s: no packet in this test", reason_label(reason));
		expect_reached(reason);
	}
}
