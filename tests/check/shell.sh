#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# Every script passes shellcheck.
set -eu
grep -rlE '^#!/bin/bash|^# shellcheck shell' scripts tests .ci --include='*' | grep -v '\.[ch]$' |
	xargs shellcheck -x -e SC1091
