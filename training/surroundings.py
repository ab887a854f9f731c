"""What surrounds the print of a card that cards.py draws: portraits, tables, light, fingers."""

import math

import cv2
import numpy as np
from PIL import Image, ImageDraw, ImageFont

SEEN = ["wood", "tile", "plain", "stone", "paper", "cloth"]
HELD_OUT = ["terrazzo", "batik", "leather"]


def pick(rng, items):
    return items[rng.integers(len(items))]


def clouds(rng, h, w, size):
    """Smooth noise of about -1..1 whose features are `size` pixels."""
    k = max(1, int(size / 2))
    small = rng.standard_normal((h // k + 6, w // k + 6), dtype=np.float32)
    small = cv2.GaussianBlur(small, (0, 0), max(0.6, size / (2 * k)))
    out = cv2.resize(small, (w + 5 * k, h + 5 * k), interpolation=cv2.INTER_LINEAR)[2 * k:2 * k + h, 2 * k:2 * k + w]
    return out / (float(out.std()) * 2 + 1e-6)


def portrait(rng, w, h, female):
    """A drawn head and shoulders on red or blue, BGR float32."""
    n = 2
    img = np.empty((h * n, w * n, 3), np.float32)
    img[:] = [(48, 34, 196), (166, 62, 26)][int(rng.integers(2))] + rng.uniform(-14, 14, 3)

    def spot(x, y, a, b, colour, start=0, end=360):
        cv2.ellipse(img, (int(x * w * n), int(y * h * n)), (max(1, int(a * w * n)), max(1, int(b * h * n))), 0, start, end, tuple(float(v) for v in colour), -1, cv2.LINE_AA)

    def area(points, colour):
        cv2.fillPoly(img, [np.int32(np.array(points) * [w * n, h * n])], tuple(float(v) for v in colour), cv2.LINE_AA)

    def stroke(points, colour, wide):
        cv2.polylines(img, [np.int32(np.array(points) * [w * n, h * n])], False, tuple(float(v) for v in colour), max(1, int(wide * w * n)), cv2.LINE_AA)

    skin = np.array([118, 158, 208]) * rng.uniform(0.78, 1.06) + rng.uniform(-8, 8, 3)
    dark = np.array([30, 32, 38]) * rng.uniform(0.6, 1.4)
    shirt = rng.uniform(40, 215, 3)
    x, y, fw, fh = 0.5 + rng.uniform(-0.03, 0.03), 0.42 + rng.uniform(-0.03, 0.02), rng.uniform(0.19, 0.225), rng.uniform(0.195, 0.22)
    veil = female and rng.random() < 0.6
    cloth = rng.uniform(25, 230, 3)
    shoulders = [[0.05, 1.02], [0.1, 0.88], [0.3, 0.76], [0.7, 0.76], [0.9, 0.88], [0.96, 1.02]]
    if female and not veil:
        spot(x, y + 0.04, fw + 0.08, fh + 0.13, dark)
    if veil:
        spot(x, y, fw + 0.1, fh + 0.09, cloth)
        area([[x - fw - 0.1, y], [x + fw + 0.1, y], [x + 0.33, 1.02], [x - 0.33, 1.02]], cloth)
        spot(x, y + 0.01, fw + 0.035, fh + 0.035, cloth * 0.8)
    else:
        area([[x - 0.1, y + 0.1], [x + 0.1, y + 0.1], [x + 0.11, 0.8], [x - 0.11, 0.8]], skin * 0.84)
        area(shoulders, shirt)
        area([[x - 0.13, 0.755], [x + 0.13, 0.755], [x, 0.87]], skin * 0.84)
        area([[x - 0.15, 0.74], [x - 0.2, 0.84], [x - 0.06, 0.9], [x, 0.86]], shirt * 0.8)
        area([[x + 0.15, 0.74], [x + 0.2, 0.84], [x + 0.06, 0.9], [x, 0.86]], shirt * 0.8)
        for s in (-1, 1):
            spot(x + s * fw, y + 0.02, 0.03, 0.045, skin * 0.92)
    if not female:
        spot(x, y - 0.06, fw + 0.02, fh * 0.88, dark, 180, 360)
        spot(x, y - 0.05, fw + 0.015, 0.09, dark)
    spot(x, y, fw, fh, skin)
    if not veil:
        spot(x + rng.uniform(-0.03, 0.03), y - fh * 0.75, fw * 0.85, fh * 0.36, dark)
    wide = rng.uniform(0.07, 0.09)
    for s in (-1, 1):
        ex, ey = x + s * wide, y - 0.01
        spot(ex, ey, 0.034, 0.013, (225, 228, 230))
        spot(ex, ey, 0.014, 0.012, (25, 28, 35))
        stroke([[ex - 0.045, ey - 0.032], [ex, ey - 0.045], [ex + 0.045, ey - 0.035]], dark, 0.016)
    stroke([[x + 0.012, y], [x + 0.026, y + 0.07], [x - 0.015, y + 0.075]], skin * 0.76, 0.01)
    spot(x, y + 0.12, 0.055, 0.014, (100, 92, 170) if female else (110, 115, 165))
    img = cv2.resize(cv2.GaussianBlur(img, (0, 0), 2), (w, h), interpolation=cv2.INTER_AREA)
    # One side of the face is darker: a lamp, not an even fill.
    img *= 1 + np.linspace(-0.07, 0.07, w, dtype=np.float32)[None, :, None] * pick(rng, [-1, 1])
    return img + rng.standard_normal((h, w, 1), dtype=np.float32) * 5


def background(rng, kind, w, h, px):
    """A table seen from above, BGR float32; px is pixels a millimetre."""
    img = {"wood": wood, "tile": tile, "plain": plain, "stone": stone, "paper": page, "cloth": cloth, "terrazzo": terrazzo,
           "batik": batik, "leather": leather}[kind](rng, w, h, px).astype(np.float32)
    if rng.random() < 0.3:
        # The end of a pen, a phone or a case reaches into the picture.
        x, y = pick(rng, [(0, 0), (w, 0), (0, h), (w, h), (w // 2, h), (w // 2, 0)])
        box = cv2.boxPoints(((float(x), float(y)), (float(px * rng.uniform(8, 40)), float(px * rng.uniform(3, 14))), float(rng.uniform(0, 180))))
        cv2.fillConvexPoly(img, np.int32(box), tuple(float(v) for v in rng.uniform(15, 220, 3)), cv2.LINE_AA)
    return np.clip(img, 0, 255)


def turn_grid(rng, w, h, limit):
    """Coordinates of the picture turned by up to `limit` radians about its middle."""
    t = rng.uniform(-limit, limit)
    yy, xx = np.mgrid[0:h, 0:w].astype(np.float32)
    return xx * math.cos(t) + yy * math.sin(t), yy * math.cos(t) - xx * math.sin(t)


def coloured(base, v):
    """A colour (BGR) times a grey texture, float32."""
    return np.float32(base) * np.float32(v)[..., None]


def wood(rng, w, h, px):
    xx, yy = turn_grid(rng, w, h, 0.12)
    base = np.array(pick(rng, [(105, 150, 190), (70, 95, 120), (60, 85, 130), (120, 140, 155)])) * rng.uniform(0.85, 1.1)
    board = yy / (px * rng.uniform(14, 24))
    n = np.floor(board)
    grain = clouds(rng, h, w // 12 + 1, 3)
    grain = cv2.resize(grain, (w, h), interpolation=cv2.INTER_LINEAR)
    v = 1 + 0.1 * grain + 0.06 * np.sin(n * 12.9) + 0.05 * clouds(rng, h, w, 90)
    v *= 1 - 0.55 * (np.abs(board - n - 0.5) > 0.485)
    return coloured(base, v)


def tile(rng, w, h, px):
    xx, yy = turn_grid(rng, w, h, 0.1)
    base = np.array(pick(rng, [(160, 190, 210), (190, 195, 200), (140, 170, 175)]))
    side = px * rng.uniform(28, 50)
    joint = (np.abs(xx / side % 1 - 0.5) > 0.492) | (np.abs(yy / side % 1 - 0.5) > 0.492)
    v = (1 + 0.06 * clouds(rng, h, w, px * 8)) * (1 - 0.35 * joint)
    return coloured(base, v)


def plain(rng, w, h, px):
    base = rng.uniform(60, 215) + rng.uniform(-18, 18, 3)
    return np.float32(base) + clouds(rng, h, w, 120)[..., None] * 6


def stone(rng, w, h, px):
    base = np.array(pick(rng, [(115, 130, 145), (130, 132, 135), (80, 82, 88), (165, 172, 178)]))
    v = 1 + 0.1 * clouds(rng, h, w, px * 7) + 0.04 * clouds(rng, h, w, 3)
    vein = np.abs(clouds(rng, h, w, px * 13) + 0.25 * clouds(rng, h, w, px * 3)) < 0.02
    return coloured(base, v * (1 - 0.3 * cv2.GaussianBlur(vein.astype(np.float32), (0, 0), max(0.8, px * 0.12))))


def page(rng, w, h, px):
    img = np.full((h, w), 238, np.uint8)
    image = Image.fromarray(img)
    pen = ImageDraw.Draw(image)
    f = ImageFont.truetype(pick(rng, ["/usr/share/fonts/truetype/liberation/LiberationSerif-Regular.ttf", "/usr/share/fonts/truetype/dejavu/DejaVuSans.ttf"]), int(px * rng.uniform(2.6, 3.6)))
    words = "surat kuasa dengan ini untuk yang bersangkutan menurut undang pokok daftar kepada saudara tahun 2020 Pasal bahwa telah setuju Rp 250.000 bukti".split()
    y = float(rng.uniform(0, 20))
    while y < h:
        if rng.random() > 0.15:
            pen.text((w * 0.03, y), " ".join(pick(rng, words) for _ in range(int(rng.integers(5, 14)))), fill=60, font=f)
        y += f.size * rng.choice([1.5, 1.5, 2.6])
    m = cv2.getRotationMatrix2D((w / 2, h / 2), float(rng.uniform(-12, 12) + pick(rng, [0, 0, 90])), 1.15)
    img = cv2.warpAffine(np.asarray(image), m, (w, h), borderValue=236)
    return img.astype(np.float32)[..., None] * np.float32([0.96, 0.985, 1.0]) + clouds(rng, h, w, 90)[..., None] * 3


def cloth(rng, w, h, px):
    xx, yy = turn_grid(rng, w, h, 0.2)
    base = np.array(pick(rng, [(45, 35, 150), (120, 70, 40), (70, 105, 60), (150, 150, 150)]))
    side = px * rng.uniform(7, 14)
    v = 1 - 0.4 * (np.sin(xx / side * 2) > 0.75) - 0.32 * (np.sin(yy / side * 2) > 0.75) - 0.15 * (np.sin(xx / side * 6) > 0.9)
    weave = 0.1 * np.sin(xx * 2.2) * np.sin(yy * 2.2)
    return coloured(base, v + weave + 0.05 * clouds(rng, h, w, 60))


def terrazzo(rng, w, h, px):
    img = np.empty((h, w, 3), np.float32)
    img[:] = np.array([182, 186, 190]) * rng.uniform(0.7, 1.1)
    for _ in range(int(w * h / (px * px) / 14)):
        p = rng.uniform(0, [w, h]) + rng.normal(0, px * rng.uniform(0.4, 1.6), (6, 2))
        cv2.fillConvexPoly(img, cv2.convexHull(np.int32(p)), tuple(float(v) for v in rng.uniform(50, 235) + rng.uniform(-20, 20, 3)), cv2.LINE_AA)
    return img


def batik(rng, w, h, px):
    xx, yy = turn_grid(rng, w, h, 0.8)
    side = px * rng.uniform(6, 12)
    a, b = np.sin(xx / side * 3.14), np.sin(yy / side * 3.14)
    ring = np.abs(np.abs(a * b) - 0.45) < 0.1
    leaf = np.abs(a - b) < 0.16
    base, other = np.array([40, 60, 95]) * rng.uniform(0.7, 1.3), np.array([120, 175, 205])
    mix = np.clip(ring * 0.9 + leaf * 0.6, 0, 1)[..., None]
    return base + mix * (other - base) + clouds(rng, h, w, 2)[..., None] * 5


def leather(rng, w, h, px):
    base = np.array(pick(rng, [(30, 35, 45), (35, 55, 95), (25, 25, 28)])) * rng.uniform(0.9, 1.5)
    crease = np.abs(clouds(rng, h, w, px * 1.1)) < 0.07
    return coloured(base, 1 + 0.1 * clouds(rng, h, w, px * 9) - 0.35 * cv2.GaussianBlur(crease.astype(np.float32), (0, 0), 1.0))


def light(rng, w, h, level_of_light, level, corners):
    """Factor a pixel and colour: lamp, fall-off, tint and, in level 2, a hand's shadow."""
    yy, xx = np.mgrid[0:h // 8 + 1, 0:w // 8 + 1].astype(np.float32) * 8
    t = rng.uniform(0, 6.28)
    along = ((xx - w / 2) * math.cos(t) + (yy - h / 2) * math.sin(t)) / w
    uneven = {1: 0.18, 2: 0.4, 3: 0.45, 4: 0.18}[level]
    f = 1 + along * rng.uniform(0.3, 1) * uneven
    f *= 1 - uneven * 0.6 * ((xx / w - 0.5) ** 2 + (yy / h - 0.5) ** 2)
    if level == 2 or (level == 3 and rng.random() < 0.2):
        # A hand or head between lamp and table: a soft-edged half plane or a blob.
        depth = rng.uniform(0.3, 0.68)
        soft = w * rng.uniform(0.015, 0.05)
        cx, cy = corners.mean(0) + rng.uniform(-0.2, 0.2, 2) * [w, h]
        s = rng.uniform(0, 6.28)
        d = (xx - cx) * math.cos(s) + (yy - cy) * math.sin(s) + 0.05 * w * np.sin((xx * math.sin(s) - yy * math.cos(s)) / w * 9 + s)
        if rng.random() < 0.2:
            d = np.hypot(xx - cx, (yy - cy) * 1.2) - w * rng.uniform(0.12, 0.3)
        f *= 1 - depth / (1 + np.exp(np.clip(d / soft, -30, 30)))
    tint = np.array([1 + rng.uniform(-0.16, 0.06), 1.0, 1 + rng.uniform(-0.08, 0.12)], np.float32)
    full = cv2.resize(f, (w, h), interpolation=cv2.INTER_LINEAR) * level_of_light
    return full[..., None] * tint


def motion(rng, pixels):
    """Kernel of a straight movement of the camera by so many pixels (standard length)."""
    n = 15
    k = np.zeros((n * 8, n * 8), np.float32)
    t, c = rng.uniform(0, math.pi), n * 4
    d = np.array([math.cos(t), math.sin(t)]) * pixels * 4
    cv2.line(k, tuple(np.int32(c - d)), tuple(np.int32(c + d)), 1.0, 6)
    k = cv2.resize(k, (n, n), interpolation=cv2.INTER_AREA)
    return k / k.sum()


def fingers(rng, img, corners, px):
    """Finger tips over an edge or a corner of the card; the picture and the mask they hide."""
    h, w = img.shape[:2]
    hidden = np.zeros((h, w), np.uint8)
    skin = np.array([120, 155, 205], np.float32) * rng.uniform(0.65, 1.05)
    centre = corners.mean(0)
    for _ in range(int(rng.integers(1, 4))):
        if rng.random() < 0.4:
            at = corners[rng.integers(4)]
        else:
            i, u = int(rng.integers(4)), rng.uniform(0.1, 0.9)
            at = corners[i] * (1 - u) + corners[(i + 1) % 4] * u
        inward = (centre - at) / np.linalg.norm(centre - at)
        t = rng.uniform(-0.5, 0.5)
        inward = inward @ np.array([[math.cos(t), math.sin(t)], [-math.sin(t), math.cos(t)]])
        tip, wide = at + inward * px * rng.uniform(1, 9), px * rng.uniform(13, 17)
        tail = tip - inward * px * 90
        mask = np.zeros((h, w), np.uint8)
        cv2.line(mask, tuple(int(v) for v in tip - inward * wide / 2), tuple(int(v) for v in tail), 255, int(wide), cv2.LINE_AA)
        a = cv2.GaussianBlur(mask, (0, 0), 1.2).astype(np.float32)[..., None] / 255
        round_ = np.clip(cv2.distanceTransform(np.uint8(mask > 127), cv2.DIST_L2, 3) / (wide / 2), 0, 1)[..., None]
        shade = skin * (0.72 + 0.3 * np.sqrt(round_)) + clouds(rng, h, w, 5)[..., None] * 3
        dim = cv2.GaussianBlur(mask, (0, 0), px * 1.0).astype(np.float32)[..., None] / 255
        img = img * (1 - 0.35 * dim) * (1 - a) + shade * a
        nail = tip - inward * wide * 0.42
        over = img.copy()
        cv2.ellipse(over, tuple(int(v) for v in nail), (int(wide * 0.3), int(wide * 0.24)), math.degrees(math.atan2(inward[1], inward[0])), 0, 360,
                    tuple(float(v) for v in skin * [1.25, 1.15, 1.06]), -1, cv2.LINE_AA)
        img = img * 0.4 + over * 0.6 if rng.random() < 0.6 else img
        hidden |= mask
    return img.astype(np.float32), hidden > 127
