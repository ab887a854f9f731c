"""Training lines: print on a card's paper, photographed and cut out again.

A line is drawn at 16 pixels a millimetre between its neighbours, seen by a
camera (resolution, blur, light, reflections, fingers, noise, JPEG) and brought
back to the reader's scale as the reader does it: rectified at 20 pixels a
millimetre, cropped round the row, shrunk by area to the recogniser's height.

Run it to look at lines: python3 lines.py --count 60 --out lines.png
"""

import argparse
import functools
import math
import pathlib

import cv2
import numpy as np
from PIL import Image, ImageDraw, ImageFont

from words import CHARACTERS, HIDDEN, Texts

HEIGHT = 32  # of a line, in pixels, as the network takes it
STRETCH = 1.2  # times wider than its ratio says: narrow letters side by side (III, A11) need more steps
DRAWN = 16  # pixels a millimetre of the drawing
RECTIFIED = 20  # and of the reader's rectified card

# Height of the crop and of capitals in millimetres, by kind of print.
PRINTS = {"value": (2.84, 1.70), "nik": (4.20, 2.75), "header": (3.40, 2.15), "issue": (2.72, 1.50)}

FONTS = pathlib.Path("/usr/share/fonts")
SANS = """
truetype/liberation/LiberationSans-Regular.ttf truetype/croscore/Arimo-Regular.ttf opentype/urw-base35/NimbusSans-Regular.otf
truetype/freefont/FreeSans.ttf truetype/dejavu/DejaVuSans.ttf truetype/crosextra/Carlito-Regular.ttf
truetype/liberation/LiberationSans-Bold.ttf truetype/croscore/Arimo-Bold.ttf opentype/urw-base35/NimbusSans-Bold.otf
truetype/liberation/LiberationSansNarrow-Regular.ttf opentype/urw-base35/NimbusSansNarrow-Regular.otf truetype/dejavu/DejaVuSansCondensed.ttf
truetype/roboto/unhinted/RobotoTTF/Roboto-Regular.ttf truetype/roboto/unhinted/RobotoTTF/Roboto-Medium.ttf truetype/open-sans/OpenSans-Regular.ttf
truetype/open-sans/OpenSans-Semibold.ttf truetype/roboto/unhinted/RobotoCondensed-Regular.ttf truetype/noto/NotoSans-Regular.ttf
truetype/freefont/FreeSansBold.ttf truetype/dejavu/DejaVuSans-Bold.ttf
""".split()
# Other shapes of letters, so that a card printed in a font nobody foresaw is read.
OTHER = """
opentype/cabin/Cabin-Regular.otf truetype/quicksand/Quicksand-Medium.ttf opentype/league-spartan/LeagueSpartan-Regular.otf
truetype/karla/Karla-Regular.otf truetype/paratype/PTS55F.ttf truetype/paratype/PTN57F.ttf truetype/play/Play-Regular.ttf
opentype/jura/Jura-Medium.otf truetype/clear-sans/ClearSans-Regular.ttf opentype/b612/B612-Regular.otf truetype/adf/GilliusADF-Regular.otf
truetype/adf/GilliusADF-Cond.otf truetype/adf/UniversalisADFStd-Regular.otf truetype/adf/SwitzeraADF-Regular.otf truetype/adf/SwitzeraADF-Cond.otf
truetype/adf/VeranaSans-Regular.otf opentype/inter/Inter-Regular.otf opentype/inter/Inter-Medium.otf truetype/manrope/Manrope-Regular.ttf
opentype/sora/Sora-Regular.otf truetype/arkpandora/Aerial.ttf truetype/arkpandora/Veranda.ttf truetype/andika/Andika-Regular.ttf
opentype/junction/Junction.otf opentype/linux-libertine/LinBiolinum_R.otf truetype/droid/DroidSansFallbackFull.ttf
opentype/yanone-kaffeesatz/YanoneKaffeesatz-Regular.otf
opentype/roboto/slab/RobotoSlab-Regular.otf truetype/paratype/PTF55F.ttf truetype/adf/BaskervaldADFStd.otf truetype/adf/TribunADFStd-Regular.otf
truetype/adf/AccanthisADFStd-Regular.otf truetype/gentium/Gentium-R.ttf opentype/linux-libertine/LinLibertine_R.otf
opentype/ebgaramond/EBGaramond12-Regular.otf truetype/vollkorn/Vollkorn-Regular.ttf truetype/arkpandora/Tymes.ttf
truetype/jetbrains-mono/JetBrainsMono-Regular.ttf
truetype/liberation/LiberationMono-Regular.ttf truetype/dejavu/DejaVuSansMono.ttf truetype/hack/Hack-Regular.ttf truetype/freefont/FreeMonoBold.ttf
truetype/liberation/LiberationSerif-Regular.ttf opentype/urw-base35/NimbusRoman-Regular.otf truetype/dejavu/DejaVuSerif.ttf
opentype/ocr-b/OCRB.otf truetype/inconsolata/Inconsolata.otf
""".split()
BOLD = """
truetype/liberation/LiberationSans-Bold.ttf truetype/croscore/Arimo-Bold.ttf opentype/urw-base35/NimbusSans-Bold.otf truetype/freefont/FreeSansBold.ttf
truetype/dejavu/DejaVuSans-Bold.ttf truetype/crosextra/Carlito-Bold.ttf truetype/roboto/unhinted/RobotoTTF/Roboto-Bold.ttf truetype/open-sans/OpenSans-Bold.ttf
truetype/noto/NotoSans-Bold.ttf truetype/liberation/LiberationSansNarrow-Bold.ttf
opentype/cabin/Cabin-Bold.otf truetype/quicksand/Quicksand-Bold.ttf truetype/adf/GilliusADF-Bold.otf truetype/adf/UniversalisADFStd-Bold.otf
opentype/inter/Inter-Bold.otf truetype/arkpandora/AerialBd.ttf opentype/roboto/slab/RobotoSlab-Bold.otf truetype/adf/TribunADFStd-Bold.otf
truetype/vollkorn/Vollkorn-Bold.ttf truetype/paratype/PTS75F.ttf
""".split()
NIK = ["truetype/ocr-a/OCRA.ttf", "truetype/ocr-a/OCRABold.ttf", "opentype/ocr-b/OCRB.otf", "truetype/liberation/LiberationMono-Bold.ttf"]
# Families that no training line uses: what an unknown font costs is measured on them.
HELD_OUT = """
truetype/lato/Lato-Regular.ttf truetype/lato/Lato-Medium.ttf opentype/urw-base35/URWGothic-Book.otf
truetype/oxygen/Oxygen-Sans.ttf truetype/crosextra/Caladea-Regular.ttf
""".split()


