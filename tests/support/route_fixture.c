// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "route_fixture.h"

#include <criterion/criterion.h>
#include <event2/event.h>
#include <net/if.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include "base/addr.h"
#include "base/cleanup.h"
#include "base/err.h"
#include "loopback.h"
#include "two_hosts.h"

enum { FOLLOWED_MAX = 16, SHOWN_SIZE = 160, DISCARD_PORT = 9 };

const struct place places[2] = {
	{ "10.9.0.1", "10.9.0.11", "10.9.0.254", "198.51.100.0/24", "198.51.100.7", 4 },
	{ "fd09::1", "fd09::11", "fd09::254", "2001:db8:5::/64", "2001:db8:5::7", 6 },
};

struct addr addr_of(const char *text)
{
	struct addr addr;

	cr_assert_not(addr_parse(text, &addr, NULL), "%s", text);
	return addr;
}

static void on_changed(void *context)
{
	((struct route_fixture *)context)->changes++;
}

void watch_interfaces(struct route_fixture *f, const uint32_t *ifindexes, size_t count)
{
	struct route_options options = {
		.base = f->base,
		.ifindexes = ifindexes,
		.ifindex_count = count,
		.changed = on_changed,
		.context = f,
	};
	struct err err;

	cr_assert_not(route_open(&options, &f->watch, &err));
}

void open_fixture(struct route_fixture *f)
{
	uint32_t eth1;

	two_hosts_open();
	*f = (struct route_fixture){ .base = event_base_new() };
	eth1 = if_nametoindex("eth1");
	watch_interfaces(f, &eth1, 1);
}

void close_fixture(struct route_fixture *f)
{
	route_close(&f->watch);
	event_base_free(f->base);
}

void follow_addresses(struct route_fixture *f, const char *const *texts)
{
	struct addr addresses[FOLLOWED_MAX];
	size_t count = 0;

	for (; texts[count]; count++)
		addresses[count] = addr_of(texts[count]);
	cr_assert_not(route_follow(f->watch, addresses, count));
}

struct next_hop find_hop(const struct route_fixture *f, const char *text)
{
	struct addr addr = addr_of(text);
	struct next_hop hop;

	memset(&hop, 0xff, sizeof(hop));
	route_find(f->watch, &addr, &hop);
	return hop;
}

struct expectation {
	const struct route_fixture *f;
	const char *addr;
	struct next_hop hop;
};

static bool is_met(void *context)
{
	const struct expectation *expectation = context;
	struct next_hop hop = find_hop(expectation->f, expectation->addr);

	return !memcmp(&hop, &expectation->hop, sizeof(hop));
}

static const char *show(const struct next_hop *hop, char text[SHOWN_SIZE])
{
	char source[ADDR_TEXT_SIZE];

	snprintf(text, SHOWN_SIZE, "%s ifindex %u vlan %u mtu %u %02x:%02x -> %02x:%02x source %s",
		 hop_state_name(hop->state), hop->ifindex, hop->vlan, hop->mtu, hop->src_mac[4],
		 hop->src_mac[5], hop->dst_mac[4], hop->dst_mac[5],
		 addr_format(&hop->source, source));
	return text;
}

void expect_hop(const struct route_fixture *f, const char *addr, const struct next_hop *wanted)
{
	struct expectation expectation = { .f = f, .addr = addr, .hop = *wanted };
	bool met = loop_until(f->base, is_met, &expectation);
	struct next_hop hop = find_hop(f, addr);
	char is[SHOWN_SIZE], should[SHOWN_SIZE];

	cr_assert(met, "%s: %s\nshould be %s", addr, show(&hop, is), show(wanted, should));
}

void expect_state(const struct route_fixture *f, const char *addr, enum hop_state state)
{
	expect_hop(f, addr, &(struct next_hop){ .state = state });
}

struct next_hop to_mac(const struct place *place, const char *mac)
{
	struct next_hop hop = {
		.state = HOP_RESOLVED,
		.ifindex = if_nametoindex("eth1"),
		.mtu = 1500,
		.source = addr_of(place->self),
	};

	parse_mac(mac, hop.dst_mac);
	parse_mac(HOST_MAC, hop.src_mac);
	return hop;
}

struct next_hop to_peer(const struct place *place)
{
	return to_mac(place, PEER_MAC);
}

void expect_peer(const struct route_fixture *f, const char *addr, const struct place *place)
{
	struct next_hop hop = to_peer(place);

	expect_hop(f, addr, &hop);
}

void run_until_calm(const struct route_fixture *f)
{
	static const struct timeval enough = { .tv_usec = 150000 };

	event_base_loopexit(f->base, &enough);
	event_base_dispatch(f->base);
}

void send_bytes(const char *addr, size_t size)
{
	static const char bytes[2000];
	struct addr parsed = addr_of(addr);
	struct sockaddr_storage peer;
	socklen_t length = endpoint_to_sockaddr(&parsed, DISCARD_PORT, &peer);
	_cleanup_close_ int fd = socket(peer.ss_family, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	cr_assert_leq(size, sizeof(bytes));
	sendto(fd, bytes, size, 0, (struct sockaddr *)&peer, length);
}
