"""Writes python_re.json: which names Python's re.match takes by a pattern.

Run: python3 schedule/testdata/python_re.py > schedule/testdata/python_re.json
"""
import json
import re

NAMES = [
    "model.embeddings.word_embeddings.weight",
    "model.embeddings.LayerNorm.weight",
    "model.encoder.layer.0.attention.self.query.weight",
    "model.encoder.layer.0.attention.self.query.bias",
    "model.encoder.layer.1.attention.output.dense.weight",
    "model.encoder.layer.1.output.dense.bias",
    "model.encoder.layer.10.attention.self.query.weight",
    "model.encoder.layer.11.output.LayerNorm.bias",
    "model.encoder.layer.2.ffn_output.weight",
    "model.pooler.dense.weight",
    "model.classifier.weight",
    "model.classifier.bias",
]

PATTERNS = [
    "model", "classifier", "", ".", "model.classifier.*", "model.classifier", r"model\.classifier\.bias",
    "model.encoder.layer.1.*", r"model\.encoder\.layer\.1\.", "model.encoder.layer.(0|2).*", "model.encoder.layer.[01].*",
    "model.encoder.layer.{0,11}.(output|attention|intermediate).*", "model.encoder.layer.[0-9]+.output",
    r"model.*\.(?:query|key)\.", ".*bias$", r".*bias\Z", "^model.pooler", ".*(ffn\\.|attention|full*).*", ".*?weight",
    r".*\d{2}", r".*\.\d{,1}\.", r".*\.\d{2,}\.", "(?i)MODEL.CLASSIFIER", "(?s).*norm", "(?i:MODEL).pooler", r"\w+\.\w+\.weight$",
    r"\S+Norm", r"[^e]+$", r"[]x]", r"model[.]pooler", r"model\x2epooler", r"model.(?P<part>pooler|classifier)", "(?#a comment)model.pooler",
    r"\bmodel\b.pooler", "a{2}", "model.{3}ool", "m*odel.pooler", "(model.pooler)?", "(model.pooler)+.dense", "model.pooler|model.classifier",
    "model.encoder.(?=layer.1)", "model.(?!encoder).*", r"(model).\1", ".*(?<=query).weight", "(?P<a>m)odel(?P=a)", "model.(", "model.)", "[a", "*", "a**", "+x",
    "a{2}{3}", "x{3,1}", "\\", r"\y", r"\pL", r"model.\Qpooler\E", "(?z)model", "(?P<1>a)", "(?<a>m)odel", "{", "model{", "model.{x}", "a{1", "[z-a]",
]

out = []
for p in PATTERNS:
    try:
        out.append({"pattern": p, "names": [n for n in NAMES if re.match(p, n)]})
    except re.error as e:
        out.append({"pattern": p, "error": str(e)})
print(json.dumps({"names": NAMES, "cases": out}, indent=1))
