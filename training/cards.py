#!/usr/bin/python3
"""Pictures of KTP cards with truth, to measure the reader.

Draws cards of invented citizens and photographs them in the five levels of
difficulty of the development samples. The folder is one for `anycheck bench
ktp`: pictures and truth.json. These pictures measure; the recogniser is never
trained on them, and nothing here is shared with the training lines but the
fonts that Debian packages install.

A card is drawn flat at 16 pixels a millimetre, then seen by a camera: shrunk,
put on a table in perspective, lit, blurred, made noisy, packed as JPEG.
Figures marked "measured" are from the development samples, per level.
"""

import argparse
import functools
import hashlib
import json
import math
import pathlib
import sys
import time

import cv2
import numpy as np
from PIL import Image, ImageDraw, ImageFont

import citizens
import surroundings

CARD_MM = (85.6, 53.98)
CORNER_MM = 3.18
S = 16  # pixels a millimetre of the flat card; even
W, H = round(CARD_MM[0] * S), round(CARD_MM[1] * S)

FONTS = pathlib.Path("/usr/share/fonts")
TEXMF = pathlib.Path("/usr/share/texmf/fonts/opentype/public/tex-gyre")
# Family: (regular, bold). The unseen ones are kept out of the training lines.
SEEN = {
    "Liberation Sans": (FONTS / "truetype/liberation/LiberationSans-Regular.ttf", FONTS / "truetype/liberation/LiberationSans-Bold.ttf"),
    "Arimo": (FONTS / "truetype/croscore/Arimo-Regular.ttf", FONTS / "truetype/croscore/Arimo-Bold.ttf"),
    "Nimbus Sans": (FONTS / "opentype/urw-base35/NimbusSans-Regular.otf", FONTS / "opentype/urw-base35/NimbusSans-Bold.otf"),
    "FreeSans": (FONTS / "truetype/freefont/FreeSans.ttf", FONTS / "truetype/freefont/FreeSansBold.ttf"),
    "DejaVu Sans Condensed": (FONTS / "truetype/dejavu/DejaVuSansCondensed.ttf", FONTS / "truetype/dejavu/DejaVuSansCondensed-Bold.ttf"),
    "Carlito": (FONTS / "truetype/crosextra/Carlito-Regular.ttf", FONTS / "truetype/crosextra/Carlito-Bold.ttf"),
}
UNSEEN = {
    "Lato": (FONTS / "truetype/lato/Lato-Regular.ttf", FONTS / "truetype/lato/Lato-Bold.ttf"),
    "URW Gothic": (FONTS / "opentype/urw-base35/URWGothic-Book.otf", FONTS / "opentype/urw-base35/URWGothic-Demi.otf"),
    "Noto Sans Display": (FONTS / "truetype/noto/NotoSansDisplay-Regular.ttf", FONTS / "truetype/noto/NotoSansDisplay-Bold.ttf"),
    "TeX Gyre Adventor": (TEXMF / "texgyreadventor-regular.otf", TEXMF / "texgyreadventor-bold.otf"),
    "Oxygen": (FONTS / "truetype/oxygen/Oxygen-Sans.ttf", FONTS / "truetype/oxygen/Oxygen-Sans-Bold.ttf"),
    "Cantarell": (FONTS / "opentype/cantarell/Cantarell-Regular.otf", FONTS / "opentype/cantarell/Cantarell-Bold.otf"),
    "Caladea": (FONTS / "truetype/crosextra/Caladea-Regular.ttf", FONTS / "truetype/crosextra/Caladea-Bold.ttf"),
}
# Real cards and every sample print the NIK in OCR-A; the others are rare.
OCR_A, OCR_B = FONTS / "truetype/ocr-a/OCRA.ttf", FONTS / "opentype/ocr-b/OCRB.otf"
NIK_FONTS = {
    "seen": {OCR_A: 0.9, OCR_B: 0.1},
    "unseen": {OCR_A: 0.7, FONTS / "truetype/ocr-a/OCRACondensed.ttf": 0.15, FONTS / "opentype/ocr-b/OCRBS.otf": 0.15},
}

# Layout in mm, measured on the rectified samples; a pair is a range.
LABEL_X, INDENT = (2.6, 3.5), 2.45
VALUE_FROM_LABEL = (20.2, 20.9)
PRINT_OFFSET = 0.6  # either way, of everything personalised
HEADER_Y, HEADER_PITCH, HEADER_CAPITAL, HEADER_WIDTH = 2.55, 3.3, 2.05, 62
HEADER_CENTRE = 42.8
NIK_BELOW, NIK_HEIGHT, NIK_WIDTH = 7.75, (2.8, 3.05), (35.8, 37.7)
NIK_DIGIT = (0.51, 0.58)  # width of a digit in heights; the fonts' own are wider
ROW_BELOW, ROW_PITCH, CAPITAL = 12.75, (2.76, 2.92), (1.55, 1.72)
LAST_ROW = 52.1  # rows move together when two wrapped values would run off the card
VALUE_WIDTH = 37.9  # longer values go on in the next row
PORTRAIT = (62.6, 11.6, 82.2, 36.8)
ISSUE_BELOW, ISSUE_PITCH, ISSUE_CAPITAL, ISSUE_WIDTH = 1.45, 2.62, 1.45, 20.5

