"""BART's forward pass with fewer, larger products: the same mathematics as transformers' BartForConditionalGeneration (parity.py compares them).

Queries, keys and values are one product, so are the keys and values of all cross-attentions. Weights are kept in float32 and read in bfloat16.
"""
import torch
import torch.nn.functional as F
from torch import nn

from layers import FAR, PAD, Attention, Head, joined, linear, norm

OFFSET = 2


class MiniBart(nn.Module):
    def __init__(self, shape, vocabulary):
        super().__init__()
        self.layers, self.width, self.heads, self.shape = shape["layers"], shape["width"], shape["heads"], shape
        self.w = nn.ParameterDict({name.replace(".", "/"): nn.Parameter(self.initial(name, size)) for name, size in self.shapes(vocabulary).items()})

    def shapes(self, vocabulary):
        width, ffn, layers = self.width, self.shape["ffn"], self.layers
        shapes = {"tokens": (vocabulary, width), "cross.kv.weight": (layers * 2 * width, width), "cross.kv.bias": (layers * 2 * width,)}
        for side in ("encoder", "decoder"):
            shapes |= {f"{side}.positions": (self.shape["positions"] + OFFSET, width), f"{side}.norm.weight": (width,), f"{side}.norm.bias": (width,)}
            for layer in range(layers):
                blocks = {"qkv": (3 * width, width), "out": (width, width), "up": (ffn, width), "down": (width, ffn)}
                norms = ["norm1", "norm3"]
                if side == "decoder":
                    blocks |= {"query": (width, width), "cross": (width, width)}
                    norms.append("norm2")
                for name, size in blocks.items():
                    shapes |= {f"{side}.{layer}.{name}.weight": size, f"{side}.{layer}.{name}.bias": size[:1]}
                for name in norms:
                    shapes |= {f"{side}.{layer}.{name}.weight": (width,), f"{side}.{layer}.{name}.bias": (width,)}
        return shapes

    @staticmethod
    def initial(name, shape):
        if name.endswith("bias"):
            return torch.zeros(shape)
        return torch.ones(shape) if "norm" in name else torch.randn(shape) * 0.02

    def forward(self, source, target, labels, dtype=torch.bfloat16):
        """source [B, S], target [B, T] (what the decoder reads), labels [B, T] with PAD where there is none -> mean loss, loss of each real label."""
        w = {name.replace("/", "."): value.to(dtype) for name, value in self.w.items()}
        hidden = self.decode(w, target, source, self.encode(w, source))
        real = labels.flatten() != PAD
        at = real.nonzero().squeeze(1)
        return Head.apply(hidden.flatten(0, 1).index_select(0, at), w["tokens"], labels.flatten()[at])

    def encode(self, w, source):
        bias = padding(source, self.heads, w["tokens"].dtype)
        x = self.embedded(w, "encoder", source)
        for layer in range(self.layers):
            x = self.own_attention(w, f"encoder.{layer}", x, bias)
            x = self.feed_forward(w, f"encoder.{layer}", x)
        return x

    def decode(self, w, target, source, memory):
        bias, length = padding(source, self.heads, memory.dtype), target.shape[1]
        future = torch.full((1, length, length), FAR, dtype=memory.dtype, device=memory.device).triu(1)
        keys = linear(w, "cross.kv", memory).view(*source.shape, self.layers, 2, self.heads, -1).permute(2, 3, 0, 4, 1, 5).flatten(2, 3)
        x = self.embedded(w, "decoder", target)
        for layer in range(self.layers):
            name = f"decoder.{layer}"
            x = self.own_attention(w, name, x, future)
            query = linear(w, f"{name}.query", x).view(*target.shape, self.heads, -1).transpose(1, 2).flatten(0, 1)
            heard = Attention.apply(query, keys[layer, 0], keys[layer, 1], bias)
            x = norm(w, f"{name}.norm2", x + linear(w, f"{name}.cross", joined(heard, self.heads)))
            x = self.feed_forward(w, name, x)
        return x

    def embedded(self, w, side, ids):
        places = w[f"{side}.positions"][OFFSET:OFFSET + ids.shape[1]]
        return norm(w, f"{side}.norm", F.embedding(ids, w["tokens"]) + places)

    def own_attention(self, w, name, x, bias):
        q, k, v = linear(w, f"{name}.qkv", x).view(*x.shape[:2], 3, self.heads, -1).permute(2, 0, 3, 1, 4).flatten(1, 2)
        heard = Attention.apply(q, k, v, bias)
        return norm(w, f"{name}.norm1", x + linear(w, f"{name}.out", joined(heard, self.heads)))

    def feed_forward(self, w, name, x):
        return norm(w, f"{name}.norm3", x + linear(w, f"{name}.down", F.gelu(linear(w, f"{name}.up", x))))

    def exported(self):
        """The weights under transformers' names, float32; the head is the embedding and not written twice."""
        w = {name.replace("/", "."): value.detach() for name, value in self.w.items()}
        out = {"model.shared.weight": w["tokens"]}
        cross = w["cross.kv.weight"].view(self.layers, 2, self.width, self.width), w["cross.kv.bias"].view(self.layers, 2, self.width)
        for side in ("encoder", "decoder"):
            out[f"model.{side}.embed_positions.weight"] = w[f"{side}.positions"]
            for kind in ("weight", "bias"):
                out[f"model.{side}.layernorm_embedding.{kind}"] = w[f"{side}.norm.{kind}"]
            for layer in range(self.layers):
                self.export_layer(w, out, (side, layer), cross)
        return {name: value.contiguous().clone() for name, value in out.items()}

    def export_layer(self, w, out, place, cross):
        side, layer = place
        to, name = f"model.{side}.layers.{layer}", f"{side}.{layer}"
        for index, kind in enumerate(("weight", "bias")):
            q, k, v = w[f"{name}.qkv.{kind}"].split(self.width)
            out |= {f"{to}.self_attn.q_proj.{kind}": q, f"{to}.self_attn.k_proj.{kind}": k, f"{to}.self_attn.v_proj.{kind}": v}
            names = {"out": "self_attn.out_proj", "norm1": "self_attn_layer_norm", "up": "fc1", "down": "fc2", "norm3": "final_layer_norm"}
            if side == "decoder":
                names |= {"query": "encoder_attn.q_proj", "cross": "encoder_attn.out_proj", "norm2": "encoder_attn_layer_norm"}
                out |= {f"{to}.encoder_attn.k_proj.{kind}": cross[index][layer, 0], f"{to}.encoder_attn.v_proj.{kind}": cross[index][layer, 1]}
            out |= {f"{to}.{theirs}.{kind}": w[f"{name}.{ours}.{kind}"] for ours, theirs in names.items()}


def padding(source, heads, dtype):
    """[B * heads, 1, S]: far below zero where there is no token."""
    return (source == PAD).to(dtype).mul_(FAR)[:, None, None, :].expand(-1, heads, -1, -1).flatten(0, 1)
