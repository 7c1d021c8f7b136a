import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { tensorsHash } from '../../model/fingerprint';
import { isHarmless } from '../../model/checkpoint/names';
import { openModel, type Model } from '../../model/open';
import type { Family } from '../../model/shape';
import { baseline, copyOf, fixtures } from './copies';
import { mutateBytes, mutateJson, pick } from './mutate';
import { judged, reading } from './reading';
import type { Target } from './target';
import { meaningOf, mutateSafetensors } from './tensors';

/** Everything that a model's files say: weights, shape, special tokens, vocabulary. */
function digestOf({ backbone, special, tokenizer }: Model): string {
  const told =
    tokenizer === undefined
      ? ''
      : texts.map((text) => [...tokenizer.encode({ text, pair: null }, 64).ids].join()).join('|');
  const digest = `${tensorsHash(backbone.weights)} ${JSON.stringify(backbone.shape)} ${JSON.stringify(special)} ${told}`;
  backbone.dispose();
  return digest;
}

const texts = ['a cat sat', 'The Quick brown fox, 12.5%!', 'ΣΑΣ é\u0301 \u0085 𠀀 ﬁ'] as const;

const draws = fixtures('commands', 'fixtures', 'draws');

/** Small models of every family, as both versions of transformers save them. */
const models = readdirSync(draws)
  .filter((name) => name.startsWith('models-') && existsSync(join(draws, name, 'model', 'model.safetensors')))
  .filter((name) => readFileSync(join(draws, name, 'case.json'), 'utf8').includes('"expects":"ok"'))
  .map((name) => join(draws, name, 'model'));

const readModel =
  (path: string): (() => Promise<string>) =>
  async () =>
    digestOf(await openModel(path));

const configOf = (source: string): Readonly<Record<string, unknown>> =>
  JSON.parse(readFileSync(join(source, 'config.json'), 'utf8')) as Readonly<Record<string, unknown>>;

/** Tensors of a folder that nothing reads: heads of other tasks, and a shared table where both stacks and the head have their own. */
function unreadIn(source: string): (name: string) => boolean {
  const type = configOf(source)['model_type'];
  const family = type === 'xlm-roberta' ? 'roberta' : (type as Family);
  const file = readFileSync(join(source, 'model.safetensors'), 'latin1');
  const apart = ['encoder.embed_tokens', 'decoder.embed_tokens', 'lm_head'].every((table) =>
    file.includes(`${table}.weight"`),
  );
  return (name) => isHarmless(family, name) || (apart && /(^|\.)shared\.weight$/.test(name));
}

export const safetensors: Target = {
  name: 'safetensors',
  async run(random) {
    const source = pick(random, models);
    const copy = copyOf(source);
    const before = await baseline(copy.folder, readModel(copy.folder));
    const file = copy.read('model.safetensors');
    const { what, value } = mutateSafetensors(file, random);
    const unread = unreadIn(source);
    const matters = !isDeepStrictEqual(meaningOf(value, unread), meaningOf(file, unread));
    return copy.with('model.safetensors', value, async () =>
      judged(await reading(readModel(copy.folder)), `${source} ${what}`, { same: (now) => now === before, matters }),
    );
  },
};

/** Fields of a config.json that change numbers, whatever the family; another value must show. */
const telling =
  /^(model_type|vocab_size|hidden_size|num_hidden_layers|num_attention_heads|intermediate_size|hidden_act|max_position_embeddings|type_vocab_size|layer_norm_eps|position_embedding_type|is_decoder|dim|n_layers|n_heads|hidden_dim|activation|n_embd|n_head|n_layer|n_inner|n_positions|activation_function|layer_norm_epsilon|scale_attn_by_inverse_layer_idx|scale_attn_weights|add_cross_attention|rms_norm_eps|num_key_value_heads|head_dim|rope_theta|tie_word_embeddings|d_model|encoder_layers|decoder_layers|encoder_attention_heads|decoder_attention_heads|encoder_ffn_dim|decoder_ffn_dim|scale_embedding|d_kv|d_ff|num_layers|num_decoder_layers|num_heads|relative_attention_num_buckets|relative_attention_max_distance|eos_token_id|pad_token_id|attention_bias|mlp_bias)$/;
/** Keys of other uses: T5 and BART count layers by stack, an encoder has no head to tie, turning needs no table. */
function sparedIn(source: string, key: string): boolean {
  const family = /models-([^/]*?)-\d/.exec(source)?.[1] ?? '';
  if (key === 'num_hidden_layers') return /^(bart|mbart|t5|mt5|marian|pegasus|gpt2)$/.test(family);
  // transformers 5 uses every table that a file holds, whatever is said of tying
  if (key === 'tie_word_embeddings')
    return (
      /(bert|electra|mpnet|deberta-v2)$/.test(family) || /^5/.test(String(configOf(source)['transformers_version']))
    );
  if (key === 'max_position_embeddings') return !/(^|[^n])bert|bart|electra|mpnet|opt/.test(family);
  return false;
}

export const configs: Target = {
  name: 'config.json',
  async run(random) {
    const source = pick(random, models);
    const copy = copyOf(source);
    const before = await baseline(copy.folder, readModel(copy.folder));
    const edit = mutateJson(new TextDecoder().decode(copy.read('config.json')), random);
    const key = edit.path.at(-1) ?? '';
    const spared = sparedIn(source, key);
    const matters = edit.kind === 'value' && edit.path.length === 1 && telling.test(key) && !spared;
    return copy.with('config.json', edit.value, async () =>
      judged(await reading(readModel(copy.folder)), `${source} ${edit.what}`, {
        same: (now) => now === before,
        matters,
      }),
    );
  },
};

export const gguf: Target = {
  name: 'GGUF',
  async run(random) {
    const copy = copyOf(fixtures('model', 'fixtures', 'tiny-gguf'));
    const path = join(copy.folder, 'tiny.gguf');
    const before = await baseline(path, readModel(path));
    const file = copy.read('tiny.gguf');
    const edit = random() < 0.7 ? mutateBytes(file, random) : mutateBytes(file.slice(0, 1500), random);
    const value =
      edit.value.length > 0 && edit.value.length <= 1564
        ? Uint8Array.from([...edit.value, ...file.slice(1500)])
        : edit.value;
    return copy.with('tiny.gguf', value, async () =>
      judged(await reading(readModel(path)), edit.what, {
        same: (now) => now === before,
        matters: tellingGguf(file, value),
      }),
    );
  },
};

/** A key that changes numbers with its value, or the data. Padding and names of the file are neither. */
function tellingGguf(before: Uint8Array, after: Uint8Array): boolean {
  if (before.length !== after.length) return after.length < before.length;
  const changed = before.findIndex((byte, i) => byte !== after[i]);
  const text = Buffer.from(before).toString('latin1');
  return ggufKeys.some((key) => {
    const at = text.indexOf(key);
    return at >= 0 && changed >= at && changed < at + key.length + 8;
  });
}

const ggufKeys = [
  'llama.attention.layer_norm_rms_epsilon',
  'llama.attention.head_count',
  'llama.block_count',
  'llama.embedding_length',
  'llama.feed_forward_length',
  'llama.rope.freq_base',
];
