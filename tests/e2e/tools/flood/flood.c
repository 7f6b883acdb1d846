// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * flood DEVICE GATEWAY_MAC SECONDS PLACE...: TCP SYNs from made-up sources, as fast as they go, to
 * all the places in turn (tcp:192.0.2.10:80). Sources are of 198.18.0.0/15 and 2001:db8:f::/48,
 * which are to lead nowhere. Prints how many were sent. For a network of namespaces and nothing else.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <linux/if_packet.h>
#include <linux/ipv6.h>
#include <net/ethernet.h>
#include <net/if.h>
#include <netinet/ether.h>
#include <netinet/ip.h>
#include <netinet/tcp.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "base/addr.h"
#include "base/cleanup.h"
#include "base/clock.h"
#include "base/err.h"
#include "checksum.h"

enum { PLACES_MAX = 16, BATCH = 64, SECONDS_MAX = 60, SYN_SIZE = 80, PORT_FIRST = 1024 };

/* A SYN to one place, and where its parts lie that change. */
struct syn {
	uint8_t bytes[SYN_SIZE];
	size_t length;
	size_t source, source_words; /* the part of the source address that is made up */
	uint32_t mask;		     /* of its first word */
	size_t tcp;
};

/* The sum of 16-bit words, for a checksum. */
static uint64_t sum(const void *bytes, size_t length)
{
	uint64_t sum = 0;
	uint16_t word;

	for (size_t i = 0; i < length; i += sizeof(word)) {
		memcpy(&word, (const uint8_t *)bytes + i, sizeof(word));
		sum += word;
	}
	return sum;
}

/* The IP header, and what it adds to the checksum of TCP. */
static uint64_t add_ipv4(struct syn *syn, const struct addr *dst)
{
	struct iphdr ip = { .version = 4,
			    .ihl = 5,
			    .ttl = 64,
			    .protocol = IPPROTO_TCP,
			    .tot_len = htons(sizeof(ip) + sizeof(struct tcphdr)),
			    .saddr = htonl(0xc6120000),
			    .daddr = dst->word[3] };

	ip.check = (uint16_t)~fold(sum(&ip, sizeof(ip)));
	memcpy(syn->bytes + ETH_HLEN, &ip, sizeof(ip));
	syn->source = ETH_HLEN + offsetof(struct iphdr, saddr);
	syn->source_words = 1;
	syn->mask = htonl(0x1ffff);
	syn->tcp = ETH_HLEN + sizeof(ip);
	return sum(&ip.saddr, 8);
}

static uint64_t add_ipv6(struct syn *syn, const struct addr *dst)
{
	struct ipv6hdr ip = { .version = 6,
			      .hop_limit = 64,
			      .nexthdr = IPPROTO_TCP,
			      .payload_len = htons(sizeof(struct tcphdr)) };

	inet_pton(AF_INET6, "2001:db8:f::", &ip.saddr);
	memcpy(&ip.daddr, dst, sizeof(ip.daddr));
	memcpy(syn->bytes + ETH_HLEN, &ip, sizeof(ip));
	syn->source = ETH_HLEN + offsetof(struct ipv6hdr, saddr) + 8;
	syn->source_words = 2;
	syn->mask = ~0U;
	syn->tcp = ETH_HLEN + sizeof(ip);
	return sum(&ip.saddr, 32);
}

static int build_syn(const char *place, const struct ether_addr *gateway, struct syn *syn,
		     struct err *err)
{
	struct ethhdr eth = { .h_source = { 2, 0, 0, 0, 0, 1 } };
	struct tcphdr tcp = { .source = htons(PORT_FIRST), .syn = 1, .doff = 5, .window = 0xffff };
	struct addr addr;
	uint16_t port;
	uint64_t added;

	if (strncmp(place, "tcp:", 4))
		return err_set(err, EINVAL, "'%s' does not begin with tcp:", place);
	if (endpoint_parse(place + 4, &addr, &port, err))
		return -EINVAL;
	memcpy(eth.h_dest, gateway, sizeof(eth.h_dest));
	eth.h_proto = htons(addr_is_v4(&addr) ? ETH_P_IP : ETH_P_IPV6);
	memcpy(syn->bytes, &eth, sizeof(eth));
	added = addr_is_v4(&addr) ? add_ipv4(syn, &addr) : add_ipv6(syn, &addr);
	tcp.dest = htons(port);
	added += htons(IPPROTO_TCP) + htons(sizeof(tcp));
	tcp.check = (uint16_t)~fold(added + sum(&tcp, sizeof(tcp)));
	memcpy(syn->bytes + syn->tcp, &tcp, sizeof(tcp));
	syn->length = syn->tcp + sizeof(tcp);
	return 0;
}

