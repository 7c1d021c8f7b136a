"""GPT-2's forward pass: the same mathematics as transformers' GPT2LMHeadModel (parity.py compares them), weights kept in float32 and read in bfloat16."""
import torch
import torch.nn.functional as F
from torch import nn

from layers import PAD, CausalAttention, Head, joined, linear, norm



class MiniGpt(nn.Module):
    def __init__(self, shape, vocabulary):
        super().__init__()
        self.shape, width, ffn = shape, shape["width"], shape["ffn"]
        shapes = {"tokens": (vocabulary, width), "positions": (shape["positions"], width), "norm.weight": (width,), "norm.bias": (width,)}
        for layer in range(shape["layers"]):
            for name, size in {"qkv": (3 * width, width), "out": (width, width), "up": (ffn, width), "down": (width, ffn)}.items():
                shapes |= {f"{layer}.{name}.weight": size, f"{layer}.{name}.bias": size[:1]}
            for name in ("norm1", "norm2"):
                shapes |= {f"{layer}.{name}.weight": (width,), f"{layer}.{name}.bias": (width,)}
        self.w = nn.ParameterDict({name.replace(".", "/"): nn.Parameter(self.initial(name, size)) for name, size in shapes.items()})

    def initial(self, name, size):
        """GPT-2's: 0.02, and less where a product is added to the residual stream."""
        if name.endswith("bias"):
            return torch.zeros(size)
        if "norm" in name:
            return torch.ones(size)
        return torch.randn(size) * (0.02 / (2 * self.shape["layers"]) ** 0.5 if ".out." in name or ".down." in name else 0.02)

    def forward(self, ids, labels, dtype=torch.bfloat16):
        """ids and labels [B, T], PAD where there is no label -> mean loss, loss of each real label."""
        w = {name.replace("/", "."): value.to(dtype) for name, value in self.w.items()}
        hidden = self.hidden(w, ids)
        at = (labels.flatten() != PAD).nonzero().squeeze(1)
        return Head.apply(hidden.flatten(0, 1).index_select(0, at), w["tokens"], labels.flatten()[at])

    def hidden(self, w, ids):
        heads = self.shape["heads"]
        x = F.embedding(ids, w["tokens"]) + w["positions"][:ids.shape[1]]
        for layer in range(self.shape["layers"]):
            inner = linear(w, f"{layer}.qkv", norm(w, f"{layer}.norm1", x))
            q, k, v = inner.view(*x.shape[:2], 3, heads, -1).permute(2, 0, 3, 1, 4).flatten(1, 2)
            x = x + linear(w, f"{layer}.out", joined(CausalAttention.apply(q, k, v), heads))
            inner = F.gelu(linear(w, f"{layer}.up", norm(w, f"{layer}.norm2", x)), approximate="tanh")
            x = x + linear(w, f"{layer}.down", inner)
        return norm(w, "norm", x)

    def exported(self):
        """The weights under transformers' names, products as [in, out]; the head is the embedding and not written twice."""
        w = {name.replace("/", "."): value.detach() for name, value in self.w.items()}
        out = {"transformer.wte.weight": w["tokens"], "transformer.wpe.weight": w["positions"]}
        names = {"norm1": "ln_1", "qkv": "attn.c_attn", "out": "attn.c_proj", "norm2": "ln_2", "up": "mlp.c_fc", "down": "mlp.c_proj"}
        for kind in ("weight", "bias"):
            out[f"transformer.ln_f.{kind}"] = w[f"norm.{kind}"]
            for layer in range(self.shape["layers"]):
                out |= {f"transformer.h.{layer}.{theirs}.{kind}": w[f"{layer}.{ours}.{kind}"].t() for ours, theirs in names.items()}
        return {name: value.contiguous().clone() for name, value in out.items()}
