#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# Installs the Debian packages that building, the demo and the tests need, and only what is missing.
# Services that come with a package (nginx, prometheus) are not started. `install-deps.sh build` leaves
# it at what building needs, for a gateway host.
set -eu

build=(gcc make libc6-dev linux-libc-dev clang bpftool libbpf-dev libelf-dev libmnl-dev libevent-dev
	libjansson-dev libyaml-dev libcurl4-openssl-dev)
demo=(iproute2 ethtool util-linux procps nginx-light curl jq dnsmasq-base bind9-dnsutils)
tests=(libcriterion-dev prometheus iputils-ping shellcheck clang-format tcpdump)

wanted=("${build[@]}")
[ "${1:-}" = build ] || wanted+=("${demo[@]}" "${tests[@]}")
missing=()
for package in "${wanted[@]}"; do
	dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null | grep -qx installed ||
		missing+=("$package")
done
[ ${#missing[@]} -gt 0 ] || exit 0

if [ "$(id -u)" != 0 ]; then
	echo "install-deps: these packages are missing, and only root can install them:" "${missing[@]}" >&2
	exit 1
fi

# Debian's way to say "do not start services": a policy-rc.d that exits with 101.
policy=/usr/sbin/policy-rc.d
if [ ! -e $policy ]; then
	trap 'rm -f $policy' EXIT
	printf '#!/bin/sh\nexit 101\n' >$policy
	chmod +x $policy
fi

log=$(mktemp)
echo "installing ${missing[*]}"
export DEBIAN_FRONTEND=noninteractive
if ! { apt-get -q update && apt-get -q -y install --no-install-recommends "${missing[@]}"; } >"$log" 2>&1; then
	tail -20 "$log" >&2
	echo "install-deps: apt-get failed; the whole output is in $log" >&2
	exit 1
fi
rm -f "$log"
