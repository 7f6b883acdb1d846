// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Passes every packet. A veth hands over what XDP_TX sends into it only if the other end runs a
 * program, whichever; NAPI alone, which is enough for a redirect, leaves the frames lying until
 * something else comes that way.
 */
#include <linux/bpf.h>

#include <bpf/bpf_helpers.h>

SEC("xdp")
int pass(struct xdp_md *ctx)
{
	(void)ctx;
	return XDP_PASS;
}

char LICENSE[] SEC("license") = "Dual BSD/GPL";
