# SPDX-License-Identifier: MIT
# shellcheck shell=bash
# What scripts/run and scripts/test share. They source it from the
# repository's root.

LOGS=build/log

# Goes to standard error, so that nothing of it ends up in a file.
say() { printf '%s\n' "$*" >&2; }

die() {
	printf 'scripts/%s: %s\n' "${0##*/}" "$*" >&2
	exit 1
}

# On a terminal: what runs, for how long, and its last line, each second.
# Ends by itself when the script is gone (Ctrl-C stops only the script).
show_progress() {
	local name=$1 log=$2 line
	SECONDS=0 # of this background shell
	while sleep 1 && kill -0 $$ 2>/dev/null; do
		line=$(tail -n 1 "$log" | tr -cd '[:print:]' | cut -c 1-50)
		printf '\r\033[K%s: %d s: %s' "$name" "$SECONDS" "$line" >&2
	done
}

# logged NAME ADVICE COMMAND...: runs COMMAND with its output in a log. Where
# it fails, shows the log's end and says what to do.
logged() {
	local name=$1 advice=$2 log=$LOGS/$1.log status=0 progress=
	shift 2
	mkdir -p "$LOGS"
	: >"$log"
	if [ -t 2 ]; then
		show_progress "$name" "$log" &
		progress=$!
	fi
	"$@" >"$log" 2>&1 </dev/null || status=$?
	if [ -n "$progress" ]; then
		kill "$progress" 2>/dev/null || true
		wait "$progress" 2>/dev/null || true
		printf '\r\033[K' >&2
	fi
	if [ "$status" -ne 0 ]; then
		tail -n 30 "$log" >&2
		die "$name failed (exit status $status), all of it is in $log: $advice"
	fi
}

# need_packages PACKAGE...: installs those that are missing.
need_packages() {
	local package missing=() as_root=() install
	for package; do
		# Would remove gnuplot-qt, which does as well.
		[ "$package" != gnuplot-nox ] || ! command -v gnuplot >/dev/null || continue
		# "installed" once for each architecture.
		[[ $(dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null) == installed* ]] ||
			missing+=("$package")
	done
	[ ${#missing[@]} -gt 0 ] || return 0

	install="apt-get install -y --no-install-recommends ${missing[*]}"
	command -v apt-get >/dev/null ||
		die "this is no Debian: install what it calls ${missing[*]}"
	if [ "$(id -u)" -ne 0 ]; then
		command -v sudo >/dev/null ||
			die "packages are missing and there is no sudo; as root: apt-get update && $install"
		as_root=(sudo)
	fi
	say "installing from Debian's packages: ${missing[*]}"
	logged apt-update "mend the package sources, or as root: $install" \
		"${as_root[@]}" apt-get update
	# shellcheck disable=SC2086 # the words of the command
	logged apt-install "as root: $install" \
		"${as_root[@]}" env DEBIAN_FRONTEND=noninteractive $install
}
