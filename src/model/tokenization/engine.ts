import { Tokenizer as Engine } from '@huggingface/tokenizers';
import { UserError } from '../../errors';
import { mend } from './mend';
import { demandSettings } from './settings';
import { demandSound, isRecord } from './sound';

type Json = Readonly<Record<string, unknown>>;

/**
 * A tokenizer from tokenizer.json and what tokenizer_config.json changes of it in transformers: lower case and accents
 * of BERT's, the space in front of byte-level words, begin and end tokens. Throws a UserError on settings that are not
 * computed here.
 */
export function engineOf(json: Json, config: Json): Engine {
  demandSound(json);
  demandSettings(config, json);
  const normalizer = bertSettings(json['normalizer'], config);
  const settled = { ...json, normalizer, pre_tokenizer: spaced(json['pre_tokenizer'], config) };
  const engine = built(settled, config);
  const template = templateOf(engine, config);
  return template === undefined ? engine : built({ ...settled, post_processor: template }, config);
}

function built(json: Json, config: Json): Engine {
  try {
    // tokenizer.json already does where the model wants it what these ask for; a second time differs from Hugging
    // Face's.
    const twice = { clean_up_tokenization_spaces: false, remove_space: false, do_lowercase_and_remove_accent: false };
    const engine = new Engine(json, { ...config, ...twice });
    mend(engine, json);
    probe(engine);
    return engine;
  } catch (error) {
    if (error instanceof UserError) throw error;
    throw new UserError(
      `tokenizer.json is none that this project reads (${(error as Error).message.split('\n')[0] ?? ''}): copy it again, or choose another tokenizer`,
    );
  }
}

/** Runs every part once, so that one which is damaged is met here. */
function probe(engine: Engine): void {
  const pieces = engine.tokenize('a 1');
  for (const pair of [null, pieces]) engine.post_processor?.post_process(pieces, pair, true);
  engine.decode([0], { skip_special_tokens: false });
}

/** Content of a special token, which older files write as a record. */
export function tokenIn(config: Json, key: string): string | undefined {
  const value = config[key];
  if (typeof value === 'string') return value;
  return isRecord(value) && typeof value['content'] === 'string' ? value['content'] : undefined;
}

/** tokenizer_config.json goes before tokenizer.json, as in transformers' BERT tokenizers. */
function bertSettings(normalizer: unknown, config: Json): unknown {
  if (!isRecord(normalizer) || normalizer['type'] !== 'BertNormalizer') return normalizer;
  const set = (key: string, own: string): Json => (typeof config[key] === 'boolean' ? { [own]: config[key] } : {});
  return {
    ...normalizer,
    ...set('do_lower_case', 'lowercase'),
    ...set('strip_accents', 'strip_accents'),
    ...set('tokenize_chinese_chars', 'handle_chinese_chars'),
  };
}

/** The same for the space in front of the first byte-level word. */
function spaced(preTokenizer: unknown, config: Json): unknown {
  const given = config['add_prefix_space'];
  if (!isRecord(preTokenizer) || preTokenizer['type'] !== 'ByteLevel' || typeof given !== 'boolean')
    return preTokenizer;
  return { ...preTokenizer, add_prefix_space: given };
}

const PROBE = '\u0000';

/**
 * The post-processor that tokenizer_config.json asks for by `add_bos_token` and `add_eos_token` (transformers'
 * LlamaTokenizerFast), undefined where it says nothing or tokenizer.json does so already.
 */
function templateOf(engine: Engine, config: Json): Json | undefined {
  const [begin, end] = [config['add_bos_token'], config['add_eos_token']];
  if (typeof begin !== 'boolean' && typeof end !== 'boolean') return undefined;
  const [bos, eos] = [tokenIn(config, 'bos_token'), tokenIn(config, 'eos_token')];
  const tokens = engine.post_processor?.post_process([PROBE], null, true).tokens ?? [PROBE];
  const at = tokens.indexOf(PROBE);
  const [before, after] = [tokens.slice(0, at), tokens.slice(at + 1)];
  const wanted = {
    before: typeof begin === 'boolean' ? wantedToken(begin, bos, 'bos') : before,
    after: typeof end === 'boolean' ? wantedToken(end, eos, 'eos') : after,
  };
  if (wanted.before.join() === before.join() && wanted.after.join() === after.join()) return undefined;
  const foreign = [...before, ...after].find((token) => token !== bos && token !== eos);
  if (foreign !== undefined)
    throw new UserError(
      `tokenizer_config.json sets add_bos_token or add_eos_token, and tokenizer.json puts ${foreign} beside a text: make them agree`,
    );
  return templateWith(engine, wanted);
}

function wantedToken(flag: boolean, token: string | undefined, name: string): readonly string[] {
  if (!flag) return [];
  if (token === undefined)
    throw new UserError(`tokenizer_config.json sets add_${name}_token but names no ${name}_token: add it`);
  return [token];
}

function templateWith(
  engine: Engine,
  { before, after }: { readonly before: readonly string[]; readonly after: readonly string[] },
): Json {
  const around = (id: string, type: number): readonly Json[] => [
    ...before.map((token) => ({ SpecialToken: { id: token, type_id: type } })),
    { Sequence: { id, type_id: type } },
    ...after.map((token) => ({ SpecialToken: { id: token, type_id: type } })),
  ];
  const special = [...new Set([...before, ...after])].map((token) => {
    const id = engine.token_to_id(token);
    if (id === undefined)
      throw new UserError(
        `tokenizer_config.json names "${token}", which tokenizer.json does not have: make them agree`,
      );
    return [token, { id: token, ids: [id], tokens: [token] }] as const;
  });
  const single = around('A', 0);
  return {
    type: 'TemplateProcessing',
    single,
    pair: [...single, ...around('B', 1)],
    special_tokens: Object.fromEntries(special),
  };
}
