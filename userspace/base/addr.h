/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Addresses and endpoints as text. struct addr holds IPv4 as ::ffff:a.b.c.d (include/abi.h). */
#pragma once

#include <netinet/in.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>

#include "abi.h"

enum {
	ADDR_TEXT_SIZE = INET6_ADDRSTRLEN,
	ENDPOINT_TEXT_SIZE = INET6_ADDRSTRLEN + sizeof("[]:65535"),
};

struct err;

bool addr_is_v4(const struct addr *addr);
bool addr_is_zero(const struct addr *addr);	/* not set: neither family */
int addr_compare(const struct addr *a, const struct addr *b);
void addr_from_v4(struct addr *addr, __be32 v4);

/* "192.0.2.1" or "2001:db8::1". The sentence quotes the text. out is untouched on failure. */
int addr_parse(const char *text, struct addr *out, struct err *err);

/* text holds ADDR_TEXT_SIZE bytes; returns text. */
const char *addr_format(const struct addr *addr, char *text);

/* "192.0.2.1:80" or "[2001:db8::1]:80"; the port is 1-65535, host byte order. */
int endpoint_parse(const char *text, struct addr *addr, uint16_t *port, struct err *err);

/* text holds ENDPOINT_TEXT_SIZE bytes; returns text. */
const char *endpoint_format(const struct addr *addr, uint16_t port, char *text);

/* port in host byte order; returns the length to pass with the address. */
socklen_t endpoint_to_sockaddr(const struct addr *addr, uint16_t port,
			       struct sockaddr_storage *out);

/* A decimal number in min..max and nothing else. what names the value in the sentence. */
int number_parse(const char *text, const char *what, uint64_t min, uint64_t max, uint64_t *out,
		 struct err *err);
