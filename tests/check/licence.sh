#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# Every source file names its licence within its first two lines.
set -eu
status=0
while read -r file; do
	head -2 "$file" | grep -q 'SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause' ||
		{ echo "$file: no licence line" && status=1; }
done < <(git ls-files -co --exclude-standard -- '*.[ch]' '*.sh' Makefile scripts tests/e2e .ci | sort -u |
	grep -v '/corpus/')
exit $status
