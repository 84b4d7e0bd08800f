"""Makes the files beside it, and golden.txt: the SHA-256 of the pixels that
Pillow's convert("RGB") gives (for CMYK and gray files, their own pixels),
width, height, name. Made with Pillow 13.0.0 (libjpeg-turbo 3.2.0), numpy 2.4.6
and simplejpeg (for samplings that Pillow does not write). Run in this folder."""
import glob, hashlib
import numpy as np, simplejpeg
from PIL import Image

rng = np.random.default_rng(0)


def picture(w, h):
    y, x = np.mgrid[0:h, 0:w]
    a = np.stack([128 + 120 * np.sin(x / 5.0 + y / 11.0), 128 + 120 * np.cos(y / 4.0), (x * 7 + y * 13) % 256], -1)
    a += rng.normal(0, 12, a.shape)
    if h > 8 and w > 8:
        a[h // 3 : h // 2, w // 4 : w // 2] = [250, 5, 5]
    return np.clip(a, 0, 255).astype(np.uint8)


for w, h in [(1, 1), (5, 3), (17, 33), (40, 24)]:
    a = picture(w, h)
    im, size = Image.fromarray(a), f"{w}x{h}"
    for sub in ["444", "422", "420"]:
        for prog in ["", "_progressive"]:
            im.save(f"rgb_{sub}{prog}_{size}.jpg", subsampling=":".join(sub), progressive=bool(prog), quality=75, optimize=bool(prog))
    for sub in ["411", "440"]:
        open(f"rgb_{sub}_{size}.jpg", "wb").write(simplejpeg.encode_jpeg(a, quality=85, colorspace="RGB", colorsubsampling=sub))
    im.convert("L").save(f"gray_{size}.jpg", quality=80)
    im.convert("CMYK").save(f"cmyk_{size}.jpg", quality=80)
    im.save(f"restart_{size}.jpg", quality=75, restart_marker_blocks=2)
    im.save(f"restart_progressive_{size}.jpg", quality=75, restart_marker_rows=1, progressive=True)
    im.save(f"rgb_without_transform_{size}.jpg", quality=75, keep_rgb=True)
    b = bytearray(open(f"cmyk_{size}.jpg", "rb").read())
    b[b.find(b"Adobe") + 11] = 2  # says that the same data are YCCK
    open(f"ycck_{size}.jpg", "wb").write(b)
b = open("rgb_420_17x33.jpg", "rb").read()
open("stray_bytes_17x33.jpg", "wb").write(b[:20] + b"\x00stray\xff\xff" + b[20:])

with open("golden.txt", "w") as out:
    for name in sorted(glob.glob("*.jpg")):
        im = Image.open(name)
        raw = im.tobytes()  # Pillow inverts CMYK, as Adobe stores it inverted
        if im.mode == "CMYK":
            raw = bytes(255 - v for v in raw)
        print(hashlib.sha256(raw).hexdigest(), *im.size, name, file=out)
