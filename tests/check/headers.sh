#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# Every header of user space compiles alone, so that includes can stand in any order.
set -eu
status=0
for header in include/*.h userspace/*/*.h; do
	printf '#include "%s"\n' "${header#*/}" |
		gcc -std=gnu11 -D_GNU_SOURCE -Wall -Wextra -Werror -Iinclude -Iuserspace -I. -fsyntax-only -xc - ||
		{ echo "$header does not compile alone" && status=1; }
done
exit $status
