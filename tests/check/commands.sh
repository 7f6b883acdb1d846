#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# The man page and the completion of sluicectl agree with its table of commands.
set -u
cd "$(dirname "$0")/../.." || exit 1
ctl=${B:-build}/sluicectl
make -s "$ctl" >/dev/null || exit 1
status=0

# What the man page says: the .It lines of commands with their mdoc macros undone.
man_synopses()
{
	awk '/^\.It Cm / {
		text = glue = ""
		for (i = 3; i <= NF; i++) {
			if ($i == "Ar") continue
			if ($i == "Oc") { text = text "]"; continue }
			if ($i == "Oo") { text = text glue "["; glue = ""; continue }
			if ($i == "Fl") $(++i) = "-" $i
			text = text glue $i
			glue = " "
		}
		print text
	}' docs/sluicectl.8 | sort
}

# What the program says.
table_synopses()
{
	local row
	for row in "${rows[@]}"; do
		# shellcheck disable=SC2086 # one word or two
		"$ctl" help ${row%%;*} | sed -n '1s/^Usage: sluicectl //p'
	done | sort
}

# The completions at the end of a command line, as bash would show them.
complete_line()
{
	COMP_LINE="$ctl $1"
	COMP_POINT=${#COMP_LINE}
	_sluicectl
	printf '%s\n' "${COMPREPLY[@]}" | sort
}

# Fails unless the line is completed by exactly these words.
expect()
{
	diff -u --label "table: after '$1'" --label "completion: after '$1'" \
		<(tr ' ' '\n' <<<"$2" | sed '/^$/d' | sort) <(complete_line "$1") || status=1
}

mapfile -t rows < <("$ctl" words)
globals=${rows[0]##*;}
rows=("${rows[@]:1}")
diff -u --label "sluicectl help" --label docs/sluicectl.8 <(table_synopses) <(man_synopses) ||
	status=1
for option in $globals; do
	option=${option%%=*}
	grep -qE "^\.It.* Fl ${option#-}( |\$)" docs/sluicectl.8 && continue
	echo "docs/sluicectl.8 does not explain $option"
	status=1
done

# shellcheck source=scripts/sluicectl.bash-completion
. scripts/sluicectl.bash-completion
expect "" "$(printf '%s\n' "${rows[@]%%[ ;]*}" | uniq)"
for row in "${rows[@]}"; do
	command=${row%%;*}
	# shellcheck disable=SC2001 # a pattern can not say "up to the next blank"
	expect "$command -" "$(sed 's/=[^ ]*//g' <<<"$globals ${row##*;}")"
	[[ $command == *" "* ]] || continue
	object=${command% *}
	expect "$object " "$(printf '%s\n' "${rows[@]}" | sed -n "s/^$object \([a-z]*\);.*/\1/p")"
done
exit $status
