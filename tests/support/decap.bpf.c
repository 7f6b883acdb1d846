// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Takes the outer header off IPv4 in IPv4 and IPv6 in IPv6: a target host whose kernel has no tunnel device. */
#include <linux/bpf.h>
#include <linux/if_ether.h>
#include <linux/in.h>
#include <linux/ip.h>
#include <linux/ipv6.h>

#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>

/* Bytes of the outer header; 0: there is none. */
static __always_inline int outer_length(void *data, void *end)
{
	struct ethhdr *eth = data;
	struct iphdr *v4 = (void *)(eth + 1);
	struct ipv6hdr *v6 = (void *)(eth + 1);

	if ((void *)(v4 + 1) > end)
		return 0;
	if (eth->h_proto == bpf_htons(ETH_P_IP))
		return v4->protocol == IPPROTO_IPIP ? sizeof(*v4) : 0;
	if ((void *)(v6 + 1) > end)
		return 0;
	return eth->h_proto == bpf_htons(ETH_P_IPV6) && v6->nexthdr == IPPROTO_IPV6 ? sizeof(*v6) : 0;
}

SEC("xdp")
int decap(struct xdp_md *ctx)
{
	void *data = (void *)(long)ctx->data, *end = (void *)(long)ctx->data_end;
	int length = outer_length(data, end);
	struct ethhdr eth;

	if (!length)
		return XDP_PASS;
	if (data + sizeof(eth) > end)
		return XDP_PASS;
	__builtin_memcpy(&eth, data, sizeof(eth));
	if (bpf_xdp_adjust_head(ctx, length))
		return XDP_DROP;
	data = (void *)(long)ctx->data;
	end = (void *)(long)ctx->data_end;
	if (data + sizeof(eth) > end)
		return XDP_DROP;
	__builtin_memcpy(data, &eth, sizeof(eth));
	return XDP_PASS;
}

char LICENSE[] SEC("license") = "Dual BSD/GPL";
