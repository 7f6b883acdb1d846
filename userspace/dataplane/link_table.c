// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* RTM_NEWLINK and RTM_DELLINK -> a sorted table of links; read for every hop. */
#include "dataplane/link_table.h"

#include <arpa/inet.h>
#include <errno.h>
#include <libmnl/libmnl.h>
#include <linux/if.h>
#include <linux/if_ether.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "dataplane/netlink.h"
#include "dataplane/route.h"
#include "model/array.h"

_Static_assert(LINK_NAME_SIZE == IFNAMSIZ, "link names");

int link_table_init(struct link_table *table, const uint32_t *interfaces, size_t count)
{
	uint32_t *copy = array_copy(interfaces, count, sizeof(*copy));

	if (!copy)
		return -ENOMEM;
	*table = (struct link_table){ .interfaces = copy, .interface_count = count };
	return 0;
}

void link_table_clean(struct link_table *table)
{
	free(table->rows);
	free(table->interfaces);
	*table = (struct link_table){ 0 };
}

/* ---- from the kernel ------------------------------------------------------------------------- */

/* The frame needs an 802.1Q tag; an 802.1ad one, or VLAN 0, is not what link_entry can say. */
static void read_vlan(struct link_row *row, const struct nlattr *linkinfo, uint32_t lower)
{
	const struct nlattr *info[IFLA_INFO_MAX + 1], *vlan[IFLA_VLAN_MAX + 1];

	netlink_parse_nested(linkinfo, info, IFLA_INFO_MAX);
	if (!info[IFLA_INFO_KIND] || !info[IFLA_INFO_DATA] ||
	    strcmp(mnl_attr_get_str(info[IFLA_INFO_KIND]), "vlan"))
		return;
	netlink_parse_nested(info[IFLA_INFO_DATA], vlan, IFLA_VLAN_MAX);
	if (!vlan[IFLA_VLAN_ID] || !vlan[IFLA_VLAN_PROTOCOL] ||
	    mnl_attr_get_u16(vlan[IFLA_VLAN_PROTOCOL]) != htons(ETH_P_8021Q))
		return;
	row->vlan = mnl_attr_get_u16(vlan[IFLA_VLAN_ID]);
	row->lower = row->vlan ? lower : 0;
}

/*
 * False: the message does not describe a link. Bridges send the state of their ports, and wireless
 * drivers their events, as messages of the same type.
 */
static bool read_link(const struct nlmsghdr *message, struct link_row *out)
{
	const struct ifinfomsg *info = mnl_nlmsg_get_payload(message);
	const struct nlattr *attr[IFLA_MAX + 1];
	uint32_t mtu;

	netlink_parse(message, sizeof(*info), attr, IFLA_MAX);
	if (info->ifi_family != AF_UNSPEC || !attr[IFLA_MTU] || !attr[IFLA_IFNAME])
		return false;
	mtu = mnl_attr_get_u32(attr[IFLA_MTU]);
	*out = (struct link_row){
		.ifindex = (uint32_t)info->ifi_index,
		.is_up = (info->ifi_flags & IFF_UP) && (info->ifi_flags & IFF_LOWER_UP),
		.mtu = mtu < UINT16_MAX ? (uint16_t)mtu : UINT16_MAX,
	};
	snprintf(out->name, sizeof(out->name), "%s", mnl_attr_get_str(attr[IFLA_IFNAME]));
	if (attr[IFLA_ADDRESS] && mnl_attr_get_payload_len(attr[IFLA_ADDRESS]) == sizeof(out->mac))
		memcpy(out->mac, mnl_attr_get_payload(attr[IFLA_ADDRESS]), sizeof(out->mac));
	/* With IFLA_LINK_NETNSID the index is one of another namespace. */
	if (attr[IFLA_LINKINFO] && attr[IFLA_LINK] && !attr[IFLA_LINK_NETNSID])
		read_vlan(out, attr[IFLA_LINKINFO], mnl_attr_get_u32(attr[IFLA_LINK]));
	return true;
}

