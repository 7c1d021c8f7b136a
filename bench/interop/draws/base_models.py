"""A drawn base model: filled with weights that show every error, saved, read back, and what it computes."""

import glob
import json
import os

import torch
import transformers as hf

from bases import FAMILIES, NEW

ENCODERS = ('bert', 'roberta', 'xlm-roberta', 'camembert', 'distilbert', 'electra', 'albert', 'mpnet', 'deberta-v2', 'modernbert')
# Takes no position ids and counts padding on the left; here padding has no position on either side.
COUNTS_PADDING = ('distilbert',)
PAIRS = ('bart', 'mbart', 't5', 'mt5', 'marian', 'pegasus')


# Saved without a language head: what writes is the one that shares the words' table.
WRITERS = {'GPT2Model': 'GPT2LMHeadModel', 'BartModel': 'BartForConditionalGeneration'}


class Drawn:
    def __init__(self, family, model, cls):
        self.family, self.model, self.cls = family, model, cls
        self.config = model.config


def fill(tensors, seed, std):
    """`tensors` by name; vectors of norms around one."""
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for name, tensor in sorted(tensors.items()):
            value = std * torch.randn(tensor.shape, generator=generator)
            norm = tensor.dim() == 1 and name.endswith('weight')
            tensor.copy_(value + 1 if norm else value)


def draw_base(chance, family, folder, std=0.3):
    cls, config = FAMILIES[family](chance)
    torch.manual_seed(chance.seed())
    model = getattr(hf, cls)(config).eval()
    own_head = config.tie_word_embeddings is False and family in ('t5', 'mt5') and hasattr(model, 'lm_head')
    if own_head and model.lm_head.weight is model.get_input_embeddings().weight:
        model.lm_head.weight = torch.nn.Parameter(torch.zeros_like(model.lm_head.weight))
    tensors = {name: p for name, p in model.named_parameters() if p.requires_grad}
    if chance.flag(0.4) and not chance.calm:
        tensors.update({name: b for name, b in model.named_buffers() if name.endswith('final_logits_bias')})
    fill(tensors, chance.seed(), std)
    if chance.flag(0.15) and not chance.calm:
        model = model.to(chance.one(torch.float16, torch.bfloat16))
    shards = {'max_shard_size': '20KB'} if chance.flag(0.1) else {}
    model.save_pretrained(folder, **shards)
    if not chance.flag(0.3):
        for extra in glob.glob(os.path.join(folder, 'generation_config.json')):
            os.remove(extra)
    cls = WRITERS.get(cls, cls)
    read = load(folder, cls)
    if family in PAIRS and config.tie_word_embeddings is False:
        demand_steady(read, load(folder, cls))
    return Drawn(family, read, cls)


def demand_steady(first, second):
    """transformers 4 leaves out tables that it shares, and draws them anew at each reading: such a folder means nothing."""
    for a, b in zip(first.parameters(), second.parameters()):
        if not torch.equal(a, b):
            raise ValueError('the library reads other weights each time')


def load(folder, cls):
    """As the library reads the folder back: that is what the folder means."""
    kind = {'torch_dtype': torch.float32} if not NEW else {'dtype': torch.float32}
    return getattr(hf, cls).from_pretrained(folder, attn_implementation='eager', **kind).eval()


def bare(drawn):
    """Encoders are compared by their last hidden states, whatever head stands on them."""
    model = drawn.model
    return model.base_model if drawn.family in ENCODERS else model


def whole(drawn, folder):
    """Elements of the bare model with the pooler that its class has, whether the file holds one or not; tables that nothing reads apart."""
    if drawn.family not in ENCODERS or drawn.cls.endswith('Model'):
        return numel(drawn.model) - unread(drawn.model)
    return numel( load(folder, drawn.cls.split('For')[0] + 'Model'))


def unread(model):
    """Elements of BART's shared table where both stacks have one of their own, and of sinusoids, which no file holds."""
    inner = getattr(model, 'model', None)
    shared, encoder = getattr(inner, 'shared', None), getattr(inner, 'encoder', None)
    apart = shared is not None and all(shared.weight is not stack.embed_tokens.weight for stack in (encoder, inner.decoder))
    waves = [p.numel() for name, p in model.named_parameters() if 'embed_positions' in name and model.config.model_type in ('marian', 'pegasus')]
    return (shared.weight.numel() if apart else 0) + sum(waves)


def room(config, family):
    rows = getattr(config, 'max_position_embeddings', None) or getattr(config, 'n_positions', None) or 30
    if family in ('roberta', 'xlm-roberta', 'camembert', 'mpnet'):
        rows -= config.pad_token_id + 1
    return max(1, min(rows, 24))


