#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# No source file over 400 lines, no function over 60, no line over 100 columns but for long strings.
set -eu
status=0
while read -r file; do
	expand "$file" | awk -v file="$file" '
		length > 100 && !/"/ { print file ":" NR ": over 100 columns"; bad = 1 }
		/^\{/ { start = NR }
		/^\}/ && start {
			if (NR - start > 61) { print file ":" start ": function over 60 lines"; bad = 1 }
			start = 0
		}
		END { if (NR > 400) { print file ": over 400 lines"; bad = 1 } exit bad }' || status=1
done < <(find bpf include userspace -name '*.[ch]')
exit $status