static int compare_rows(const void *a, const void *b)
{
	const struct link_row *left = a, *right = b;

	return left->ifindex < right->ifindex ? -1 : left->ifindex > right->ifindex;
}

static int put(struct link_table *table, const struct link_row *row)
{
	bool found;
	size_t at = array_find(row, table->rows, table->count, sizeof(*row), compare_rows, &found);
	struct link_row *rows = table->rows;
	enum link_change change = LINK_CHANGED;

	if (found && !memcmp(&rows[at], row, sizeof(*row)))
		return LINK_SAME;
	if (!found) {
		rows = array_open(rows, table->count, sizeof(*rows), at);
		if (!rows)
			return -ENOMEM;
		table->rows = rows;
		table->count++;
	}
	if (!found || rows[at].is_up != row->is_up)
		change = LINK_MOVED;
	rows[at] = *row;
	return change;
}

static int drop(struct link_table *table, const struct link_row *row)
{
	bool found;
	size_t at = array_find(row, table->rows, table->count, sizeof(*row), compare_rows, &found);

	if (!found)
		return LINK_SAME;
	array_close(table->rows, table->count, sizeof(*row), at);
	table->count--;
	return LINK_MOVED;
}

int link_table_update(struct link_table *table, const struct nlmsghdr *message)
{
	struct link_row row;

	if (!read_link(message, &row))
		return LINK_SAME;
	return message->nlmsg_type == RTM_NEWLINK ? put(table, &row) : drop(table, &row);
}

struct loading {
	struct link_table table;
	int error;
};

static void on_link(const struct nlmsghdr *message, void *context)
{
	struct loading *loading = context;
	int r = link_table_update(&loading->table, message);

	if (r < 0)
		loading->error = r;
}

int link_table_load(struct link_table *table, struct netlink *netlink)
{
	struct loading loading = { .error = 0 };
	int r = netlink_dump(netlink, RTM_GETLINK, on_link, &loading);

	r = r ?: loading.error;
	if (r) {
		free(loading.table.rows);
		return r;
	}
	free(table->rows);
	table->rows = loading.table.rows;
	table->count = loading.table.count;
	return 0;
}

/* ---- for the hops ---------------------------------------------------------------------------- */

const struct link_row *link_table_find(const struct link_table *table, uint32_t ifindex)
{
	const struct link_row key = { .ifindex = ifindex };
	bool found;
	size_t at = array_find(&key, table->rows, table->count, sizeof(key), compare_rows, &found);

	return found ? &table->rows[at] : NULL;
}

static bool has_xdp(const struct link_table *table, uint32_t ifindex)
{
	for (size_t i = 0; i < table->interface_count; i++) {
		if (table->interfaces[i] == ifindex)
			return link_table_find(table, ifindex);
	}
	return false;
}

static bool egress_of(const struct link_table *table, const struct link_row *row,
		      struct link_entry *out)
{
	bool is_direct = has_xdp(table, row->ifindex);

	if (!is_direct && !(row->lower && has_xdp(table, row->lower)))
		return false;
	*out = (struct link_entry){
		.ifindex = is_direct ? row->ifindex : row->lower,
		.vlan = is_direct ? 0 : htons(row->vlan),
	};
	return true;
}

bool link_table_egress(const struct link_table *table, uint32_t ifindex, struct link_entry *out)
{
	const struct link_row *row = link_table_find(table, ifindex);

	return row && egress_of(table, row, out);
}

size_t link_table_routes(const struct link_table *table, struct route_link *out, size_t max)
{
	size_t written = 0;

	for (int tagged = 0; tagged < 2; tagged++) {
		for (size_t i = 0; i < table->count && written < max; i++) {
			struct route_link link = { .ifindex = table->rows[i].ifindex };

			if (egress_of(table, &table->rows[i], &link.entry) &&
			    !link.entry.vlan == !tagged)
				out[written++] = link;
		}
	}
	return written;
}