def draw_inputs(chance, family, config, prompt=0, left=True):
    """Rows of text padded on one side; decoder rows of one length with the token that follows. @returns what case.json holds"""
    most = min(room(config, family) - prompt, 6 if chance.small else 24)
    vocab, pad = config.vocab_size, config.pad_token_id if config.pad_token_id is not None else 0
    words = range(vocab)
    lengths = [chance.whole(1, most) for _ in range(chance.one(1, 2) if chance.small else chance.whole(1, 3))]
    if chance.flag(0.1):
        lengths[0] = most
    rows = [[chance.random.choice(words) for _ in range(n)] for n in lengths]
    side = 'left' if left and family not in PAIRS + COUNTS_PADDING and chance.flag(0.2) else 'right'
    width = max(lengths)
    gap = [width - n for n in lengths]
    def padded(row, g, value):
        return [value] * g + row if side == 'left' else row + [value] * g
    made = {'ids': [padded(row, g, pad) for row, g in zip(rows, gap)], 'mask': [padded([1] * len(row), g, 0) for row, g in zip(rows, gap)], 'side': side}
    if family in PAIRS:
        size = chance.whole(2, min(most, 10))
        goals = [[chance.random.choice(words) for _ in range(size + 1)] for _ in rows]
        made.update(decoderIds=[row[:-1] for row in goals], labels=[row[1:] for row in goals])
    return made


def call_of(family, inputs):
    mask = torch.tensor(inputs['mask'])
    call = {'input_ids': torch.tensor(inputs['ids']), 'attention_mask': mask}
    if 'decoderIds' in inputs:
        call['decoder_input_ids'] = torch.tensor(inputs['decoderIds'])
    elif inputs['side'] == 'left' and family not in ('t5', 'deberta-v2', 'roberta', 'xlm-roberta', 'camembert', 'mpnet', 'opt', 'modernbert', 'distilbert'):
        call['position_ids'] = (mask.cumsum(1) - 1).clamp(min=0)
    return call


def rows_of(family, out, inputs):
    """[N, width] of real tokens, or a classifier's [B, classes]."""
    if family in ENCODERS and getattr(out, 'logits', None) is not None:
        return out.logits
    values = out.last_hidden_state if getattr(out, 'logits', None) is None else out.logits
    if 'decoderIds' in inputs:
        return values[:, -len(inputs['decoderIds'][0]):].flatten(0, 1)
    return values[:, -len(inputs['ids'][0]):][torch.tensor(inputs['mask']).bool()]


def loss_of(out, inputs):
    """Mean cross-entropy of next tokens as transformers defines it, None for models without a language head."""
    logits = getattr(out, 'logits', None)
    if logits is None:
        return None
    if 'labels' in inputs:
        return float(torch.nn.functional.cross_entropy(logits[:, -len(inputs['labels'][0]):].flatten(0, 1), torch.tensor(inputs['labels']).flatten()))
    ids, mask = torch.tensor(inputs['ids']), torch.tensor(inputs['mask']).bool()
    logits = logits[:, -ids.shape[1]:]
    both = mask[:, 1:] & mask[:, :-1]
    if not both.any():
        return None
    return float(torch.nn.functional.cross_entropy(logits[:, :-1][both], ids[:, 1:][both]))


def disturbed(model, call, times=3):
    """What rounding can do in any order of sums: outputs with all weights moved at random by up to half a unit of their last place."""
    parameters = list({id(p): p for p in model.parameters()}.values())
    for seed in range(times):
        generator = torch.Generator().manual_seed(seed)
        kept = [p.data for p in parameters]
        for p in parameters:
            p.data = p.data * (1 + 2 ** -24 * (2 * torch.rand(p.shape, generator=generator, dtype=torch.float64) - 1))
        try:
            yield model(**call)
        finally:
            for p, value in zip(parameters, kept):
                p.data = value


def computed(family, model, inputs, more=None):
    """Outputs in double precision and how far those in single precision are from them. `model` comes back in single precision."""
    call = {**call_of(family, inputs), **(more or {})}
    with torch.no_grad():
        single = model(**call)
        try:
            double = model.double()(**call)
        except RuntimeError:  # parts that the library keeps in single precision
            double = None
        rows = rows_of(family, double or single, inputs).double()
        gaps = [rows_of(family, single, inputs).double() - rows]
        if double:
            gaps += [rows_of(family, out, inputs).double() - rows for out in disturbed(model, call)]
        model.float()
    noise = max(float(gap.abs().max()) for gap in gaps) if double else 3e-6 * float(rows.abs().max())
    if not rows.isfinite().all():
        raise ValueError('the library computes NaN or infinity')
    return {'outputs': [[float(f'{x:.9g}') for x in row] for row in rows.tolist()], 'noise': noise, 'scale': float(rows.abs().max()),
            'loss': None if family in ENCODERS else loss_of(double or single, inputs)}


def write(folder, name, value):
    os.makedirs(folder, exist_ok=True)
    with open(os.path.join(folder, name), 'w', encoding='utf-8') as file:
        json.dump(value, file)


def numel(model, trained=False):
    return sum(p.numel() for p in model.parameters() if p.requires_grad or not trained)
