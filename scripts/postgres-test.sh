#!/bin/sh
# Runs a PostgreSQL server for the tests.
#
# usage: scripts/postgres-test.sh start     prints the server's URL, also into build/postgres-test/url
#        scripts/postgres-test.sh stop      stops it and removes its data
#
# The server takes connections from this machine only, on a free port, and does
# not protect its data against power loss. Without the server's programs, and as
# root on Debian or Ubuntu, start installs their package "postgresql".
set -eu

fail() { echo "postgres-test: $*" >&2; exit 1; }

root=$(cd "$(dirname "$0")/.." && pwd)
state=$root/build/postgres-test # url, and where the data is
user=anycheck

newest() { ls -d /usr/lib/postgresql/*/bin 2>/dev/null | sort -t/ -k5 -n | tail -n 1; }

# The server refuses to run as root.
as_owner() {
	if [ "$(id -u)" = 0 ]; then
		(cd / && runuser -u postgres -- "$@")
	else
		"$@"
	fi
}

stop() {
	[ -f "$state/data" ] || return 0
	data=$(cat "$state/data")
	if [ -f "$data/db/postmaster.pid" ]; then
		as_owner "$(newest)/pg_ctl" -D "$data/db" -m immediate -w stop >/dev/null || fail "the server in $data does not stop"
	fi
	rm -rf "$data" "$state"
}

start() {
	if [ -f "$state/url" ] && as_owner "$(newest)/pg_ctl" -D "$(cat "$state/data")/db" status >/dev/null 2>&1; then
		cat "$state/url"
		return
	fi
	stop
	if [ -z "$(newest)" ]; then
		[ "$(id -u)" = 0 ] && command -v apt-get >/dev/null || fail "needs PostgreSQL's server programs (Debian: apt-get install postgresql)"
		{
			apt-get update -q
			# Debian would start a server of its own with the package.
			DEBIAN_FRONTEND=noninteractive RUNLEVEL=1 apt-get install -q -y --no-install-recommends postgresql
		} >&2
	fi
	bin=$(newest)

	# Not in the repository: the server's user may not be able to go there.
	data=$(mktemp -d)
	mkdir -p "$state"
	echo "$data" >"$state/data"
	[ "$(id -u)" != 0 ] || chown postgres "$data"
	# The password keeps other users of the machine out.
	password=$(od -An -N16 -tx1 /dev/urandom | tr -d ' \n')
	(umask 077 && printf '%s' "$password" >"$data/password")
	[ "$(id -u)" != 0 ] || chown postgres "$data/password"
	as_owner "$bin/initdb" -D "$data/db" -U "$user" -E UTF8 --locale=C.UTF-8 -A scram-sha-256 --pwfile="$data/password" --no-sync >"$data.log" 2>&1 ||
		{ cat "$data.log" >&2; rm -f "$data.log"; fail "initdb failed"; }
	rm -f "$data.log"

	# A port that is free now can be taken a moment later: try some.
	for _ in 1 2 3 4 5 6 7 8 9 10; do
		port=$((20000 + $(od -An -N2 -tu2 /dev/urandom) % 12000))
		if as_owner "$bin/pg_ctl" -D "$data/db" -l "$data/log" -w -t 60 start -o "-c listen_addresses=127.0.0.1 -p $port \
			-c unix_socket_directories='' -c fsync=off -c synchronous_commit=off -c full_page_writes=off -c max_connections=300" >/dev/null 2>&1; then
			(umask 077 && echo "postgres://$user:$password@127.0.0.1:$port/postgres?sslmode=disable" >"$state/url")
			cat "$state/url"
			return
		fi
	done
	cat "$data/log" >&2
	fail "the server does not start"
}

case ${1:-} in
start) start ;;
stop) stop ;;
*) fail "usage: postgres-test.sh start|stop" ;;
esac
