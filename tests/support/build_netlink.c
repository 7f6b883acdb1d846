// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "build_netlink.h"

#include <arpa/inet.h>
#include <criterion/criterion.h>
#include <libmnl/libmnl.h>
#include <linux/if_link.h>
#include <linux/neighbour.h>
#include <linux/rtnetlink.h>
#include <stdio.h>
#include <string.h>

#include "base/addr.h"
#include "dataplane/netlink.h"
#include "two_hosts.h"

enum { MESSAGE_SIZE = 1024 };

static struct nlmsghdr *begin(uint16_t type, const void *header, size_t size)
{
	static _Alignas(struct nlmsghdr) char buffer[MESSAGE_SIZE];
	struct nlmsghdr *message = mnl_nlmsg_put_header(buffer);

	message->nlmsg_type = type;
	memcpy(mnl_nlmsg_put_extra_header(message, size), header, size);
	return message;
}

static void put_mac(struct nlmsghdr *message, uint16_t type, const char *text)
{
	uint8_t mac[6];

	if (!text)
		return;
	parse_mac(text, mac);
	mnl_attr_put(message, type, sizeof(mac), mac);
}

static void put_kind(struct nlmsghdr *message, const struct link_spec *spec)
{
	struct nlattr *info = mnl_attr_nest_start(message, IFLA_LINKINFO), *data;

	mnl_attr_put_strz(message, IFLA_INFO_KIND, spec->kind);
	if (spec->vlan_protocol) {
		data = mnl_attr_nest_start(message, IFLA_INFO_DATA);
		mnl_attr_put_u16(message, IFLA_VLAN_PROTOCOL, htons(spec->vlan_protocol));
		mnl_attr_put_u16(message, IFLA_VLAN_ID, spec->vlan);
		mnl_attr_nest_end(message, data);
	}
	mnl_attr_nest_end(message, info);
}

const struct nlmsghdr *link_message(uint16_t type, const struct link_spec *spec)
{
	const struct ifinfomsg info = {
		.ifi_family = spec->family,
		.ifi_index = (int)spec->ifindex,
		.ifi_flags = spec->flags,
	};
	struct nlmsghdr *message = begin(type, &info, sizeof(info));

	mnl_attr_put_strz(message, IFLA_IFNAME, spec->name);
	if (spec->mtu)
		mnl_attr_put_u32(message, IFLA_MTU, spec->mtu);
	put_mac(message, IFLA_ADDRESS, spec->mac);
	if (spec->lower)
		mnl_attr_put_u32(message, IFLA_LINK, spec->lower);
	if (spec->lower_is_elsewhere)
		mnl_attr_put_u32(message, IFLA_LINK_NETNSID, 0);
	if (spec->kind)
		put_kind(message, spec);
	return message;
}

const struct nlmsghdr *neighbour_message(uint16_t type, const struct neighbour_spec *spec)
{
	struct ndmsg entry = {
		.ndm_ifindex = (int)spec->ifindex,
		.ndm_state = spec->state,
		.ndm_flags = spec->flags,
	};
	struct nlmsghdr *message;
	struct addr addr;

	cr_assert_not(addr_parse(spec->addr, &addr, NULL));
	entry.ndm_family = spec->family ? spec->family : netlink_family(&addr);
	message = begin(type, &entry, sizeof(entry));
	netlink_put_addr(message, NDA_DST, &addr);
	put_mac(message, NDA_LLADDR, spec->mac);
	if (spec->more_flags)
		mnl_attr_put_u32(message, NDA_FLAGS_EXT, spec->more_flags);
	if (spec->protocol)
		mnl_attr_put_u8(message, NDA_PROTOCOL, spec->protocol);
	return message;
}

const struct nlmsghdr *route_message(uint16_t type, const char *prefix, unsigned flags)
{
	char text[ADDR_TEXT_SIZE];
	struct rtmsg route = { .rtm_flags = flags };
	struct nlmsghdr *message;
	struct addr addr;

	cr_assert_eq(sscanf(prefix, "%45[^/]/%hhu", text, &route.rtm_dst_len), 2);
	cr_assert_not(addr_parse(text, &addr, NULL));
	route.rtm_family = netlink_family(&addr);
	message = begin(type, &route, sizeof(route));
	if (route.rtm_dst_len)		/* the kernel leaves it out of a default route */
		netlink_put_addr(message, RTA_DST, &addr);
	return message;
}
