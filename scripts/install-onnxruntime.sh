#!/bin/sh
# Puts ONNX Runtime's shared library where the build embeds it:
#   internal/onnx/lib/libonnxruntime-<goos>-<goarch>.so.gz   and its .sha256
#
# usage: scripts/install-onnxruntime.sh [goarch]      (default: `go env GOARCH`)
#
# The library comes from the npm package onnxruntime-node (MIT). Version and
# checksums are pinned below; a changed package is refused. Nothing is
# installed outside the repository, and a second run does nothing.
set -eu

# 1.27 is the newest minor without the usage reporter that later Linux builds hold (ADR 0001).
version=1.27.0
# dist.integrity of the package (sha512, base64) and sha256 of the libraries in it.
integrity='QEzGwrvNBgv4uPVdnbHsOGG4G6T96mdlcFI8aAKPjMU8wOPpVocPXb6k3QGkaZagVTv2G9Bnnbo6Z3JdXr1fQw=='
sha256_amd64=d8aff4aa8abee8fb2abb2f2f2459ffc94461e781e41b9f7c072829dd0d470221
sha256_arm64=c36bc200e7e6c093b8abb0b34590fbdd8c52fd3fb5e33795b9523ffdde2fce0f

fail() { echo "install-onnxruntime: $*" >&2; exit 1; }

root=$(cd "$(dirname "$0")/.." && pwd)
lib=$root/internal/onnx/lib
arch=${1:-$(cd "$root" && go env GOARCH)}
case $arch in
amd64) npm_arch=x64 want=$sha256_amd64 ;;
arm64) npm_arch=arm64 want=$sha256_arm64 ;;
*) fail "no library for linux/$arch; install ONNX Runtime >= 1.24 and set ANYCHECK_ONNXRUNTIME_LIB" ;;
esac
name=libonnxruntime-linux-$arch.so

# The .sha256 is written last, so both files there means a finished install.
if [ -f "$lib/$name.gz" ] && [ "$(cat "$lib/$name.sha256" 2>/dev/null)" = "$want" ] && gzip -t "$lib/$name.gz" 2>/dev/null; then
	exit 0
fi

for tool in npm openssl tar gzip sha256sum; do
	command -v "$tool" >/dev/null || fail "needs $tool"
done

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
trap 'exit 130' INT TERM

echo "install-onnxruntime: fetching onnxruntime-node $version (101 MB, once)" >&2
(cd "$work" && npm pack --silent "onnxruntime-node@$version" >/dev/null) || fail "npm could not fetch onnxruntime-node@$version"
package=$work/onnxruntime-node-$version.tgz
got=$(openssl dgst -sha512 -binary "$package" | openssl base64 -A)
[ "$got" = "$integrity" ] || fail "onnxruntime-node $version is not the pinned package (sha512-$got)"

so=package/bin/napi-v6/linux/$npm_arch/libonnxruntime.so.1
tar -xzf "$package" -C "$work" "$so"
got=$(sha256sum "$work/$so" | cut -d' ' -f1)
[ "$got" = "$want" ] || fail "$so is not the pinned library (sha256 $got)"

# One architecture only: the binary carries whatever lies in the folder.
rm -f "$lib"/libonnxruntime-*
gzip -9 -n -c "$work/$so" >"$lib/.$name.gz"
mv "$lib/.$name.gz" "$lib/$name.gz"
echo "$want" >"$lib/$name.sha256"
echo "install-onnxruntime: ONNX Runtime $version for linux/$arch is in internal/onnx/lib" >&2
