#!/usr/bin/env bash
# Install what training/ needs from Debian's packages: PyTorch, OpenCV, Pillow,
# ONNX and the fonts that lines and cards are drawn in.
set -euo pipefail

packages=(
	python3-torch python3-numpy python3-opencv python3-pil python3-onnx
	fonts-ocr-a fonts-ocr-b fonts-liberation fonts-croscore fonts-crosextra-carlito fonts-crosextra-caladea fonts-urw-base35
	fonts-freefont-ttf fonts-dejavu-core fonts-dejavu-extra fonts-roboto-unhinted fonts-open-sans fonts-noto-core fonts-hack
	fonts-cabin fonts-quicksand fonts-league-spartan fonts-karla fonts-paratype fonts-play fonts-jura fonts-clear-sans fonts-b612 fonts-adf-gillius
	fonts-adf-universalis fonts-adf-switzera fonts-adf-verana fonts-inter fonts-manrope fonts-sora fonts-arkpandora fonts-sil-andika fonts-junction
	fonts-linuxlibertine fonts-droid-fallback fonts-yanone-kaffeesatz fonts-roboto-slab fonts-adf-baskervald fonts-adf-tribun fonts-adf-accanthis
	fonts-sil-gentium fonts-ebgaramond fonts-vollkorn fonts-jetbrains-mono fonts-inconsolata fonts-lato fonts-oxygen fonts-cantarell fonts-texgyre
)
missing=()
for p in "${packages[@]}"; do
	dpkg-query -W -f '${Status}' "$p" 2>/dev/null | grep -q 'ok installed' || missing+=("$p")
done
if [ ${#missing[@]} -gt 0 ]; then
	echo "installing ${#missing[@]} packages: ${missing[*]}"
	apt-get update -qq
	DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null
fi
