import { UserError } from '../../errors';

type Json = Readonly<Record<string, unknown>>;

/** Switches that are used (`engine.ts`); one that is null says nothing. */
const switches: readonly string[] = [
  ...['do_lower_case', 'strip_accents', 'tokenize_chinese_chars', 'add_prefix_space', 'add_bos_token', 'add_eos_token'],
];

/** Settings that would change ids, and the values that do not. */
const fixed: Readonly<Record<string, readonly unknown[]>> = {
  truncation_side: ['right'],
  split_special_tokens: [false],
};

/**
 * What changes no id: where files lie, lengths that callers give, how text is written again, chat, and what
 * transformers' converters have put into tokenizer.json already.
 */
const harmless: ReadonlySet<string> = new Set([
  ...['chat_template', 'model_max_length', 'max_len', 'max_length', 'stride', 'padding_side', 'pad_to_multiple_of'],
  ...['_from_auto', 'subfolder', 'model_type', 'torch_dtype', 'dtype', 'max_seq_length', 'truncation_strategy'],
  ...['padding', 'padding_strategy', 'pad_token_type_id', 'added_tokens_decoder', 'additional_special_tokens'],
  ...['extra_special_tokens', 'model_specific_special_tokens', 'special_tokens', 'special', 'language_codes'],
  ...[
    'clean_up_tokenization_spaces',
    'spaces_between_special_tokens',
    'errors',
    'trim_offsets',
    'decode_with_prefix_space',
  ],
  ...['tokenizer_class', 'slow_tokenizer_class', 'tokenizer_type', 'processor_class', 'feature_extractor_type'],
  ...['image_processor_type', 'name_or_path', '_name_or_path', '_commit_hash', 'special_tokens_map_file'],
  ...['tokenizer_file', 'full_tokenizer_file', 'vocab_file', 'merges_file', 'spm_file', 'vocab_size', 'backend'],
  ...['transformers_version', 'is_local', 'local_files_only', 'use_fast', 'from_slow', 'trust_remote_code', 'verbose'],
  ...['cache_dir', 'force_download', 'revision', 'token', 'use_auth_token', 'device_map', 'unsloth_version'],
  ...['legacy', 'legacy_behaviour', 'sp_model_kwargs', 'extra_ids', 'use_default_system_prompt', 'response_schema'],
  ...['do_basic_tokenize', 'never_split', 'wordpieces_prefix', 'clean_text', 'lowercase', 'remove_space'],
  ...['keep_accents', 'do_lowercase_and_remove_accent', 'model_input_names', 'return_tensors', 'add_special_tokens'],
  ...['return_token_type_ids', 'return_attention_mask', 'tgt_lang', 'source_lang', 'target_lang', 'separate_vocabs'],
  ...['offset', 'full_name', 'transformers.js_config', 'mask_token_sent'],
]);

/** Throws a UserError on a setting of tokenizer_config.json that may change ids and is not computed. */
export function demandSettings(config: Json, json: Json): void {
  for (const [key, value] of Object.entries(config)) {
    if (value === null || value === undefined) continue;
    if (switches.includes(key)) demandSwitch(key, value);
    else if (Object.hasOwn(fixed, key)) demandFixed(key, value);
    else if (key === 'src_lang') demandLanguage(value, json);
    else if (!isHarmless(key, value))
      throw new UserError(
        `tokenizer_config.json sets "${key}", which this project does not know and may change the ids of a text: choose another tokenizer, or take the key out if it changes none`,
      );
  }
}

/** Names of tokens alone (`bos_token`, `image_token`), ids of them, and what switches nothing on. */
function isHarmless(key: string, value: unknown): boolean {
  if (harmless.has(key) || /_tokens?(_ids?)?$/.test(key)) return value !== true || harmless.has(key);
  return value === false || (typeof value === 'object' && Object.keys(value as object).length === 0);
}

function demandSwitch(key: string, value: unknown): void {
  if (typeof value === 'boolean') return;
  throw new UserError(
    `tokenizer_config.json: "${key}" must be true or false, not ${JSON.stringify(value)}: write the one that is meant`,
  );
}

function demandFixed(key: string, value: unknown): void {
  const allowed = fixed[key] ?? [];
  if (allowed.includes(value)) return;
  throw new UserError(
    `tokenizer_config.json: ${key} ${JSON.stringify(value)} is not computed here, only ${allowed.map((a) => JSON.stringify(a)).join(' or ')}: choose another tokenizer`,
  );
}

/** transformers puts the source's language beside each text; tokenizer.json must do so already. */
function demandLanguage(language: unknown, json: Json): void {
  if (JSON.stringify(json['post_processor'] ?? null).includes(JSON.stringify(language))) return;
  throw new UserError(
    `tokenizer_config.json: src_lang ${JSON.stringify(language)} is not the language that tokenizer.json puts beside a text: make them agree`,
  );
}
