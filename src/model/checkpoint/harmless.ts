/** Settings of generation that older configs hold; `generation.ts` reads them. */
const generationKeys = [
  'max_length',
  'min_length',
  'do_sample',
  'early_stopping',
  'num_beams',
  'num_beam_groups',
  'diversity_penalty',
  'temperature',
  'top_k',
  'top_p',
  'typical_p',
  'repetition_penalty',
  'length_penalty',
  'no_repeat_ngram_size',
  'encoder_no_repeat_ngram_size',
  'bad_words_ids',
  'num_return_sequences',
  'forced_bos_token_id',
  'forced_eos_token_id',
  'remove_invalid_values',
  'exponential_decay_length_penalty',
  'suppress_tokens',
  'begin_suppress_tokens',
] as const;

/** Keys of a config.json that change no number of any family: origin, training, output format, labels, token ids. */
const everywhere: ReadonlySet<string> = new Set([
  ...generationKeys,
  ...['_name_or_path', '_commit_hash', 'architectures', 'model_type', 'transformers_version', 'torch_dtype', 'dtype'],
  ...['attn_implementation', '_attn_implementation', '_attn_implementation_autoset', 'torchscript', 'tf_legacy_loss'],
  ...['use_bfloat16', 'use_cache', 'gradient_checkpointing', 'chunk_size_feed_forward'],
  ...['return_dict', 'return_dict_in_generate', 'output_hidden_states', 'output_attentions', 'output_scores'],
  ...['output_past', 'finetuning_task', 'id2label', 'label2id', 'num_labels', '_num_labels', 'problem_type'],
  ...['task_specific_params', 'tokenizer_class', 'prefix', 'classifier_dropout', 'classif_dropout'],
  ...['bos_token_id', 'eos_token_id', 'pad_token_id', 'sep_token_id', 'decoder_start_token_id'],
  ...['initializer_range', 'initializer_factor', 'init_std', 'cross_attention_hidden_size'],
  ...['dropout', 'dropout_rate', 'attention_dropout', 'activation_dropout', 'hidden_dropout_prob'],
  ...['attention_probs_dropout_prob', 'attn_pdrop', 'embd_pdrop', 'resid_pdrop', 'encoder_layerdrop'],
  ...['decoder_layerdrop', 'layerdrop', 'unsloth_version', 'unsloth_fixed', 'transformers.js_config'],
]);

/** Whether a config.json's key changes no number of a family with these keys of its own. */
export function isHarmlessKey(key: string, own: readonly string[]): boolean {
  return everywhere.has(key) || own.includes(key);
}

/** Tensors that change no number of any family: numbers 0, 1, 2, ..., made again from the config. */
const buffers: readonly RegExp[] = [/(^|\.)position_ids$/, /(^|\.)token_type_ids$/, /(^|\.)rotary_emb\.inv_freq$/];

export function isHarmlessTensor(name: string, own: readonly RegExp[]): boolean {
  return [...buffers, ...own].some((pattern) => pattern.test(name));
}
