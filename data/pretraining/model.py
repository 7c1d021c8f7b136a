"""BART's forward pass with fewer, larger products: the same mathematics as transformers' BartForConditionalGeneration (parity.py compares them).

Queries, keys and values are one product, so are the keys and values of all cross-attentions; the head and its loss are computed at real target
tokens alone, forward and backward in one go and in pieces that stay in the cache. Weights are kept in float32 and read in bfloat16.
"""
import torch
import torch.nn.functional as F
from torch import nn

WIDTH, HEADS, FFN, LAYERS, VOCABULARY, POSITIONS, OFFSET = 256, 8, 1024, 4, 8192, 256, 2
PAD, END, MASK = 1, 2, 4
FAR = -1e4
CODES = {"en": 5, "ro": 6, "de": 7}


def config():
    """The same network in transformers' words."""
    from transformers import BartConfig
    return BartConfig(
        vocab_size=VOCABULARY, max_position_embeddings=POSITIONS, d_model=WIDTH, encoder_layers=LAYERS, decoder_layers=LAYERS,
        encoder_attention_heads=HEADS, decoder_attention_heads=HEADS, encoder_ffn_dim=FFN, decoder_ffn_dim=FFN, activation_function="gelu",
        dropout=0.0, attention_dropout=0.0, activation_dropout=0.0, scale_embedding=False, bos_token_id=0, pad_token_id=PAD, eos_token_id=END,
        decoder_start_token_id=CODES["en"], forced_bos_token_id=None, forced_eos_token_id=None, tie_word_embeddings=True)


class Head(torch.autograd.Function):
    """Mean cross-entropy of labels [N] under hidden [N, d] @ embedding [V, d]^T; also gives the loss of each label."""

    @staticmethod
    def forward(ctx, hidden, embedding, labels):
        count, piece = labels.numel(), 512
        losses = torch.empty(count, device=hidden.device)
        grad_hidden = torch.empty_like(hidden)
        grad_embedding = torch.zeros(embedding.shape, dtype=torch.float32, device=hidden.device)
        for start in range(0, count, piece):
            part, wanted = hidden[start:start + piece], labels[start:start + piece, None]
            logits = (part @ embedding.T).float()
            slope = torch.softmax(logits, 1)
            losses[start:start + piece] = -slope.gather(1, wanted).squeeze(1).clamp_min_(1e-30).log()
            slope.scatter_add_(1, wanted, slope.new_full(wanted.shape, -1.0))
            slope = slope.mul_(1 / count).to(hidden.dtype)
            grad_hidden[start:start + piece] = slope @ embedding
            grad_embedding += slope.T @ part
        ctx.save_for_backward(grad_hidden, grad_embedding.to(embedding.dtype))
        ctx.mark_non_differentiable(losses)
        return losses.mean(), losses

    @staticmethod
    def backward(ctx, scale, _):
        grad_hidden, grad_embedding = ctx.saved_tensors
        return grad_hidden * scale.to(grad_hidden.dtype), grad_embedding * scale.to(grad_embedding.dtype), None


class Attention(torch.autograd.Function):
    """softmax(q k^T / sqrt(h) + bias) v for q [G, T, h], k and v [G, S, h], bias broadcast to [G, T, S].

    On CPUs 2 to 6 times as fast as torch's fused attention at these lengths, whose backward pass is slow in bfloat16.
    """

    @staticmethod
    def forward(ctx, q, k, v, bias):
        p = torch.softmax(torch.baddbmm(bias, q, k.transpose(1, 2), alpha=q.shape[-1] ** -0.5), -1)
        ctx.save_for_backward(q, k, v, p)
        return torch.bmm(p, v)

    @staticmethod
    def backward(ctx, grad):
        q, k, v, p = ctx.saved_tensors
        slope = torch._softmax_backward_data(torch.bmm(grad, v.transpose(1, 2)), p, -1, p.dtype).mul_(q.shape[-1] ** -0.5)
        return torch.bmm(slope, k), torch.bmm(slope.transpose(1, 2), q), torch.bmm(p.transpose(1, 2), grad), None


