// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* base/addr.c: texts that are addresses, endpoints and numbers, and texts that are not. */
#include "base/addr.h"

#include <arpa/inet.h>
#include <criterion/criterion.h>
#include <errno.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/err.h"

static struct addr address(const char *text)
{
	struct addr addr;

	cr_assert_eq(addr_parse(text, &addr, NULL), 0, "%s", text);
	return addr;
}

Test(addr, text_and_back)
{
	static const struct {
		const char *text, *back;
		bool is_v4;
	} rows[] = {
		{ "192.0.2.10", "192.0.2.10", true },
		{ "0.0.0.0", "0.0.0.0", true },
		{ "255.255.255.255", "255.255.255.255", true },
		{ "2001:db8::10", "2001:db8::10", false },
		{ "2001:DB8:0:0:0:0:0:10", "2001:db8::10", false },
		{ "::", "::", false },
		{ "::1", "::1", false },
		{ "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff",
		  "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", false },
		{ "::ffff:192.0.2.10", "192.0.2.10", true },	/* the same thing, so one text */
		{ "::fffe:c000:20a", "::fffe:c000:20a", false },
		{ "1::ffff:c000:20a", "1::ffff:c000:20a", false },
		{ "0:1::ffff:c000:20a", "0:1::ffff:c000:20a", false },
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct addr addr = address(rows[i].text);
		char text[ADDR_TEXT_SIZE];

		cr_expect_str_eq(addr_format(&addr, text), rows[i].back);
		cr_expect_eq(addr_is_v4(&addr), rows[i].is_v4, "%s", rows[i].text);
	}
}

Test(addr, nothing_else_is_an_address)
{
	static const char *const texts[] = {
		"", " ", "1", "1.2.3", "1.2.3.4.5", "1.2.3.256", "1.2.3.4 ", " 1.2.3.4", "1.2.3.-4",
		"1.2.3.4/24", "1.2.3.4:80", "0x1.2.3.4", "host", ":", ":::", "1::2::3", "12345::",
		"::1%lo", "[::1]", "1:2:3:4:5:6:7", "1:2:3:4:5:6:7:8:9", "::1.2.3", "g::",
	};

	for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
		struct addr addr, before;
		struct err err = { 0 };

		memset(&addr, 0x5a, sizeof(addr));
		before = addr;
		cr_expect_eq(addr_parse(texts[i], &addr, &err), -EINVAL, "'%s'", texts[i]);
		cr_expect_eq(err.code, EINVAL);
		cr_expect(strstr(err.text, texts[i]), "'%s' is not in: %s", texts[i], err.text);
		cr_expect_eq(addr_compare(&addr, &before), 0, "'%s' wrote", texts[i]);
	}
}

Test(addr, only_the_zero_address_is_not_set)
{
	struct addr zero = { 0 }, v4_zero = address("0.0.0.0");

	cr_expect(addr_is_zero(&zero));
	cr_expect_not(addr_is_v4(&zero));
	cr_expect_not(addr_is_zero(&v4_zero));
	for (int i = 0; i < 4; i++) {
		struct addr addr = { 0 };

		addr.word[i] = htonl(1);
		cr_expect_not(addr_is_zero(&addr), "word %d", i);
	}
}

Test(addr, v4_from_its_word)
{
	struct addr from_text = address("192.0.2.10"), from_word;

	addr_from_v4(&from_word, htonl(0xc000020a));
	cr_expect_eq(addr_compare(&from_text, &from_word), 0);
}

Test(addr, order_is_that_of_the_numbers)
{
	static const char *const ascending[] = {
		"::", "::1", "0.0.0.0", "9.255.255.255", "10.0.0.2", "10.0.0.11", "10.0.1.1",
		"192.0.2.1", "2001:db8::2", "2001:db8::10", "fd00::1",
	};

	for (size_t i = 0; i < ARRAY_SIZE(ascending); i++) {
		for (size_t j = 0; j < ARRAY_SIZE(ascending); j++) {
			struct addr a = address(ascending[i]), b = address(ascending[j]);
			int order = addr_compare(&a, &b);

			cr_expect_eq((order > 0) - (order < 0), (i > j) - (i < j), "%s and %s",
				     ascending[i], ascending[j]);
		}
	}
}

Test(endpoint, text_and_back)
{
	static const struct {
		const char *text, *addr;
		uint16_t port;
	} rows[] = {
		{ "10.0.0.11:8080", "10.0.0.11", 8080 },
		{ "10.0.0.11:1", "10.0.0.11", 1 },
		{ "255.255.255.255:65535", "255.255.255.255", 65535 },
		{ "[fd00::11]:8080", "fd00::11", 8080 },
		{ "[::]:65535", "::", 65535 },
		{ "[ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff]:65535",
		  "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", 65535 },
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct addr addr, expected = address(rows[i].addr);
		char text[ENDPOINT_TEXT_SIZE];
		uint16_t port;

		cr_assert_eq(endpoint_parse(rows[i].text, &addr, &port, NULL), 0);
		cr_expect_eq(addr_compare(&addr, &expected), 0, "%s", rows[i].text);
		cr_expect_eq(port, rows[i].port);
		cr_expect_str_eq(endpoint_format(&addr, port, text), rows[i].text);
	}
}

