"""Configurations of every family, with every field that changes a number in play. Each function returns (class, config)."""

import transformers as hf

NEW = int(hf.__version__.split('.')[0]) >= 5
EAGER = {'attn_implementation': 'eager'}
COMMON_ACTS = ('gelu', 'relu', 'silu', 'gelu_new', 'gelu_pytorch_tanh')
ODD_ACTS = ('tanh', 'sigmoid', 'quick_gelu', 'gelu_fast', 'mish', 'relu2', 'leaky_relu', 'gelu_10', 'linear', 'swish')


def act(chance):
    return chance.one(*ODD_ACTS) if chance.odd(0.04) else chance.one(*COMMON_ACTS)


def eps(chance):
    return chance.one(1e-12, 1e-6, 1e-5, 1e-3, 1e-2, 0.1)


def sizes(chance):
    if chance.small:
        heads = chance.one(1, 2)
        return heads, 4, 4 * heads
    heads = chance.one(1, 2, 2, 4, 4, 3)
    head = chance.one(4, 8, 12) if heads == 3 else chance.one(4, 8, 16) if heads < 4 else chance.one(4, 8)
    return heads, head, heads * head


def ids(chance, vocab):
    pad, bos, eos = chance.random.sample(range(vocab // 2), 3)
    return {'pad_token_id': pad, 'bos_token_id': bos, 'eos_token_id': eos}


def bert_like(chance, **more):
    heads, _, width = sizes(chance)
    vocab = chance.whole(40, 100)
    config = dict(vocab_size=vocab, hidden_size=width, num_hidden_layers=chance.whole(1, 3), num_attention_heads=heads,
                  intermediate_size=chance.whole(5, 40), hidden_act=act(chance), max_position_embeddings=chance.whole(16, 40),
                  type_vocab_size=chance.whole(1, 3), layer_norm_eps=eps(chance), **ids(chance, vocab), **EAGER)
    if chance.flag(0.2) and not chance.calm:  # adapters' gates would average over the chunks
        config['chunk_size_feed_forward'] = chance.one(0, 1)
    if chance.odd(0.03) and not NEW:
        config['position_embedding_type'] = chance.one('relative_key', 'relative_key_query')
    if chance.odd(0.02):
        config['is_decoder'] = True
    return {**config, **more}


def bert(chance):
    return kind(chance, 'Bert'), hf.BertConfig(**bert_like(chance))


def kind(chance, name, heads=('ForMaskedLM', 'ForSequenceClassification', 'ForTokenClassification')):
    return name + ('Model' if chance.calm or chance.flag(0.7) else chance.one(*heads))


def roberta_like(chance):
    config = bert_like(chance, type_vocab_size=chance.whole(1, 2))
    config['pad_token_id'] = chance.one(0, 1, 1, 1, 3)
    config['max_position_embeddings'] += config['pad_token_id'] + 1
    return config


def roberta(chance):
    return kind(chance, 'Roberta'), hf.RobertaConfig(**roberta_like(chance))


def xlm_roberta(chance):
    return kind(chance, 'XLMRoberta'), hf.XLMRobertaConfig(**roberta_like(chance))


def camembert(chance):
    return kind(chance, 'Camembert'), hf.CamembertConfig(**roberta_like(chance))


def electra(chance):
    config = bert_like(chance)
    config['embedding_size'] = chance.one(config['hidden_size'], 8, 12, 24)
    return kind(chance, 'Electra', ('ForPreTraining', 'ForMaskedLM')), hf.ElectraConfig(**config)


def albert(chance):
    config = bert_like(chance)
    config.update(embedding_size=chance.one(8, 12, config['hidden_size']), num_hidden_groups=1, inner_group_num=1)
    if chance.odd(0.05):
        config['inner_group_num'] = 2
    if chance.odd(0.05):
        config.update(num_hidden_layers=2, num_hidden_groups=2)
    return kind(chance, 'Albert', ('ForMaskedLM',)), hf.AlbertConfig(**config)


def mpnet(chance):
    config = bert_like(chance)
    config.pop('type_vocab_size')
    config['pad_token_id'] = 1
    config['relative_attention_num_buckets'] = 32  # the library counts 32 whatever stands here
    return kind(chance, 'MPNet', ('ForMaskedLM',)), hf.MPNetConfig(**config)


def deberta_v2(chance):
    config = bert_like(chance, type_vocab_size=chance.one(0, 0, 2))
    config.update(relative_attention=chance.flag(0.8), position_biased_input=chance.flag(0.3), share_att_key=chance.flag(0.6),
                  norm_rel_ebd=chance.one('none', 'layer_norm'), position_buckets=chance.one(-1, 4, 8),
                  max_relative_positions=chance.one(-1, 8, 16), pos_att_type=chance.one(['p2c', 'c2p'], ['c2p'], ['p2c'], []))
    if chance.odd(0.1):
        config['conv_kernel_size'] = 3
    return 'DebertaV2Model', hf.DebertaV2Config(**config)


def modernbert(chance):
    heads, _, width = sizes(chance)
    vocab = chance.whole(60, 100)
    config = dict(vocab_size=vocab, hidden_size=width, num_hidden_layers=chance.whole(1, 4), num_attention_heads=heads,
                  intermediate_size=chance.whole(5, 40), max_position_embeddings=48, norm_eps=eps(chance), norm_bias=chance.flag(0.3),
                  attention_bias=chance.flag(0.3), mlp_bias=chance.flag(0.3), global_attn_every_n_layers=chance.whole(1, 3),
                  local_attention=chance.one(4, 8, 16), hidden_activation=act(chance), **ids(chance, vocab), **EAGER)
    if not NEW:
        config.update(global_rope_theta=chance.one(100.0, 10000.0), local_rope_theta=chance.one(50.0, 10000.0), reference_compile=False)
    return kind(chance, 'ModernBert', ('ForMaskedLM',)), hf.ModernBertConfig(**config)


def distilbert(chance):
    heads, _, width = sizes(chance)
    vocab = chance.whole(40, 100)
    config = hf.DistilBertConfig(
        vocab_size=vocab, dim=width, n_layers=chance.whole(1, 3), n_heads=heads, hidden_dim=chance.whole(5, 40), activation=act(chance),
        max_position_embeddings=chance.whole(16, 40), sinusoidal_pos_embds=chance.flag(0.2), pad_token_id=chance.whole(0, 9), **EAGER)
    return kind(chance, 'DistilBert'), config


def gpt2(chance):
    heads, _, width = sizes(chance)
    vocab = chance.whole(40, 100)
    config = dict(vocab_size=vocab, n_embd=width, n_layer=chance.whole(1, 3), n_head=heads, n_positions=chance.whole(16, 40),
                  n_inner=chance.one(None, chance.whole(5, 40)), activation_function=act(chance), layer_norm_epsilon=eps(chance),
                  **ids(chance, vocab), **EAGER)
    for key, value in (('scale_attn_by_inverse_layer_idx', True), ('scale_attn_weights', False), ('tie_word_embeddings', False)):
        if chance.odd(0.05):
            config[key] = value
    return chance.one('GPT2LMHeadModel', 'GPT2LMHeadModel', 'GPT2Model' if not chance.calm else 'GPT2LMHeadModel'), hf.GPT2Config(**config)


def rope(chance, head, ratio=0.25):
    """Where and how 4 and 5 keep rotary settings; None where nothing is said."""
    theta = chance.one(100.0, 10000.0, 500000.0)
    scaling = None
    if chance.odd(ratio):
        name = chance.one('linear', 'llama3', 'dynamic', 'yarn', 'longrope')
        scaling = {'rope_type': name, 'factor': chance.one(2.0, 4.0)}
        if name == 'llama3':
            scaling.update(low_freq_factor=1.0, high_freq_factor=4.0, original_max_position_embeddings=8)
        if name == 'yarn':
            scaling.update(original_max_position_embeddings=16)
            if chance.flag():
                scaling.update(beta_fast=16.0, beta_slow=2.0, attention_factor=chance.one(1.0, 1.3))
        if name == 'longrope':
            scaling.update(original_max_position_embeddings=16, short_factor=[1.0 + 0.1 * i for i in range(head // 2)],
                           long_factor=[2.0 + 0.3 * i for i in range(head // 2)])
    if NEW:
        return {'rope_parameters': {'rope_theta': theta, 'rope_type': 'default', **(scaling or {})}}
    return {'rope_theta': theta, **({'rope_scaling': scaling} if scaling else {})}


def llama_like(chance, rotary=True, **more):
    heads, head, width = sizes(chance)
    vocab = chance.whole(40, 100)
    keys = chance.one(*[k for k in (1, 2, 3, 4) if heads % k == 0])
    config = dict(vocab_size=vocab, hidden_size=width, intermediate_size=chance.whole(5, 40), num_hidden_layers=chance.whole(1, 3),
                  num_attention_heads=heads, num_key_value_heads=keys, max_position_embeddings=chance.whole(24, 64), rms_norm_eps=eps(chance),
                  hidden_act=act(chance), tie_word_embeddings=chance.flag(), **ids(chance, vocab), **(rope(chance, head) if rotary else {}),
                  **EAGER)
    return {**config, **more}


def llama(chance):
    config = llama_like(chance)
    if chance.flag(0.3):
        config['head_dim'] = chance.one(4, 8, 12)
        if 'longrope' in str(config):
            config.pop('head_dim')
    for key in ('attention_bias', 'mlp_bias'):
        if chance.odd(0.06):
            config[key] = True
    return 'LlamaForCausalLM', hf.LlamaConfig(**config)


def mistral(chance):
    return 'MistralForCausalLM', hf.MistralConfig(**llama_like(chance, sliding_window=chance.one(None, 3, 6, 50)))


def qwen2(chance):
    config = llama_like(chance)
    if chance.flag(0.4):
        config.update(use_sliding_window=True, sliding_window=chance.one(3, 6), max_window_layers=chance.whole(0, config['num_hidden_layers']))
    return 'Qwen2ForCausalLM', hf.Qwen2Config(**config)


def qwen3(chance):
    config = llama_like(chance, head_dim=chance.one(4, 8, 12), attention_bias=chance.flag(0.2))
    if 'longrope' in str(config):
        config['head_dim'] = config['hidden_size'] // config['num_attention_heads']
    if chance.flag(0.3):
        config.update(use_sliding_window=True, sliding_window=chance.one(3, 6), max_window_layers=chance.whole(0, config['num_hidden_layers']))
    return 'Qwen3ForCausalLM', hf.Qwen3Config(**config)


def gemma(chance):
    config = llama_like(chance, head_dim=chance.one(4, 8, 12), tie_word_embeddings=True)
    config['hidden_act'] = chance.one('gelu', 'gelu_pytorch_tanh')
    return 'GemmaForCausalLM', hf.GemmaConfig(**config)


def gemma2(chance):
    config = llama_like(chance, head_dim=chance.one(4, 8, 12), tie_word_embeddings=True)
    config.pop('hidden_act')
    config.update(query_pre_attn_scalar=chance.one(4, 8, 256), sliding_window=chance.one(3, 6, 50), hidden_activation=chance.one('gelu_pytorch_tanh', 'gelu_pytorch_tanh', 'gelu'),
                  final_logit_softcapping=chance.one(None, 5.0, 30.0), attn_logit_softcapping=chance.one(None, 2.0, 50.0))
    return 'Gemma2ForCausalLM', hf.Gemma2Config(**config)


def gemma3_text(chance):
    config = llama_like(chance, rotary=False, head_dim=chance.one(4, 8, 12), tie_word_embeddings=True)
    config.pop('hidden_act')
    config.update(query_pre_attn_scalar=chance.one(4, 8, 256), sliding_window=chance.one(3, 6, 50), num_hidden_layers=chance.whole(1, 4))
    if not NEW:
        config.update(rope_theta=chance.one(1000.0, 1000000.0), rope_local_base_freq=chance.one(100.0, 10000.0), sliding_window_pattern=chance.whole(1, 3))
        if chance.odd(0.2):
            config['rope_scaling'] = {'rope_type': 'linear', 'factor': 4.0}
    return 'Gemma3ForCausalLM', hf.Gemma3TextConfig(**config)


def smollm3(chance):
    config = llama_like(chance)
    layers = config['num_hidden_layers']
    if chance.flag(0.5):
        config['no_rope_layers'] = [chance.whole(0, 1) for _ in range(layers)]
    else:
        config['no_rope_layer_interval'] = chance.whole(1, 3)
    return 'SmolLM3ForCausalLM', hf.SmolLM3Config(**config)


def phi3(chance):
    config = llama_like(chance, rotary=False, original_max_position_embeddings=16, sliding_window=chance.one(None, 3, 6))
    config['rope_theta'] = chance.one(100.0, 10000.0)
    if NEW:
        config['rope_parameters'] = {'rope_type': 'default', 'rope_theta': config.pop('rope_theta')}
    return 'Phi3ForCausalLM', hf.Phi3Config(**config)


def gpt_neox(chance):
    heads, head, width = sizes(chance)
    vocab = chance.whole(40, 100)
    config = dict(vocab_size=vocab, hidden_size=width, num_hidden_layers=chance.whole(1, 3), num_attention_heads=heads,
                  intermediate_size=chance.whole(5, 40), hidden_act=act(chance), max_position_embeddings=48, layer_norm_eps=eps(chance),
                  use_parallel_residual=chance.flag(0.7), attention_bias=chance.flag(0.8), tie_word_embeddings=chance.flag(0.3),
                  rotary_pct=chance.one(0.25, 0.5, 1.0) if head >= 8 else chance.one(0.5, 1.0), **ids(chance, vocab), **EAGER)
    if not NEW:
        config['rotary_emb_base'] = chance.one(100, 10000)
    return 'GPTNeoXForCausalLM', hf.GPTNeoXConfig(**config)


def opt(chance):
    heads, _, width = sizes(chance)
    vocab = chance.whole(40, 100)
    config = dict(vocab_size=vocab, hidden_size=width, num_hidden_layers=chance.whole(1, 3), num_attention_heads=heads, ffn_dim=chance.whole(5, 40),
                  activation_function=act(chance), max_position_embeddings=40, do_layer_norm_before=chance.flag(0.7),
                  word_embed_proj_dim=chance.one(width, width, 12), **ids(chance, vocab), **EAGER)
    if chance.odd(0.1):
        config['enable_bias'] = False
    if chance.odd(0.1):
        config['layer_norm_elementwise_affine'] = False
    return 'OPTForCausalLM', hf.OPTConfig(**config)


def bart_like(chance, **more):
    heads, _, width = sizes(chance)
    vocab = chance.whole(40, 100)
    ffn, deep = chance.whole(5, 40), chance.whole(1, 3)
    config = dict(vocab_size=vocab, d_model=width, encoder_layers=deep, decoder_layers=deep if chance.flag() else chance.whole(1, 3),
                  encoder_attention_heads=heads, decoder_attention_heads=heads, encoder_ffn_dim=ffn, decoder_ffn_dim=ffn,
                  activation_function=act(chance), max_position_embeddings=chance.whole(16, 40), scale_embedding=chance.flag(),
                  decoder_start_token_id=chance.whole(0, 9), forced_eos_token_id=None, **ids(chance, vocab), **EAGER)
    if chance.odd(0.04):
        config['decoder_ffn_dim'] = ffn + 3
    if chance.odd(0.04):
        config['decoder_attention_heads'] = 1 if heads > 1 else 2
    if chance.odd(0.06):
        config['tie_word_embeddings'] = False
    return {**config, **more}


def bart(chance):
    return chance.one('BartForConditionalGeneration', 'BartForConditionalGeneration', 'BartForConditionalGeneration' if chance.calm else 'BartModel'), hf.BartConfig(**bart_like(chance))


def mbart(chance):
    return 'MBartForConditionalGeneration', hf.MBartConfig(**bart_like(chance))


def marian(chance):
    config = bart_like(chance)
    config['decoder_vocab_size'] = config['vocab_size']
    if chance.odd(0.1):
        config['share_encoder_decoder_embeddings'] = False
    return 'MarianMTModel', hf.MarianConfig(**config)


def pegasus(chance):
    return 'PegasusForConditionalGeneration', hf.PegasusConfig(**bart_like(chance))


def t5_like(chance):
    heads, _, width = sizes(chance)
    vocab, deep = chance.whole(40, 100), chance.whole(1, 3)
    proj = chance.one('relu', 'relu', 'gated-gelu', 'gated-gelu', 'gated-silu', 'gated-relu')
    if chance.odd(0.08):
        proj = chance.one('gelu', 'silu', 'gelu_new', 'gated-gelu_new', 'gated-tanh')
    config = dict(vocab_size=vocab, d_model=width, d_kv=chance.one(4, 6, 8), d_ff=chance.whole(5, 40), num_layers=deep,
                  num_decoder_layers=deep if chance.flag() else chance.whole(1, 3), num_heads=heads, relative_attention_num_buckets=chance.one(4, 8, 16, 32),
                  relative_attention_max_distance=chance.one(17, 20, 128), layer_norm_epsilon=eps(chance), feed_forward_proj=proj,
                  tie_word_embeddings=chance.flag(0.6), decoder_start_token_id=chance.whole(0, 9), **ids(chance, vocab), **EAGER)
    config.pop('bos_token_id')
    return config


def t5(chance):
    return 'T5ForConditionalGeneration', hf.T5Config(**t5_like(chance))


def mt5(chance):
    return 'MT5ForConditionalGeneration', hf.MT5Config(**t5_like(chance))


FAMILIES = {
    'bert': bert, 'roberta': roberta, 'xlm-roberta': xlm_roberta, 'distilbert': distilbert, 'gpt2': gpt2, 'llama': llama, 'bart': bart,
    'mbart': mbart, 't5': t5, 'camembert': camembert, 'electra': electra, 'albert': albert, 'mpnet': mpnet, 'deberta-v2': deberta_v2,
    'modernbert': modernbert, 'mistral': mistral, 'qwen2': qwen2, 'qwen3': qwen3, 'gemma': gemma, 'gemma2': gemma2, 'gemma3_text': gemma3_text,
    'smollm3': smollm3, 'phi3': phi3, 'gpt_neox': gpt_neox, 'opt': opt, 'marian': marian, 'pegasus': pegasus, 'mt5': mt5,
}
