"""Random configurations of PEFT on a drawn base: one folder as PEFT saves it, and what it computes when PEFT reads it back."""

import json
import os
import re

import peft
import torch

from base_models import ENCODERS, PAIRS, bare, computed, draw_base, draw_inputs, fill, load, numel, write

DECODER_TASK = {'pair': 'SEQ_2_SEQ_LM', 'decoder': 'CAUSAL_LM', 'encoder': 'FEATURE_EXTRACTION'}
CLASSIFIERS = {'bert': 'BertForSequenceClassification', 'roberta': 'RobertaForSequenceClassification',
               'xlm-roberta': 'XLMRobertaForSequenceClassification', 'distilbert': 'DistilBertForSequenceClassification'}


def kind_of(family):
    return 'pair' if family in PAIRS else 'encoder' if family in ENCODERS else 'decoder'


def linears(model):
    """Names of every module that PEFT can change, by the last part of the name."""
    found = {}
    for name, module in model.named_modules():
        if type(module).__name__ in ('Linear', 'Conv1D') and re.search(r'\.\d+\.', name):
            found.setdefault(name.split('.')[-1], []).append(name)
    return found


OUT = re.compile(r'attention\.output\.dense|out_lin|attn\.c_proj|\bo_proj|out_proj|Attention\.o$|Wo$')


def reached(model, family, everywhere=False):
    """Modules that most methods train: not the attention's output, the gate or a head, except now and then."""
    names = [name for each in linears(model).values() for name in each]
    plain = [n for n in names if not OUT.search(n) and not re.search(r'gate_proj|wi_0|pooler|classifier|rel_attn', n)]
    return names if everywhere or not plain else plain


def targets(chance, model, family):
    """How a configuration names its modules: by ends of names, whole names, or a pattern."""
    everywhere = chance.flag(0.15)
    names = reached(model, family, everywhere)
    if everywhere and chance.flag(0.4):
        return 'all-linear'
    every = [n for each in linears(model).values() for n in each]
    ends = {n.split('.')[-1] for n in names if n.split('.')[-1] != 'dense'} | {'.'.join(n.split('.')[-k:]) for n in names for k in (2, 3)}
    ends = sorted(end for end in ends if everywhere or all(n in names for n in every if n.endswith('.' + end)))
    style = chance.one('ends', 'ends', 'ends', 'names', 'pattern', 'python')
    if style == 'ends':
        return chance.many(ends, 1)[:5]
    if style == 'names':
        return chance.many(names, 1)[:6]
    ends = [re.escape(e) for e in chance.many(ends, 1)[:4]]
    if style == 'pattern':
        return rf".*\.({'|'.join(ends)})"
    return chance.one(r'\A', '', '(?i:)') + rf"(?P<any>.*)\.(?:{'|'.join(ends)})"


def patterns(chance, model, values):
    names = [n for each in linears(model).values() for n in each]
    key = lambda: chance.one(chance.random.choice(names), '.'.join(chance.random.choice(names).split('.')[-2:]), chance.random.choice(names).split('.')[-1],
                             rf".*\.{chance.whole(0, 2)}\..*")
    return {key(): chance.random.choice(values) for _ in range(chance.whole(1, 2))}


def layers(chance, config, model):
    if not chance.flag(0.2):
        return {}
    deep = max(getattr(config, k, 0) or 0 for k in ('num_hidden_layers', 'n_layers', 'n_layer', 'encoder_layers', 'num_layers', 'decoder_layers'))
    chosen = chance.many(range(deep), 1)
    return {'layers_to_transform': chosen[0] if len(chosen) == 1 and chance.flag() else chosen,
            **({'layers_pattern': chance.one('layer', 'layers', 'h', 'block')} if chance.flag(0.3) else {})}