Test(endpoint, nothing_else_is_an_endpoint)
{
	static const struct {
		const char *text, *quoted;
	} rows[] = {
		{ "", "''" },
		{ "10.0.0.11", "'10.0.0.11'" },
		{ ":80", "':80'" },
		{ "10.0.0.11:", "port ''" },
		{ "10.0.0.11:0", "port '0'" },
		{ "10.0.0.11:65536", "port '65536'" },
		{ "10.0.0.11:http", "port 'http'" },
		{ "10.0.0.11:+80", "port '+80'" },
		{ "10.0.0.11: 80", "port ' 80'" },
		{ "10.0.0.11:80 ", "port '80 '" },
		{ "10.0.0.11:80:90", "'10.0.0.11:80:90'" },
		{ "10.0.0:80", "'10.0.0'" },
		{ "fd00::11:8080", "'fd00::11:8080'" },
		{ "[fd00::11]", "'[fd00::11]'" },
		{ "[fd00::11]8080", "'[fd00::11]8080'" },
		{ "[fd00::11]:", "port ''" },
		{ "[fd00::11:80", "'[fd00::11:80'" },
		{ "[]:80", "''" },
		{ "[:80", "'['" },
		{ "]:80", "']'" },
		{ "[x]:80", "'x'" },
		{ "[[fd00::1]]:80", "'[fd00::1]'" },
		{ "[aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa]:80",
		  "'[aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa]:80'" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct addr addr = { 0 };
		uint16_t port = 4711;
		struct err err = { 0 };

		cr_expect_eq(endpoint_parse(rows[i].text, &addr, &port, &err), -EINVAL, "'%s'",
			     rows[i].text);
		cr_expect(strstr(err.text, rows[i].quoted), "%s is not in: %s", rows[i].quoted,
			  err.text);
		cr_expect(addr_is_zero(&addr) && port == 4711, "'%s' wrote", rows[i].text);
	}
}

Test(endpoint, as_socket_address)
{
	struct addr v4 = address("192.0.2.10"), v6 = address("2001:db8::10");
	struct sockaddr_storage storage;
	const struct sockaddr_in *in = (const struct sockaddr_in *)&storage;
	const struct sockaddr_in6 *in6 = (const struct sockaddr_in6 *)&storage;

	cr_expect_eq(endpoint_to_sockaddr(&v4, 80, &storage), sizeof(*in));
	cr_expect_eq(in->sin_family, AF_INET);
	cr_expect_eq(in->sin_port, htons(80));
	cr_expect_eq(in->sin_addr.s_addr, htonl(0xc000020a));

	cr_expect_eq(endpoint_to_sockaddr(&v6, 443, &storage), sizeof(*in6));
	cr_expect_eq(in6->sin6_family, AF_INET6);
	cr_expect_eq(in6->sin6_port, htons(443));
	cr_expect_eq(memcmp(&in6->sin6_addr, &v6, sizeof(v6)), 0);
	cr_expect_eq(in6->sin6_scope_id | in6->sin6_flowinfo, 0);
}

Test(number, only_digits_within_the_bounds)
{
	static const struct {
		const char *text;
		uint64_t min, max;
		bool is_number;
		uint64_t value;
	} rows[] = {
		{ "1", 1, 10, true, 1 },
		{ "10", 1, 10, true, 10 },
		{ "0", 1, 10, false, 0 },
		{ "11", 1, 10, false, 0 },
		{ "007", 1, 10, true, 7 },
		{ "", 0, 10, false, 0 },
		{ " 1", 0, 10, false, 0 },
		{ "1 ", 0, 10, false, 0 },
		{ "+1", 0, 10, false, 0 },
		{ "-1", 0, UINT64_MAX, false, 0 },
		{ "0x1", 0, 10, false, 0 },
		{ "1.0", 0, 10, false, 0 },
		{ "18446744073709551615", 0, UINT64_MAX, true, UINT64_MAX },
		{ "18446744073709551616", 0, UINT64_MAX, false, 0 },
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		uint64_t value = 4711;
		struct err err = { 0 };
		int r = number_parse(rows[i].text, "weight", rows[i].min, rows[i].max, &value, &err);

		cr_expect_eq(r, rows[i].is_number ? 0 : -EINVAL, "'%s'", rows[i].text);
		cr_expect_eq(value, rows[i].is_number ? rows[i].value : 4711, "'%s'", rows[i].text);
	}
}

Test(number, the_sentence_says_what_would_be_right)
{
	struct err err = { 0 };
	uint64_t value;

	cr_expect_eq(number_parse("70000", "port", 1, 65535, &value, &err), -EINVAL);
	cr_expect_str_eq(err.text, "port '70000' is not a number in 1-65535");
}
