#!/usr/bin/env bash
# Write THIRD_PARTY_NOTICES.md: the licence of every module in the binary, and
# of what it carries besides Go code.
set -euo pipefail
cd "$(dirname "$0")/.."

out=THIRD_PARTY_NOTICES.md
{
  echo "# Third-party notices"
  echo
  echo "AnyCheck's binary contains the software below. Made by \`scripts/notices.sh\`."
  echo
  echo "Besides Go modules it carries ONNX Runtime (MIT, Copyright (c) Microsoft Corporation; from the npm package onnxruntime-node) and,"
  echo "inside go-pdfium, PDFium compiled to WebAssembly (BSD-3-Clause and Apache-2.0, Copyright The PDFium Authors). Face and liveness"
  echo "models are not part of it: \`anycheck models list\` shows their licences."
  go list -deps -f '{{with .Module}}{{if not .Main}}{{.Path}} {{.Version}} {{.Dir}}{{end}}{{end}}' ./cmd/anycheck | sort -u |
    while read -r path version dir; do
      echo
      echo "## $path $version"
      found=""
      for f in "$dir"/LICENSE* "$dir"/LICENCE* "$dir"/COPYING* "$dir"/License* "$dir"/NOTICE*; do
        [ -f "$f" ] || continue
        found=1
        echo
        echo '```'
        cat "$f"
        echo '```'
      done
      [ -n "$found" ] || echo "No licence file in the module; see its repository."
    done
} >"$out"
