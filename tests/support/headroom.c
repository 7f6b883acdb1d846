// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* A driver that leaves little room in front of the frame: see headroom.h. */
#include "headroom.h"

#include <bpf/bpf.h>
#include <criterion/criterion.h>
#include <linux/bpf.h>
#include <stdint.h>
#include <string.h>

#include "base/cleanup.h"

enum {
	/* Of 256 bytes the kernel keeps some 40 for itself; too few are left for an IPv4 header. */
	TAKEN = 208,
	COPIED_MAX = 256,
	STACK = BPF_REG_10,
};

static struct bpf_insn set(uint8_t reg, int32_t value)
{
	return (struct bpf_insn){
		.code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = reg, .imm = value,
	};
}

static struct bpf_insn copy(uint8_t to, uint8_t from)
{
	return (struct bpf_insn){
		.code = BPF_ALU64 | BPF_MOV | BPF_X, .dst_reg = to, .src_reg = from,
	};
}

static struct bpf_insn add(uint8_t reg, int32_t value)
{
	return (struct bpf_insn){
		.code = BPF_ALU64 | BPF_ADD | BPF_K, .dst_reg = reg, .imm = value,
	};
}

static struct bpf_insn call(enum bpf_func_id helper)
{
	return (struct bpf_insn){ .code = BPF_JMP | BPF_CALL, .imm = (int32_t)helper };
}

static int tail_call_map(int prog_fd)
{
	int map_fd = bpf_map_create(BPF_MAP_TYPE_PROG_ARRAY, "next", 4, 4, 1, NULL);
	uint32_t zero = 0;

	cr_assert_geq(map_fd, 0);
	cr_assert_eq(bpf_map_update_elem(map_fd, &zero, &prog_fd, BPF_ANY), 0);
	return map_fd;
}

struct headroom_wrapper headroom_wrap(int prog_fd, size_t frame_length)
{
	struct headroom_wrapper wrapper = { .map_fd = tail_call_map(prog_fd) };
	int32_t length = (int32_t)frame_length;
	struct bpf_insn code[] = {
		copy(BPF_REG_6, BPF_REG_1),
		set(BPF_REG_2, -TAKEN),
		call(BPF_FUNC_xdp_adjust_head),

		copy(BPF_REG_1, BPF_REG_6),
		set(BPF_REG_2, TAKEN),
		copy(BPF_REG_3, STACK),
		add(BPF_REG_3, -COPIED_MAX),
		set(BPF_REG_4, length),
		call(BPF_FUNC_xdp_load_bytes),

		copy(BPF_REG_1, BPF_REG_6),
		set(BPF_REG_2, 0),
		copy(BPF_REG_3, STACK),
		add(BPF_REG_3, -COPIED_MAX),
		set(BPF_REG_4, length),
		call(BPF_FUNC_xdp_store_bytes),

		copy(BPF_REG_1, BPF_REG_6),
		{ .code = BPF_LD | BPF_DW | BPF_IMM, .dst_reg = BPF_REG_2,
		  .src_reg = BPF_PSEUDO_MAP_FD, .imm = wrapper.map_fd },
		{},
		set(BPF_REG_3, 0),
		call(BPF_FUNC_tail_call),
		set(BPF_REG_0, XDP_ABORTED),
		{ .code = BPF_JMP | BPF_EXIT },
	};
	/* As libbpf loads section "xdp": programs that call each other must have the same type. */
	LIBBPF_OPTS(bpf_prog_load_opts, options, .expected_attach_type = BPF_XDP);

	cr_assert_leq(frame_length, COPIED_MAX);
	wrapper.prog_fd = bpf_prog_load(BPF_PROG_TYPE_XDP, "headroom", "GPL", code,
					ARRAY_SIZE(code), &options);
	cr_assert_geq(wrapper.prog_fd, 0, "loading: %s", strerror(-wrapper.prog_fd));
	return wrapper;
}

void headroom_unwrap(struct headroom_wrapper *wrapper)
{
	cleanup_close(&wrapper->prog_fd);
	cleanup_close(&wrapper->map_fd);
	*wrapper = (struct headroom_wrapper){ -1, -1 };
}
