"""The adapters library's side of the interchange proof; actions and files as in peft_side.py.

Folders hold `adapter_config.json` and `adapter.safetensors`. The library cannot write prefixes as safetensors (its tensors
share memory), so those are converted here from its pickle, keys unchanged.
"""

import glob
import json
import os
import sys
import logging
import warnings

import adapters
import torch
import transformers
from safetensors.torch import save_file

from common import CLASSES, ENCODERS, base_model, classes_of, folder_of, gap, inputs_of, outputs, read_json, shake, wanted, write_case

NAME = 'task'


def configs(family):
    made = {
        'houlsby': adapters.DoubleSeqBnConfig(reduction_factor=4),
        'houlsby-gelu': adapters.DoubleSeqBnConfig(reduction_factor=4, non_linearity='gelu'),
        'pfeiffer': adapters.SeqBnConfig(reduction_factor=4),
        'parallel': adapters.ParBnConfig(reduction_factor=4, scaling=1.0),
        'scaled-parallel': adapters.ParBnConfig(reduction_factor=4, scaling=4.0),
        'learned-parallel': adapters.ParBnConfig(reduction_factor=4, scaling='learned'),
        'lora': adapters.LoRAConfig(r=4, alpha=8),
        'lora-all': adapters.LoRAConfig(r=4, alpha=8, attn_matrices=['q', 'k', 'v'], intermediate_lora=True, output_lora=True),
        'ia3': adapters.IA3Config(),
        'dora': adapters.DoRAConfig(r=4, alpha=8),
        'vera': adapters.VeraConfig(r=4),
        'prefix': adapters.PrefixTuningConfig(prefix_length=5, bottleneck_size=16),
        'prefix-flat': adapters.PrefixTuningConfig(prefix_length=5, flat=True),
        'prompt': adapters.PromptTuningConfig(prompt_length=5),
        'compacter': adapters.CompacterConfig(reduction_factor=4, phm_dim=2),
        'compacter++': adapters.CompacterPlusPlusConfig(reduction_factor=4, phm_dim=2),
        'mam': adapters.MAMConfig(adapters.PrefixTuningConfig(prefix_length=5, bottleneck_size=16), adapters.ParBnConfig(reduction_factor=4, scaling=4.0)),
        'unipelt': adapters.UniPELTConfig(
            adapters.PrefixTuningConfig(prefix_length=5, bottleneck_size=16, use_gating=True),
            adapters.SeqBnConfig(reduction_factor=4, use_gating=True), adapters.LoRAConfig(r=4, alpha=8, use_gating=True)),
    }
    if family in ENCODERS:  # heads: flexible of one and of two layers, and transformers' own
        made['pfeiffer-flexible-classifier'] = adapters.SeqBnConfig(reduction_factor=4)
        made['pfeiffer-deep-classifier'] = adapters.SeqBnConfig(reduction_factor=4)
        made['pfeiffer-classifier'] = adapters.SeqBnConfig(reduction_factor=4)
    return made


def flexible(family):
    return adapters.AutoAdapterModel.from_pretrained(folder_of(family), attn_implementation='eager')


def with_adapter(family, method, config):
    if method in ('pfeiffer-flexible-classifier', 'pfeiffer-deep-classifier'):
        torch.manual_seed(0)
        model = flexible(family)
        model.add_classification_head(NAME, num_labels=classes_of(method), layers=2 if 'deep' in method else 1)
    else:
        model = base_model(family, classes_of(method))
        adapters.init(model)
    model.add_adapter(NAME, config=config)
    model.train_adapter(NAME)
    return model.eval()


def save(model, folder):
    os.makedirs(folder, exist_ok=True)
    try:
        model.save_adapter(folder, NAME, use_safetensors=True)
    except RuntimeError:
        model.save_adapter(folder, NAME)
    pickle = os.path.join(folder, 'pytorch_adapter.bin')
    if os.path.exists(pickle):
        tensors = torch.load(pickle, map_location='cpu', weights_only=True)
        save_file({key: value.clone().contiguous() for key, value in tensors.items()}, os.path.join(folder, 'adapter.safetensors'), metadata={'format': 'pt'})
        os.remove(pickle)


def loaded_outputs(family, folder, inputs):
    head = os.path.join(folder, 'head_config.json')
    head = read_json(head) if os.path.exists(head) else {}
    if head.get('config'):
        model = flexible(family)
    else:
        model = base_model(family, head['num_labels'] if head.get('model_class', '').endswith('ForSequenceClassification') else 0)
        adapters.init(model)
    name = model.load_adapter(folder, use_safetensors=True)
    model.set_active_adapters(name)
    return outputs(family, model.eval(), inputs)


def make_one(out, family, method, config):
    inputs = inputs_of(family)
    plain = outputs(family, base_model(family, classes_of(method)), inputs)
    model = with_adapter(family, method, config)
    shake(model, family)
    record = {'library': 'adapters', 'family': family, 'method': method, 'model': os.path.relpath(folder_of(family)), 'inputs': inputs,
              'baseOutputs': plain.tolist(), 'outputs': outputs(family, model, inputs).tolist(),
              'versions': {'adapters': adapters.__version__, 'transformers': transformers.__version__, 'torch': torch.__version__}}
    folder = os.path.join(out, f'{family}-{method}')
    save(model, folder)
    record['reloadGap'] = gap(record['outputs'], loaded_outputs(family, folder, inputs))
    record['effect'] = gap(record['outputs'], plain)
    write_case(folder, record)
    return record


def make(out, families):
    for family in families:
        for method, config in configs(family).items():
            if not wanted(method):
                continue
            line = {'family': family, 'method': method}
            try:
                record = make_one(out, family, method, config)
                line.update(effect=record['effect'], reloadGap=record['reloadGap'])
            except Exception as error:  # a method that the library itself cannot run on this base
                line['unsupported'] = f'{type(error).__name__}: {error}'[:200]
            print(json.dumps(line), flush=True)


def check(folder):
    for path in sorted(glob.glob(os.path.join(folder, '*', 'ours.json'))):
        ours = read_json(path)
        line = {'case': os.path.basename(os.path.dirname(path)), 'family': ours['family']}
        try:
            line['gap'] = gap(ours['outputs'], loaded_outputs(ours['family'], os.path.dirname(path), ours['inputs']))
        except Exception as error:
            line['error'] = f'{type(error).__name__}: {error}'[:300]
        print(json.dumps(line), flush=True)


if __name__ == '__main__':
    warnings.filterwarnings('ignore')
    transformers.logging.set_verbosity_error()
    logging.disable(logging.WARNING)
    torch.set_num_threads(1)
    action, place = sys.argv[1:3]
    if action == 'make':
        make(place, sys.argv[3:] or CLASSES)
    else:
        check(place)