def extras(chance, model):
    """What users add to any method: modules trained whole, and such as are left out."""
    made = {}
    if chance.odd(0) or chance.flag(0.05):
        made['modules_to_save'] = [chance.one('LayerNorm', 'lm_head', 'pooler', 'embed_tokens', 'wte', 'final_layer_norm', 'norm', 'input_layernorm', 'word_embeddings', 'shared')]
        if chance.flag(0.3):
            made['ensure_weight_tying'] = True
    if chance.flag(0.1):
        made['exclude_modules'] = chance.one(['value', 'v_proj', 'v', 'fc2', 'c_proj'], r'.*\.0\..*', ['output.dense'])
    return made


def lora(chance, model, family, config):
    made = dict(r=chance.whole(1, 5), lora_alpha=chance.one(1, 3, 8, 16), target_modules=targets(chance, model, family), lora_dropout=chance.one(0.0, 0.1),
                use_rslora=chance.flag(0.25), use_dora=chance.flag(0.2), fan_in_fan_out=family == 'gpt2', **layers(chance, config, model), **extras(chance, model))
    if chance.flag(0.25):
        made['rank_pattern'] = patterns(chance, model, (1, 2, 6, 7))
    if chance.flag(0.25):
        made['alpha_pattern'] = patterns(chance, model, (2, 5, 32))
    made['init_lora_weights'] = chance.one(True, True, True, False, 'gaussian', 'pissa', 'orthogonal', 'olora') if chance.flag(0.3) else True
    if made['init_lora_weights'] == 'orthogonal':
        made['r'] = 2 * chance.whole(1, 2)
        made.pop('rank_pattern', None)
    if chance.flag(0.08):
        made['bias'] = chance.one('all', 'lora_only')
    if chance.flag(0.04):
        made['lora_bias'] = True
    if chance.flag(0.08):
        ids = tokens_of(chance, config)
        made['trainable_token_indices'] = {word_table(model): ids} if chance.flag(0.2) else ids
    if chance.flag(0.02):
        made['target_modules'] = [chance.one('word_embeddings', 'embed_tokens', 'wte', 'shared')]
    if chance.flag(0.02) and family in ('llama', 'mistral', 'qwen2'):
        made['layer_replication'] = [[0, 1], [0, 1]]
    return peft.LoraConfig(**made)


def tokens_of(chance, config):
    return chance.random.sample(range(config.vocab_size), chance.whole(1, 4))


def word_table(model):
    return next(n for n, m in model.named_modules() if m is model.get_input_embeddings())


def tokens(chance, model, family, config):
    more = {'target_modules': chance.one(word_table(model), [word_table(model).split('.')[-1]])} if chance.flag(0.2) else {}
    return peft.TrainableTokensConfig(token_indices=tokens_of(chance, config), **more)


def adalora(chance, model, family, config):
    return peft.AdaLoraConfig(init_r=chance.whole(1, 5), target_r=1, lora_alpha=chance.one(1, 8, 16), total_step=10, target_modules=targets(chance, model, family),
                              fan_in_fan_out=family == 'gpt2', **extras(chance, model))


def vera(chance, model, family, config):
    kept = {} if chance.flag(0.6) else {'save_projection': False}
    return peft.VeraConfig(r=chance.whole(2, 6), projection_prng_key=chance.whole(0, 5), d_initial=0.1, target_modules=targets(chance, model, family),
                           fan_in_fan_out=family == 'gpt2', **kept, **({'bias': 'all'} if chance.flag(0.05) else {}), **layers(chance, config, model))


def ia3(chance, model, family, config):
    chosen = targets(chance, model, family)
    feed = [] if isinstance(chosen, str) else [t for t in chosen if chance.flag(0.5)]
    if isinstance(chosen, str) and chance.flag(0.4):
        feed = chosen
    return peft.IA3Config(target_modules=chosen, feedforward_modules=feed, fan_in_fan_out=family == 'gpt2', **extras(chance, model))


