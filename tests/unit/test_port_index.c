// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "dataplane/port_index.h"

#include <criterion/criterion.h>
#include <stdlib.h>

enum { ADDRESSES = 3, ROWS = 40, ROUNDS = 300, PORTS = 12 };

static struct port_row random_row(void)
{
	struct port_row row = {
		.addr.word[3] = (uint32_t)(rand() % ADDRESSES),
		.protocol = rand() % 2 ? 6 : 17,
		.first = (uint16_t)(rand() % PORTS),
	};

	row.last = (uint16_t)(row.first + (rand() % 3 ? 0 : rand() % 4));
	return row;
}

/* One after the other, as anybody would. */
static bool overlaps(const struct port_row *rows, size_t count, const struct port_row *asked)
{
	for (size_t i = 0; i < count; i++) {
		if (rows[i].addr.word[3] == asked->addr.word[3] &&
		    rows[i].protocol == asked->protocol && rows[i].first <= asked->last &&
		    asked->first <= rows[i].last)
			return true;
	}
	return false;
}

static size_t ranges(const struct port_row *rows, size_t count, const struct port_row *asked)
{
	size_t sum = 0;

	for (size_t i = 0; i < count; i++)
		sum += rows[i].first != rows[i].last && rows[i].protocol == asked->protocol &&
		       rows[i].addr.word[3] == asked->addr.word[3];
	return sum;
}

Test(port_index, finds_what_a_walk_over_all_rows_finds)
{
	srand(1);
	for (int round = 0; round < ROUNDS; round++) {
		struct port_row rows[ROWS];
		size_t count = (size_t)(rand() % ROWS), found;
		struct port_index index;

		cr_assert_eq(port_index_init(&index, count), 0);
		for (size_t i = 0; i < count; i++) {
			rows[i] = random_row();
			port_index_add(&index, &rows[i]);
		}
		port_index_sort(&index);
		for (int i = 0; i < ROWS; i++) {
			struct port_row asked = random_row();

			cr_assert_eq(port_index_overlaps(&index, &asked.addr, asked.protocol,
							 asked.first, asked.last),
				     overlaps(rows, count, &asked));
			port_index_ranges(&index, &asked.addr, asked.protocol, &found);
			cr_assert_eq(found, ranges(rows, count, &asked));
		}
		port_index_clean(&index);
	}
}
