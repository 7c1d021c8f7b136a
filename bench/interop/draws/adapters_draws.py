"""Random configurations of adapters on a drawn base: one folder as the library saves it, and what it computes when it reads it back."""

import json
import os

import adapters
import torch
from safetensors.torch import save_file

from base_models import computed, draw_base, draw_inputs, fill, load, numel
from peft_draws import CLASSIFIERS, base_of, compare, first_of

NAME = 'task'


def leave_out(chance, config):
    deep = sum(getattr(config, k, 0) or 0 for k in (('encoder_layers', 'decoder_layers') if hasattr(config, 'encoder_layers') else ('num_hidden_layers',)))
    return chance.many(range(deep), 1)[:max(1, deep - 1)] if chance.flag(0.2) else []


def bottleneck(chance, config, parallel=None):
    parallel = chance.flag(0.3) if parallel is None else parallel
    places = chance.one((True, True), (True, False), (False, True), (False, True))
    made = dict(mh_adapter=places[0], output_adapter=places[1], reduction_factor=chance.one(2, 4, 1, 0.5), is_parallel=parallel,
                non_linearity=chance.one('relu', 'gelu', 'gelu_new', 'swish', 'tanh', 'silu', *(['leakyrelu'] if chance.flag(0.1) else [])),
                scaling=chance.one(1.0, 1.0, 4.0, 0.5, 'learned', 'channel'), leave_out=leave_out(chance, config), dropout=chance.one(0.0, 0.1),
                init_weights=chance.one('bert', 'mam_adapter', 'houlsby'))
    if parallel:
        made.update(original_ln_before=chance.flag(0.2), original_ln_after=chance.flag(0.9), residual_before_ln=chance.flag(0.8))
    elif chance.flag(0.4):
        made.update(original_ln_before=chance.flag(0.7), original_ln_after=chance.flag(0.9), residual_before_ln=chance.flag(0.85),
                    adapter_residual_before_ln=chance.flag(0.15))
    elif chance.flag(0.5):
        made.update(original_ln_before=True)
    if chance.flag(0.2):
        made[chance.one('ln_before', 'ln_after')] = True
    if chance.flag(0.1):
        made['use_gating'] = True
    if chance.flag(0.1):
        made['cross_adapter'] = True
    if chance.flag(0.04):
        made['inv_adapter'] = chance.one('nice', 'glow')
        made['inv_adapter_reduction_factor'] = 2
    return made


def plain(chance, config):
    return adapters.BnConfig(**bottleneck(chance, config))


def compacter(chance, config):
    made = bottleneck(chance, config)
    made.update(phm_layer=True, phm_dim=chance.one(1, 2, 4), phm_rank=chance.one(1, 2), reduction_factor=chance.one(1, 2), shared_phm_rule=chance.flag(0.6))
    if chance.flag(0.1):
        made.update(chance.one({'factorized_phm_W': False}, {'shared_W_phm': True}, {'factorized_phm_rule': True}, {'learn_phm': False}))
    return adapters.BnConfig(**made)


def lora(chance, config):
    made = dict(r=chance.whole(1, 5), alpha=chance.one(1, 2, 8), selfattn_lora=chance.flag(0.85), intermediate_lora=chance.flag(0.4), output_lora=chance.flag(0.3),
                attn_matrices=chance.many('qkv', 1), leave_out=leave_out(chance, config), init_weights=chance.one('lora', 'bert'), dropout=chance.one(0.0, 0.1))
    if chance.flag(0.08):
        made['use_gating'] = True
    if chance.flag(0.08):
        made['use_dora'] = True
    if chance.flag(0.05):
        made['composition_mode'] = 'scale'
    if chance.flag(0.03):
        made['attn_matrices'] = ['q', 'o']
    return adapters.LoRAConfig(**made)


def ia3(chance, config):
    return adapters.IA3Config(alpha=chance.one(1, 1, 2, 3), attn_matrices=chance.one(['k', 'v'], ['k', 'v'], ['v'], ['q', 'v']), intermediate_lora=chance.flag(0.8),
                              output_lora=chance.flag(0.1), leave_out=leave_out(chance, config), use_gating=chance.flag(0.05))


def vera(chance, config):
    return adapters.VeraConfig(r=chance.whole(2, 5), alpha=chance.one(2, 8), attn_matrices=chance.many('qkv', 1))


def prefix(chance, config):
    return adapters.PrefixTuningConfig(prefix_length=chance.whole(1, 6), bottleneck_size=chance.whole(4, 16), flat=chance.flag(0.3), encoder_prefix=chance.flag(0.8),
                                       cross_prefix=chance.flag(0.8), leave_out=leave_out(chance, config), non_linearity=chance.one('tanh', 'tanh', 'relu', *(['gelu'] if chance.flag(0.1) else [])),
                                       use_gating=chance.flag(0.1), shared_gating=chance.flag(0.8))


def prompt(chance, config):
    return adapters.PromptTuningConfig(prompt_length=chance.whole(1, 6), combine=chance.one('prefix', 'prefix_after_bos'))


def reft(chance, config):
    return adapters.LoReftConfig() if chance.flag() else adapters.DiReftConfig()


