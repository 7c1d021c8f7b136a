"""transformers' side of the benchmark of generation: the model of a GGUF file in float32, driven by JSON lines (README.md).

The file is read and dequantised by transformers and the `gguf` package; `generate` runs as its users get it: greedy, with
its own key-value cache, rows of a batch padded on the left.
"""

import os
import time

import torch
import transformers
from transformers import AutoModelForCausalLM

from side import machine_busy, own_cpu, peak_mb, serve


class Session:
    def __init__(self, setup):
        torch.set_num_threads(setup['threads'])
        folder, file = os.path.split(setup['model'])
        self.model = AutoModelForCausalLM.from_pretrained(folder, gguf_file=file, dtype=torch.float32, local_files_only=True).eval()
        self.model.generation_config.eos_token_id = None  # texts have exactly the length that is asked for
        self.model.generation_config.pad_token_id = 0

    def logits(self, ids):
        with torch.inference_mode():
            return self.model(torch.tensor([ids])).logits[0, -1].tolist()

    def generate(self, inputs, tokens):
        width = max(map(len, inputs))
        ids = torch.tensor([[0] * (width - len(row)) + row for row in inputs])
        mask = torch.tensor([[0] * (width - len(row)) + [1] * len(row) for row in inputs])
        with torch.inference_mode():
            out = self.model.generate(ids, attention_mask=mask, max_new_tokens=tokens, do_sample=False, use_cache=True)
        return out[:, width:].tolist()

    def timed(self, inputs, tokens, times):
        found = {'ms': [], 'foreignCpu': []}
        for _ in range(times):
            busy, own, start = machine_busy(), own_cpu(), time.perf_counter()
            found['tokens'] = self.generate(inputs, tokens)
            wall = time.perf_counter() - start
            found['ms'].append(wall * 1000)
            found['foreignCpu'].append(None if busy is None else (machine_busy() - busy - (own_cpu() - own)) / wall)
        return {**found, 'peakMb': peak_mb()}


def answer(message, state):
    if 'setup' in message:
        start = time.perf_counter()
        session = state['session'] = Session(message['setup'])
        versions = {'torch': torch.__version__, 'transformers': transformers.__version__}
        attention = session.model.config._attn_implementation
        return {'ready': True, 'loadSeconds': time.perf_counter() - start, 'attention': attention, 'versions': versions}
    session = state['session']
    if 'logits' in message:
        return {'logits': session.logits(message['logits'])}
    if 'generate' in message:
        return session.timed(**message['generate'])
    raise ValueError('message must have setup, logits, generate or quit')


def main():
    transformers.logging.set_verbosity_error()
    transformers.logging.disable_progress_bar()
    state = {}
    serve(lambda message: answer(message, state))


main()
