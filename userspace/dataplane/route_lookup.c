// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Addresses -> RTM_GETROUTE -> answers; and which addresses a changed route concerns. */
#include "dataplane/route_lookup.h"

#include <arpa/inet.h>
#include <errno.h>
#include <libmnl/libmnl.h>
#include <linux/rtnetlink.h>
#include <stdbool.h>
#include <string.h>
#include <sys/socket.h>

#include "base/addr.h"
#include "dataplane/netlink.h"

enum { ADDR_BITS = 128, V4_BITS = 32 };

static void build(struct nlmsghdr *request, size_t index, void *context)
{
	const struct route_lookup *lookup = context;
	const struct addr *addr = lookup->address(index, lookup->context);
	struct rtmsg *route = mnl_nlmsg_put_extra_header(request, sizeof(*route));

	request->nlmsg_type = RTM_GETROUTE;
	route->rtm_family = netlink_family(addr);
	route->rtm_dst_len = addr_is_v4(addr) ? V4_BITS : ADDR_BITS;
	netlink_put_addr(request, RTA_DST, addr);
}

static enum route_kind kind_of(unsigned char type)
{
	switch (type) {
	case RTN_UNICAST:
		return ROUTE_UNICAST;
	case RTN_LOCAL:
	case RTN_ANYCAST:
		return ROUTE_LOCAL;
	default:
		return ROUTE_NONE;
	}
}

/* An IPv4 route may lead through an IPv6 gateway; that one stands in RTA_VIA. */
static bool read_gateway(const struct nlattr *const *attr, struct addr *out)
{
	const struct rtvia *via;

	if (!attr[RTA_VIA])
		return netlink_get_addr(attr[RTA_GATEWAY], out);
	via = mnl_attr_get_payload(attr[RTA_VIA]);
	return netlink_read_addr(via->rtvia_addr,
				 mnl_attr_get_payload_len(attr[RTA_VIA]) - sizeof(*via), out);
}

/*
 * The MTU that is configured for the route. What the kernel has learnt of the path from ICMP is
 * marked by a time at which it ends: that comes and goes without notice, and anyone can send it.
 */
static uint16_t read_mtu(const struct rtmsg *route, const struct nlattr *const *attr)
{
	const struct nlattr *metric[RTAX_MAX + 1];
	uint32_t mtu;

	if (!attr[RTA_METRICS])
		return 0;
	if ((route->rtm_flags & RTM_F_CLONED) && attr[RTA_CACHEINFO]) {
		const struct rta_cacheinfo *cache = mnl_attr_get_payload(attr[RTA_CACHEINFO]);

		if (cache->rta_expires)
			return 0;
	}
	netlink_parse_nested(attr[RTA_METRICS], metric, RTAX_MAX);
	mtu = metric[RTAX_MTU] ? mnl_attr_get_u32(metric[RTAX_MTU]) : 0;
	return mtu < UINT16_MAX ? (uint16_t)mtu : UINT16_MAX;
}

static void read_answer(const struct nlmsghdr *reply, const struct addr *addr,
			struct route_answer *out)
{
	const struct rtmsg *route = mnl_nlmsg_get_payload(reply);
	const struct nlattr *attr[RTA_MAX + 1];

	*out = (struct route_answer){ .kind = kind_of(route->rtm_type) };
	if (out->kind != ROUTE_UNICAST)
		return;
	netlink_parse(reply, sizeof(*route), attr, RTA_MAX);
	if (attr[RTA_OIF])
		out->ifindex = mnl_attr_get_u32(attr[RTA_OIF]);
	out->mtu = read_mtu(route, attr);
	if (!read_gateway(attr, &out->via))
		out->via = *addr;
	netlink_get_addr(attr[RTA_PREFSRC], &out->source);
}

/* Every other error is the kernel's way of saying that there is no route, or one that refuses. */
static bool is_own_lack(int error)
{
	return error == -ENOMEM || error == -ENOBUFS || error == -EAGAIN || error == -EINTR;
}

static void answer(const struct nlmsghdr *reply, int error, size_t index, void *context)
{
	const struct route_lookup *lookup = context;
	struct route_answer found = { .kind = ROUTE_NONE };

	if (is_own_lack(error))
		return;
	if (reply)
		read_answer(reply, lookup->address(index, lookup->context), &found);
	lookup->done(&found, index, lookup->context);
}

int route_lookup(struct netlink *netlink, const struct route_lookup *lookup)
{
	const struct netlink_batch batch = {
		.count = lookup->count,
		.build = build,
		.answer = answer,
		.context = (void *)lookup,
	};

	return netlink_run(netlink, &batch);
}

/* The bits of the i-th byte of an address that lie within its first length bits. */
static uint8_t prefix_mask(unsigned length, unsigned i)
{
	unsigned before = i * 8;

	if (length >= before + 8)
		return 0xff;
	return length <= before ? 0 : (uint8_t)(0xff00 >> (length - before));
}

bool route_changed_range(const struct nlmsghdr *message, struct addr_range *out)
{
	const struct rtmsg *route = mnl_nlmsg_get_payload(message);
	bool is_v4 = route->rtm_family == AF_INET;
	unsigned length = route->rtm_dst_len + (is_v4 ? ADDR_BITS - V4_BITS : 0);
	const struct nlattr *attr[RTA_MAX + 1];
	struct addr addr = { .word = { 0, 0, is_v4 ? htonl(0xffff) : 0, 0 } };
	uint8_t *first = (uint8_t *)&out->first, *last = (uint8_t *)&out->last;

	if (route->rtm_flags & RTM_F_CLONED)
		return false;
	netlink_parse(message, sizeof(*route), attr, RTA_MAX);
	netlink_get_addr(attr[RTA_DST], &addr);		/* absent: the default route */
	memcpy(first, &addr, sizeof(addr));
	for (unsigned i = 0; i < sizeof(addr); i++) {
		first[i] &= prefix_mask(length, i);
		last[i] = first[i] | (uint8_t)~prefix_mask(length, i);
	}
	out->is_v4 = is_v4;
	return true;
}
