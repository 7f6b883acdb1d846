/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Who has which ports of an address and protocol: rows to be looked up by overlap. Pure. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "abi.h"

struct port_row {
	struct addr addr;
	uint8_t protocol;
	uint16_t first, last;		/* host byte order, inclusive */
	const void *owner;
};

/* Single ports and ranges stand apart, so that many of the former cost nothing. */
struct port_index {
	struct port_row *single, *range;	/* owned */
	size_t single_count, range_count;
};

/* Room for so many rows. -ENOMEM. */
int port_index_init(struct port_index *index, size_t rows);
void port_index_clean(struct port_index *index);

void port_index_add(struct port_index *index, const struct port_row *row);
void port_index_sort(struct port_index *index);		/* before the first question */

/*
 * The first range of this address and protocol, of *count that stand one after the other; NULL if
 * there is none.
 */
const struct port_row *port_index_ranges(const struct port_index *index, const struct addr *addr,
					 uint8_t protocol, size_t *count);

/* Does anybody have one of these ports? */
bool port_index_overlaps(const struct port_index *index, const struct addr *addr, uint8_t protocol,
			 uint16_t first, uint16_t last);

bool port_row_overlaps(const struct port_row *row, uint16_t first, uint16_t last);
