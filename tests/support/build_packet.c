// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Packets for tests: see build_packet.h. Every multi-byte field is written high byte first. */
#include "build_packet.h"

#include <arpa/inet.h>
#include <criterion/criterion.h>
#include <netinet/in.h>
#include <string.h>

enum {
	ETHERTYPE_IPV4 = 0x0800,
	ETHERTYPE_IPV6 = 0x86dd,
	ETHERTYPE_VLAN = 0x8100,
	IPV4_HEADER = 20,
	IPV6_HEADER = 40,
	TCP_HEADER = 20,
	UDP_HEADER = 8,
	IPV4_DF = 0x4000,
	USUAL_TTL = 64,
};

bool spec_is_v6(const struct packet_spec *spec)
{
	return strchr(spec->src, ':');
}

uint16_t sum_bytes(uint16_t sum, const void *bytes, size_t length)
{
	const uint8_t *byte = bytes;
	uint32_t total = sum;

	for (size_t i = 0; i < length; i++) {
		total += i % 2 ? byte[i] : byte[i] << 8;
		if (total > 0xffff)
			total -= 0xffff;
	}
	return (uint16_t)total;
}

static void put16(uint8_t *at, uint16_t value)
{
	at[0] = (uint8_t)(value >> 8);
	at[1] = (uint8_t)value;
}

/* Zeroed room for a header at the end. */
static uint8_t *extend(struct frame *frame, size_t length)
{
	uint8_t *header = frame->bytes + frame->length;

	cr_assert(frame->length + length <= FRAME_MAX, "the test's frame is too long");
	memset(header, 0, length);
	frame->length += length;
	return header;
}

static void name_next(struct frame *frame, uint16_t ethertype, uint8_t protocol)
{
	if (frame->type_is_ethertype)
		put16(frame->bytes + frame->type_at, ethertype);
	else
		frame->bytes[frame->type_at] = protocol;
}

static void expect_type_at(struct frame *frame, const uint8_t *at, bool is_ethertype)
{
	frame->type_at = (size_t)(at - frame->bytes);
	frame->type_is_ethertype = is_ethertype;
}

static struct layer *push_layer(struct frame *frame, const uint8_t *header, uint8_t protocol)
{
	struct layer *layer = &frame->layer[frame->layers++];

	*layer = (struct layer){
		.protocol = protocol,
		.offset = (size_t)(header - frame->bytes),
	};
	return layer;
}

void add_ethernet(struct frame *frame, const struct mac *dst, const struct mac *src)
{
	uint8_t *header;

	frame->length = 0;
	frame->layers = 0;
	header = extend(frame, 14);
	memcpy(header, dst, 6);
	memcpy(header + 6, src, 6);
	expect_type_at(frame, header + 12, true);
}

void add_tag(struct frame *frame, const struct tag *tag)
{
	uint8_t *header;

	name_next(frame, tag->type ? tag->type : ETHERTYPE_VLAN, 0);
	header = extend(frame, 4);
	put16(header, tag->control);
	expect_type_at(frame, header + 2, true);
}

static void put_addr(uint8_t *at, int family, const char *text)
{
	cr_assert(inet_pton(family, text, at) == 1, "'%s' is not an address", text);
}

static void add_ipv4(struct frame *frame, const struct packet_spec *spec)
{
	uint8_t *header;

	name_next(frame, ETHERTYPE_IPV4, IPPROTO_IPIP);
	header = extend(frame, IPV4_HEADER + spec->options);
	push_layer(frame, header, IPPROTO_IPIP);
	header[0] = (uint8_t)(4 << 4 | (IPV4_HEADER + spec->options) / 4);
	header[1] = spec->tos;
	put16(header + 4, spec->id);
	put16(header + 6, spec->fragment | (spec->dont_fragment ? IPV4_DF : 0));
	header[8] = spec->ttl ? spec->ttl : USUAL_TTL;
	put_addr(header + 12, AF_INET, spec->src);
	put_addr(header + 16, AF_INET, spec->dst);
	memset(header + IPV4_HEADER, 1, spec->options);		/* no operation */
	expect_type_at(frame, header + 9, false);
}

static void add_ipv6(struct frame *frame, const struct packet_spec *spec)
{
	uint8_t *header;

	name_next(frame, ETHERTYPE_IPV6, IPPROTO_IPV6);
	header = extend(frame, IPV6_HEADER);
	push_layer(frame, header, IPPROTO_IPV6);
	header[0] = (uint8_t)(6 << 4 | spec->tos >> 4);
	header[1] = (uint8_t)(spec->tos << 4 | spec->flow_label >> 16);
	put16(header + 2, (uint16_t)spec->flow_label);
	header[7] = spec->ttl ? spec->ttl : USUAL_TTL;
	put_addr(header + 8, AF_INET6, spec->src);
	put_addr(header + 24, AF_INET6, spec->dst);
	expect_type_at(frame, header + 6, false);
}

void add_ip(struct frame *frame, const struct packet_spec *spec)
{
	if (spec_is_v6(spec))
		add_ipv6(frame, spec);
	else
		add_ipv4(frame, spec);
}

