"""The recogniser: a small convolutional CTC network without recurrence.

Input [N, 3, 32, W], BGR, (x/255 - 0.5) / 0.5, W a multiple of 8; output
softmax [N, W/4, classes], class 0 blank, then CHARACTERS in order. The stem
(c1..c6, t1, t2) is that of ktp_ctc_v1; the residual blocks behind it (Residual)
start as the identity, so a run may begin from v1's weights.
"""

import onnx
import torch
from onnx import numpy_helper
from torch import nn

from words import CHARACTERS


def conv(a, b, kernel, stride=1, padding=0):
    return nn.Sequential(nn.Conv2d(a, b, kernel, stride, padding), nn.ReLU(inplace=True))


class Residual(nn.Module):
    """x + W2 relu(W1 x), with W2 = 0 at first."""

    def __init__(self, width, inner, kernel, dilation=1):
        super().__init__()
        padding = tuple((k - 1) // 2 * d for k, d in zip(kernel, (1, dilation)))
        self.a = nn.Conv2d(width, inner, kernel, padding=padding, dilation=(1, dilation))
        self.b = nn.Conv2d(inner, width, 1)
        nn.init.zeros_(self.b.weight)
        nn.init.zeros_(self.b.bias)

    def forward(self, x):
        return x + self.b(torch.relu(self.a(x)))


class Recogniser(nn.Module):
    def __init__(self):
        super().__init__()
        self.c1 = conv(3, 20, 3, 2, 1)
        self.c2 = conv(20, 40, 3, 2, 1)
        self.c3 = conv(40, 64, 3, 1, 1)
        self.c4 = conv(64, 64, 3, 1, 1)
        self.c5 = conv(64, 96, 3, 1, 1)
        self.r5 = Residual(96, 96, (3, 3))
        self.c6 = conv(96, 144, (2, 3), 1, (0, 1))
        self.t1 = conv(144, 144, (1, 5), 1, (0, 2))
        self.t2 = conv(144, 144, (1, 5), 1, (0, 2))
        self.context = nn.Sequential(*[Residual(144, 128, (1, 7), d) for d in (1, 2, 4, 1)])
        self.fc = nn.Linear(144, len(CHARACTERS) + 1)

    def forward(self, x):
        x = self.c2(self.c1(x))
        x = self.c3(x)
        x = x + self.c4(x)
        x = torch.max_pool2d(x, (2, 1))
        x = self.r5(self.c5(x))
        x = torch.max_pool2d(x, (2, 1))
        x = self.c6(x)
        x = x + self.t1(x)
        x = x + self.t2(x)
        x = self.context(x).squeeze(2).transpose(1, 2)
        return self.fc(x)

    def load_v1(self, path):
        """Take the weights of ktp_ctc_v1.onnx; its dictionary is a prefix of CHARACTERS."""
        graph = onnx.load(path).graph
        tensors = {t.name: torch.from_numpy(numpy_helper.to_array(t).copy()) for t in graph.initializer}
        convs = [n for n in graph.node if n.op_type == "Conv"]
        for layer, node in zip((self.c1, self.c2, self.c3, self.c4, self.c5, self.c6, self.t1, self.t2), convs, strict=True):
            layer[0].weight.data.copy_(tensors[node.input[1]])
            layer[0].bias.data.copy_(tensors[node.input[2]])
        head = next(n for n in graph.node if n.op_type == "MatMul")
        bias = next(n for n in graph.node if n.op_type == "Add" and any(i in tensors and tensors[i].dim() == 1 for i in n.input))
        weight = next(tensors[i] for i in head.input if i in tensors)
        known = weight.shape[1]
        self.fc.weight.data[:known] = weight.T
        self.fc.bias.data[:known] = next(tensors[i] for i in bias.input if i in tensors)
        self.fc.weight.data[known:] *= 0.1
        self.fc.bias.data[known:] = -6  # new characters are rare until learnt


def decode(probabilities):
    """Greedy CTC texts of [N, T, classes]."""
    out = []
    for row in probabilities.argmax(2).tolist():
        text, last = "", 0
        for c in row:
            if c and c != last:
                text += CHARACTERS[c - 1]
            last = c
        out.append(text)
    return out
