#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# Includes point one way: base <- model <- dataplane <- health, stats <- control <- sluiced.c, and
# ctl sees base alone.
set -eu
declare -A allowed=(
	[base]="base" [model]="base model" [dataplane]="base model dataplane"
	[health]="base model health" [stats]="base model dataplane health stats"
	[control]="base model dataplane health stats control" [ctl]="base ctl"
)
status=0
for folder in "${!allowed[@]}"; do
	while IFS=: read -r file line; do
		used=$(sed 's/.*"\([a-z]*\)\/.*/\1/' <<<"$line")
		case " ${allowed[$folder]} " in
		*" $used "*) ;;
		*) echo "$file: $folder must not include $used/" && status=1 ;;
		esac
	done < <(grep -H '#include "[a-z]*/' userspace/"$folder"/*.[ch])
done
exit $status
