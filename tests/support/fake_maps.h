/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Maps in memory behind struct map_writer: fail at a chosen write, check rules after each one. */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "dataplane/maps.h"

struct fake_entry {
	enum map_id map;
	_Alignas(8) char key[32];
	_Alignas(8) char value[512];
};

struct fake_maps {
	struct fake_entry *entries;
	size_t count;
	uint64_t *slots;
	unsigned writes;		/* updates and removals so far */
	unsigned fail_at;		/* this write fails with -ENOMEM, once; 0: none does */
	unsigned waits;
	/* Called after every write that was done. */
	void (*written)(const struct fake_maps *maps);
};

void fake_maps_init(struct fake_maps *maps);
void fake_maps_clean(struct fake_maps *maps);
struct map_writer fake_maps_writer(struct fake_maps *maps);

/* NULL if there is none. */
const void *fake_maps_find(const struct fake_maps *maps, enum map_id map, const void *key);
size_t fake_maps_count(const struct fake_maps *maps, enum map_id map);