/* xorshift64* */
static uint64_t draw(uint64_t *random)
{
	*random ^= *random >> 12;
	*random ^= *random << 25;
	*random ^= *random >> 27;
	return *random * 0x2545f4914f6cdd1dULL;
}

static uint64_t change(uint8_t *bytes, uint32_t new)
{
	uint32_t old;

	memcpy(&old, bytes, sizeof(old));
	memcpy(bytes, &new, sizeof(new));
	return change_word(0, old, new);
}

static void update(uint8_t *bytes, uint64_t changes)
{
	uint16_t check;

	memcpy(&check, bytes, sizeof(check));
	check = update_checksum(check, changes);
	memcpy(bytes, &check, sizeof(check));
}

/* Another source address and port; IPv4 has a checksum of its own. */
static void make_up_source(struct syn *syn, uint64_t *random)
{
	uint64_t bits = draw(random), changes = 0;
	uint16_t port = PORT_FIRST + (uint16_t)(draw(random) % (65536 - PORT_FIRST));
	uint32_t first, ports;

	memcpy(&first, syn->bytes + syn->source, sizeof(first));
	changes += change(syn->bytes + syn->source,
			  (first & ~syn->mask) | ((uint32_t)bits & syn->mask));
	if (syn->source_words == 2)
		changes += change(syn->bytes + syn->source + 4, (uint32_t)(bits >> 32));
	else
		update(syn->bytes + ETH_HLEN + offsetof(struct iphdr, check), changes);
	memcpy(&ports, syn->bytes + syn->tcp, sizeof(ports));
	changes += change(syn->bytes + syn->tcp,
			  (ports & htonl(0xffff)) | htonl((uint32_t)port << 16));
	update(syn->bytes + syn->tcp + offsetof(struct tcphdr, check), changes);
}

static int open_device(const char *device)
{
	struct sockaddr_ll sa = { .sll_family = AF_PACKET,
				  .sll_protocol = 0,
				  .sll_ifindex = (int)if_nametoindex(device) };
	_cleanup_close_ int fd = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0);
	int on = 1;

	if (fd < 0 || bind(fd, (struct sockaddr *)&sa, sizeof(sa)) ||
	    setsockopt(fd, SOL_PACKET, PACKET_QDISC_BYPASS, &on, sizeof(on)))
		return -errno;
	return take_fd(fd);
}

/* The number sent. */
static unsigned long long flood(int fd, const struct syn *syns, size_t count, uint64_t duration_ms)
{
	uint64_t random = 88172645463325252ULL, end = monotonic_ms() + duration_ms;
	struct syn batch[BATCH];
	struct iovec iov[BATCH];
	struct mmsghdr messages[BATCH] = { 0 };
	unsigned long long sent = 0;
	int done;

	for (size_t i = 0; i < BATCH; i++) {
		batch[i] = syns[i % count];
		iov[i] = (struct iovec){ .iov_base = batch[i].bytes, .iov_len = batch[i].length };
		messages[i].msg_hdr = (struct msghdr){ .msg_iov = &iov[i], .msg_iovlen = 1 };
	}
	while (monotonic_ms() < end) {
		for (size_t i = 0; i < BATCH; i++)
			make_up_source(&batch[i], &random);
		done = sendmmsg(fd, messages, BATCH, 0);
		sent += done > 0 ? (unsigned)done : 0;
	}
	return sent;
}

int main(int argc, char **argv)
{
	struct syn syns[PLACES_MAX];
	struct err err = { 0 };
	_cleanup_close_ int fd = -1;
	uint64_t seconds;
	const struct ether_addr *gateway = argc > 2 ? ether_aton(argv[2]) : NULL;
	size_t count = 0;

	if (argc < 5 || argc - 4 > PLACES_MAX || !gateway) {
		fprintf(stderr, "usage: flood DEVICE GATEWAY_MAC SECONDS PLACE...\n");
		return 2;
	}
	fd = open_device(argv[1]);
	if (fd < 0)
		err_set(&err, -fd, "cannot send by '%s': %s", argv[1], strerror(-fd));
	else
		number_parse(argv[3], "seconds", 1, SECONDS_MAX, &seconds, &err);
	for (int i = 4; i < argc && !err.code; i++)
		build_syn(argv[i], gateway, &syns[count++], &err);
	if (err.code) {
		fprintf(stderr, "flood: %s\n", err.text);
		return 1;
	}
	printf("%llu SYNs\n", flood(fd, syns, count, seconds * 1000));
	return 0;
}
