#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# docs/openapi.yaml describes the requests of the table in control/handlers.c, no more and no less.
set -eu
served() {
	sed -n 's/^\t{ "\([A-Z]*\)", "\(\/[^"]*\)", \.\(show\|edit\) .*/\1 \2/p' userspace/control/handlers.c
}
described() {
	awk '/^[a-z]/ { paths = /^paths:/ }
		paths && /^  \// { path = $1; sub(/:$/, "", path); gsub(/\{[a-z]*\}/, "*", path) }
		paths && /^    (get|put|post|patch|delete):$/ { print toupper(substr($1, 1, length($1) - 1)), path }' \
		docs/openapi.yaml
}
[ -n "$(served)" ]
diff <(served | sort) <(described | sort) ||
	{ echo "docs/openapi.yaml (>) and the table of userspace/control/handlers.c (<) differ" && exit 1; }
