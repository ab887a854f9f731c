#!/usr/bin/env bash
# Run every test with the race detector; PostgreSQL is started for it on a free
# loopback port and removed afterwards. Skipped tests are listed with their reason.
set -euo pipefail
cd "$(dirname "$0")/.."

ANYCHECK_TEST_POSTGRES_URL="$(scripts/postgres-test.sh start)"
export ANYCHECK_TEST_POSTGRES_URL
trap 'scripts/postgres-test.sh stop' EXIT

go tool gotestsum --format pkgname -- -race -timeout 35m "$@" ./...
