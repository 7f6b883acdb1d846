// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Text <-> addresses, endpoints and numbers: the parsers that files, API and command line share. */
#include "base/addr.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"

bool addr_is_v4(const struct addr *addr)
{
	return !addr->word[0] && !addr->word[1] && addr->word[2] == htonl(0xffff);
}

bool addr_is_zero(const struct addr *addr)
{
	return !(addr->word[0] | addr->word[1] | addr->word[2] | addr->word[3]);
}

int addr_compare(const struct addr *a, const struct addr *b)
{
	return memcmp(a, b, sizeof(*a));
}

void addr_from_v4(struct addr *addr, __be32 v4)
{
	*addr = (struct addr){ .word = { 0, 0, htonl(0xffff), v4 } };
}

int addr_parse(const char *text, struct addr *out, struct err *err)
{
	struct addr addr;
	__be32 v4;

	if (inet_pton(AF_INET, text, &v4) == 1) {
		addr_from_v4(out, v4);
		return 0;
	}
	if (inet_pton(AF_INET6, text, &addr) == 1) {
		*out = addr;
		return 0;
	}
	return err_set(err, EINVAL,
		       "'%s' is not an IPv4 or IPv6 address such as 192.0.2.10 or 2001:db8::10", text);
}

const char *addr_format(const struct addr *addr, char *text)
{
	if (addr_is_v4(addr))
		inet_ntop(AF_INET, &addr->word[3], text, ADDR_TEXT_SIZE);
	else
		inet_ntop(AF_INET6, addr, text, ADDR_TEXT_SIZE);
	return text;
}

int number_parse(const char *text, const char *what, uint64_t min, uint64_t max, uint64_t *out,
		 struct err *err)
{
	unsigned long long value;
	char *end;

	errno = 0;
	value = strtoull(text, &end, 10);
	if (!isdigit((unsigned char)text[0]) || *end || errno || value < min || value > max)
		return err_set(err, EINVAL, "%s '%s' is not a number in %llu-%llu", what, text,
			       (unsigned long long)min, (unsigned long long)max);
	*out = value;
	return 0;
}

int endpoint_parse(const char *text, struct addr *addr, uint16_t *port, struct err *err)
{
	const char *colon = strrchr(text, ':'), *start = text;
	char host[ADDR_TEXT_SIZE] = "";
	struct addr parsed;
	uint64_t number;
	size_t length;
	int r;

	length = colon ? (size_t)(colon - text) : 0;
	if (length && text[0] == '[' && colon[-1] == ']') {
		start++;
		length -= 2;
	} else if (!length || memchr(text, ':', length)) {
		return err_set(err, EINVAL,
			       "'%s' is not ADDRESS:PORT such as 10.0.0.11:8080 or [fd00::11]:8080",
			       text);
	}
	if (length >= sizeof(host))
		return err_set(err, EINVAL, "'%s': the address is too long", text);
	memcpy(host, start, length);
	r = addr_parse(host, &parsed, err);
	if (!r)
		r = number_parse(colon + 1, "port", 1, 65535, &number, err);
	if (r)
		return r;
	*addr = parsed;
	*port = (uint16_t)number;
	return 0;
}

const char *endpoint_format(const struct addr *addr, uint16_t port, char *text)
{
	char host[ADDR_TEXT_SIZE];

	snprintf(text, ENDPOINT_TEXT_SIZE, addr_is_v4(addr) ? "%s:%u" : "[%s]:%u",
		 addr_format(addr, host), port);
	return text;
}

socklen_t endpoint_to_sockaddr(const struct addr *addr, uint16_t port,
			       struct sockaddr_storage *out)
{
	struct sockaddr_in *v4 = (struct sockaddr_in *)out;
	struct sockaddr_in6 *v6 = (struct sockaddr_in6 *)out;

	memset(out, 0, sizeof(*out));
	if (addr_is_v4(addr)) {
		v4->sin_family = AF_INET;
		v4->sin_port = htons(port);
		v4->sin_addr.s_addr = addr->word[3];
		return sizeof(*v4);
	}
	v6->sin6_family = AF_INET6;
	v6->sin6_port = htons(port);
	memcpy(&v6->sin6_addr, addr, sizeof(v6->sin6_addr));
	return sizeof(*v6);
}