class MiniBart(nn.Module):
    def __init__(self):
        super().__init__()
        shapes = {"tokens": (VOCABULARY, WIDTH), "cross.kv.weight": (LAYERS * 2 * WIDTH, WIDTH), "cross.kv.bias": (LAYERS * 2 * WIDTH,)}
        for side in ("encoder", "decoder"):
            shapes |= {f"{side}.positions": (POSITIONS + OFFSET, WIDTH), f"{side}.norm.weight": (WIDTH,), f"{side}.norm.bias": (WIDTH,)}
            for layer in range(LAYERS):
                blocks = {"qkv": (3 * WIDTH, WIDTH), "out": (WIDTH, WIDTH), "up": (FFN, WIDTH), "down": (WIDTH, FFN)}
                norms = ["norm1", "norm3"]
                if side == "decoder":
                    blocks |= {"query": (WIDTH, WIDTH), "cross": (WIDTH, WIDTH)}
                    norms.append("norm2")
                for name, shape in blocks.items():
                    shapes |= {f"{side}.{layer}.{name}.weight": shape, f"{side}.{layer}.{name}.bias": shape[:1]}
                for name in norms:
                    shapes |= {f"{side}.{layer}.{name}.weight": (WIDTH,), f"{side}.{layer}.{name}.bias": (WIDTH,)}
        self.w = nn.ParameterDict({name.replace(".", "/"): nn.Parameter(self.initial(name, shape)) for name, shape in shapes.items()})

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
        bias = padding(source, w["tokens"].dtype)
        x = self.embedded(w, "encoder", source)
        for layer in range(LAYERS):
            x = self.own_attention(w, f"encoder.{layer}", x, bias)
            x = self.feed_forward(w, f"encoder.{layer}", x)
        return x

    def decode(self, w, target, source, memory):
        bias, length = padding(source, memory.dtype), target.shape[1]
        future = torch.full((1, length, length), FAR, dtype=memory.dtype, device=memory.device).triu(1)
        keys = linear(w, "cross.kv", memory).view(*source.shape, LAYERS, 2, HEADS, WIDTH // HEADS).permute(2, 3, 0, 4, 1, 5).flatten(2, 3)
        x = self.embedded(w, "decoder", target)
        for layer in range(LAYERS):
            name = f"decoder.{layer}"
            x = self.own_attention(w, name, x, future)
            query = linear(w, f"{name}.query", x).view(*target.shape, HEADS, -1).transpose(1, 2).flatten(0, 1)
            heard = Attention.apply(query, keys[layer, 0], keys[layer, 1], bias)
            x = norm(w, f"{name}.norm2", x + linear(w, f"{name}.cross", joined(heard)))
            x = self.feed_forward(w, name, x)
        return x

    def embedded(self, w, side, ids):
        places = w[f"{side}.positions"][OFFSET:OFFSET + ids.shape[1]]
        return norm(w, f"{side}.norm", F.embedding(ids, w["tokens"]) + places)

    def own_attention(self, w, name, x, bias):
        q, k, v = linear(w, f"{name}.qkv", x).view(*x.shape[:2], 3, HEADS, -1).permute(2, 0, 3, 1, 4).flatten(1, 2)
        heard = Attention.apply(q, k, v, bias)
        return norm(w, f"{name}.norm1", x + linear(w, f"{name}.out", joined(heard)))

    def feed_forward(self, w, name, x):
        return norm(w, f"{name}.norm3", x + linear(w, f"{name}.down", F.gelu(linear(w, f"{name}.up", x))))

    def exported(self):
        """The weights under transformers' names, float32; the head is the embedding and not written twice."""
        w = {name.replace("/", "."): value.detach() for name, value in self.w.items()}
        out = {"model.shared.weight": w["tokens"]}
        cross = w["cross.kv.weight"].view(LAYERS, 2, WIDTH, WIDTH), w["cross.kv.bias"].view(LAYERS, 2, WIDTH)
        for side in ("encoder", "decoder"):
            out[f"model.{side}.embed_positions.weight"] = w[f"{side}.positions"]
            for kind in ("weight", "bias"):
                out[f"model.{side}.layernorm_embedding.{kind}"] = w[f"{side}.norm.{kind}"]
            for layer in range(LAYERS):
                self.export_layer(w, out, (side, layer), cross)
        return {name: value.contiguous().clone() for name, value in out.items()}

    @staticmethod
    def export_layer(w, out, place, cross):
        side, layer = place
        to, name = f"model.{side}.layers.{layer}", f"{side}.{layer}"
        for index, kind in enumerate(("weight", "bias")):
            q, k, v = w[f"{name}.qkv.{kind}"].split(WIDTH)
            out |= {f"{to}.self_attn.q_proj.{kind}": q, f"{to}.self_attn.k_proj.{kind}": k, f"{to}.self_attn.v_proj.{kind}": v}
            names = {"out": "self_attn.out_proj", "norm1": "self_attn_layer_norm", "up": "fc1", "down": "fc2", "norm3": "final_layer_norm"}
            if side == "decoder":
                names |= {"query": "encoder_attn.q_proj", "cross": "encoder_attn.out_proj", "norm2": "encoder_attn_layer_norm"}
                out |= {f"{to}.encoder_attn.k_proj.{kind}": cross[index][layer, 0], f"{to}.encoder_attn.v_proj.{kind}": cross[index][layer, 1]}
            out |= {f"{to}.{theirs}.{kind}": w[f"{name}.{ours}.{kind}"] for ours, theirs in names.items()}


def linear(w, name, x):
    return F.linear(x, w[f"{name}.weight"], w[f"{name}.bias"])


def norm(w, name, x):
    return F.layer_norm(x, (WIDTH,), w[f"{name}.weight"], w[f"{name}.bias"], 1e-5)


def padding(source, dtype):
    """[B * heads, 1, S]: far below zero where there is no token."""
    return (source == PAD).to(dtype).mul_(FAR)[:, None, None, :].expand(-1, HEADS, -1, -1).flatten(0, 1)


def joined(x):
    """[B * heads, T, h] -> [B, T, d]"""
    return x.unflatten(0, (-1, HEADS)).transpose(1, 2).flatten(2)