def norms(chance, model, family, config):
    names = [n for n, m in model.named_modules() if 'norm' in type(m).__name__.lower()]
    chosen = names if chance.flag(0.5) else chance.many(names, 1)
    ends = sorted({n.split('.')[-1] for n in names})
    return peft.LNTuningConfig(target_modules=chance.one(chosen, ends, ends))


def prefix(chance, model, family, config):
    made = dict(task_type=DECODER_TASK[kind_of(family)], num_virtual_tokens=chance.whole(1, 6))
    if chance.flag(0.4):
        made.update(prefix_projection=True, encoder_hidden_size=chance.whole(4, 20))
    keys = getattr(config, 'num_key_value_heads', None)
    head = getattr(config, 'head_dim', None) or (config.hidden_size // config.num_attention_heads if keys else None)
    if keys:
        made.update(num_attention_heads=keys, token_dim=keys * head, num_layers=config.num_hidden_layers)
    return peft.PrefixTuningConfig(**made)


def prompt(chance, model, family, config):
    made = dict(task_type=DECODER_TASK[kind_of(family)], num_virtual_tokens=chance.whole(1, 6))
    if family == 'distilbert':
        made.update(token_dim=config.dim, num_layers=config.n_layers, num_attention_heads=config.n_heads)
    return peft.PromptTuningConfig(**made)


def p_tuning(chance, model, family, config):
    return peft.PromptEncoderConfig(task_type=DECODER_TASK[kind_of(family)], num_virtual_tokens=chance.whole(1, 6), encoder_hidden_size=chance.whole(4, 16),
                                    encoder_reparameterization_type=chance.one('MLP', 'LSTM'))


def others(chance, model, family, config):
    """Methods that nothing here computes: refused by name."""
    name = chance.one('LoHa', 'LoKr', 'OFT', 'HRA', 'FourierFT', 'RandLora', 'Shira', 'Beft')
    small = {'r': 2} if name in ('LoHa', 'LoKr', 'HRA', 'RandLora', 'Shira') else {}
    if name == 'OFT':
        small = {'r': 1, 'oft_block_size': 0}
    return getattr(peft, name + 'Config')(target_modules=targets(chance, model, family), **small)


METHODS = {'lora': lora, 'adalora': adalora, 'vera': vera, 'ia3': ia3, 'ln': norms, 'prefix': prefix, 'prompt': prompt, 'p-tuning': p_tuning, 'tokens': tokens, 'others': others}
SHARES = ('lora',) * 11 + ('adalora',) * 2 + ('vera',) * 2 + ('ia3',) * 3 + ('ln',) * 2 + ('prefix',) * 2 + ('prompt',) * 2 + ('p-tuning', 'tokens', 'others')


def make(chance, family, folder):
    base = os.path.join(folder, 'model')
    drawn = draw_base(chance, family, base)
    name = chance.random.choice(SHARES)
    config = METHODS[name](chance, drawn.model, family, drawn.config)
    classes = 0
    if family in CLASSIFIERS and name in ('lora', 'ia3', 'adalora', 'prompt', 'prefix') and chance.flag(0.25):
        classes = chance.whole(2, 4)
        config.task_type = 'SEQ_CLS'
    model = peft.get_peft_model(base_of(base, drawn.cls, family, classes), config).eval()
    fill({n: p for n, p in model.named_parameters() if p.requires_grad}, chance.seed(), chance.one(0.1, 0.3))
    if name == 'adalora' and chance.flag():
        prune(model, chance)
    adapter = os.path.join(folder, 'adapter')
    model.save_pretrained(adapter)
    trained = numel(model, trained=True)
    loaded = peft.PeftModel.from_pretrained(base_of(base, drawn.cls, family, classes), adapter).eval()
    if getattr(config, 'init_lora_weights', None) == 'pissa':
        exact_start(loaded, base_of(base, drawn.cls, family, classes))
    batches = []
    for _ in range(1 if chance.small else 2):
        inputs = draw_inputs(chance, family, drawn.config, prompt=6, left=False)
        batches.append({'inputs': inputs, **computed(family, loaded, inputs)})
    trained -= sum(p.numel() for n, p in model.named_parameters() if p.requires_grad and 'pooler' in n)  # nothing here reads it
    exact = name in (('ia3', 'ln') if family in PAIRS else ('ia3', 'prompt', 'ln')) and classes == 0 and family != 'gpt2' and 'modules_to_save' not in str(config.modules_to_save)
    norms_total = sum(p.numel() for n, p in drawn.model.named_parameters() if 'norm' in n.lower() or '.ln_' in n)
    exact = exact and (name != 'ln' or trained == norms_total)  # `layernorm` trains all of them, and the note says so
    return {'family': family, 'class': drawn.cls, 'method': name, 'batches': batches, 'parameters': numel(drawn.model), 'classes': classes, 'libraryTrained': trained,
            **({'trained': trained} if exact and not config.modules_to_save else {})}


def exact_start(model, base):
    """PiSSA's start as it is meant: PEFT decomposes in single precision, which leaves up to 1e-4 where singular values are close."""
    plain = dict(base.named_modules())
    with torch.no_grad():
        for name, module in model.base_model.model.named_modules():
            if 'default' in getattr(module, 'lora_A', {}):
                weight, r = plain[name].weight.double(), module.r['default']
                u, s, v = torch.linalg.svd(weight.T if module.fan_in_fan_out else weight, full_matrices=False)
                rest = (u[:, r:] * s[r:]) @ v[r:]
                module.base_layer.weight.copy_(rest.T if module.fan_in_fan_out else rest)


def base_of(folder, cls, family, classes):
    if classes == 0:
        return load(folder, cls)
    torch.manual_seed(0)
    import transformers as hf
    return getattr(hf, CLASSIFIERS[family]).from_pretrained(folder, attn_implementation='eager', num_labels=classes).eval()


def prune(model, chance):
    """Directions off, as AdaLoRA's allocator leaves them: masked singular values and a rank pattern in the configuration."""
    pattern = {}
    with torch.no_grad():
        for name, parameter in model.base_model.model.named_parameters():
            if name.endswith('lora_E.default'):
                kept = [chance.flag(0.6) for _ in range(len(parameter))]
                parameter[torch.tensor([not k for k in kept])] = 0
                pattern[name] = kept
    model.peft_config['default'].rank_pattern = pattern


def check(folder, case, ours):
    """How far the library is from our outputs, with the adapter that we wrote."""
    with open(os.path.join(ours, 'ours.json'), encoding='utf-8') as file:
        answer = json.load(file)
    model = peft.PeftModel.from_pretrained(base_of(os.path.join(folder, 'model'), case['class'], case['family'], answer['classes']), ours).eval()
    return compare(case, model, answer)


def first_of(inputs):
    """The first text alone, without padding."""
    real = [i for i, m in zip(inputs['ids'][0], inputs['mask'][0]) if m]
    rest = {key: inputs[key][:1] for key in ('decoderIds', 'labels') if key in inputs}
    return {'ids': [real], 'mask': [[1] * len(real)], 'side': 'right', **rest}


def compare(case, model, answer):
    parts = []
    for batch, rows in zip(case['batches'], answer['batches']):
        made = computed(case['family'], model, first_of(batch['inputs']) if answer['single'] else batch['inputs'])
        theirs, own = torch.tensor(made['outputs'], dtype=torch.float64), torch.tensor(rows, dtype=torch.float64)
        gap = float((theirs - own).abs().max()) if theirs.shape == own.shape else None
        parts.append({'gap': gap, 'bar': max(2e-5 * max(1.0, made['scale']), 20 * made['noise'])})
    worst = max(parts, key=lambda p: float('inf') if p['gap'] is None else p['gap'] / p['bar'])
    return worst
