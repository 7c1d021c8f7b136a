"""PyTorch's side of the benchmark: training steps of all-MiniLM-L6-v2 with one method, driven by JSON lines (README.md).

PEFT for LoRA; for prefix tuning a filled key-value cache, as PEFT passes it; own modules for what PEFT lacks. The frozen
model is transformers' BertModel, the optimizer Adam in its fused form, both as their users get them.
"""

import time

import torch
from safetensors.torch import load_file
from torch import nn
from transformers import BertModel, DynamicCache, logging

from side import machine_busy, own_cpu, peak_mb, serve

LAYERS = 6


class Adapter(nn.Module):
    """activation(x down + b) up + b, weights [in, r] and [r, out]."""

    def __init__(self, values, name, activation):
        super().__init__()
        for part in ('down', 'down.bias', 'up', 'up.bias'):
            setattr(self, part.replace('.', '_'), nn.Parameter(values[f'{name}.bottleneck.{part}'].clone()))
        self.activation = activation

    def forward(self, x):
        middle = self.activation(torch.addmm(self.down_bias, x.flatten(0, 1), self.down))
        return torch.addmm(self.up_bias, middle, self.up).view(x.shape)


class Output(nn.Module):
    """BertOutput and BertSelfOutput with an adapter: sequential after the dense map, or parallel to the sub-layer."""

    def __init__(self, old, sequential=None, parallel=None, scale=1.0):
        super().__init__()
        self.dense, self.LayerNorm = old.dense, old.LayerNorm
        self.sequential, self.parallel, self.scale = sequential, parallel, scale

    def forward(self, hidden_states, input_tensor):
        h = self.dense(hidden_states)
        if self.sequential is not None:
            h = h + self.sequential(h)
        if self.parallel is not None:
            h = h + self.scale * self.parallel(input_tensor)
        return self.LayerNorm(h + input_tensor)


