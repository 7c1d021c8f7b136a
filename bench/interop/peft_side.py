"""PEFT's side of the interchange proof.

    peft_side.py make OUT      saves one adapter of each method on each base, with inputs and outputs, under OUT/<family>-<method>/
    peft_side.py check FOLDER  loads every FOLDER/*/ that holds adapter_config.json and ours.json, prints one JSON line each

`case.json` = { library, family, method, model, inputs { ids, mask, decoderIds }, outputs [N, width], baseOutputs, notes }.
`ours.json` = { family, inputs, outputs } as this project computed them with the adapter that it wrote beside.
"""

import glob
import json
import os
import sys
import warnings

import peft
import torch
import transformers

from common import CLASSES, DECODERS, ENCODERS, base_model, classes_of, folder_of, gap, inputs_of, outputs, read_json, shake, wanted, write_case

QUERY_VALUE = {
    'bert': ['query', 'value'], 'roberta': ['query', 'value'], 'minilm': ['query', 'value'], 'distilbert': ['q_lin', 'v_lin'],
    'gpt2': ['c_attn'], 'llama': ['q_proj', 'v_proj'], 'bart': ['q_proj', 'v_proj'], 'mbart': ['q_proj', 'v_proj'],
    't5': ['q', 'v'], 't5-v1-1': ['q', 'v'],
}
# paper's (IA)3: keys, values and the input of the second FFN matrix
FEED = {
    'bert': r'.*layer\.\d+\.output\.dense', 'roberta': r'.*layer\.\d+\.output\.dense', 'minilm': r'.*layer\.\d+\.output\.dense',
    'distilbert': r'.*ffn\.lin2', 'gpt2': r'.*mlp\.c_proj', 'llama': r'.*mlp\.down_proj', 'bart': r'.*\.fc2', 'mbart': r'.*\.fc2',
    't5': r'.*DenseReluDense\.wo', 't5-v1-1': r'.*DenseReluDense\.wo',
}
KEY_VALUE = {
    'bert': r'.*self\.(key|value)', 'roberta': r'.*self\.(key|value)', 'minilm': r'.*self\.(key|value)', 'distilbert': r'.*\.(k_lin|v_lin)',
    'gpt2': r'.*attn\.c_attn', 'llama': r'.*\.(k_proj|v_proj)', 'bart': r'.*\.(k_proj|v_proj)', 'mbart': r'.*\.(k_proj|v_proj)',
    't5': r'.*Attention\.(k|v)', 't5-v1-1': r'.*Attention\.(k|v)',
}
NORMS = {
    'bert': ['LayerNorm'], 'roberta': ['LayerNorm'], 'minilm': ['LayerNorm'], 'distilbert': ['sa_layer_norm', 'output_layer_norm', 'LayerNorm'],
    'gpt2': ['ln_1', 'ln_2', 'ln_f'], 'llama': ['input_layernorm', 'post_attention_layernorm', 'model.norm'],
    'bart': ['self_attn_layer_norm', 'encoder_attn_layer_norm', 'final_layer_norm', 'layernorm_embedding'],
    'mbart': ['self_attn_layer_norm', 'encoder_attn_layer_norm', 'final_layer_norm', 'layernorm_embedding', 'layer_norm'],
    't5': ['layer_norm', 'final_layer_norm'], 't5-v1-1': ['layer_norm', 'final_layer_norm'],
}


def task(family):
    if family in ENCODERS:
        return 'FEATURE_EXTRACTION'
    return 'CAUSAL_LM' if family in DECODERS else 'SEQ_2_SEQ_LM'