LABELS = [("Nama", "name"), ("Tempat/Tgl Lahir", "birth"), ("Jenis Kelamin", "gender"), ("Alamat", "address"), ("RT/RW", "rt_rw"),
          ("Kel/Desa", "village"), ("Kecamatan", "district"), ("Agama", "religion"), ("Status Perkawinan", "marital_status"),
          ("Pekerjaan", "occupation"), ("Kewarganegaraan", "citizenship"), ("Berlaku Hingga", "valid_until")]
INDENTED = {"rt_rw", "village", "district"}

# What a camera does, measured: width of the picture in pixels, share of it
# that the card takes, turn and tilt in degrees, light on the card (1 leaves the
# scan's paper of 205), blur in pixels, noise in grey levels, JPEG quality.
CAPTURE = {
    1: dict(name="phone_easy", width=(1260, 1480), share=(0.75, 0.82), turn=4, tilt=11, light=(0.92, 1.15), blur=(0.35, 0.6), noise=(2, 4), quality=(85, 86)),
    2: dict(name="phone_medium", width=(1460, 1930), share=(0.63, 0.8), turn=15, tilt=17, light=(0.75, 1.15), blur=(0.6, 0.95), noise=(5, 7.5), quality=(60, 61)),
    3: dict(name="phone_hard", width=(700, 900), share=(0.65, 0.74), turn=11, tilt=15, light=(0.48, 0.78), blur=(0.4, 0.65), noise=(3.2, 5), quality=(58, 71)),
    4: dict(name="rotated_or_photocopy", width=(1300, 1480), share=(0.78, 0.84), turn=4, tilt=8, light=(0.8, 1.0), blur=(0.4, 0.7), noise=(2, 4), quality=(67, 83)),
}
SCAN_PX_MM, SCAN_QUALITY = (12.6, 15.3), 90
MOTION_PX = (1.6, 2.5)
GLARE_MM = (3.2, 6.5)  # half axis of the white core; the halo is three times as wide
ASPECTS = [9 / 16, 3 / 4, 3 / 4, 2 / 3]
SCENES = ["plain", "fingers", "dotmatrix", "worn", "bent"]


def uniform(rng, pair):
    return float(rng.uniform(*pair))


@functools.lru_cache(maxsize=256)
def font(path, size):
    return ImageFont.truetype(str(path), size)


@functools.lru_cache(maxsize=256)
def font_of_capital(path, capital_px, sample):
    """The font at the size that gives a capital this height in pixels."""
    x0, y0, x1, y1 = font(path, 400).getbbox(sample)
    return font(path, max(8, round(400 * capital_px / (y1 - y0))))


class Sheet:
    """What is printed on the card in dark ink: a mask and the boxes of text."""

    def __init__(self):
        self.image = Image.new("L", (W, H), 0)
        self.pen = ImageDraw.Draw(self.image)
        self.boxes = {}

    def text(self, s, x, top, path, capital, width=None, key=None):
        """Print s with the tops of its capitals at `top` (mm); returns its x1 in mm.

        A text wider than width (mm) is set smaller.
        """
        f = font_of_capital(path, capital * S, "H")
        if width is not None and f.getlength(s) > width * S:
            f = font(path, int(f.size * width * S / f.getlength(s)))
        origin = (round(x * S), round(top * S - f.getbbox("H")[1]))
        self.pen.text(origin, s, fill=255, font=f)
        if key is not None:
            self.add(key, self.pen.textbbox(origin, s, font=f))
        return x + f.getlength(s) / S

    def digits(self, s, x, top, path, tall, shape, width):
        """Print the NIK: digits `tall` (mm), `shape` heights wide, evenly over `width` (mm)."""
        f = font_of_capital(path, tall * S, "0")
        zero = f.getmask("0").getbbox()
        squeeze = shape * tall * S / (zero[2] - zero[0])
        advance = f.getlength("0")
        pitch = (width - shape * tall) * S / (len(s) - 1)
        up = f.getbbox("0")[1]
        for n, digit in enumerate(s):
            cell = Image.new("L", (math.ceil(advance), round(tall * S) + 4), 0)
            ImageDraw.Draw(cell).text((0, 2 - up), digit, fill=255, font=f, stroke_width=1 if squeeze < 0.8 else 0)
            cell = cell.resize((max(1, round(cell.width * squeeze)), cell.height), Image.BILINEAR)
            at = (round(x * S + n * pitch), round(top * S) - 2)
            self.image.paste(255, at, cell)
            box = cell.getbbox()
            self.add("nik", [at[0] + box[0], at[1] + box[1], at[0] + box[2], at[1] + box[3]])

    def add(self, key, box):
        b = [round(v / S, 2) for v in box]
        old = self.boxes.get(key)
        self.boxes[key] = b if old is None else [min(old[0], b[0]), min(old[1], b[1]), max(old[2], b[2]), max(old[3], b[3])]


def length(path, capital, s):
    return font_of_capital(path, capital * S, "H").getlength(s) / S


def wrap(s, path, capital):
    """One line, or two broken at the last space that fits."""
    if length(path, capital, s) <= VALUE_WIDTH:
        return [s]
    words = s.split(" ")
    for n in range(len(words) - 1, 0, -1):
        if length(path, capital, " ".join(words[:n])) <= VALUE_WIDTH:
            return [" ".join(words[:n]), " ".join(words[n:])]
    return [s]


