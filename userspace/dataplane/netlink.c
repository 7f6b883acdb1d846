// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Conversations with rtnetlink: what is said and heard is the business of the parts of route.c. */
#include "dataplane/netlink.h"

#include <errno.h>
#include <libmnl/libmnl.h>
#include <linux/rtnetlink.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>

#include "base/addr.h"
#include "base/cleanup.h"

enum {
	BUFFER_SIZE = 32768,		/* the largest piece that the kernel sends */
	REQUEST_SIZE_MAX = 128,
	REQUESTS_AT_ONCE = 64,		/* their answers fit into the receive buffer */
	READS_AT_ONCE = 16384,
	DUMP_ATTEMPTS = 5,		/* a dump is interrupted when the table changes meanwhile */
	ANSWER_TIMEOUT_S = 2,		/* only an answer that was lost takes long */
	EVENT_BUFFER_SIZE = 8 << 20,	/* a full table of routes that moves at once */
};
_Static_assert(REQUESTS_AT_ONCE * REQUEST_SIZE_MAX <= BUFFER_SIZE, "requests fit into the buffer");

struct netlink {
	struct mnl_socket *socket;
	uint32_t sequence;		/* of the next request */
	_Alignas(struct nlmsghdr) char buffer[BUFFER_SIZE];
};

static int open_socket(int flags, struct netlink **out)
{
	_cleanup_(netlink_close) struct netlink *netlink = calloc(1, sizeof(*netlink));

	if (!netlink)
		return -ENOMEM;
	netlink->sequence = 1;		/* 0 is the number of the kernel's own messages */
	netlink->socket = mnl_socket_open2(NETLINK_ROUTE, SOCK_CLOEXEC | flags);
	if (!netlink->socket || mnl_socket_bind(netlink->socket, 0, MNL_SOCKET_AUTOPID) < 0)
		return -errno;
	*out = take_ptr(netlink);
	return 0;
}

int netlink_open(struct netlink **out)
{
	static const struct timeval timeout = { .tv_sec = ANSWER_TIMEOUT_S };
	_cleanup_(netlink_close) struct netlink *netlink = NULL;
	int r = open_socket(0, &netlink);

	if (r)
		return r;
	if (setsockopt(netlink_fd(netlink), SOL_SOCKET, SO_RCVTIMEO, &timeout, sizeof(timeout)))
		return -errno;
	*out = take_ptr(netlink);
	return 0;
}

int netlink_subscribe(const int *groups, size_t count, struct netlink **out)
{
	_cleanup_(netlink_close) struct netlink *netlink = NULL;
	int size = EVENT_BUFFER_SIZE, r = open_socket(SOCK_NONBLOCK, &netlink);

	if (r)
		return r;
	/* Without the privilege the buffer stays smaller, and changes are lost sooner. */
	if (setsockopt(netlink_fd(netlink), SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof(size)))
		setsockopt(netlink_fd(netlink), SOL_SOCKET, SO_RCVBUF, &size, sizeof(size));
	for (size_t i = 0; i < count; i++) {
		int group = groups[i];

		if (mnl_socket_setsockopt(netlink->socket, NETLINK_ADD_MEMBERSHIP, &group,
					  sizeof(group)))
			return -errno;
	}
	*out = take_ptr(netlink);
	return 0;
}

void netlink_close(struct netlink **netlink)
{
	if (!*netlink)
		return;
	if ((*netlink)->socket)
		mnl_socket_close((*netlink)->socket);
	free(*netlink);
	*netlink = NULL;
}

int netlink_fd(const struct netlink *netlink)
{
	return mnl_socket_get_fd(netlink->socket);
}

/* ---- requests -------------------------------------------------------------------------------- */

static int send_requests(struct netlink *netlink, const struct netlink_batch *batch, size_t first,
			 size_t count)
{
	size_t used = 0;

	for (size_t i = 0; i < count; i++) {
		struct nlmsghdr *request = mnl_nlmsg_put_header(netlink->buffer + used);

		batch->build(request, first + i, batch->context);
		request->nlmsg_flags |= NLM_F_REQUEST;
		request->nlmsg_seq = netlink->sequence + (uint32_t)i;
		used += MNL_ALIGN(request->nlmsg_len);
	}
	return mnl_socket_sendto(netlink->socket, netlink->buffer, used) < 0 ? -errno : 0;
}

/* The bytes of the next piece, or -errno. */
static ssize_t receive(struct netlink *netlink)
{
	ssize_t length;

	do
		length = mnl_socket_recvfrom(netlink->socket, netlink->buffer, BUFFER_SIZE);
	while (length < 0 && errno == EINTR);
	return length < 0 ? -errno : length;
}

static void give_answer(const struct netlink_batch *batch, const struct nlmsghdr *message,
			size_t index)
{
	const struct nlmsgerr *error = mnl_nlmsg_get_payload(message);

	if (message->nlmsg_type == NLMSG_ERROR)
		batch->answer(NULL, error->error, index, batch->context);
	else
		batch->answer(message, 0, index, batch->context);
}

/* Answers with another number are those of a conversation that was given up. */
static int receive_answers(struct netlink *netlink, const struct netlink_batch *batch,
			   size_t first, size_t count)
{
	size_t answered = 0;

	while (answered < count) {
		const struct nlmsghdr *message = (const void *)netlink->buffer;
		ssize_t length = receive(netlink);
		int left = (int)length;

		if (length < 0)
			return length == -EAGAIN ? -ETIMEDOUT : (int)length;
		for (; mnl_nlmsg_ok(message, left); message = mnl_nlmsg_next(message, &left)) {
			uint32_t index = message->nlmsg_seq - netlink->sequence;

			if (index >= count)
				continue;
			give_answer(batch, message, first + index);
			answered++;
		}
	}
	return 0;
}

