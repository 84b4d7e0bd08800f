"""Makes the images beside it, and golden.txt: the SHA-256 of pixels that Pillow
gives, each after width, height, channels and what was done. Made with Pillow
13.0.0 and numpy 2.4.6; torchvision's formulas are spelled out. Run in this
folder."""
import hashlib, math, random
import numpy as np
from PIL import Image, ImageEnhance, ImageStat

rng = np.random.default_rng(1)
y, x = np.mgrid[0:43, 0:57]
a = np.stack([128 + 127 * np.sin(x / 3.0 + y / 7.0), (x * 9 + y * 5) % 256, 255 * ((x // 6 + y // 5) % 2)], -1)
a = np.clip(a + rng.normal(0, 20, a.shape), 0, 255).astype(np.uint8)
rgb = Image.fromarray(a)
rgb.save("picture.png")
gray = rgb.convert("L")
out = open("golden.txt", "w")


def say(im, *what):
    print(hashlib.sha256(im.tobytes()).hexdigest(), *im.size, len(im.getbands()), *what, file=out)


# Decoding.
alpha = np.dstack([a, (x * 4 % 256).astype(np.uint8)])
Image.fromarray(alpha).save("rgba.png")
Image.fromarray(np.dstack([a[:, :, 0], alpha[:, :, 3]])).save("la.png")
gray.save("gray.png")
gray.point(lambda v: 255 * (v > 127)).convert("1").save("one.png")
rgb.quantize(16).save("palette.png")
p = rgb.quantize(16)
p.info["transparency"] = 3
p.save("palette_transparent.png", transparency=3)
rgb.save("picture.bmp")
gray.save("gray.bmp")
rgb.quantize(32).save("picture.gif")
rgb.save("lossless.webp", lossless=True)
Image.fromarray(alpha).save("lossless_alpha.webp", lossless=True, exact=True)
for size in [(57, 43), (56, 42), (1, 1), (2, 3)]:
    rgb.crop((0, 0) + size).save("lossy_%dx%d.webp" % size, quality=60)
Image.fromarray(alpha).save("lossy_alpha.webp", quality=60)
exif = Image.Exif()
for v in range(1, 9):
    exif[0x112] = v
    rgb.crop((0, 0, 24, 16)).save("oriented_%d.jpg" % v, exif=exif, quality=90)
import glob

for name in sorted(glob.glob("*.*")):
    if name.rsplit(".", 1)[1] in ("png", "bmp", "gif", "webp", "jpg"):
        say(Image.open(name).convert("RGB"), "decode", name)
from PIL import ImageOps

for v in range(1, 9):
    say(ImageOps.exif_transpose(Image.open("oriented_%d.jpg" % v)), "orient", "oriented_%d.jpg" % v)

# Resizing.
filters = dict(nearest=0, lanczos=1, bilinear=2, bicubic=3, box=4, hamming=5)
for f, n in filters.items():
    for w, h in [(57, 20), (20, 43), (30, 30), (224, 224), (1, 1), (56, 44), (7, 90)]:
        say(rgb.resize((w, h), n), "resize", f, w, h)
    say(gray.resize((28, 31), n), "resize_gray", f, 28, 31)


# torchvision.transforms.functional._get_inverse_affine_matrix
def matrix(center, angle, translate, scale, shear):
    rot, sx, sy = math.radians(angle), math.radians(shear[0]), math.radians(shear[1])
    (cx, cy), (tx, ty) = center, translate
    a = math.cos(rot - sy) / math.cos(sy)
    b = -math.cos(rot - sy) * math.tan(sx) / math.cos(sy) - math.sin(rot)
    c = math.sin(rot - sy) / math.cos(sy)
    d = -math.sin(rot - sy) * math.tan(sx) / math.cos(sy) + math.cos(rot)
    m = [v / scale for v in [d, -b, 0.0, -c, a, 0.0]]
    m[2] += m[0] * (-cx - tx) + m[1] * (-cy - ty) + cx
    m[5] += m[3] * (-cx - tx) + m[4] * (-cy - ty) + cy
    return m


for angle, tx, ty, scale, shear in [(0, 0, 0, 1, 0), (30, 0, 0, 1, 0), (-15, 5, -3, 1.25, 0), (0, 7, 2, 1, 0), (0, 0, 0, 0.8, 0), (10, 2, 2, 0.7, 12), (180, 0, 0, 1, 0), (90, 0, 0, 1.5, -20)]:
    for f in ["nearest", "bilinear"]:
        for im, fill in [(rgb, (9, 80, 200)), (gray, 0)]:
            m = matrix((im.width * 0.5, im.height * 0.5), angle, (tx, ty), scale, (shear, 0))
            say(im.transform(im.size, Image.Transform.AFFINE, m, filters[f], fillcolor=fill), "affine", f, angle, tx, ty, scale, shear)

# Colours.
say(gray, "grayscale")
for k in [0, 0.3, 0.75, 1, 1.4, 3]:
    say(ImageEnhance.Brightness(rgb).enhance(k), "brightness", k)
    say(ImageEnhance.Contrast(rgb).enhance(k), "contrast", k)
    say(ImageEnhance.Contrast(gray).enhance(k), "contrast_gray", k)
    say(ImageEnhance.Color(rgb).enhance(k), "saturation", k)
for k in [0, 0.1, -0.1, 0.5, -0.5, 0.27]:
    h, s, v = rgb.convert("HSV").split()
    n = np.array(h, dtype=np.uint8)
    n += np.array(int(k * 255)).astype(np.uint8)
    say(Image.merge("HSV", (Image.fromarray(n), s, v)).convert("RGB"), "hue", k)