def print_card(rng, person, regular, bold, nik_font):
    """Labels and values in two masks, boxes_mm, and which values wrapped."""
    fields = person["fields"]
    labels, values = Sheet(), Sheet()
    dx, dy = rng.uniform(-PRINT_OFFSET, PRINT_OFFSET, 2)
    dx, dy = dx * 0.7, dy * 0.7
    capital = uniform(rng, CAPITAL)
    pitch = uniform(rng, ROW_PITCH)
    label_x = uniform(rng, LABEL_X)
    value_x = min(24.2, max(22.3, label_x + uniform(rng, VALUE_FROM_LABEL) + dx * 0.4))
    label_dy = uniform(rng, (-0.2, 0.35))
    portrait = np.array(PORTRAIT) + np.tile([rng.uniform(-0.6, 0.5), rng.uniform(-0.9, 0.8)], 2)

    head = bold if rng.random() < 0.5 else regular
    for n, (key, s) in enumerate([("province", "PROVINSI " + fields["province"]), ("regency_header", fields["regency_header"])]):
        f = font_of_capital(head, HEADER_CAPITAL * S, "H")
        wide = min(HEADER_WIDTH, f.getlength(s) / S)
        values.text(s, HEADER_CENTRE + dx * 0.2 - wide / 2, HEADER_Y + dy + n * HEADER_PITCH, head, HEADER_CAPITAL, width=HEADER_WIDTH, key=key)

    nik_y, tall = HEADER_Y + dy + NIK_BELOW, uniform(rng, NIK_HEIGHT)
    nik_x = value_x - (0.25 if rng.random() < 0.3 else 0)
    values.digits(fields["nik"], nik_x, nik_y, nik_font, tall, uniform(rng, NIK_DIGIT), uniform(rng, NIK_WIDTH))
    labels.text("NIK", label_x, nik_y + 0.45 + label_dy / 2, regular, 2.4)
    labels.text(":", value_x - uniform(rng, (0.9, 1.1)) if rng.random() < 0.4 else uniform(rng, (20.2, 21.2)), nik_y + 0.5, regular, 2.2)

    lines = {k: wrap(fields[k], regular, capital) for k in ("name", "address")}
    wrapped = [k for k in lines if len(lines[k]) > 1]
    y = HEADER_Y + dy + ROW_BELOW
    pitch = min(pitch, (LAST_ROW - capital - y) / (len(LABELS) - 1 + len(wrapped)))
    colon_x = value_x - uniform(rng, (0.65, 1.05))
    # Wide families would run the longest label into the values.
    label_capital = min(capital, capital * (colon_x - label_x - 0.1) / length(regular, capital, "Status Perkawinan"))
    for label, key in LABELS:
        labels.text(label, label_x + (INDENT if key in INDENTED else 0), y + label_dy + capital - label_capital, regular, label_capital)
        labels.text(":", colon_x, y + label_dy, regular, capital)
        if key == "birth":
            x = values.text(fields["birth_place"] + ",", value_x, y, regular, capital, key="birth_place")
            values.text(fields["birth_date"], x + length(regular, capital, " "), y, regular, capital, key="birth_date")
            for k in ("birth_place", "birth_date"):
                values.add("birth", [v * S for v in values.boxes[k]])
        elif key == "gender":
            values.text(fields["gender"], value_x, y, regular, capital, key="gender")
            blood = fields["blood_type"]
            gol = "Gol. Darah"
            x = uniform(rng, (45.3, 47.0))
            room = portrait[0] - 0.25 - length(regular, capital, blood) - 1.2 - x
            gol_capital = min(capital, capital * room / length(regular, capital, gol))
            x = labels.text(gol, x, y + label_dy, regular, gol_capital) + 0.25
            labels.text(":", x, y + label_dy, regular, capital)
            values.text(blood, x + uniform(rng, (0.85, 1.05)), y, regular, capital, key="blood_type")
        else:
            for line in lines.get(key, [fields[key]]):
                values.text(line, value_x, y, regular, capital, width=VALUE_WIDTH + 1, key=key)
                y += pitch
            y -= pitch
        y += pitch
    centre = (portrait[0] + portrait[2]) / 2
    for n, key in enumerate(["issue_place", "issue_date"]):
        f = font_of_capital(regular, ISSUE_CAPITAL * S, "H")
        wide = min(ISSUE_WIDTH, f.getlength(fields[key]) / S)
        values.text(fields[key], centre - wide / 2, portrait[3] + ISSUE_BELOW + n * ISSUE_PITCH, regular, ISSUE_CAPITAL, width=ISSUE_WIDTH, key=key)
    sign(rng, values.pen, centre, portrait[3] + 9.2)
    values.boxes["portrait"] = [round(float(v), 2) for v in portrait]
    return labels, values, wrapped


def sign(rng, pen, x, y):
    """A signature: a smooth stroke through a few points."""
    n = int(rng.integers(5, 9))
    knots = np.stack([np.linspace(-6, 6, n) + rng.uniform(-1.6, 1.6, n), rng.uniform(-2.4, 2.2, n)], 1)
    t = np.linspace(0, n - 1.001, 160)
    i, u = t.astype(int), (t % 1)[:, None]
    p = np.pad(knots, ((1, 2), (0, 0)), mode="edge")
    a, b, c, d = p[i], p[i + 1], p[i + 2], p[i + 3]
    curve = 0.5 * (2 * b + (c - a) * u + (2 * a - 5 * b + 4 * c - d) * u**2 + (3 * b - a - 3 * c + d) * u**3)
    pen.line([(float((x + q[0]) * S), float((y + q[1]) * S)) for q in curve], fill=255, width=int(rng.integers(5, 8)), joint="curve")