/* RFC 2003 and 2473: what the outer header takes from the packet. */
void add_outer_ip(struct frame *frame, const struct packet_spec *spec)
{
	struct packet_spec outer = {
		.src = spec->outer_src,
		.dst = spec->outer_dst,
		.tos = spec->tos,
		.dont_fragment = spec->dont_fragment,
		.id = spec->outer_id,
		.flow_label = spec->flow_label,
	};

	add_ip(frame, &outer);
}

void add_extension(struct frame *frame, const struct extension *extension)
{
	uint8_t *header;

	name_next(frame, 0, extension->type);
	header = extend(frame, (extension->length + 1u) * 8);
	header[1] = extension->length;
	header[3] = extension->fourth_byte;
	expect_type_at(frame, header, false);
}

static void add_tcp(struct frame *frame, const struct packet_spec *spec)
{
	uint8_t *header = extend(frame, TCP_HEADER + spec->tcp_options);

	push_layer(frame, header, IPPROTO_TCP);
	put16(header, spec->sport);
	put16(header + 2, spec->dport);
	put16(header + 6, 0x1234);	/* of the sequence number */
	header[12] = (uint8_t)((TCP_HEADER + spec->tcp_options) / 4 << 4);
	header[13] = spec->tcp_flags ? spec->tcp_flags : TCP_ACK;
	put16(header + 14, 0xffff);	/* window */
	memset(header + TCP_HEADER, 1, spec->tcp_options);	/* no operation */
}

static void add_udp(struct frame *frame, const struct packet_spec *spec)
{
	uint8_t *header = extend(frame, UDP_HEADER);
	struct layer *layer = push_layer(frame, header, IPPROTO_UDP);

	layer->no_checksum = spec->no_udp_checksum;
	put16(header, spec->sport);
	put16(header + 2, spec->dport);
}

void add_transport(struct frame *frame, const struct packet_spec *spec)
{
	name_next(frame, 0, spec->protocol);
	if (spec->protocol == IPPROTO_TCP)
		add_tcp(frame, spec);
	else if (spec->protocol == IPPROTO_UDP)
		add_udp(frame, spec);
}

void add_bytes(struct frame *frame, size_t count, uint8_t first)
{
	uint8_t *bytes = extend(frame, count);

	for (size_t i = 0; i < count; i++)
		bytes[i] = (uint8_t)(first + i);
}

static uint16_t sum_pseudo_header(const struct frame *frame, const struct layer *ip,
				  uint8_t protocol, size_t length)
{
	bool is_v6 = ip->protocol == IPPROTO_IPV6;
	size_t addresses_at = ip->offset + (is_v6 ? 8 : 12);
	uint8_t rest[4] = { 0, protocol };
	uint16_t sum = sum_bytes(0, frame->bytes + addresses_at, is_v6 ? 32 : 8);

	put16(rest + 2, (uint16_t)length);
	return sum_bytes(sum, rest, sizeof(rest));
}

static void finish_ipv4(uint8_t *header, size_t length)
{
	size_t header_length = (header[0] & 0xf) * 4u;

	put16(header + 2, (uint16_t)length);
	put16(header + 10, (uint16_t)~sum_bytes(0, header, header_length));
}

static void finish_transport(struct frame *frame, const struct layer *layer, size_t length)
{
	uint8_t *header = frame->bytes + layer->offset;
	bool is_udp = layer->protocol == IPPROTO_UDP;
	uint16_t check;

	if (is_udp)
		put16(header + 4, (uint16_t)length);
	if (layer->no_checksum)
		return;
	check = sum_pseudo_header(frame, layer - 1, layer->protocol, length);
	check = (uint16_t)~sum_bytes(check, header, length);
	if (is_udp)
		put16(header + 6, check ? check : 0xffff);
	else
		put16(header + 16, check);
}

void finish_frame(struct frame *frame)
{
	for (size_t i = frame->layers; i-- > 0;) {
		const struct layer *layer = &frame->layer[i];
		uint8_t *header = frame->bytes + layer->offset;
		size_t length = frame->length - layer->offset;

		if (layer->protocol == IPPROTO_IPIP)
			finish_ipv4(header, length);
		else if (layer->protocol == IPPROTO_IPV6)
			put16(header + 4, (uint16_t)(length - IPV6_HEADER));
		else
			finish_transport(frame, layer, length);
	}
}

void build_packet(const struct packet_spec *spec, struct frame *out)
{
	add_ethernet(out, &spec->dst_mac, &spec->src_mac);
	for (size_t i = 0; i < SPEC_TAGS && spec->tag[i].control; i++)
		add_tag(out, &spec->tag[i]);
	if (spec->outer_src)
		add_outer_ip(out, spec);
	add_ip(out, spec);
	for (size_t i = 0; i < spec->extensions; i++)
		add_extension(out, &spec->extension[i]);
	add_transport(out, spec);
	add_bytes(out, spec->payload, 'a');
	finish_frame(out);
	add_bytes(out, spec->padding, 0xe0);
}