def union(chance, config):
    """Members of different kinds, or of one kind with layers of their own."""
    style = chance.one('mixed', 'mixed', 'split', 'mam', 'unipelt', 'two')
    if style == 'mam':
        return adapters.MAMConfig(prefix(chance, config), adapters.BnConfig(**bottleneck(chance, config, parallel=True)))
    if style == 'unipelt':
        return adapters.UniPELTConfig(
            adapters.PrefixTuningConfig(prefix_length=chance.whole(1, 5), bottleneck_size=8, use_gating=True),
            adapters.SeqBnConfig(reduction_factor=4, use_gating=True), adapters.LoRAConfig(r=chance.whole(1, 4), alpha=chance.one(2, 8), use_gating=True))
    if style == 'mixed':
        return adapters.ConfigUnion(*[m(chance, config) for m in chance.random.sample([plain, lora, prefix], 2)])
    if style == 'two':
        return adapters.ConfigUnion(lora(chance, config), lora(chance, config))
    first, second = bottleneck(chance, config), bottleneck(chance, config)
    first['leave_out'], second['leave_out'] = [0], [1, 2, 3]
    return adapters.ConfigUnion(adapters.BnConfig(**first), adapters.BnConfig(**second))


METHODS = {'bottleneck': plain, 'compacter': compacter, 'lora': lora, 'ia3': ia3, 'vera': vera, 'prefix': prefix, 'prompt': prompt, 'union': union, 'reft': reft}
SHARES = ('bottleneck',) * 8 + ('compacter',) * 2 + ('lora',) * 6 + ('ia3',) * 3 + ('vera',) * 2 + ('prefix',) * 3 + ('union',) * 4 + ('prompt', 'reft')


def make(chance, family, folder):
    base = os.path.join(folder, 'model')
    drawn = draw_base(chance, family, base)
    method = chance.random.choice(SHARES)
    config = METHODS[method](chance, drawn.config)
    head = chance.one('none', 'none', 'none', 'static', 'flexible', 'deep') if family in CLASSIFIERS and family != 'xlm-roberta' else 'none'
    classes = 0 if head == 'none' else chance.whole(2, 4)
    model = with_head(base, drawn, classes, head)
    model.add_adapter(NAME, config=config)
    model.train_adapter(NAME)
    model.eval()
    trained = {n: p for n, p in model.named_parameters() if p.requires_grad}
    fill(trained, chance.seed(), chance.one(0.1, 0.3))
    adapter = os.path.join(folder, 'adapter')
    save(model, adapter)
    loaded = read_back(base, drawn.cls, family, adapter)
    gated = 'use_gating": true' in open(os.path.join(adapter, 'adapter_config.json'), encoding='utf-8').read()
    batches = []
    for _ in range(1 if chance.small else 2):
        inputs = draw_inputs(chance, family, drawn.config, prompt=6, left=False)
        if gated:  # the library's gates average over padding
            inputs = first_of(inputs)
        batches.append({'inputs': inputs, **computed(family, loaded, inputs)})
    return {'family': family, 'class': drawn.cls, 'method': method, 'head': head, 'classes': classes, 'batches': batches, 'parameters': numel(drawn.model),
            'libraryTrained': sum(p.numel() for n, p in trained.items() if 'head' not in n)}


def with_head(base, drawn, classes, head):
    if head in ('flexible', 'deep'):
        torch.manual_seed(0)
        model = adapters.AutoAdapterModel.from_pretrained(base, attn_implementation='eager', torch_dtype=torch.float32)
        model.add_classification_head(NAME, num_labels=classes, layers=2 if head == 'deep' else 1)
        return model
    model = base_of(base, drawn.cls, drawn.family, classes)
    adapters.init(model)
    return model


def save(model, folder):
    os.makedirs(folder, exist_ok=True)
    try:
        model.save_adapter(folder, NAME, use_safetensors=True)
    except RuntimeError:
        model.save_adapter(folder, NAME)
    for pickled, plain in (('pytorch_adapter.bin', 'adapter.safetensors'), ('pytorch_model_head.bin', 'model_head.safetensors')):
        pickle = os.path.join(folder, pickled)
        if os.path.exists(pickle):
            tensors = torch.load(pickle, map_location='cpu', weights_only=True)
            save_file({key: value.clone().contiguous() for key, value in tensors.items()}, os.path.join(folder, plain), metadata={'format': 'pt'})
            os.remove(pickle)


def read_back(base, cls, family, folder):
    head = os.path.join(folder, 'head_config.json')
    settings = {}
    if os.path.exists(head):
        with open(head, encoding='utf-8') as file:
            settings = json.load(file)
    if settings.get('config'):
        model = adapters.AutoAdapterModel.from_pretrained(base, attn_implementation='eager', torch_dtype=torch.float32)
    else:
        classes = settings['num_labels'] if str(settings.get('model_class', '')).endswith('ForSequenceClassification') else 0
        model = base_of(base, cls, family, classes)
        adapters.init(model)
    name = model.load_adapter(folder, use_safetensors=True)
    model.set_active_adapters(name)
    return model.eval()


def check(folder, case, ours):
    with open(os.path.join(ours, 'ours.json'), encoding='utf-8') as file:
        answer = json.load(file)
    return compare(case, read_back(os.path.join(folder, 'model'), case['class'], case['family'], ours), answer)