int netlink_run(struct netlink *netlink, const struct netlink_batch *batch)
{
	int r = 0;

	for (size_t first = 0; !r && first < batch->count; first += REQUESTS_AT_ONCE) {
		size_t left = batch->count - first;
		size_t count = left < REQUESTS_AT_ONCE ? left : REQUESTS_AT_ONCE;

		r = send_requests(netlink, batch, first, count);
		r = r ?: receive_answers(netlink, batch, first, count);
		netlink->sequence += REQUESTS_AT_ONCE;
	}
	return r;
}

/* ---- dumps ----------------------------------------------------------------------------------- */

struct dump {
	netlink_each *each;
	void *context;
	uint32_t sequence;
	bool interrupted, done;
	int error;
};

static void take_dumped(struct dump *dump, const struct nlmsghdr *message)
{
	const struct nlmsgerr *error = mnl_nlmsg_get_payload(message);

	if (message->nlmsg_seq != dump->sequence)
		return;
	dump->interrupted |= message->nlmsg_flags & NLM_F_DUMP_INTR;
	dump->done = message->nlmsg_type == NLMSG_DONE || message->nlmsg_type == NLMSG_ERROR;
	if (!dump->done)
		dump->each(message, dump->context);
	else if (mnl_nlmsg_get_payload_len(message) >= sizeof(error->error))
		dump->error = error->error;	/* NLMSG_DONE begins with the error too */
}

static int ask_dump(struct netlink *netlink, uint16_t type, uint32_t sequence)
{
	struct nlmsghdr *request = mnl_nlmsg_put_header(netlink->buffer);

	mnl_nlmsg_put_extra_header(request, sizeof(struct rtgenmsg));
	request->nlmsg_type = type;
	request->nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP;
	request->nlmsg_seq = sequence;
	return mnl_socket_sendto(netlink->socket, request, request->nlmsg_len) < 0 ? -errno : 0;
}

static int dump_once(struct netlink *netlink, uint16_t type, struct dump *dump)
{
	int r;

	dump->sequence = netlink->sequence++;
	dump->interrupted = dump->done = false;
	r = ask_dump(netlink, type, dump->sequence);
	while (!r && !dump->done) {
		const struct nlmsghdr *message = (const void *)netlink->buffer;
		ssize_t length = receive(netlink);
		int left = (int)length;

		if (length < 0)
			return length == -EAGAIN ? -ETIMEDOUT : (int)length;
		for (; mnl_nlmsg_ok(message, left); message = mnl_nlmsg_next(message, &left))
			take_dumped(dump, message);
	}
	return r ?: dump->error ?: (dump->interrupted ? -EINTR : 0);
}

int netlink_dump(struct netlink *netlink, uint16_t type, netlink_each *each, void *context)
{
	struct dump dump = { .each = each, .context = context };
	int r = -EINTR;

	for (int i = 0; r == -EINTR && i < DUMP_ATTEMPTS; i++)
		r = dump_once(netlink, type, &dump);
	return r;
}

/* ---- changes --------------------------------------------------------------------------------- */

int netlink_receive(struct netlink *netlink, netlink_each *each, void *context)
{
	for (int i = 0; i < READS_AT_ONCE; i++) {
		const struct nlmsghdr *message = (const void *)netlink->buffer;
		ssize_t length = receive(netlink);
		int left = (int)length;

		if (length < 0)
			return length == -EAGAIN ? 0 : (int)length;
		for (; mnl_nlmsg_ok(message, left); message = mnl_nlmsg_next(message, &left))
			each(message, context);
	}
	return 0;
}

/* ---- attributes ------------------------------------------------------------------------------ */

void netlink_parse(const struct nlmsghdr *message, size_t header, const struct nlattr **table,
		   uint16_t max)
{
	const struct nlattr *attribute;

	memset(table, 0, (max + 1U) * sizeof(*table));
	mnl_attr_for_each(attribute, message, header) {
		if (mnl_attr_get_type(attribute) <= max)
			table[mnl_attr_get_type(attribute)] = attribute;
	}
}

void netlink_parse_nested(const struct nlattr *nest, const struct nlattr **table, uint16_t max)
{
	const struct nlattr *attribute;

	memset(table, 0, (max + 1U) * sizeof(*table));
	mnl_attr_for_each_nested(attribute, nest) {
		if (mnl_attr_get_type(attribute) <= max)
			table[mnl_attr_get_type(attribute)] = attribute;
	}
}

uint8_t netlink_family(const struct addr *addr)
{
	return addr_is_v4(addr) ? AF_INET : AF_INET6;
}

void netlink_put_addr(struct nlmsghdr *request, uint16_t type, const struct addr *addr)
{
	if (addr_is_v4(addr))
		mnl_attr_put(request, type, sizeof(addr->word[3]), &addr->word[3]);
	else
		mnl_attr_put(request, type, sizeof(*addr), addr);
}

bool netlink_read_addr(const void *bytes, size_t length, struct addr *out)
{
	__be32 v4;

	if (length == sizeof(v4)) {
		memcpy(&v4, bytes, sizeof(v4));
		addr_from_v4(out, v4);
	} else if (length == sizeof(*out)) {
		memcpy(out, bytes, sizeof(*out));
	}
	return length == sizeof(v4) || length == sizeof(*out);
}

bool netlink_get_addr(const struct nlattr *attribute, struct addr *out)
{
	return attribute && netlink_read_addr(mnl_attr_get_payload(attribute),
					      mnl_attr_get_payload_len(attribute), out);
}