def configs(family):
    fan = {'fan_in_fan_out': family == 'gpt2'}
    ffn = f"({KEY_VALUE[family]}|{FEED[family]})"
    made = {
        'lora': peft.LoraConfig(r=4, lora_alpha=8, target_modules=QUERY_VALUE[family], **fan),
        'rslora': peft.LoraConfig(r=4, lora_alpha=8, use_rslora=True, target_modules=QUERY_VALUE[family], **fan),
        'dora': peft.LoraConfig(r=4, lora_alpha=8, use_dora=True, target_modules=QUERY_VALUE[family], **fan),
        'pissa': peft.LoraConfig(r=4, lora_alpha=8, init_lora_weights='pissa', target_modules=QUERY_VALUE[family], **fan),
        'adalora': peft.AdaLoraConfig(init_r=4, target_r=2, lora_alpha=8, total_step=10, target_modules=QUERY_VALUE[family], **fan),
        'adalora-pruned': peft.AdaLoraConfig(init_r=4, target_r=2, lora_alpha=8, total_step=10, target_modules=QUERY_VALUE[family], **fan),
        'vera': peft.VeraConfig(r=6, target_modules=QUERY_VALUE[family], **fan),
        'vera-key': peft.VeraConfig(r=6, projection_prng_key=7, save_projection=False, target_modules=QUERY_VALUE[family], **fan),
        'ia3': peft.IA3Config(target_modules=ffn, feedforward_modules=FEED[family], **fan),
        'ln': peft.LNTuningConfig(target_modules=NORMS[family]),
        'prompt': peft.PromptTuningConfig(task_type=task(family), num_virtual_tokens=5),
        'prefix': peft.PrefixTuningConfig(task_type=task(family), num_virtual_tokens=5),
        'prefix-mlp': peft.PrefixTuningConfig(task_type=task(family), num_virtual_tokens=5, prefix_projection=True, encoder_hidden_size=16),
    }
    if family in ENCODERS:
        made['lora-classifier'] = peft.LoraConfig(r=4, lora_alpha=8, task_type='SEQ_CLS', target_modules=QUERY_VALUE[family])
        made['ia3-classifier'] = peft.IA3Config(task_type='SEQ_CLS', target_modules=ffn, feedforward_modules=FEED[family])
        made['prefix-classifier'] = peft.PrefixTuningConfig(task_type='SEQ_CLS', num_virtual_tokens=5)
        made['prompt-classifier'] = peft.PromptTuningConfig(task_type='SEQ_CLS', num_virtual_tokens=5)
    if family == 'distilbert':  # names of its config that PEFT does not know
        made['prompt'] = peft.PromptTuningConfig(task_type=task(family), num_virtual_tokens=5, token_dim=32, num_layers=2, num_attention_heads=4)
    if family == 'llama':  # grouped heads: PEFT's own default would not fit
        for name in ('prefix', 'prefix-mlp'):
            made[name].num_attention_heads, made[name].token_dim = 2, 16
    return made


def make_one(out, family, method, config):
    classes = classes_of(method)
    base = base_model(family, classes)
    inputs = inputs_of(family)
    plain = outputs(family, base, inputs)
    model = peft.get_peft_model(base, config).eval()
    shake(model, family)
    if method == 'adalora-pruned':
        prune(model)
    record = {'library': 'peft', 'family': family, 'method': method, 'model': os.path.relpath(folder_of(family)), 'inputs': inputs,
              'baseOutputs': plain.tolist(), 'versions': {'peft': peft.__version__, 'transformers': transformers.__version__, 'torch': torch.__version__}}
    record['outputs'] = outputs(family, model, inputs).tolist()
    folder = os.path.join(out, f'{family}-{method}')
    model.save_pretrained(folder)
    loaded = peft.PeftModel.from_pretrained(base_model(family, classes), folder).eval()
    record['reloadGap'] = gap(record['outputs'], outputs(family, loaded, inputs))
    record['effect'] = gap(record['outputs'], plain)
    write_case(folder, record)
    return record


def prune(model):
    """Every second direction off, as AdaLoRA's allocator leaves them: masked singular values and a rank pattern in the configuration."""
    pattern = {}
    with torch.no_grad():
        for name, parameter in model.base_model.model.named_parameters():
            if name.endswith('lora_E.default'):
                kept = [i % 2 == 0 for i in range(len(parameter))]
                parameter[torch.tensor([not k for k in kept])] = 0
                pattern[name] = kept
    model.peft_config['default'].rank_pattern = pattern


def make(out, families):
    for family in families:
        for method, config in configs(family).items():
            if not wanted(method):
                continue
            line = {'family': family, 'method': method}
            try:
                record = make_one(out, family, method, config)
                line.update(effect=record['effect'], reloadGap=record['reloadGap'])
            except Exception as error:  # a method that PEFT itself cannot run on this base
                line['unsupported'] = f'{type(error).__name__}: {error}'[:200]
            print(json.dumps(line), flush=True)


def check(folder):
    for path in sorted(glob.glob(os.path.join(folder, '*', 'ours.json'))):
        ours = read_json(path)
        line = {'case': os.path.basename(os.path.dirname(path)), 'family': ours['family']}
        try:
            model = peft.PeftModel.from_pretrained(base_model(ours['family'], ours.get('classes', 0)), os.path.dirname(path)).eval()
            line['gap'] = gap(ours['outputs'], outputs(ours['family'], model, ours['inputs']))
        except Exception as error:
            line['error'] = f'{type(error).__name__}: {error}'[:300]
        print(json.dumps(line), flush=True)


if __name__ == '__main__':
    warnings.filterwarnings('ignore')
    transformers.logging.set_verbosity_error()
    transformers.logging.disable_progress_bar()
    torch.set_num_threads(1)
    action, place = sys.argv[1:3]
    if action == 'make':
        make(place, sys.argv[3:] or CLASSES)
    else:
        check(place)
