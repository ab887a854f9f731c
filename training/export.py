"""Write a trained recogniser as ONNX, its dictionary and its model card.

    python3 export.py run --version 2 --out ../internal/onnx/embedded

Prints the manifest's facts (bytes, sha256), which belong into
internal/onnx/manifest.json.
"""

import argparse
import csv
import datetime
import hashlib
import pathlib

import onnx
import torch

from lines import STRETCH
from network import Recogniser
from words import CHARACTERS

CARD = """# ktp_ctc_v{version}

A CTC line recogniser for the print of the Indonesian identity card (KTP-el): values, labels, the NIK in OCR-A. {weights:,} weights,
{bytes:,} bytes, sha256 `{sha}`; exported {date}.

| | |
| --- | --- |
| input | [N, 3, 32, W] BGR, (x/255 - 0.5)/0.5, W a multiple of 8, padded right with 0; a line is resized to {stretch} times its own width at height 32 |
| output | softmax [N, W/4, {classes}]: blank, then {dictionary} |
| data | {lines:,} lines drawn by `lines.py`, none twice; random words and invented names and addresses, Debian's fonts; no photo, no text and no font of a real or sample card |
| start | {start} |
| training | {minutes:.0f} minutes, two shared x86-64 cores, Debian's PyTorch 1.13 (`train.py`) |
| licence | Apache-2.0, part of this repository |

On 384 lines of other seeds, as harsh as the training (a third cannot be read by a person either):

| fonts | character error rate | exact |
| --- | --- | --- |
| of the training | {cer:.1%} | {exact:.1%} |
| never seen (`HELD_OUT` in lines.py) | {cer2:.1%} | {exact2:.1%} |

What it reads on whole cards is in docs/accuracy.md.

The last character of the dictionary, \u25af, is one run of print that cannot be seen: under a reflection, a finger. It was drawn over
a tenth of the lines and labelled so wherever less than 13 % of the print's contrast was left.

Limits: drawn lines only. Crops must be cut as the reader cuts them (capitals 45-70 % of the height, parts of the rows around
visible); tight boxes read badly. Half of the words are random, the rest Indonesian, so it leans on those where print is faint.
"""


class Served(torch.nn.Module):
    def __init__(self, net):
        super().__init__()
        self.net = net

    def forward(self, x):
        return torch.softmax(self.net(x), 2)


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("run", help="folder with last.pt and log.csv")
    p.add_argument("--version", required=True)
    p.add_argument("--start", default="the weights of ktp_ctc_v1 (62 minutes, 199,000 lines)")
    p.add_argument("--out", default=".")
    a = p.parse_args()
    run, out = pathlib.Path(a.run), pathlib.Path(a.out)
    kept = torch.load(run / "last.pt")
    net = Recogniser()
    net.load_state_dict(kept["weights"])
    net.eval()
    name = f"ktp_ctc_v{a.version}"
    file = out / f"{name}.onnx"
    torch.onnx.export(Served(net), torch.zeros(2, 3, 32, 160), str(file), opset_version=11, input_names=["x"], output_names=["softmax"],
                      dynamic_axes={"x": {0: "N", 3: "W"}, "softmax": {0: "N", 1: "T"}})
    onnx.checker.check_model(onnx.load(str(file)))
    (out / f"{name}.txt").write_text("".join(c + "\n" for c in CHARACTERS), encoding="utf-8")
    data = file.read_bytes()
    sha = hashlib.sha256(data).hexdigest()
    cer, exact, cer2, exact2 = [float(v) for v in list(csv.reader(open(run / "log.csv", encoding="utf-8")))[-1][2:]]
    (pathlib.Path(__file__).parent / "model-card.md").write_text(CARD.format(
        version=a.version, weights=sum(w.numel() for w in net.parameters()), bytes=len(data), sha=sha, date=datetime.date.today(),
        classes=len(CHARACTERS) + 1, dictionary=f"{name}.txt", stretch=STRETCH, lines=kept["lines"], minutes=kept["minutes"], start=a.start,
        cer=cer, exact=exact, cer2=cer2, exact2=exact2), encoding="utf-8")
    print(f"{file}: {len(data)} bytes, sha256 {sha}")
    text = out / f"{name}.txt"
    print(f"{text}: sha256 {hashlib.sha256(text.read_bytes()).hexdigest()}")


if __name__ == "__main__":
    main()
