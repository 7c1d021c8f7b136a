import { UserError } from '../../errors';

/** What a model's own generation_config.json asks of every text that it writes. */
export interface TokenRules {
  /** Scores of tokens that the text has are divided by it where positive, else multiplied (Keskar et al. 2019). */
  readonly repetitionPenalty: number;
  /** No run of this many tokens twice, where the caller sets none. */
  readonly noRepeatNgram: number;
  /** Sequences of tokens that may not be completed. */
  readonly badWords: readonly (readonly number[])[];
  readonly suppressed: readonly number[];
  /** Suppressed as the first token alone. */
  readonly suppressedFirst: readonly number[];
  /** Settings that are not computed here: generation refuses by name. */
  readonly refused: readonly string[];
  /** Settings of the search, which the caller chooses here: named to the user. */
  readonly asked: readonly string[];
}

type Config = Readonly<Record<string, unknown>>;

/** Values that change nothing, by key; others are asked of a caller, or refused. */
const searchKeys: Readonly<Record<string, readonly unknown[]>> = {
  do_sample: [false],
  num_beams: [1],
  temperature: [1],
  top_k: [50, 0],
  top_p: [1],
  length_penalty: [1],
  early_stopping: [false],
  max_length: [20],
  max_new_tokens: [],
  min_length: [0],
  min_new_tokens: [0],
};
const refusedKeys: Readonly<Record<string, readonly unknown[]>> = {
  num_beam_groups: [1],
  diversity_penalty: [0],
  typical_p: [1],
  min_p: [0],
  epsilon_cutoff: [0],
  eta_cutoff: [0],
  encoder_no_repeat_ngram_size: [0],
  encoder_repetition_penalty: [1],
  num_return_sequences: [1],
  remove_invalid_values: [false],
  exponential_decay_length_penalty: [],
  penalty_alpha: [0],
  guidance_scale: [1],
  sequence_bias: [],
  force_words_ids: [],
  constraints: [],
  forced_decoder_ids: [],
  renormalize_logits: [false],
  watermarking_config: [],
  stop_strings: [],
};
const used = [
  'repetition_penalty',
  'no_repeat_ngram_size',
  'bad_words_ids',
  'suppress_tokens',
  'begin_suppress_tokens',
];
const harmless = [
  ...['bos_token_id', 'eos_token_id', 'pad_token_id', 'decoder_start_token_id'],
  ...['forced_bos_token_id', 'forced_eos_token_id', '_from_model_config', 'transformers_version', 'use_cache'],
  ...['cache_implementation', 'return_dict_in_generate', 'output_scores', 'output_attentions', 'output_hidden_states'],
];

/**
 * The rules of a generation_config.json.
 * @param own the file itself, in which an unknown key is refused when a text is to be written, or an older config.json,
 *   which holds much else
 */
export function rulesOf(config: Config, own: boolean): TokenRules {
  const set = (keys: typeof searchKeys): readonly string[] =>
    Object.keys(keys).filter((key) => !isUnset(config[key]) && keys[key]?.includes(config[key]) !== true);
  const known = new Set([...Object.keys(searchKeys), ...Object.keys(refusedKeys), ...used, ...harmless]);
  const foreign = own ? Object.keys(config).filter((key) => !known.has(key) && !isUnset(config[key])) : [];
  return {
    repetitionPenalty: numberIn(config, 'repetition_penalty', 1, (n) => n > 0),
    noRepeatNgram: numberIn(config, 'no_repeat_ngram_size', 0, (n) => Number.isInteger(n) && n >= 0),
    badWords: listIn(config, 'bad_words_ids', isIds),
    suppressed: listIn(config, 'suppress_tokens', isId),
    suppressedFirst: listIn(config, 'begin_suppress_tokens', isId),
    refused: [...set(refusedKeys), ...foreign],
    asked: set(searchKeys).map((key) => `${key} ${JSON.stringify(config[key])}`),
  };
}

function isUnset(value: unknown): boolean {
  return value === undefined || value === null;
}
function isId(value: unknown): value is number {
  return typeof value === 'number' && Number.isInteger(value) && value >= 0;
}
function isIds(value: unknown): value is readonly number[] {
  return Array.isArray(value) && value.length > 0 && value.every(isId);
}

function numberIn(config: Config, key: string, fallback: number, holds: (n: number) => boolean): number {
  const value = config[key] ?? fallback;
  if (typeof value !== 'number' || !Number.isFinite(value) || !holds(value)) throw wrong(key, value);
  return value;
}

function listIn<T>(config: Config, key: string, holds: (value: unknown) => value is T): readonly T[] {
  const value = config[key] ?? [];
  if (!Array.isArray(value) || !value.every(holds)) throw wrong(key, value);
  return value;
}

function wrong(key: string, value: unknown): UserError {
  return new UserError(
    `generation_config.json: ${key} is ${JSON.stringify(value).slice(0, 60)}, which is none: copy the file again`,
  );
}
