#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# The table of reasons in docs/OPERATING.md is the one of include/reasons.h. With --write it is made so.
set -eu
doc=docs/OPERATING.md

table() {
	echo '| reason | action | meaning |'
	echo '|---|---|---|'
	# shellcheck disable=SC2016 # the backquotes are Markdown
	printf '#include "reasons.h"\n#define ROW(name, label, action, help) @label;action;help\nREASONS(ROW)\n' |
		gcc -E -P -Iinclude - | tr '\n' ' ' | tr '@' '\n' | grep '^"' |
		sed 's/" *"//g; s/^"\(.*\)";\([A-Z]*\);"\(.*\)" *$/| `\1` | \L\2\E | \3 |/'
}
wanted=$(sed '/<!-- reasons -->/q' $doc; table; sed -n '/<!-- end of reasons -->/,$p' $doc)
if [ "${1:-}" = --write ]; then
	printf '%s\n' "$wanted" >$doc
else
	diff <(printf '%s\n' "$wanted") $doc >/dev/null ||
		{ echo "$doc: the table of reasons is not that of include/reasons.h; run $0 --write" && exit 1; }
fi
