/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Why a packet was passed, dropped or handled specially: the one table of reasons.
 *
 * REASONS(X) calls X(ENUM, "label", ACTION, "help") for each. The label is what `sluicectl status`
 * and the metric label `reason` show; the help sentence says what it means and what to do. From
 * this table come the enum, the counters, the metrics, the table in docs/ and the test that each
 * reason can be reached. New reasons go to the end of their action's block.
 */
#pragma once

enum action {
	ACTION_PASS,		/* to the kernel */
	ACTION_FORWARD,		/* out of an interface */
	ACTION_DROP,
};

#define REASONS(X) \
	X(NOT_IP, "not_ip", PASS, \
	  "Neither IPv4 nor IPv6, such as ARP; the kernel handles it. Normal.") \
	X(NOT_UNICAST, "not_unicast", PASS, \
	  "Sent to a broadcast or multicast Ethernet address; the kernel handles it. Normal.") \
	X(TRUNCATED, "truncated", PASS, \
	  "The frame ends before its headers do; the kernel handles it.") \
	X(MALFORMED, "malformed", PASS, \
	  "A header length, version or address that can not be right; the kernel handles it.") \
	X(FRAGMENT, "fragment", PASS, \
	  "An IP fragment; the kernel handles it.") \
	X(EXTENSION_HEADERS, "extension_headers", PASS, \
	  "More or other IPv6 extension headers than the program follows; the kernel handles it.") \
	X(PROTOCOL, "protocol", PASS, \
	  "Neither TCP nor UDP; the kernel handles it. Normal.") \
	X(NO_LISTENER, "no_listener", PASS, \
	  "No listener has this destination address, protocol and port; the kernel handles it. Normal.") \
	X(DIRECT, "direct", PASS, \
	  "Sent to a nat target's own address and port, not to a listener; recorded and passed. Normal.") \
	X(REPLY_LOCAL, "reply_local", PASS, \
	  "From a nat target to the gateway itself, such as the answer to a health check. Normal.") \
	X(REPLY_DIRECT, "reply_direct", PASS, \
	  "From a nat target to a client that talks to it directly, not through a listener. Normal.") \
	X(REPLY_TOO_BIG, "reply_too_big", PASS, \
	  "A reply larger than the path to the client; the kernel tells the target by ICMP.") \
	X(REPLY_BY_KERNEL, "reply_by_kernel", PASS, \
	  "A reply with its source rewritten, handed to the kernel to route: the next hop is not " \
	  "resolved yet or leaves by an interface without XDP. Should not stay high. Where the " \
	  "listener's address is this host's own, the kernel takes such IPv4 packets only with " \
	  "sysctl net.ipv4.conf.INTERFACE.accept_local=1 on the targets' side.") \
	X(REPLY_FORWARDING_OFF, "reply_forwarding_off", PASS, \
	  "From a nat target, but the host does not forward what comes in by this interface. Clients " \
	  "get no answer until sysctl net.ipv4.ip_forward or net.ipv6.conf.all.forwarding is 1.") \
	X(FORWARDED, "forwarded", FORWARD, \
	  "Steered to a target. Normal.") \
	X(REPLIED, "replied", FORWARD, \
	  "The reply of a nat target, source rewritten, on its way to the client. Normal.") \
	X(NO_TARGET, "no_target", DROP, \
	  "The listener has no target in service: none registered, or none has passed its first " \
	  "health check yet. See `sluicectl target list`.") \
	X(STALE_TARGET, "stale_target", DROP, \
	  "The slot names a target that is no longer there or of another IP version. Should not rise.") \
	X(NO_NEXT_HOP, "no_next_hop", DROP, \
	  "No route, no resolved neighbour, or no XDP interface leads to the target. See " \
	  "`sluicectl target list`.") \
	X(TTL_EXPIRED, "ttl_expired", DROP, \
	  "TTL or hop limit used up, as at any router.") \
	X(TOO_BIG, "too_big", DROP, \
	  "Larger than the MTU of the path to the target, after encapsulation. Raise that MTU or " \
	  "lower the MSS.") \
	X(NO_HEADROOM, "no_headroom", DROP, \
	  "The driver left no room in front of the packet for the outer header.")

enum reason {
	REASON_NEXT = 0,	/* not a reason: the packet goes on to the next step */
#define REASON_ENUM(name, label, action, help) REASON_##name,
	REASONS(REASON_ENUM)
#undef REASON_ENUM
	REASON_COUNT,
};
