// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* bpf/checksum.h against summing everything up anew. */
#include <arpa/inet.h>
#include <criterion/criterion.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

#include "build_packet.h"
#include "packet.h"
#include "checksum.h"

/* In network order, as it lies in a header. */
static uint16_t full_checksum(const void *bytes, size_t length)
{
	return htons((uint16_t)~sum_bytes(0, bytes, length));
}

Test(checksum, of_a_header_is_that_of_rfc_1071)
{
	/* A well-known IPv4 header; its checksum is b861. */
	uint32_t header[5];
	static const uint8_t bytes[20] = {
		0x45, 0x00, 0x00, 0x73, 0x00, 0x00, 0x40, 0x00, 0x40, 0x11,
		0x00, 0x00, 0xc0, 0xa8, 0x00, 0x01, 0xc0, 0xa8, 0x00, 0xc7,
	};

	memcpy(header, bytes, sizeof(header));
	cr_assert_eq(compute_checksum(header, sizeof(header)), htons(0xb861));
	cr_assert_eq(full_checksum(header, sizeof(header)), htons(0xb861));
}

/* Words that make carries and sums of zero likely. */
static uint32_t random_word(void)
{
	static const uint32_t awkward[] = { 0, 0xffffffff, 0xffff, 0xffff0000, 1, 0x01000000 };

	if (random() % 2)
		return awkward[(size_t)random() % (sizeof(awkward) / sizeof(awkward[0]))];
	return (uint32_t)random() << 16 ^ (uint32_t)random();
}

Test(checksum, an_update_equals_a_full_recomputation)
{
	srandom(2);
	for (int run = 0; run < 200000; run++) {
		struct addr old, new;
		uint32_t message[8];
		uint16_t before;
		__u64 changes;

		for (size_t i = 0; i < 8; i++)
			message[i] = random_word();
		message[0] |= 1;	/* as in any packet, not everything is 0 */
		for (size_t i = 0; i < 4; i++)
			new.word[i] = random_word();
		memcpy(&old, message + 1, sizeof(old));
		before = full_checksum(message, sizeof(message));

		changes = change_addr(0, &old, &new);
		changes = change_word(changes, message[5], new.word[0]);
		memcpy(message + 1, &new, sizeof(new));
		message[5] = new.word[0];
		cr_assert_eq(update_checksum(before, changes),
			     full_checksum(message, sizeof(message)), "run %d", run);
	}
}

Test(checksum, the_common_part_of_mapped_addresses_changes_nothing)
{
	struct addr old = { { 0, 0, htonl(0xffff), htonl(0xc0000201) } };
	struct addr new = { { 0, 0, htonl(0xffff), htonl(0x0a000001) } };
	__u64 only = change_word(0, old.word[3], new.word[3]);

	for (uint32_t check = 0; check < 0xffff; check++)
		cr_assert_eq(update_checksum((uint16_t)check, change_addr(0, &old, &new)),
			     update_checksum((uint16_t)check, only));
}

Test(checksum, no_udp_checksum_stays_none)
{
	cr_assert_eq(update_udp_checksum(0, change_word(0, 1, 2)), 0);
}

Test(checksum, a_udp_checksum_of_zero_is_sent_as_ffff)
{
	/* ~1 + 1 more is ffff, whose inverse is 0. */
	__u64 changes = change_word(0, 0, 1);

	cr_assert_eq(update_checksum(1, changes), 0);
	cr_assert_eq(update_udp_checksum(1, changes), 0xffff);
}
