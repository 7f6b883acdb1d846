// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* What can be seen of a gateway from inside: see gateway.h. */
#include "gateway.h"

#include <bpf/bpf.h>
#include <criterion/criterion.h>

#include "base/addr.h"
#include "base/cleanup.h"
#include "dataplane/dataplane_parts.h"
#include "dataplane/image.h"
#include "gateway_model.h"

static void explain_id(const struct gateway *gateway, const char *what, uint32_t id, FILE *out)
{
	struct target_label label;
	struct target_entry entry;
	uint32_t index = TARGET_INDEX(id);
	char text[ADDR_TEXT_SIZE];

	if (!id)
		return;
	cr_assert(!bpf_map_lookup_elem(gateway->maps.fd[MAP_TARGETS], &index, &entry) &&
		  !bpf_map_lookup_elem(gateway->maps.fd[MAP_TARGET_LABELS], &index, &label));
	fprintf(out, " %s %s/%s%s%s;", what, label.group, addr_format(&entry.addr, text),
		entry.generation == TARGET_GENERATION(id) ? "" : " (of another generation)",
		entry.flags & TARGET_ALIVE ? "" : " (dead)");
}

static void explain_flows(const struct gateway *gateway, uint64_t hash, FILE *out)
{
	const struct flow_bucket *bucket = &gateway->maps.flows[hash % GATEWAY_BUCKETS];

	for (int i = 0; i < FLOWS_PER_BUCKET; i++) {
		union flow flow = bucket->flow[i];

		if (flow.state == FLOW_FREE || flow.tag != hash >> (64 - FLOW_TAG_BITS))
			continue;
		fprintf(out, " recorded in state %d, %d s ago,", (int)flow.state,
			(uint16_t)(gateway->seconds - (uint32_t)flow.seen));
		explain_id(gateway, "on", flow.target, out);
	}
}

void gateway_explain(const struct gateway *gateway, const struct gateway_tuple *tuple,
		     const struct world_listener *listener, FILE *out)
{
	static const char *const conditions[] = { "stable", "learning", "tracking", "?" };
	struct endpoint_key key = gateway_listener_key(tuple, listener);
	struct listener_entry entry;
	uint64_t hash = gateway_hash(tuple, listener,
				     (const uint64_t *)gateway->dp->image->config.hash_secret);
	union slot slot;

	if (bpf_map_lookup_elem(gateway->maps.fd[MAP_LISTENERS], &key, &entry)) {
		fprintf(out, "\nlistener %d has no entry of its own;", tuple->listener);
	} else {
		slot.word = gateway->maps.slots[entry.ring_base + (hash >> entry.ring_shift)];
		fprintf(out, "\nlistener %d, flags %x, idle timeout %u; slot %u of %u is %s until %u;",
			tuple->listener, entry.flags, entry.idle_timeout,
			(uint32_t)(hash >> entry.ring_shift), 1u << (64 - entry.ring_shift),
			conditions[slot.condition], (uint32_t)slot.deadline);
		explain_id(gateway, "current", slot.current, out);
		explain_id(gateway, "previous", slot.previous, out);
	}
	explain_flows(gateway, hash, out);
}

const char *gateway_unsettled(const struct gateway *gateway)
{
	const struct image_listener *listeners = gateway->dp->image->listeners.rows;
	const struct image_ring *rings = gateway->dp->image->rings.rows;

	for (size_t i = 0; i < gateway->dp->image->rings.count; i++) {
		if (rings[i].slots->unsettled)
			return "an unsettled slot";
	}
	for (size_t i = 0; i < gateway->dp->image->listeners.count; i++) {
		if (listeners[i].entry.flags & LISTENER_REMOVED)
			return "a removed listener";
	}
	return gateway_model_unsettled(gateway->model);
}

bool gateway_buries_the_dead(const struct gateway *gateway)
{
	const struct image *image = gateway->dp->image;
	const struct image_listener *listeners = image->listeners.rows;
	_cleanup_free_ uint32_t *alive = image_alive_ids(image);
	bool right = true;

	for (size_t i = 0; i < image->listeners.count; i++) {
		const struct image_ring *ring = image_find_ring(image, listeners[i].label.ring);

		if (listeners[i].entry.flags & LISTENER_REMOVED || !ring->slots->unsettled)
			continue;
		for (uint32_t j = 0; j < 1u << ring->bits; j++) {
			union slot slot = ring->slots->slot[j];

			right &= slot.condition != SLOT_LEARNING ||
				 alive[TARGET_INDEX(slot.previous)] == slot.previous;
		}
	}
	return right;
}
