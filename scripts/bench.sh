#!/usr/bin/env bash
# Measure on this machine: whole verifications by step, then the engines.
set -euo pipefail
cd "$(dirname "$0")/.."

data="$(mktemp -d)"
trap 'rm -rf "$data"' EXIT
export ANYCHECK_DATA_DIR="$data"

echo "== $(nproc) cores, $(uname -m), $(date -I), $(git rev-parse --short HEAD 2>/dev/null || true)"
bin/anycheck bench pipeline || echo "(whole verifications need the face models: anycheck models pull)"
samples=../shared/samples
if [ -d "$samples" ]; then
  echo; echo "== cards";     bin/anycheck bench ktp "$samples/ktp"
  echo; echo "== faces";     bin/anycheck bench faces "$samples/faces/pairs_ktp.csv"
  echo; echo "== screening"
  lists="$samples/screening/lists"
  bin/anycheck lists import "$lists"/ofac-bench/*.csv "$lists"/un/un_consolidated.xml "$lists"/id-pep/id_pep.csv
  bin/anycheck bench screening "$samples/screening/queries.csv"
fi
echo; echo "== parts"
go test -run xxx -bench . -benchtime 5x ./internal/imaging ./internal/ktp ./internal/face ./internal/screening ./internal/document ./internal/export ./internal/onnx
