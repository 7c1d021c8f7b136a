"""PyTorch's side of the benchmark of training a decoder: SmolLM2 from a GGUF file by PEFT's LoRA, by adapters
after its blocks, or whole, driven by JSON lines (README.md).

The model is transformers' with its own loss: labels of -100 wherever nothing is to be learned. The optimizer is fused AdamW,
bfloat16 is autocast: all as their users get them.
"""

import os
import time

import torch
import transformers
from peft import LoraConfig, get_peft_model
from safetensors.torch import load_file
from transformers import AutoModelForCausalLM

from side import machine_busy, own_cpu, peak_mb, serve


def with_lora(model, method, start):
    """LoRA of `lora:r=8,s=2` at queries and values, from the same start as the other side."""
    options = dict(pair.split('=') for pair in method.partition(':')[2].split(','))
    r = int(options['r'])
    config = LoraConfig(r=r, lora_alpha=float(options['s']) * r, lora_dropout=0.0, target_modules=['q_proj', 'v_proj'])
    model = get_peft_model(model, config)
    values = load_file(start)
    with torch.no_grad():
        for i, layer in enumerate(model.base_model.model.model.layers):
            for site, module in (('query', layer.self_attn.q_proj), ('value', layer.self_attn.v_proj)):
                name = f'decoder.{i}.attn.{site}.bottleneck'
                module.lora_A['default'].weight.copy_(values[name + '.down'].T)
                module.lora_B['default'].weight.copy_(values[name + '.up'].T)
    return model


class BlockAdapter(torch.nn.Module):
    """A block with x <- x + up(relu(down(norm(x)))) after it (Lin et al. 2020), which PEFT has no method for."""

    def __init__(self, block, width, r):
        super().__init__()
        self.block = block
        self.norm, self.down, self.up = torch.nn.LayerNorm(width), torch.nn.Linear(width, r), torch.nn.Linear(r, width)

    def forward(self, *given, **named):
        found = self.block(*given, **named)
        x = found[0] if isinstance(found, tuple) else found
        x = x + self.up(torch.relu(self.down(self.norm(x))))
        return (x, *found[1:]) if isinstance(found, tuple) else x


def with_block_adapters(model, method, start):
    """Adapters of `vlm:r=75` after every block, from the same start as the other side; nothing else trains."""
    r = int(method.partition('r=')[2])
    model.requires_grad_(False)
    values = load_file(start)
    layers = model.model.layers
    for i, block in enumerate(layers):
        adapter = BlockAdapter(block, model.config.hidden_size, r)
        parts = {
            'norm.weight': 'norm.gain', 'norm.bias': 'norm.bias', 'down.weight': 'down', 'down.bias': 'down.bias',
            'up.weight': 'up', 'up.bias': 'up.bias',
        }
        with torch.no_grad():
            for theirs, ours in parts.items():
                value = values[f'decoder.{i}.block.bottleneck.{ours}']
                adapter.get_parameter(theirs).copy_(value.T if value.dim() == 2 else value)
        for name in ('attention_type', 'layer_idx'):
            if hasattr(block, name):
                setattr(adapter, name, getattr(block, name))
        layers[i] = adapter
    return model


class Session:
    def __init__(self, setup):
        torch.set_num_threads(setup['threads'])
        folder, file = os.path.split(setup['file'])
        model = AutoModelForCausalLM.from_pretrained(folder, gguf_file=file, dtype=torch.float32, local_files_only=True)
        model.config.use_cache = False
        adapt = {'full': lambda given, *_: given, 'lora': with_lora, 'vlm': with_block_adapters}[setup['method'].partition(':')[0]]
        self.model = adapt(model, setup['method'], setup['start']).train()
        self.trained = [value for value in self.model.parameters() if value.requires_grad]
        self.optimizer = torch.optim.AdamW(
            self.trained, lr=setup['learningRate'], betas=(0.9, 0.999), eps=1e-8, weight_decay=0.0, fused=True
        )
        self.clip = setup['clipNorm']
        *self.batches, self.test = map(batch_of, setup['batches'])
        self.bfloat16 = setup['precision'] == 'bf16'
        self.done = 0

    def loss(self, batch):
        with torch.autocast('cpu', torch.bfloat16, enabled=self.bfloat16):
            return self.model(**batch).loss

    def step(self):
        batch = self.batches[self.done]
        self.done += 1
        self.optimizer.zero_grad(set_to_none=True)
        loss = self.loss(batch)
        loss.backward()
        if self.clip:
            torch.nn.utils.clip_grad_norm_(self.trained, self.clip)
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
        if self.done == len(self.batches):
            self.model.eval()
            with torch.no_grad():
                found['test'] = {'loss': self.loss(self.test).item()}
        return {**found, 'peakMb': peak_mb()}


def batch_of(rows):
    """Rows are of one length; each token from `from` on is learned from those before it."""
    ids = torch.tensor([row['ids'] for row in rows])
    labels = torch.tensor([[-100] * row['from'] + row['ids'][row['from']:] for row in rows])
    return {'input_ids': ids, 'attention_mask': torch.ones_like(ids), 'labels': labels}


def answer(message, state):
    if 'setup' in message:
        state.clear()
        session = state['session'] = Session(message['setup'])
        import peft
        versions = {'torch': torch.__version__, 'transformers': transformers.__version__, 'peft': peft.__version__}
        return {'ready': True, 'trained': sum(value.numel() for value in session.trained), 'versions': versions}
    if 'step' in message:
        return state['session'].steps(message['step'])
    raise ValueError('message must have setup, step or quit')


def main():
    transformers.logging.set_verbosity_error()
    transformers.logging.disable_progress_bar()
    state = {}
    serve(lambda message: answer(message, state))


main()
