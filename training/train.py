"""Train the line recogniser on drawn lines, on a CPU.

    python3 train.py --init ktp_ctc_v1.onnx --minutes 90 --out run
    python3 train.py --resume run/last.pt --minutes 60 --out run

Lines are drawn while training by --drawers processes; none is seen twice. The
learning rate falls to zero over --minutes, so a run is planned by time. Every
ten minutes the averaged weights are tried on lines of other seeds, once in
fonts of the training and once in fonts it never sees, and kept in OUT/last.pt
and OUT/log.csv.
"""

import argparse
import copy
import csv
import math
import multiprocessing
import pathlib
import sys
import time

import numpy as np
import torch

from lines import HEIGHT, Lines
from network import Recogniser, decode
from words import CHARACTERS

BATCH = 32
POOL = 640  # lines that are sorted by width before they are cut into batches
CLASS = {c: i + 1 for i, c in enumerate(CHARACTERS)}


def draw(queue, seed):
    lines = Lines(seed)
    while True:
        queue.put([lines.draw() for _ in range(BATCH)])


def tensors(batch):
    """Pictures, their steps, classes and lengths of a batch of lines."""
    width = max(8, math.ceil(max(p.shape[1] for p, _ in batch) / 8) * 8)
    x = np.zeros((len(batch), 3, HEIGHT, width), np.float32)
    for k, (p, _) in enumerate(batch):
        x[k, :, :, :p.shape[1]] = (p.astype(np.float32).transpose(2, 0, 1) / 255 - 0.5) / 0.5
    steps = torch.tensor([min(width // 4, math.ceil(p.shape[1] / 4)) for p, _ in batch])
    target = torch.tensor([CLASS[c] for _, t in batch for c in t], dtype=torch.long)
    return torch.from_numpy(x), steps, target, torch.tensor([len(t) for _, t in batch])


def distance(a, b):
    """Levenshtein distance."""
    row = list(range(len(b) + 1))
    for i, x in enumerate(a, 1):
        last, row[0] = row[0], i
        for j, y in enumerate(b, 1):
            last, row[j] = row[j], min(row[j] + 1, row[j - 1] + 1, last + (x != y))
    return row[-1]


@torch.no_grad()
def evaluate(net, lines):
    """Character error rate and share of exact lines."""
    net.eval()
    wrong = total = exact = 0
    for i in range(0, len(lines), BATCH):
        batch = lines[i:i + BATCH]
        x, steps, _, _ = tensors(batch)
        out = net(x)
        for (_, want), logits, n in zip(batch, out, steps):
            got = decode(logits[None, :n])[0].strip()
            wrong += distance(got, want)
            total += len(want)
            exact += got == want
    net.train()
    return wrong / total, exact / len(lines)


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("--init", help="ktp_ctc_v1.onnx to start from; without it from nothing")
    p.add_argument("--resume", help="a last.pt to go on with")
    p.add_argument("--minutes", type=float, default=90)
    p.add_argument("--rate", type=float, default=6e-4, help="largest learning rate")
    p.add_argument("--drawers", type=int, default=1)
    p.add_argument("--threads", type=int, default=1)
    p.add_argument("--seed", type=int, default=1)
    p.add_argument("--out", default="run")
    a = p.parse_args()
    torch.manual_seed(a.seed)
    torch.set_num_threads(a.threads)
    out = pathlib.Path(a.out)
    out.mkdir(parents=True, exist_ok=True)

    net = Recogniser()
    seen, minutes = 0, 0.0
    if a.init:
        net.load_v1(a.init)
    if a.resume:
        kept = torch.load(a.resume)
        net.load_state_dict(kept["weights"])
        seen, minutes = kept["lines"], kept["minutes"]
    average = copy.deepcopy(net)
    optimiser = torch.optim.AdamW(net.parameters(), lr=a.rate, weight_decay=1e-4)
    loss_of = torch.nn.CTCLoss(blank=0, zero_infinity=True)
    print(f"{sum(w.numel() for w in net.parameters()):,} weights, {len(CHARACTERS) + 1} classes", flush=True)

    source, other = Lines(10_001), Lines(10_002, held_out=True)
    known = sorted((source.draw() for _ in range(384)), key=lambda l: l[0].shape[1])
    unknown = sorted((other.draw() for _ in range(384)), key=lambda l: l[0].shape[1])

    queue = multiprocessing.Queue(60)
    for k in range(a.drawers):
        multiprocessing.Process(target=draw, args=(queue, a.seed * 1000 + k + seen), daemon=True).start()
    rng = np.random.default_rng(a.seed + seen)
    log = csv.writer(open(out / "log.csv", "a", encoding="utf-8", buffering=1))

    def keep(used):
        rates = [v for lines in (known, unknown) for v in evaluate(average, lines)]
        row = [round(minutes + used / 60, 1), seen, *(round(v, 4) for v in rates)]
        log.writerow(row)
        print("\nminutes, lines, CER, exact, CER other fonts, exact:", *row, flush=True)
        torch.save({"weights": average.state_dict(), "lines": seen, "minutes": minutes + used / 60}, out / "last.pt")

    began, next_keep, mean = time.monotonic(), 0.0, 0.0
    batches = []
    while (used := time.monotonic() - began) < a.minutes * 60:
        if used >= next_keep:
            keep(used)
            next_keep = used + 600
        if not batches:
            pool = [line for _ in range(POOL // BATCH) for line in queue.get()]
            pool.sort(key=lambda l: l[0].shape[1])
            batches = [pool[i:i + BATCH] for i in range(0, POOL, BATCH)]
            rng.shuffle(batches)
        batch = batches.pop()
        x, steps, target, lengths = tensors([(p, t) for p, t in batch if t])
        done = used / (a.minutes * 60)
        rate = a.rate * min(1, (seen + 1) / 10_000 if not a.resume else 1) * 0.5 * (1 + math.cos(math.pi * done))
        for group in optimiser.param_groups:
            group["lr"] = rate
        logits = net(x)
        loss = loss_of(torch.log_softmax(logits, 2).transpose(0, 1), target, steps, lengths)
        optimiser.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(net.parameters(), 1.0)
        optimiser.step()
        with torch.no_grad():
            for mine, theirs in zip(average.parameters(), net.parameters()):
                mine.lerp_(theirs, 0.002)
        seen += len(batch)
        mean += 0.02 * (loss.item() - mean)
        bar = "#" * int(30 * done)
        print(f"\r[{bar:<30}] {100 * done:3.0f} %  {seen:,} lines  loss {mean:.3f}", end="", flush=True, file=sys.stderr)
    keep(time.monotonic() - began)


if __name__ == "__main__":
    main()
