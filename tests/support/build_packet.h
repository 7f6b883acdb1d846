/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Builds packets for tests, byte by byte from the RFCs and with every checksum summed up in full.
 * It shares nothing with bpf/, so that it can be held against it.
 *
 * A struct packet_spec says what a packet is; build_packet makes the frame. The functions below it
 * add one header each, for frames that a spec can not describe.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
	FRAME_MAX = 3500,		/* BPF_PROG_TEST_RUN takes little more */
	SPEC_TAGS = 3,
	SPEC_EXTENSIONS = 10,
	FRAME_LAYERS = 3,
};

enum tcp_flags { TCP_FIN = 1, TCP_SYN = 2, TCP_RST = 4, TCP_PSH = 8, TCP_ACK = 16 };

struct mac {
	uint8_t byte[6];
};

struct tag {
	uint16_t type;			/* 0: 802.1Q */
	uint16_t control;
};

struct extension {
	uint8_t type;			/* IPPROTO_HOPOPTS and so on */
	uint8_t length;			/* as in the header: words of 8 bytes after the first */
	uint8_t fourth_byte;		/* segments left in a routing header */
};

struct packet_spec {
	struct mac dst_mac, src_mac;
	struct tag tag[SPEC_TAGS];	/* up to the first with control 0 */

	const char *outer_src, *outer_dst;	/* set: inside an IP packet of the same version */
	uint16_t outer_id;

	const char *src, *dst;		/* IPv6 if there is a colon in src */
	uint8_t ttl;			/* 0: 64 */
	uint8_t tos;
	bool dont_fragment;		/* IPv4 */
	uint16_t fragment;		/* IPv4: the other bits of that field */
	uint16_t id;			/* IPv4 */
	uint32_t flow_label;		/* IPv6 */
	uint8_t options;		/* IPv4: bytes, a multiple of 4 */
	struct extension extension[SPEC_EXTENSIONS];	/* IPv6 */
	uint8_t extensions;

	uint8_t protocol;		/* other than TCP and UDP: no header, just the payload */
	uint16_t sport, dport;
	uint8_t tcp_flags;		/* 0: ACK */
	uint8_t tcp_options;		/* bytes, a multiple of 4 */
	bool no_udp_checksum;

	uint16_t payload;		/* bytes */
	uint16_t padding;		/* bytes in the frame after the IP packet */
};

/* A header whose length or checksum is known only when everything after it is there. */
struct layer {
	uint8_t protocol;		/* of an IP header: IPPROTO_IPIP or IPPROTO_IPV6 */
	size_t offset;
	bool no_checksum;
};

struct frame {
	uint8_t bytes[FRAME_MAX];
	size_t length;
	size_t type_at;			/* where the last header names the next one */
	bool type_is_ethertype;		/* there: two bytes, not one */
	struct layer layer[FRAME_LAYERS];
	size_t layers;
};

void build_packet(const struct packet_spec *spec, struct frame *out);
bool spec_is_v6(const struct packet_spec *spec);

void add_ethernet(struct frame *frame, const struct mac *dst, const struct mac *src);
void add_tag(struct frame *frame, const struct tag *tag);
void add_outer_ip(struct frame *frame, const struct packet_spec *spec);
void add_ip(struct frame *frame, const struct packet_spec *spec);
void add_extension(struct frame *frame, const struct extension *extension);
void add_transport(struct frame *frame, const struct packet_spec *spec);
void add_bytes(struct frame *frame, size_t count, uint8_t first);	/* first, first + 1, ... */
void finish_frame(struct frame *frame);		/* fills in lengths and checksums */

/* Adds up bytes as 16-bit words, with end-around carry. */
uint16_t sum_bytes(uint16_t sum, const void *bytes, size_t length);