class Prefix(nn.Module):
    def __init__(self, values, heads):
        super().__init__()
        rows = [torch.stack([values[f'encoder.{i}.attn.heads.prefix.{part}'] for part in ('keys', 'values')]) for i in range(LAYERS)]
        self.rows = nn.Parameter(torch.stack(rows))  # [layers, 2, l, d]
        self.heads = heads

    def cache(self, batch):
        """Keys and values [batch, heads, l, dh] of every layer, in front of the model's own."""
        layers, two, length, width = self.rows.shape
        cut = self.rows.view(layers, two, 1, length, self.heads, width // self.heads).transpose(3, 4)
        cut = cut.expand(-1, -1, batch, -1, -1, -1)
        filled = DynamicCache()
        for i in range(layers):
            filled.update(cut[i, 0], cut[i, 1], i)
        return filled


class Classifier(nn.Module):
    def __init__(self, setup, values):
        super().__init__()
        name, options = read_method(setup['method'])
        model = BertModel.from_pretrained(setup['model'], attn_implementation=setup.get('attention', 'sdpa'), add_pooling_layer=False)
        model.config.hidden_dropout_prob = model.config.attention_probs_dropout_prob = 0.0
        model.eval()  # dropout 0
        if name != 'full':
            model.requires_grad_(False)
        self.pooling = setup['pooling']
        self.prefix = Prefix(values, model.config.num_attention_heads) if name in ('prefix', 'mam') else None
        self.head = nn.Linear(model.config.hidden_size, values['head.bias'].shape[0])
        with torch.no_grad():
            self.head.weight.copy_(values['head.weight'].T)
            self.head.bias.copy_(values['head.bias'])
        self.model = extend(model, name, options, values)

    def forward(self, ids, mask, labels):
        extra = {}
        if self.prefix is not None:
            count, length = ids.shape
            extra['past_key_values'] = self.prefix.cache(count)
            extra['use_cache'] = True
            extra['position_ids'] = torch.arange(length).expand(count, -1)  # not shifted by the prefix
            extra['attention_mask'] = torch.cat([torch.ones(count, self.prefix.rows.shape[2], dtype=mask.dtype), mask], 1)
        states = self.model(input_ids=ids, **{'attention_mask': mask, **extra}).last_hidden_state
        if self.pooling == 'first':
            pooled = states[:, 0]
        else:
            weights = mask.unsqueeze(-1).to(states.dtype)
            pooled = (states * weights).sum(1) / weights.sum(1)
        return nn.functional.cross_entropy(self.head(pooled).float(), labels)


def read_method(written):
    """`mam:l=16,r=64,s=4` -> ('mam', { l: 16, r: 64, s: 4 })"""
    name, _, rest = written.partition(':')
    return name, {key: float(value) for key, value in (pair.split('=') for pair in rest.split(',') if pair)}


def extend(model, name, options, values):
    if name == 'lora':
        return with_lora(model, options, values)
    for i, layer in enumerate(model.encoder.layer):
        if name in ('pa-ffn', 'mam'):
            adapter = Adapter(values, f'encoder.{i}.ffn', torch.relu)
            layer.output = Output(layer.output, parallel=adapter, scale=options.get('s', 4.0 if name == 'mam' else 1.0))
        elif name == 'houlsby':
            layer.attention.output = Output(layer.attention.output, Adapter(values, f'encoder.{i}.attn', nn.functional.gelu))
            layer.output = Output(layer.output, Adapter(values, f'encoder.{i}.ffn', nn.functional.gelu))
    if name == 'houlsby':
        for key, value in model.named_parameters():
            if 'LayerNorm' in key:
                value.requires_grad_(True)
    if name not in ('pa-ffn', 'mam', 'houlsby', 'prefix', 'full', 'head'):
        raise ValueError(f'method {name} has no PyTorch side: use lora, pa-ffn, houlsby, prefix, mam, full or head')
    return model


def with_lora(model, options, values):
    from peft import LoraConfig, get_peft_model
    r = int(options['r'])
    scale = options.get('s', 32 / r)
    model = get_peft_model(model, LoraConfig(r=r, lora_alpha=scale * r, lora_dropout=0.0, target_modules=['query', 'value']))
    layers = model.base_model.model.encoder.layer
    with torch.no_grad():
        for i, layer in enumerate(layers):
            for site in ('query', 'value'):
                module = getattr(layer.attention.self, site)
                name = f'encoder.{i}.attn.{site}.bottleneck'
                module.lora_A['default'].weight.copy_(values[name + '.down'].T)
                module.lora_B['default'].weight.copy_(values[name + '.up'].T)
    return model


class Session:
    def __init__(self, setup):
        torch.set_num_threads(setup['threads'])
        values = load_file(setup['file'])
        self.batches = [tuple(values[f'{part}.{k}'].long() for part in ('ids', 'mask', 'labels')) for k in range(setup['batches'])]
        self.classifier = Classifier(setup, values)
        self.trained = [value for value in self.classifier.parameters() if value.requires_grad]
        self.optimizer = torch.optim.Adam(self.trained, lr=setup['learningRate'], betas=(0.9, 0.999), eps=1e-8, fused=True)
        self.run = torch.compile(self.classifier) if setup.get('compile') else self.classifier
        self.bfloat16 = setup['precision'] == 'bf16'
        self.done = 0

    def step(self):
        batch = self.batches[self.done % len(self.batches)]
        self.done += 1
        self.optimizer.zero_grad(set_to_none=True)
        with torch.autocast('cpu', torch.bfloat16, enabled=self.bfloat16):
            loss = self.run(*batch)
        loss.backward()
        self.optimizer.step()
        return loss.item()

    def steps(self, count):
        found = {'ms': [], 'losses': [], 'foreignCpu': []}
        for _ in range(count):
            busy, own, start = machine_busy(), own_cpu(), time.perf_counter()
            found['losses'].append(self.step())
            wall = time.perf_counter() - start
            found['ms'].append(wall * 1000)
            found['foreignCpu'].append(None if busy is None else (machine_busy() - busy - (own_cpu() - own)) / wall)
        return {**found, 'peakMb': peak_mb()}


def gemm(request):
    """Best rate of a dense product of each [m, k, n], in GFLOP/s."""
    kind = torch.bfloat16 if request['precision'] == 'bf16' else torch.float32
    found = []
    for m, k, n in request['shapes']:
        a, b = torch.randn(m, k).to(kind), torch.randn(k, n).to(kind)
        a @ b
        best, end = float('inf'), time.perf_counter() + request['seconds']
        while time.perf_counter() < end:
            start = time.perf_counter()
            a @ b
            best = min(best, time.perf_counter() - start)
        found.append(2 * m * k * n / best / 1e9)
    return {'gflops': found}


def answer(message, state):
    if 'setup' in message:
        start = time.perf_counter()
        state['session'] = Session(message['setup'])
        trained = sum(value.numel() for value in state['session'].trained)
        import peft
        import transformers
        versions = {'torch': torch.__version__, 'transformers': transformers.__version__, 'peft': peft.__version__}
        return {'ready': True, 'trained': trained, 'setupMs': (time.perf_counter() - start) * 1000, 'versions': versions}
    if 'step' in message:
        return state['session'].steps(message['step'])
    if 'gemm' in message:
        torch.set_num_threads(message['gemm']['threads'])
        return gemm(message['gemm'])
    raise ValueError('message must have setup, step, gemm or quit')


def main():
    logging.set_verbosity_error()
    logging.disable_progress_bar()
    state = {}
    serve(lambda message: answer(message, state))


main()