def paper(rng):
    """The printed blue of an empty card, float32 BGR, with its guilloche and watermark."""
    w, h = W // 2, H // 2
    yy, xx = np.mgrid[0:h, 0:w].astype(np.float32) / (S / 2)
    # Measured: (228, 205, 160) in the middle, deeper towards the rim.
    base = np.array([238, 218, 182], np.float32) + rng.uniform(-8, 8, 3).astype(np.float32)
    rim = np.clip(np.hypot((xx - 42) / 48, (yy - 28) / 34), 0, 1.2)[..., None]
    img = base - rim * np.array([4, 14, 34], np.float32)
    img += surroundings.clouds(rng, h, w, 9)[..., None] * 7

    def lines(phase, colour, strength):
        nonlocal img
        a = (np.clip((np.cos(phase * 2 * np.pi) - 0.6) / 0.4, 0, 1) * strength)[..., None]
        img += a * (np.array(colour, np.float32) - img)

    k = rng.uniform(0.8, 1.25, 4)
    p = rng.uniform(0, 6.28, 6)
    wave = 1.1 * np.sin(xx * 0.27 * k[0] + p[0] + 0.06 * yy) + 0.5 * np.sin(xx * 0.71 * k[1] + p[1] - 0.05 * yy) + 0.5 * np.sin(yy * 0.22 + xx * 0.1 + p[2])
    lines((yy + wave) / uniform(rng, (0.75, 0.95)), (168, 150, 96), uniform(rng, (0.4, 0.6)))
    wave = 1.3 * np.sin(xx * 0.19 * k[2] + p[3]) + 0.6 * np.sin(xx * 0.55 * k[3] + p[4] + yy * 0.1)
    lines((yy * 1.02 - wave) / uniform(rng, (1.2, 1.5)), (196, 160, 120), uniform(rng, (0.2, 0.4)))
    cx, cy = rng.uniform(50, 57), rng.uniform(28, 33)
    r, angle = np.hypot(xx - cx, (yy - cy) * 1.25), np.arctan2(yy - cy, xx - cx)
    rose = (r + 0.9 * np.sin(angle * 8 + p[5]) + 0.7 * np.sin(xx * 0.9)) / 0.62
    lines(rose, (186, 160, 130), 0.35 * np.clip(1.3 - r / 13, 0, 1))
    # A pale map of islands.
    isles = np.zeros((h // 4, w // 4), np.float32)
    for x, y, a, b, turn in [(15, 26, 8, 2, 40), (30, 24, 7, 5, -20), (29, 36, 9, 1.6, 6), (43, 26, 3, 5, 15), (41, 38, 4, 1.2, 8), (50, 27, 2, 3, 0), (58, 31, 8, 3.5, 14)]:
        s = S / 8
        cv2.ellipse(isles, (int(x * s), int(y * s)), (int(a * s), max(1, int(b * s))), turn + rng.uniform(-8, 8), 0, 360, 1, -1)
    isles = cv2.GaussianBlur(isles + 0.0, (0, 0), 3) * (0.6 + 0.6 * surroundings.clouds(rng, h // 4, w // 4, 14))
    img += (cv2.resize(np.clip(isles, 0, 1), (w, h))[..., None] * uniform(rng, (0.3, 0.55))) * (np.array([236, 234, 214], np.float32) - img)
    return cv2.resize(img, (W, H), interpolation=cv2.INTER_LINEAR)


def blend(img, mask, colour, strength=1.0):
    """Lay colour over img where mask (uint8 or 0..1 float) says, in place."""
    rows, cols = np.where(mask.any(1))[0], np.where(mask.any(0))[0]
    if not len(rows):
        return
    area = np.s_[rows[0]:rows[-1] + 1, cols[0]:cols[-1] + 1]
    a = mask[area].astype(np.float32)
    a = (a / 255 if mask.dtype == np.uint8 else a)[..., None] * strength
    img[area] += a * (np.array(colour, np.float32) - img[area])


def dots(mask, rng):
    """The print as a needle printer would set it: round dots on a grid."""
    pitch = int(rng.integers(3, 5))  # 0.19 or 0.25 mm
    cell = cv2.resize(mask, (W // pitch, H // pitch), interpolation=cv2.INTER_AREA)
    grid = np.zeros((H // pitch * pitch, W // pitch * pitch), np.uint8)
    grid[pitch // 2::pitch, pitch // 2::pitch] = np.where(cell > 80, 255, 0)
    grid = cv2.dilate(grid, cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (pitch, pitch)))
    return cv2.copyMakeBorder(cv2.GaussianBlur(grid, (0, 0), 0.9), 0, H - grid.shape[0], 0, W - grid.shape[1], cv2.BORDER_CONSTANT)


def draw_flat(rng, person, faces, scene):
    """The flat card (float32 BGR), its boxes_mm and wrapped values."""
    regular, bold, nik_font = faces
    labels, values, wrapped = print_card(rng, person, regular, bold, nik_font)
    img = paper(rng)
    x0, y0, x1, y1 = (round(v * S) for v in values.boxes["portrait"])
    img[y0:y1, x0:x1] = surroundings.portrait(rng, x1 - x0, y1 - y0, person["fields"]["gender"] == "PEREMPUAN")
    spec = Sheet()
    spec.text("SPESIMEN - DATA FIKTIF", 69.5 + rng.uniform(-1.5, 0.3), 51.5, regular, 0.95, width=13.2)
    blend(img, np.asarray(spec.image), (170, 150, 110), 0.55)
    tone = uniform(rng, (18, 42))
    ink = (tone + 8, tone + 4, tone)
    printed = np.asarray(values.image)
    if scene == "dotmatrix":
        printed = dots(printed, rng)
    strength = uniform(rng, (0.92, 0.99))
    if scene == "worn":
        rub = np.clip(1.15 - 1.3 * np.clip(surroundings.clouds(rng, H // 4, W // 4, 22) + 0.1, 0, 1), 0.12, 1)
        grain = np.clip(0.75 + 0.45 * surroundings.clouds(rng, H // 2, W // 2, 0.8), 0, 1)
        rub = cv2.resize(rub, (W, H)) * cv2.resize(grain, (W, H))
        img += ((1 - rub) * 0.25)[..., None] * (235 - img)
        printed = (printed * rub).astype(np.uint8)
    soften = uniform(rng, (0.35, 0.8))
    blend(img, cv2.GaussianBlur(np.asarray(labels.image), (0, 0), soften), ink, strength * 0.96)
    blend(img, cv2.GaussianBlur(printed, (0, 0), soften), ink, strength)
    scratches = np.zeros((H, W), np.uint8)
    for _ in range(int(rng.integers(0, 4)) + (14 if scene == "worn" else 0)):
        a = rng.uniform(0, [W, H])
        b = a + rng.normal(0, 160, 2)
        cv2.line(scratches, tuple(int(v) for v in a), tuple(int(v) for v in b), int(rng.integers(60, 150)), 1, cv2.LINE_AA)
    blend(img, scratches, (240, 240, 235))
    return np.clip(img, 0, 255), values.boxes, wrapped


@functools.lru_cache(maxsize=1)
def card_shape():
    """Alpha of the card, 0..1: its rounded corners, with a pixel of edge."""
    mask = np.zeros((H, W), np.uint8)
    r = round(CORNER_MM * S)
    cv2.rectangle(mask, (r, 1), (W - r - 1, H - 2), 255, -1)
    cv2.rectangle(mask, (1, r), (W - 2, H - r - 1), 255, -1)
    for x in (r, W - r - 1):
        for y in (r, H - r - 1):
            cv2.circle(mask, (x, y), r - 1, 255, -1, cv2.LINE_AA)
    return mask.astype(np.float32) / 255


def with_shape(flat, rim=245):
    """BGRA of the card with a thin rim of that grey: light, as die-cut plastic has; dark in a copier."""
    a = card_shape()
    inner = cv2.erode(a, np.ones((5, 5)))
    bgr = flat + ((a - inner) * 0.45)[..., None] * (rim - flat)
    return np.dstack([bgr, a * 255])


def bend(card, rng):
    """The card curved a little along its length; the corners stay."""
    sag = rng.uniform(-1, 1) * 1.6 * S
    x = np.arange(W, dtype=np.float32)
    up = (np.sin(x / W * np.pi) * sag).astype(np.float32)
    mx, my = np.meshgrid(x, np.arange(H, dtype=np.float32))
    return cv2.remap(card, mx, my + up[None, :], cv2.INTER_LINEAR, borderValue=(0, 0, 0, 0))


def place(rng, width, height, share, turn, tilt):
    """Corners of the card in the picture: TL, TR, BR, BL, all inside."""
    w, h = CARD_MM[0] / 2, CARD_MM[1] / 2
    p = np.array([[-w, -h, 0], [w, -h, 0], [w, h, 0], [-w, h, 0]])
    for _ in range(200):
        ax, ay, az = np.radians([rng.uniform(-tilt, tilt), rng.uniform(-tilt, tilt), rng.uniform(-turn, turn)])
        rx = np.array([[1, 0, 0], [0, math.cos(ax), -math.sin(ax)], [0, math.sin(ax), math.cos(ax)]])
        ry = np.array([[math.cos(ay), 0, math.sin(ay)], [0, 1, 0], [-math.sin(ay), 0, math.cos(ay)]])
        rz = np.array([[math.cos(az), -math.sin(az), 0], [math.sin(az), math.cos(az), 0], [0, 0, 1]])
        q = p @ (rz @ rx @ ry).T
        q = q[:, :2] * 260 / (260 + q[:, 2:])
        q = q * width * uniform(rng, share) / np.linalg.norm(q[1] - q[0])
        size = q.max(0) - q.min(0)
        if size[0] > width - 10 or size[1] > height - 10:
            share = (share[0] * 0.98, share[1] * 0.98)
            continue
        room = np.array([width, height]) - size
        q += -q.min(0) + np.clip(room * rng.uniform(0.15, 0.85, 2), 5, None)
        return q
    raise RuntimeError("no place for the card")


def see(card, corners, width, height):
    """The card as it lies in the picture: BGR and alpha."""
    scale = max(np.linalg.norm(corners[1] - corners[0]), np.linalg.norm(corners[2] - corners[3])) / W
    f = min(1.0, scale * 1.6)
    small = cv2.resize(card.astype(np.float32), None, fx=f, fy=f, interpolation=cv2.INTER_AREA) if f < 1 else card.astype(np.float32)
    h, w = small.shape[:2]
    m = cv2.getPerspectiveTransform(np.float32([[0, 0], [w, 0], [w, h], [0, h]]) - 0.5, np.float32(corners) - 0.5)
    small[..., :3] *= small[..., 3:] / 255  # premultiplied, so that the rim does not darken
    out = cv2.warpPerspective(small, m, (width, height), flags=cv2.INTER_LINEAR, borderValue=(0, 0, 0, 0))
    return out[..., :3], out[..., 3:] / 255


def compose(rng, background, card, corners, depth=(0.35, 0.6)):
    """Lay the card with its shadow on the background."""
    h, w = background.shape[:2]
    shadow = np.zeros((h // 4 + 1, w // 4 + 1), np.float32)
    px = np.linalg.norm(corners[1] - corners[0]) / CARD_MM[0]
    cv2.fillConvexPoly(shadow, np.int32((corners + rng.uniform(-0.6, 0.9, 2) * px) / 4), 1)
    shadow = cv2.resize(cv2.GaussianBlur(shadow, (0, 0), max(1, px * uniform(rng, (0.5, 1.2)) / 4)), (w // 4 * 4 + 4, h // 4 * 4 + 4))[:h, :w, None]
    bgr, alpha = see(card, corners, w, h)
    return background * (1 - uniform(rng, depth) * shadow) * (1 - alpha) + bgr


def to_card(corners):
    return cv2.getPerspectiveTransform(np.float32(corners), np.float32([[0, 0], [CARD_MM[0], 0], CARD_MM, [0, CARD_MM[1]]]))


def cover(lit, corners, boxes, step=0.25):
    """Share of each box (mm) where the picture mask `lit` holds; above 0.02 only."""
    m = cv2.getPerspectiveTransform(np.float32([[0, 0], [CARD_MM[0], 0], CARD_MM, [0, CARD_MM[1]]]), np.float32(corners))
    out = {}
    h, w = lit.shape
    for key, (x0, y0, x1, y1) in boxes.items():
        g = np.stack(np.meshgrid(np.arange(x0, x1 + step, step), np.arange(y0, y1 + step, step)), -1).reshape(1, -1, 2)
        p = cv2.perspectiveTransform(np.float32(g), m)[0].round().astype(int)
        share = float(lit[p[:, 1].clip(0, h - 1), p[:, 0].clip(0, w - 1)].mean())
        if share > 0.02:
            out[key] = round(share, 2)
    return out


def glare(rng, corners, width, height):
    """Light of a lamp's reflection, 0..1 of white, and its place on the card (u, v)."""
    u, v = rng.uniform(0.1, 0.72), rng.uniform(0.3, 0.85)
    m = to_card(corners)
    yy, xx = np.mgrid[0:height, 0:width].astype(np.float32)
    d = m[2, 0] * xx + m[2, 1] * yy + m[2, 2]
    x = (m[0, 0] * xx + m[0, 1] * yy + m[0, 2]) / d - u * CARD_MM[0]
    y = (m[1, 0] * xx + m[1, 1] * yy + m[1, 2]) / d - v * CARD_MM[1]
    t = rng.uniform(-0.35, 0.35) + (math.pi / 2 if rng.random() < 0.25 else 0)
    a = uniform(rng, GLARE_MM)
    b = a * uniform(rng, (0.4, 0.65))
    rr = ((x * math.cos(t) + y * math.sin(t)) / a) ** 2 + ((y * math.cos(t) - x * math.sin(t)) / b) ** 2
    rr *= 1 + 0.18 * np.sin(np.arctan2(y, x) * 3 + rng.uniform(0, 6))
    light = 1.15 * np.exp(-(rr ** 1.5) * 0.5) + uniform(rng, (0.2, 0.42)) * np.exp(-rr / 9)
    return light.astype(np.float32), (u, v)


def camera(rng, img, blur, noise, quality):
    """Blur, noise and JPEG; returns the coded bytes."""
    img = cv2.GaussianBlur(img, (0, 0), blur)
    grain = rng.standard_normal(img.shape[:2], dtype=np.float32)[..., None] * 0.8 + rng.standard_normal(img.shape, dtype=np.float32) * 0.45
    img += cv2.GaussianBlur(grain, (0, 0), 0.55) * (1.6 * noise)
    return encode(img, quality)


def encode(img, quality):
    ok, data = cv2.imencode(".jpg", np.clip(img, 0, 255).astype(np.uint8), [cv2.IMWRITE_JPEG_QUALITY, quality])
    return data.tobytes()


def quality_in(rng, pair):
    return int(rng.integers(*pair))


def scan(rng, card, px_mm, turn, ground, shadow):
    """A flat view: the card on an even ground with a rim of 5..40 pixels."""
    w, h = CARD_MM[0] * px_mm, CARD_MM[1] * px_mm
    t = math.radians(rng.uniform(-turn, turn))
    p = np.array([[-w, -h], [w, -h], [w, h], [-w, h]]) / 2 @ np.array([[math.cos(t), math.sin(t)], [-math.sin(t), math.cos(t)]])
    rim = rng.uniform(5, 40, 4)
    p += -p.min(0) + rim[:2]
    width, height = (p.max(0) + rim[2:]).round().astype(int)
    back = np.full((height, width, 3), ground, np.float32) + surroundings.clouds(rng, height, width, 60)[..., None] * 4
    return compose(rng, back, card, p, shadow), p


def capture_scan(rng, flat):
    img, corners = scan(rng, with_shape(flat), uniform(rng, SCAN_PX_MM), 0.8, uniform(rng, (190, 245)), (0.1, 0.4))
    data = camera(rng, img * uniform(rng, (0.96, 1.03)), uniform(rng, (0.3, 0.6)), uniform(rng, (0.2, 0.9)), SCAN_QUALITY)
    return data, corners, {"degradation": "scan_clean", "jpeg_quality": SCAN_QUALITY}


def capture_photocopy(rng, flat):
    """Grey, hard contrast, specks and streaks; paper near white (measured 247..251, ink 15..25)."""
    img, corners = scan(rng, with_shape(flat, 90), uniform(rng, (13.4, 16.3)), 3, 250, (0.15, 0.4))
    pad = rng.integers(10, 70, 4)
    img = cv2.copyMakeBorder(img, *(int(v) for v in pad), cv2.BORDER_CONSTANT, value=(250, 250, 250))
    corners = corners + [pad[2], pad[0]]
    grey = cv2.cvtColor(np.clip(img, 0, 255), cv2.COLOR_BGR2GRAY)
    grey = cv2.GaussianBlur(grey, (0, 0), uniform(rng, (0.4, 0.75)))
    low, high = uniform(rng, (40, 58)), uniform(rng, (180, 198))
    grey = 15 + np.clip((grey - low) / (high - low), 0, 1) ** 0.85 * 236
    h, w = grey.shape
    for _ in range(int(rng.integers(150, 700))):
        cv2.circle(grey, (int(rng.integers(w)), int(rng.integers(h))), int(rng.integers(0, 3)) // 2, float(rng.integers(20, 140)), -1)
    for _ in range(int(rng.integers(0, 3))):
        x = int(rng.integers(w))
        grey[:, x:x + 1] *= uniform(rng, (0.75, 0.92))
    grey += surroundings.clouds(rng, h, w, 80) * 4 + rng.standard_normal((h, w), dtype=np.float32) * uniform(rng, (4, 8))
    grey, corners, cw = turned(rng, grey, corners)
    q = quality_in(rng, CAPTURE[4]["quality"])
    return encode(grey, q), corners, {"degradation": "rotated_or_photocopy", "rotated_cw": cw, "variant": "photocopy_grey", "jpeg_quality": q}


def turned(rng, img, corners):
    """The picture turned clockwise by 90, 180 or 270 degrees, and the corners with it."""
    k = int(rng.integers(1, 4))
    for _ in range(k):
        h = img.shape[0]
        img = cv2.rotate(img, cv2.ROTATE_90_CLOCKWISE)
        corners = np.stack([h - corners[:, 1], corners[:, 0]], 1)
    return img, corners, 90 * k


def capture_photo(rng, flat, boxes, options, level):
    c = CAPTURE[level]
    width = quality_in(rng, c["width"])
    height = round(width * ASPECTS[rng.integers(len(ASPECTS))])
    corners = place(rng, width, height, c["share"], c["turn"], c["tilt"])
    px = np.linalg.norm(corners[1] - corners[0]) / CARD_MM[0]
    kind = surroundings.pick(rng, options.background)
    back = surroundings.background(rng, kind, width, height, px)
    card = with_shape(flat)
    if options.scene == "bent":
        card = bend(card, rng)
    img = compose(rng, back, card, corners)
    note = {"degradation": c["name"], "background": kind}
    if options.scene == "fingers":
        img, hidden = surroundings.fingers(rng, img, corners, px)
        note["finger_cover"] = cover(hidden, corners, boxes)
    img = img * surroundings.light(rng, width, height, uniform(rng, c["light"]), level, corners)
    if level == 3:
        haze, (u, v) = glare(rng, corners, width, height)
        img = img + haze[..., None] * np.array([255, 255, 250], np.float32)
        note["glare_uv"] = [round(u, 3), round(v, 3)]
        note["glare_cover"] = cover(haze > 0.55, corners, {k: b for k, b in boxes.items() if k != "portrait"})
        motion = uniform(rng, MOTION_PX)
        img = cv2.filter2D(np.minimum(img, 300), -1, surroundings.motion(rng, motion))
        note["motion_px"] = round(motion, 2)
    q = quality_in(rng, c["quality"])
    note["jpeg_quality"] = q
    if level == 4:
        img, corners, note["rotated_cw"] = turned(rng, img, corners)
        note["variant"] = "phone_rotated"
    return camera(rng, img.astype(np.float32), uniform(rng, c["blur"]), uniform(rng, c["noise"]), q), corners, note


def capture(rng, level, n, flat, boxes, options):
    if level == 0:
        return capture_scan(rng, flat)
    if level == 4 and n % 3 != 2:
        return capture_photocopy(rng, flat)
    return capture_photo(rng, flat, boxes, options, level)


def families(which):
    sets = {"seen": [(SEEN, "seen")], "unseen": [(UNSEEN, "unseen")], "all": [(SEEN, "seen"), (UNSEEN, "unseen")]}[which]
    out = [(name, pair, NIK_FONTS[kind]) for group, kind in sets for name, pair in group.items()]
    missing = sorted({str(p) for _, pair, niks in out for p in [*pair, *niks] if not p.exists()})
    if missing:
        sys.exit("These fonts are not installed; see training/README.md for their Debian packages:\n  " + "\n  ".join(missing))
    return out


def draw_one(level, n, options, regions, faces):
    """Card n of a level: JPEG bytes and its entry of truth.json. Depends on level, n and the options only."""
    seed = options.seed * 1_000_000 + level * 100_000 + n
    rng = np.random.default_rng(seed)
    person = citizens.citizen(rng, regions)
    name, (regular, bold), niks = faces[rng.integers(len(faces))]
    nik_font = citizens.choose(rng, niks)
    flat, boxes, wrapped = draw_flat(rng, person, (regular, bold, nik_font), options.scene)
    data, corners, note = capture(rng, level, n, flat, boxes, options)
    picture = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR)
    note["font"], note["nik_font"], note["scene"] = name, nik_font.stem, options.scene
    return data, {
        "file": f"l{level}-{n:03d}.jpg", "bytes": len(data), "sha256": hashlib.sha256(data).hexdigest(), "level": level, "seed": seed,
        "width": picture.shape[1], "height": picture.shape[0], "corners": [[round(float(v), 1) for v in p] for p in corners],
        "fields": person["fields"], "extra": person["extra"], "boxes_mm": boxes, "wrapped": wrapped, "capture": note,
        "expected": person["expected"],
    }


def arguments():
    p = argparse.ArgumentParser(description="Draw KTP cards of invented people with truth, for `anycheck bench ktp`.", formatter_class=argparse.RawDescriptionHelpFormatter,
                                epilog="""examples:
  cards.py --out /tmp/cards/seen --count 40 --seed 1
  cards.py --out /tmp/cards/unseen --count 20 --seed 2 --fonts unseen --background held-out
  cards.py --out /tmp/cards/fingers --levels 1,2 --count 30 --scene fingers

then: anycheck bench ktp /tmp/cards/seen""")
    p.add_argument("--out", type=pathlib.Path, required=True, help="folder for the pictures and truth.json; made if absent")
    p.add_argument("--count", type=int, default=20, help="cards a level (default 20)")
    p.add_argument("--levels", default="0,1,2,3,4", help="which levels, by comma (default 0,1,2,3,4)")
    p.add_argument("--seed", type=int, default=1, help="the same seed and options give the same cards (default 1)")
    p.add_argument("--fonts", choices=["seen", "unseen", "all"], default="seen", help="families that the recogniser is trained on, held-out ones, or both")
    p.add_argument("--background", default="seen", help="seen (default), held-out, all, or one of: " + ", ".join(surroundings.SEEN + surroundings.HELD_OUT))
    p.add_argument("--scene", choices=SCENES, default="plain", help="what else happened to the card; fingers and bent need photos (levels 1 to 3)")
    o = p.parse_args()
    try:
        o.levels = sorted({int(v) for v in o.levels.split(",")})
    except ValueError:
        p.error("--levels takes numbers 0 to 4 with commas between")
    if not set(o.levels) <= set(range(5)):
        p.error("--levels takes numbers 0 to 4 with commas between")
    groups = {"seen": surroundings.SEEN, "held-out": surroundings.HELD_OUT, "all": surroundings.SEEN + surroundings.HELD_OUT}
    if o.background not in groups and o.background not in groups["all"]:
        p.error(f"no background {o.background!r}")
    o.background = groups.get(o.background, [o.background])
    if o.scene in ("fingers", "bent") and not set(o.levels) <= {1, 2, 3}:
        p.error(f"--scene {o.scene} needs --levels within 1,2,3")
    return o


def main():
    options = arguments()
    cv2.setNumThreads(1)
    faces, regions = families(options.fonts), citizens.Regions()
    if not regions.complete:
        print("The full list of regions is not at hand: districts and villages are put together.", file=sys.stderr)
    options.out.mkdir(parents=True, exist_ok=True)
    cards, total, start = [], len(options.levels) * options.count, time.process_time()
    for level in options.levels:
        for n in range(options.count):
            data, entry = draw_one(level, n, options, regions, faces)
            (options.out / entry["file"]).write_bytes(data)
            cards.append(entry)
            done = len(cards)
            if sys.stderr.isatty():
                print(f"\r[{'#' * (30 * done // total):<30}] {done}/{total}", end="", file=sys.stderr)
    truth = {"schema": "ktp-truth/1", "note": "Synthetic cards of invented people, drawn by training/cards.py.",
             "levels": {"0": "scan_clean", **{str(k): v["name"] for k, v in CAPTURE.items()}}, "card_mm": CARD_MM, "cards": cards}
    (options.out / "truth.json").write_text(json.dumps(truth, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
    print(f"\n{len(cards)} cards in {options.out}, {(time.process_time() - start) / max(1, len(cards)):.2f} s of CPU a card", file=sys.stderr)


if __name__ == "__main__":
    main()
