"""PyTorch's and OpenBLAS's side of the benchmark: one JSON request a line on
standard input, one JSON answer a line on standard output. Started by the Go
program beside it, which says what each request is (rival.go)."""

import ctypes
import json
import struct
import sys
import time

import torch
import torch.nn as nn
import torch.nn.functional as F


class Basic(nn.Module):
    """The residual block of ResNet-18, and with option_a that of CIFAR's."""

    def __init__(self, cin, cout, stride, option_a):
        super().__init__()
        self.conv1 = nn.Conv2d(cin, cout, 3, stride, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(cout)
        self.conv2 = nn.Conv2d(cout, cout, 3, 1, 1, bias=False)
        self.bn2 = nn.BatchNorm2d(cout)
        self.pad = cout - cin if option_a else 0
        self.downsample = None
        if not option_a and (stride != 1 or cin != cout):
            self.downsample = nn.Sequential(nn.Conv2d(cin, cout, 1, stride, bias=False), nn.BatchNorm2d(cout))

    def forward(self, x):
        y = self.bn2(self.conv2(F.relu(self.bn1(self.conv1(x)))))
        if self.downsample is not None:
            x = self.downsample(x)
        elif self.pad:
            x = F.pad(x[:, :, ::2, ::2], (0, 0, 0, 0, self.pad // 2, self.pad - self.pad // 2))
        return F.relu(y + x)


class ResNet(nn.Module):
    """torchvision's ResNet-18, or the CIFAR network with stages of 3 blocks."""

    def __init__(self, cifar, classes):
        super().__init__()
        widths, blocks = ((16, 32, 64), 3) if cifar else ((64, 128, 256, 512), 2)
        self.conv1 = nn.Conv2d(3, widths[0], *((3, 1, 1) if cifar else (7, 2, 3)), bias=False)
        self.bn1 = nn.BatchNorm2d(widths[0])
        self.cifar, cin = cifar, widths[0]
        for i, w in enumerate(widths):
            layer = []
            for j in range(blocks):
                layer.append(Basic(cin, w, 2 if i and not j else 1, cifar))
                cin = w
            setattr(self, f"layer{i + 1}", nn.Sequential(*layer))
        setattr(self, "linear" if cifar else "fc", nn.Linear(cin, classes))

    def forward(self, x):
        x = F.relu(self.bn1(self.conv1(x)))
        if self.cifar:
            x = self.layer3(self.layer2(self.layer1(x)))
        else:
            x = F.max_pool2d(x, 3, 2, 1)
            x = self.layer4(self.layer3(self.layer2(self.layer1(x))))
        x = F.adaptive_avg_pool2d(x, 1).flatten(1)
        return self.linear(x) if self.cifar else self.fc(x)


class Layer(nn.Module):
    """A transformer's encoder layer with the norms after the sums, as in BERT."""

    def __init__(self, width, heads):
        super().__init__()
        self.heads = heads
        for name in ("query", "key", "value", "out"):
            setattr(self, name, nn.Linear(width, width))
        self.norm1, self.norm2 = nn.LayerNorm(width), nn.LayerNorm(width)
        self.up, self.down = nn.Linear(width, 4 * width), nn.Linear(4 * width, width)

    def forward(self, x):
        b, s, d = x.shape

        def split(y):
            return y.view(b, s, self.heads, d // self.heads).transpose(1, 2)

        a = F.scaled_dot_product_attention(split(self.query(x)), split(self.key(x)), split(self.value(x)))
        x = self.norm1(x + self.out(a.transpose(1, 2).reshape(b, s, d)))
        return self.norm2(x + self.down(F.gelu(self.up(x))))


class Blocks(nn.Module):
    """Layers over vectors, and a classifier of the first one."""

    def __init__(self, layers, width, heads, classes):
        super().__init__()
        self.layer = nn.ModuleList(Layer(width, heads) for _ in range(layers))
        self.head = nn.Linear(width, classes)

    def forward(self, x):
        for layer in self.layer:
            x = layer(x)
        return self.head(x[:, 0])


def read(path):
    """A safetensors file of f32 and i64."""
    kinds = {"F32": torch.float32, "I64": torch.int64}
    with open(path, "rb") as f:
        (n,) = struct.unpack("<Q", f.read(8))
        header, data = json.loads(f.read(n)), bytearray(f.read())
    header.pop("__metadata__", None)
    out = {}
    for name, t in header.items():
        lo, hi = t["data_offsets"]
        part = torch.frombuffer(data, dtype=kinds[t["dtype"]], offset=lo, count=(hi - lo) // (4 if t["dtype"] == "F32" else 8))
        out[name] = part.reshape(t["shape"]).clone()
    return out


class Training:
    """Steps of a model on one batch."""

    def __init__(self, r):
        torch.set_num_threads(r["threads"])
        tensors = read(r["file"])
        self.x, self.y = tensors.pop("bench.x"), tensors.pop("bench.y")
        if r["model"] == "blocks":
            self.model = Blocks(r["layers"], r["width"], r["heads"], r["classes"])
        else:
            self.model = ResNet(r["model"] == "resnet20", r["classes"])
        self.model.load_state_dict(tensors, strict=True)
        if r["layout"] == "channels_last":
            self.model = self.model.to(memory_format=torch.channels_last)
            self.x = self.x.contiguous(memory_format=torch.channels_last)
        params = list(self.model.parameters())
        self.model.train()
        if r["head"]:
            for p in params[:-2]:
                p.requires_grad_(False)
            params = params[-2:]
            self.model.eval()
        self.params = params
        self.optimizer = torch.optim.AdamW(params, lr=r["lr"], fused=True)

    def step(self):
        self.optimizer.zero_grad()
        self.loss = F.cross_entropy(self.model(self.x), self.y)
        self.loss.backward()
        self.optimizer.step()

    def numbers(self):
        norm = torch.stack([p.grad.double().square().sum() for p in self.params]).sum().sqrt()
        return {"loss": self.loss.item(), "norm": norm.item()}


class Update:
    """AdamW alone, on tensors of the given sizes."""

    def __init__(self, r):
        torch.set_num_threads(r["threads"])
        self.params = [torch.full((n,), 0.5, requires_grad=True) for n in r["sizes"]]
        for p in self.params:
            p.grad = torch.full_like(p, 1e-3)
        self.optimizer = torch.optim.AdamW(self.params, lr=r["lr"], fused=True)

    def step(self):
        self.optimizer.step()

    def numbers(self):
        return {"loss": self.params[0][0].item(), "norm": 0}


class Product:
    """C = A·B in float32, by torch or by OpenBLAS."""

    def __init__(self, r):
        torch.set_num_threads(r["threads"])
        self.m, self.n, self.k, self.ta, self.tb = (r[x] for x in ("m", "n", "k", "ta", "tb"))
        self.a = torch.full((self.k, self.m) if self.ta else (self.m, self.k), 0.5)
        self.b = torch.full((self.n, self.k) if self.tb else (self.k, self.n), 0.25)
        self.c = torch.empty(self.m, self.n)
        self.blas = None
        if r["openblas"]:
            self.blas = ctypes.CDLL(r["openblas"])
            self.blas.openblas_set_num_threads(r["threads"])

    def step(self):
        if self.blas is None:
            torch.mm(self.a.t() if self.ta else self.a, self.b.t() if self.tb else self.b, out=self.c)
            return
        f, p = ctypes.c_float, ctypes.c_void_p
        self.blas.cblas_sgemm(
            101, 112 if self.ta else 111, 112 if self.tb else 111, self.m, self.n, self.k, f(1),
            p(self.a.data_ptr()), self.a.shape[1], p(self.b.data_ptr()), self.b.shape[1], f(0),
            p(self.c.data_ptr()), self.n)

    def numbers(self):
        return {"loss": self.c[0, 0].item(), "norm": self.c.double().norm().item()}


def peak_kib():
    try:
        with open("/proc/self/status") as f:
            return next(int(line.split()[1]) for line in f if line.startswith("VmHWM"))
    except OSError:
        return 0


def main():
    kinds, sides = {"train": Training, "update": Update, "product": Product}, {}
    print(json.dumps({"version": torch.__version__, "peak_kib": peak_kib()}), flush=True)
    for line in sys.stdin:
        r, answer = json.loads(line), {}
        try:
            if r["do"] == "open":
                sides[r["id"]] = kinds[r["kind"]](r)
            elif r["do"] == "close":
                del sides[r["id"]]
            elif r["do"] == "step":
                side = sides[r["id"]]
                torch.set_num_threads(r["threads"])
                began = time.perf_counter()
                side.step()
                answer["ms"] = (time.perf_counter() - began) * 1e3
                if r["numbers"]:
                    answer.update(side.numbers())
            answer["peak_kib"] = peak_kib()
        except Exception as e:  # the other side prints it
            answer["error"] = f"{type(e).__name__}: {e}"
        print(json.dumps(answer), flush=True)


main()
