/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * rtnetlink on top of libmnl: requests in bulk, dumps and the stream of changes. Private to the
 * parts of route.c.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "abi.h"

struct nlattr;
struct nlmsghdr;
struct netlink;

/* A socket for requests, or one that receives the changes of the groups (RTNLGRP_*). */
int netlink_open(struct netlink **out);
int netlink_subscribe(const int *groups, size_t count, struct netlink **out);
void netlink_close(struct netlink **netlink);
int netlink_fd(const struct netlink *netlink);

/*
 * Many small requests with few system calls. build fills the header's type and flags and appends
 * the rest; answer gets the reply, or NULL with the error (0: acknowledged, else -errno), in any
 * order. -errno: the conversation itself failed, and some requests have no answer.
 */
struct netlink_batch {
	size_t count;
	void (*build)(struct nlmsghdr *request, size_t index, void *context);
	void (*answer)(const struct nlmsghdr *reply, int error, size_t index, void *context);
	void *context;
};
int netlink_run(struct netlink *netlink, const struct netlink_batch *batch);

/* Everything of one kind (RTM_GET...), of all address families; a thing may come more than once. */
typedef void netlink_each(const struct nlmsghdr *message, void *context);
int netlink_dump(struct netlink *netlink, uint16_t type, netlink_each *each, void *context);

/*
 * The changes that have arrived, so many reads at most that others get their turn: 0, or -errno:
 * changes were lost (-ENOBUFS) or can not be read.
 */
int netlink_receive(struct netlink *netlink, netlink_each *each, void *context);

/* Attributes by type, behind a header of this size; table has max + 1 places, NULL where absent. */
void netlink_parse(const struct nlmsghdr *message, size_t header, const struct nlattr **table,
		   uint16_t max);
void netlink_parse_nested(const struct nlattr *nest, const struct nlattr **table, uint16_t max);

/* Addresses as the kernel writes them: 4 or 16 bytes. False, out untouched: neither. */
uint8_t netlink_family(const struct addr *addr);
void netlink_put_addr(struct nlmsghdr *request, uint16_t type, const struct addr *addr);
bool netlink_read_addr(const void *bytes, size_t length, struct addr *out);
bool netlink_get_addr(const struct nlattr *attribute, struct addr *out);	/* NULL: false */