def installed(names):
    """The fonts of a list that this machine has."""
    found = []
    for name in names:
        path = FONTS / name
        if path.exists():
            found.append(str(path))
    return found


@functools.lru_cache(maxsize=4096)
def font(path, cap_tenths):
    """A font whose capitals are cap_tenths tenths of a pixel high."""
    probe = ImageFont.truetype(path, 200)
    top, bottom = probe.getbbox("H")[1], probe.getbbox("H")[3]
    return ImageFont.truetype(path, max(4, round(200 * cap_tenths / 10 / max(bottom - top, 1))))


class Lines:
    """An endless supply of lines; the same seed gives the same ones."""

    def __init__(self, seed, held_out=False):
        self.rng = np.random.default_rng(seed)
        self.texts = Texts(self.rng)
        self.sans = installed(HELD_OUT if held_out else SANS)
        self.other = installed(HELD_OUT if held_out else OTHER)
        self.bold = installed(HELD_OUT if held_out else BOLD)
        self.nik = installed(NIK)
        if not (self.sans and self.other and self.bold and self.nik):
            raise SystemExit("fonts are missing: run make training-deps")

    def u(self, a, b):
        return a + (b - a) * self.rng.random()

    def chance(self, p):
        return self.rng.random() < p

    def pick(self, options):
        return options[int(self.rng.integers(len(options)))]

    def face(self, print_kind):
        if print_kind == "nik":
            return self.nik[0] if self.chance(0.6) else self.pick(self.nik + self.sans)
        if print_kind == "header":
            return self.pick(self.bold) if self.chance(0.85) else self.pick(self.sans)
        return self.pick(self.sans) if self.chance(0.6) else self.pick(self.other)

    def paper(self, w, h):
        """Card paper: a light colour with guilloche lines, blotches and grain; BGR, 0..1."""
        kind = self.rng.random()
        if kind < 0.6:
            base = np.array([self.u(0.75, 0.97), self.u(0.68, 0.93), self.u(0.5, 0.88)])  # bluish
        elif kind < 0.8:
            base = np.full(3, self.u(0.7, 0.98)) * (1 + self.rng.normal(0, 0.03, 3))
        else:
            base = self.rng.uniform(0.6, 0.98, 3)
        img = np.empty((h, w, 3), np.float32)
        img[:] = base
        low = cv2.resize(self.rng.normal(0, self.u(0.0, 0.05), (3, 6, 3)).astype(np.float32), (w, h), interpolation=cv2.INTER_CUBIC)
        img += low
        yy, xx = np.mgrid[0:h, 0:w].astype(np.float32) / DRAWN
        for _ in range(self.pick([0, 1, 1, 2, 2])):  # guilloche
            pitch, angle = self.u(0.35, 2.2), self.u(-math.pi, math.pi)
            along, across = xx * math.cos(angle) + yy * math.sin(angle), -xx * math.sin(angle) + yy * math.cos(angle)
            wave = np.sin(2 * math.pi * (across + self.u(0.05, 0.6) * np.sin(along * self.u(0.4, 2))) / pitch)
            if self.chance(0.5):
                wave = np.clip(wave * 4 - self.u(1.5, 3.4), 0, 1)  # thin lines
            img -= (wave * self.u(0.01, 0.09))[..., None] * self.rng.uniform(0.2, 1, 3).astype(np.float32)
        if self.chance(0.3):
            for _ in range(self.number(1, 5)):  # motifs
                c = (int(self.u(0, w)), int(self.u(0, h)))
                cv2.ellipse(img, c, (int(self.u(5, 60)), int(self.u(5, 60))), self.u(0, 180), 0, 360,
                            tuple(float(v) for v in img[min(c[1], h - 1), min(c[0], w - 1)] - self.u(-0.06, 0.08)), self.pick([-1, 2, 4]))
        img += self.rng.normal(0, self.u(0, 0.02), (h, w, 1)).astype(np.float32)
        return img

    def number(self, a, b):
        return int(self.rng.integers(a, b + 1))

    def ink(self, text, face, cap, x, baseline, w, h):
        """Coverage 0..1 of a text, and the limits of each character in pixels."""
        f = font(face, round(cap * DRAWN * 10))
        img = Image.new("L", (w, h), 0)
        draw = ImageDraw.Draw(img)
        limits = []
        gap = self.gap * DRAWN
        if gap == 0 and self.space == 1:
            draw.text((x, baseline), text, fill=255, font=f, anchor="ls")
            at = np.cumsum([0] + [f.getlength(c) for c in text])
            at *= f.getlength(text) / max(at[-1], 1)  # kerning, evenly
            limits = [(x + at[i], x + at[i + 1]) for i in range(len(text))]
        else:
            for c in text:
                draw.text((x, baseline), c, fill=255, font=f, anchor="ls")
                width = f.getlength(c) * (self.space if c == " " else 1)
                limits.append((x, x + width))
                x += width + gap
        return np.asarray(img, np.float32) / 255, limits

    def print_on(self, cover):
        """What printing does to the drawn shapes."""
        if self.chance(0.25):
            k = self.pick([2, 3])
            kernel = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (k, k))
            cover = cv2.dilate(cover, kernel) if self.chance(0.65) else cv2.erode(cover, kernel)
        if self.chance(0.06):  # dot matrix
            pitch = self.u(2.6, 3.8)
            yy, xx = np.mgrid[0:cover.shape[0], 0:cover.shape[1]]
            dots = ((xx % pitch - pitch / 2) ** 2 + (yy % pitch - pitch / 2) ** 2) < (pitch * self.u(0.42, 0.6)) ** 2
            cover = cv2.GaussianBlur(cover * dots, (0, 0), 0.7)
        if self.chance(0.15):  # worn or dry ink
            grain = cv2.resize(self.rng.random((cover.shape[0] // 3 + 1, cover.shape[1] // 3 + 1)).astype(np.float32), cover.shape[::-1], interpolation=cv2.INTER_LINEAR)
            cover = cover * np.clip(self.u(1.2, 2.2) * grain + self.u(0.1, 0.6), 0, 1)
        return cv2.GaussianBlur(cover, (0, 0), self.u(0.4, 1.6))

    def reflections(self, w, h):
        """Light of a lamp in the glossy card, to be added; 0 where there is none."""
        light = np.zeros((h, w), np.float32)
        yy, xx = np.mgrid[0:h, 0:w].astype(np.float32) / DRAWN
        for _ in range(self.pick([1, 1, 1, 2])):
            cx, cy = self.u(-1, w / DRAWN + 1), self.u(-1.5, h / DRAWN + 1.5)
            rx, ry, angle = self.u(1.5, 9), self.u(1.0, 6), self.u(0, math.pi)
            dx, dy = xx - cx, yy - cy
            a, b = (dx * math.cos(angle) + dy * math.sin(angle)) / rx, (-dx * math.sin(angle) + dy * math.cos(angle)) / ry
            d = np.sqrt(a * a + b * b)
            light += self.u(0.3, 1.6) * np.clip((1.25 - d) / self.u(0.25, 1.0), 0, 1) ** self.u(0.8, 2)
        return cv2.GaussianBlur(light, (0, 0), self.u(1, 6))

    def draw(self):
        """A line: picture [HEIGHT, W, 3] uint8 BGR, and what can be read on it."""
        text, print_kind = self.texts.draw()
        crop_mm, cap = PRINTS[print_kind]
        cap *= self.u(0.88, 1.14)
        crop_mm *= self.u(0.97, 1.03)
        self.gap = 0 if self.chance(0.8) else self.u(-0.03, 0.25)
        if print_kind == "nik":
            self.gap = self.u(-0.05, 0.5) if self.chance(0.5) else 0
        self.space = 1 if self.chance(0.65) else self.u(0.65, 1.4)
        face = self.face(print_kind)
        margin, before = 1.6, 1.8  # millimetres drawn above, below and left of the crop
        pitch = self.u(2.58, 2.98) * DRAWN
        h = round((crop_mm + 2 * margin) * DRAWN)
        x = before * DRAWN
        centre = h / 2 + self.rng.normal(0, 0.13) * DRAWN
        baseline = centre + cap * DRAWN / 2
        length = font(face, round(cap * DRAWN * 10)).getlength(text) + max(self.gap, 0) * DRAWN * len(text)
        if self.space > 1:
            length *= 1.1
        tail = self.u(0.2, 1.1) if self.chance(0.8) else self.u(1, 9)
        w = math.ceil(x + length + (tail + 1.2) * DRAWN)
        if w > 62 * DRAWN:
            return self.draw()
        cover, limits = self.ink(text, face, cap, x, baseline, w, h)
        around = np.zeros((h, w), np.float32)
        if self.chance(0.75) and print_kind != "nik" and print_kind != "label":
            colon, _ = self.ink(":", face, cap, x - self.u(0.45, 1.3) * DRAWN, baseline, w, h)
            around = np.maximum(around, colon)
        for side in (-1, 1):
            if self.chance(0.85):
                near = self.pick([pitch, pitch, pitch, pitch * 1.3]) if print_kind != "nik" else self.u(3.6, 5) * DRAWN
                other, _ = self.ink(self.texts.draw()[0], self.face("value"), cap, x + self.rng.normal(0, 0.2) * DRAWN, baseline + side * near, w, h)
                around = np.maximum(around, other)
        paper = self.paper(w, h)
        colour = np.clip(self.rng.uniform(0, 0.32) + self.rng.normal(0, 0.04, 3), 0, 0.5).astype(np.float32)
        strength = self.u(0.55, 1.0) if self.chance(0.35) else self.u(0.85, 1.0)
        cover = self.print_on(np.maximum(cover, around)) * strength
        img = paper * (1 - cover[..., None]) + colour * cover[..., None]

        # Light, and how much of the print's contrast it leaves.
        dim = self.u(0.22, 0.6) if self.chance(0.35) else self.u(0.6, 1.15)
        gx, gy = self.u(-0.3, 0.3), self.u(-0.25, 0.25)
        yy, xx = np.mgrid[0:h, 0:w].astype(np.float32)
        gain = dim * (1 + gx * (xx / w - 0.5) + gy * (yy / h - 0.5))
        if self.chance(0.15):  # shadow of a hand
            edge = (xx / w - self.u(0, 1)) * math.cos(a := self.u(0, 6.28)) + (yy / h - self.u(0, 1)) * math.sin(a) * h / w
            gain *= 1 - self.u(0.2, 0.6) / (1 + np.exp(-edge * self.u(8, 60)))
        tint = 1 + self.rng.normal(0, 0.06, 3).astype(np.float32)
        light = self.reflections(w, h) if self.chance(0.22) else None
        veil = self.u(0, 0.12) if self.chance(0.2) else 0

        def seen(v):
            v = v * gain[..., None] * tint + veil
            if light is not None:
                v = v + light[..., None]
            return np.clip(v, 0, 1)

        usual = float(np.mean(paper)) - float(np.mean(colour))
        left = (seen(np.broadcast_to(paper.mean((0, 1)), paper.shape)) - seen(np.broadcast_to(colour, paper.shape))).mean(2) / max(usual * dim * strength, 1e-3)
        img = seen(img)
        if self.chance(0.04):  # a finger or another thing on the card
            left, img = self.cover(left, img)
        read = self.readable(text, limits, left, baseline, cap)
        return self.photograph(img, before, crop_mm, w, h, centre), read

    def cover(self, left, img):
        h, w = left.shape
        mask = np.zeros((h, w), np.float32)
        c = (int(self.u(0, w)), int(self.pick([0, h]) + self.u(-0.2, 0.2) * h))
        cv2.ellipse(mask, c, (int(self.u(1.5, 8) * DRAWN), int(self.u(1.5, 4.5) * DRAWN)), self.u(-40, 40), 0, 360, 1, -1)
        mask = cv2.GaussianBlur(mask, (0, 0), self.u(1, 5))
        skin = np.array([self.u(0.25, 0.6), self.u(0.35, 0.7), self.u(0.5, 0.9)], np.float32) * self.u(0.5, 1.1) if self.chance(0.7) else self.rng.uniform(0, 1, 3).astype(np.float32)
        shade = cv2.resize(self.rng.normal(0, 0.05, (3, 5, 1)).astype(np.float32), (w, h), interpolation=cv2.INTER_CUBIC)[..., None]
        return left * (1 - mask), img * (1 - mask[..., None]) + np.clip(skin + shade, 0, 1) * mask[..., None]

    def readable(self, text, limits, left, baseline, cap):
        """The text with every run of characters that lost its contrast as one HIDDEN."""
        y0, y1 = max(int(baseline - cap * DRAWN), 0), max(int(baseline), 1)
        out = []
        for c, (a, b) in zip(text, limits):
            part = left[y0:y1, max(int(a), 0):max(int(b), int(a) + 1)]
            gone = c != " " and part.size > 0 and float(np.median(part)) < 0.13
            if gone and out[-1:] != [HIDDEN]:
                # A space between two hidden words is hidden too.
                if out[-2:] == [HIDDEN, " "]:
                    out.pop()
                else:
                    out.append(HIDDEN)
            elif not gone:
                out.append(c)
        return "".join(out).strip()

    def photograph(self, img, before, crop_mm, w, h, centre):
        """The camera, and the reader's way back to HEIGHT."""
        level = self.rng.random()
        density = self.u(4.6, 7.2) if level < 0.4 else self.u(7, 11.5) if level < 0.75 else self.u(11, 20)
        s = density / DRAWN
        angle = math.radians(self.rng.normal(0, 9)) if self.chance(0.7) else self.u(-math.pi, math.pi)
        cos, sin = math.cos(angle) * s, math.sin(angle) * s
        xs = [0, cos * w, -sin * h, cos * w - sin * h]
        ys = [0, sin * w, cos * h, sin * w + cos * h]
        pad = 3
        cw, ch = math.ceil(max(xs) - min(xs)) + 2 * pad, math.ceil(max(ys) - min(ys)) + 2 * pad
        m = np.array([[cos, -sin, pad - min(xs) + self.u(0, 1)], [sin, cos, pad - min(ys) + self.u(0, 1)]])
        if s < 1:
            img = cv2.GaussianBlur(img, (0, 0), 0.42 / s)
        photo = cv2.warpAffine(img.astype(np.float32), m, (cw, ch), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
        if self.chance(0.4):  # motion, along the exposure
            length = min(self.u(0.1, 0.75) * density, 11)
            a, n = self.u(0, math.pi), 2 * math.ceil(length / 2) + 1
            if n > 1:
                kernel = np.zeros((n, n), np.float32)
                c = n // 2
                for t in np.linspace(-length / 2, length / 2, 4 * n):
                    fx, fy = c + t * math.cos(a), c + t * math.sin(a)
                    ix, iy = int(fx), int(fy)
                    for dx, dy in ((0, 0), (1, 0), (0, 1), (1, 1)):
                        if 0 <= ix + dx < n and 0 <= iy + dy < n:
                            kernel[iy + dy, ix + dx] += max(0, 1 - abs(fx - ix - dx)) * max(0, 1 - abs(fy - iy - dy))
                photo = cv2.filter2D(photo, -1, kernel / kernel.sum(), borderType=cv2.BORDER_REPLICATE)
        if self.chance(0.6):
            photo = cv2.GaussianBlur(photo, (0, 0), self.u(0.25, min(1.3, 0.17 * density)))
        if self.chance(0.1):  # photocopy
            grey = photo.mean(2, keepdims=True)
            mid = float(np.median(grey))
            photo = np.repeat(np.clip((grey - mid) * self.u(1, 2.2) + self.u(0.7, 1), 0, 1), 3, 2)
        photo = np.clip(photo, 0, 1) ** self.u(0.8, 1.25)
        noise = self.u(0, 0.012) if self.chance(0.5) else self.u(0.01, 0.055)
        grain = self.rng.normal(0, noise, photo.shape).astype(np.float32)
        if self.chance(0.4):
            grain = cv2.GaussianBlur(grain, (0, 0), 0.6) * 1.6
        photo = photo + grain
        if self.chance(0.2):  # the camera's sharpening
            photo = photo + self.u(0.2, 1.0) * (photo - cv2.GaussianBlur(photo, (0, 0), 1.2))
        photo = np.clip(photo * 255, 0, 255).astype(np.uint8)
        if self.chance(0.85):
            _, buffer = cv2.imencode(".jpg", photo, [cv2.IMWRITE_JPEG_QUALITY, self.number(35, 95)])
            photo = cv2.imdecode(buffer, cv2.IMREAD_COLOR)

        # Back: the corners were found to a tenth of a millimetre or two.
        back = RECTIFIED / DRAWN
        x0 = (before - 0.32 + self.rng.normal(0, 0.12)) * DRAWN
        top = h / 2 - crop_mm / 2 * DRAWN + self.rng.normal(0, 0.08) * DRAWN
        x1 = w - 1.2 * DRAWN
        tilt = self.rng.normal(0, 0.006)
        stretch = self.u(0.95, 1.05)
        ow, oh = round((x1 - x0) * back * stretch), round(crop_mm * RECTIFIED)
        # Rectified pixel -> drawing -> photo.
        to_drawing = np.array([[1 / back / stretch, 0, x0], [tilt / back, 1 / back, top - tilt * (x1 - x0) / 2], [0, 0, 1]])
        inverse = (np.vstack([m, [0, 0, 1]]) @ to_drawing)[:2]
        line = cv2.warpAffine(photo, inverse, (max(ow, 8), oh), flags=cv2.INTER_CUBIC | cv2.WARP_INVERSE_MAP, borderMode=cv2.BORDER_REPLICATE)
        return cv2.resize(line, (max(8, round(STRETCH * line.shape[1] * HEIGHT / oh)), HEIGHT), interpolation=cv2.INTER_AREA)


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("--count", type=int, default=60)
    p.add_argument("--seed", type=int, default=1)
    p.add_argument("--held-out", action="store_true", help="fonts that training never sees")
    p.add_argument("--out", default="lines.png")
    a = p.parse_args()
    lines = Lines(a.seed, a.held_out)
    rows = []
    for _ in range(a.count):
        img, text = lines.draw()
        row = np.full((HEIGHT + 4, 900, 3), 255, np.uint8)
        n = min(img.shape[1], 560)
        row[2:2 + HEIGHT, :n] = img[:, :n]
        pil = Image.fromarray(row)
        ImageDraw.Draw(pil).text((n + 10, 8), text, fill=(0, 0, 0), font=font(installed(SANS)[4], 100))
        rows.append(np.asarray(pil))
    cv2.imwrite(a.out, np.vstack(rows))


if __name__ == "__main__":
    main()
