/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The loaded XDP program for packet tests: its maps filled as the daemon would, a frame run through
 * it, and what became of it. Lives in a network namespace of its own, so a test may make interfaces
 * and routes as it likes.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "abi.h"
#include "build_packet.h"
#include "headroom.h"
#include "reasons.h"

enum {
	LOOPBACK = 1,			/* ifindex; packets come in there unless a test says so */
	TEST_RINGS = 64,
	TEST_FLOW_BUCKETS = 1 << 10,
};

struct program {
	struct sluice_bpf *skeleton;
	struct config config;
	struct headroom_wrapper wrapper;
	int entry_fd;				/* of the program, or of the wrapper */
	uint32_t ingress;			/* ifindex */
	uint32_t rings;
	int cpus;
	uint64_t reasons[REASON_COUNT];		/* counted up to now */
	/* the maps of these names, mmapped as the daemon does it: see also flows.h */
	struct flow_bucket *flows;		/* TEST_FLOW_BUCKETS */
	union slot *slots;
};

struct outcome {
	int action;			/* XDP_PASS and so on */
	enum reason reason;
	struct frame out;
};

/* Skips the test unless it is run as root. */
void program_open(struct program *program);
void program_close(struct program *program);
#define _cleanup_program_ __attribute__((cleanup(program_close)))

/* Stores program->config, which is the caller's to change: at first a secret and timeouts. */
void program_configure(struct program *program);

/* A new ring of the smallest size, whose slots are stable and name the ids in turn. */
struct listener_entry program_add_ring(struct program *program, const uint32_t *ids, size_t count);
void program_set_slot(struct program *program, uint32_t index, union slot slot);

/* addr is of either family; port in host byte order. */
struct endpoint_key port_key(const char *addr, uint8_t protocol, uint16_t port);
struct endpoint_key range_key(const char *addr, uint8_t protocol, uint16_t number);

void program_set_listener(struct program *program, struct endpoint_key key,
			  const struct listener_entry *entry);
void program_set_listener_ranges(struct program *program, const char *addr, uint8_t protocol,
				 const struct port_ranges *ranges);
void program_set_reply(struct program *program, struct endpoint_key key,
		       const struct reply_entry *entry);
void program_set_reply_ranges(struct program *program, const char *addr, uint8_t protocol,
			      const struct port_ranges *ranges);
void program_set_target(struct program *program, uint32_t index, const struct target_entry *entry);
void program_set_link(struct program *program, uint32_t ifindex, const struct link_entry *entry);
void program_add_device(struct program *program, uint32_t ifindex);	/* one that exists */

void program_set_bucket(struct program *program, uint32_t index, const struct flow_bucket *bucket);
void program_get_bucket(const struct program *program, uint32_t index, struct flow_bucket *out);
void program_set_direct_recorded(struct program *program, uint32_t second);
uint32_t program_direct_recorded(const struct program *program);

void program_get_listener_traffic(const struct program *program, uint32_t id, struct traffic *out);
void program_get_target_traffic(const struct program *program, uint32_t index,
				struct traffic *out);

/* Asserts that exactly one reason's counter rises, by one. */
void program_run(struct program *program, const struct frame *in, struct outcome *out);

/* Just runs it: its action. May be called by several threads at once. */
int program_pass(const struct program *program, const struct frame *in, struct frame *out);

/* From now on frames of this length come with no room for another header in front. */
void program_leave_no_headroom(struct program *program, size_t frame_length);

/*
 * Runs the frame and asserts what becomes of it. action is XDP_TX or XDP_REDIRECT if the reason is
 * one to forward and otherwise of no meaning; out is NULL if the packet is dropped or untouched.
 */
void expect_outcome(struct program *program, const char *title, const struct frame *in,
		    enum reason reason, int action, const struct frame *out);

/* The same for packets that a spec can describe. */
void expect_packet(struct program *program, const char *title, const struct packet_spec *in,
		   enum reason reason, int action, const struct packet_spec *out);

enum action reason_action(enum reason reason);
const char *reason_label(enum reason reason);
