"""What the networks are made of: products, norms, attention and the head, forward and backward, for short texts in bfloat16.

The head and its loss are computed at real target tokens alone, forward and backward in one go and in pieces that stay in the cache.
"""
import torch
import torch.nn.functional as F

PAD, END, MASK = 1, 2, 4
FAR = -1e4


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


class CausalAttention(torch.autograd.Function):
    """Attention of q, k, v [G, T, h] to what came before, 128 queries at a time, so that the future's half is not computed."""

    PIECE = 128

    @staticmethod
    def forward(ctx, q, k, v):
        out, kept, scale = torch.empty_like(q), [], q.shape[-1] ** -0.5
        for start in range(0, q.shape[1], CausalAttention.PIECE):
            end = min(start + CausalAttention.PIECE, q.shape[1])
            bias = torch.full((1, end - start, end), FAR, dtype=q.dtype, device=q.device).triu(start + 1)
            p = torch.softmax(torch.baddbmm(bias, q[:, start:end], k[:, :end].transpose(1, 2), alpha=scale), -1)
            out[:, start:end] = torch.bmm(p, v[:, :end])
            kept.append(p)
        ctx.save_for_backward(q, k, v, *kept)
        return out

    @staticmethod
    def backward(ctx, grad):
        q, k, v, *kept = ctx.saved_tensors
        slopes, scale = (torch.empty_like(q), torch.zeros_like(k), torch.zeros_like(v)), q.shape[-1] ** -0.5
        for index, p in enumerate(kept):
            start, end = index * CausalAttention.PIECE, p.shape[2]
            part = grad[:, start:end]
            slope = torch._softmax_backward_data(torch.bmm(part, v[:, :end].transpose(1, 2)), p, -1, p.dtype).mul_(scale)
            slopes[0][:, start:end] = torch.bmm(slope, k[:, :end])
            slopes[1][:, :end] += torch.bmm(slope.transpose(1, 2), q[:, start:end])
            slopes[2][:, :end] += torch.bmm(p.transpose(1, 2), part)
        return slopes


def linear(w, name, x):
    return F.linear(x, w[f"{name}.weight"], w[f"{name}.bias"])


def norm(w, name, x):
    return F.layer_norm(x, x.shape[-1:], w[f"{name}.weight"], w[f"{name}.bias"], 1e-5)


def joined(x, heads):
    """[B * heads, T, h] -> [B, T, d]"""
    return x.unflatten(0, (-1, heads)).transpose(1, 2).flatten(2)
