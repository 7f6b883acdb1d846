// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "dataplane/image.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

int endpoint_key_compare(const void *a, const void *b)
{
	return memcmp(a, b, sizeof(struct endpoint_key));
}

int image_target_compare(const void *a, const void *b)
{
	const struct target_label *x = &((const struct image_target *)a)->label;
	const struct target_label *y = &((const struct image_target *)b)->label;
	int order = strcmp(x->group, y->group);

	if (!order)
		order = memcmp(&x->addr, &y->addr, sizeof(x->addr));
	return order ? order : (x->port > y->port) - (x->port < y->port);
}

int image_ring_compare(const void *a, const void *b)
{
	uint64_t x = ((const struct image_ring *)a)->routing;
	uint64_t y = ((const struct image_ring *)b)->routing;

	return (x > y) - (x < y);
}

int image_id_compare(const void *a, const void *b)
{
	return strcmp(((const struct image_id *)a)->name, ((const struct image_id *)b)->name);
}

struct ring_slots *ring_slots_new(unsigned bits)
{
	struct ring_slots *slots;

	slots = calloc(1, sizeof(*slots) + (sizeof(slots->id[0]) << bits));
	if (slots)
		slots->references = 1;
	return slots;
}

struct ring_slots *ring_slots_ref(struct ring_slots *slots)
{
	slots->references++;
	return slots;
}

void ring_slots_unref(struct ring_slots **slots)
{
	if (*slots && !--(*slots)->references)
		free(*slots);
	*slots = NULL;
}

struct image *image_new(void)
{
	struct image *image = calloc(1, sizeof(*image));

	if (!image)
		return NULL;
	image->next_index = 1;
	image->next_listener = 1;
	return image;
}

void image_free(struct image **image)
{
	struct image_ring *rings;

	if (!*image)
		return;
	rings = (*image)->rings.rows;
	for (size_t i = 0; i < (*image)->rings.count; i++) {
		ring_slots_unref(&rings[i].slots);
		free(rings[i].name);
	}
	free((*image)->targets.rows);
	free((*image)->rings.rows);
	free((*image)->listeners.rows);
	free((*image)->replies.rows);
	free((*image)->listener_ranges.rows);
	free((*image)->reply_ranges.rows);
	free((*image)->ids.rows);
	free(*image);
	*image = NULL;
}

void *table_add(struct table *table, size_t row_size)
{
	if (table->count == table->capacity) {
		size_t capacity = table->capacity ? table->capacity * 2 : 16;
		void *rows = realloc(table->rows, capacity * row_size);

		if (!rows)
			return NULL;
		table->rows = rows;
		table->capacity = capacity;
	}
	return memset((char *)table->rows + row_size * table->count++, 0, row_size);
}

struct image_target *image_find_target(const struct image *image, const char *group,
				       const struct addr *addr, uint16_t port)
{
	struct image_target key = { .label = { .addr = *addr, .port = port } };

	if (!image->targets.count)
		return NULL;
	strncpy(key.label.group, group, sizeof(key.label.group) - 1);
	return bsearch(&key, image->targets.rows, image->targets.count, sizeof(key),
		       image_target_compare);
}

struct image_ring *image_find_ring(const struct image *image, uint64_t routing)
{
	struct image_ring key = { .routing = routing };

	if (!image->rings.count)
		return NULL;
	return bsearch(&key, image->rings.rows, image->rings.count, sizeof(key),
		       image_ring_compare);
}

uint32_t image_find_id(const struct image *image, const char *listener)
{
	struct image_id key = { .id = 0 };
	const struct image_id *row = NULL;

	strncpy(key.name, listener, sizeof(key.name) - 1);
	if (image->ids.count)
		row = bsearch(&key, image->ids.rows, image->ids.count, sizeof(key),
			      image_id_compare);
	return row ? row->id : 0;
}

uint32_t image_target_id(const struct image_target *target)
{
	return TARGET_ID(target->index, target->entry.generation);
}
