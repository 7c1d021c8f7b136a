import { closeSync, existsSync, fstatSync, readSync } from 'node:fs';
import { entryOf } from '../../entry';
import { UserError } from '../../errors';
import type { ModelShape } from '../shape';
import { shapeOf, type Config } from './config';
import { plainTarget, type Target } from './names';
import { quantisations } from './quantised';
import { demandRead, watched } from './watched';
import { demandRegular, openRegular } from './regular';
import { byteScratch, demandNumbers, floatScratch, type OpenCheckpoint, type StoredTensor } from './stored';

/** Key-value pairs of a GGUF file. */
export type Metadata = Readonly<Record<string, unknown>>;

/** A GGUF file that is open: what it says of itself, and its tensors. */
export interface Gguf extends OpenCheckpoint {
  readonly metadata: Metadata;
  readonly shape: ModelShape;
  namesOf(stored: string): readonly Target[];
  /** Throws a UserError that names a key which nobody has looked at and which may change a number. */
  demandRead(): void;
}

interface TensorInfo {
  readonly name: string;
  readonly shape: readonly (number | bigint)[];
  readonly dtype: number;
  readonly offset: bigint;
}

/**
 * Opens a GGUF file; the header is read with @huggingface/gguf. Throws a UserError on a file that is missing, cut off
 * or of another architecture.
 */
export async function openGguf(path: string): Promise<Gguf> {
  if (!existsSync(path)) throw new UserError(`${path} does not exist: name a .gguf file or a model folder`);
  demandRegular(path);
  const { metadata: given, tensorInfos, tensorDataOffset } = await header(path);
  const seen = watched(given);
  const metadata = seen.record;
  const shape = shapeOfGguf(
    metadata,
    path,
    tensorInfos.some(({ name }) => name === 'output.weight'),
  );
  const file = openRegular(path);
  try {
    const size = fstatSync(file).size;
    const tensors = tensorInfos.map((info) => storedTensor({ file, path, size }, info, Number(tensorDataOffset)));
    return {
      metadata,
      shape,
      tensors,
      close: () => {
        closeSync(file);
      },
      namesOf: (stored) => ggufTargets(stored, shape),
      demandRead: () => {
        demandRead(seen, path, (key) => harmless.some((pattern) => pattern.test(key)));
      },
    };
  } catch (error) {
    closeSync(file);
    throw error;
  }
}

async function header(
  path: string,
): Promise<{ metadata: Metadata; tensorInfos: readonly TensorInfo[]; tensorDataOffset: bigint }> {
  const { gguf } = require('@huggingface/gguf') as typeof import('@huggingface/gguf');
  try {
    const { metadata, tensorInfos, tensorDataOffset } = await gguf(path, { allowLocalFile: true });
    return { metadata: metadata as unknown as Metadata, tensorInfos, tensorDataOffset };
  } catch (error) {
    throw new UserError(
      `${path} has no readable GGUF header (${(error as Error).message.split('\n')[0] ?? ''}): it is cut off or another format; fetch it again`,
    );
  }
}

function storedTensor(
  { file, path, size }: { readonly file: number; readonly path: string; readonly size: number },
  info: TensorInfo,
  start: number,
): StoredTensor {
  const { name, dtype } = info;
  const shape = info.shape.map(Number).reverse(); // GGUF lists the fastest dimension first
  const type = quantisations[dtype];
  if (type === undefined)
    throw new UserError(
      `${path}: tensor ${name} has ggml type ${dtype}; this reader knows ${Object.values(quantisations)
        .map((q) => q.name)
        .join(', ')}: convert the file`,
    );
  const width = shape.length === 1 ? 1 : (shape[shape.length - 1] ?? 1);
  const rowValues = shape.slice(1).reduce((a, b) => a * b, 1);
  if (width % type.size !== 0)
    throw new UserError(
      `${path}: rows of tensor ${name} are no whole blocks of ${type.name}: the file is damaged, fetch it again`,
    );
  const rowBytes = (rowValues / type.size) * type.bytes;
  const at = start + Number(info.offset);
  if (at + (shape[0] ?? 1) * rowBytes > size)
    throw new UserError(`${path} is cut off at tensor ${name}: fetch it again`);
  const read = (from: number, to: number): Float32Array => {
    const bytes = byteScratch((to - from) * rowBytes);
    readSync(file, bytes, 0, bytes.length, at + from * rowBytes);
    const values = floatScratch((to - from) * rowValues);
    type.decode(bytes, values);
    return demandNumbers(values, path, name);
  };
  return { name, shape, read };
}

/** Without these llama.cpp loads no such file; a config.json has usual values for them. */
const demanded: readonly string[] = [
  ...['embedding_length', 'feed_forward_length', 'block_count', 'attention.head_count'],
  'attention.layer_norm_rms_epsilon',
];

/** The keys of a Llama-type GGUF as the config.json that they came from. */
function shapeOfGguf(metadata: Metadata, path: string, ownOutput: boolean): ModelShape {
  const architecture = String(metadata['general.architecture']);
  if (architecture !== 'llama')
    throw new UserError(
      `${path} holds a model of architecture "${architecture}"; of GGUF files this project reads llama alone: use the model's safetensors`,
    );
  const of = (key: string): unknown => metadata[`llama.${key}`];
  const demandEqual = (key: string, expected: unknown): void => {
    const value = of(key);
    if (value !== undefined && value !== expected)
      throw new UserError(
        `${path} sets "llama.${key}" to ${String(value)}, and this project computes ${String(expected)} alone: use another file`,
      );
  };
  for (const key of demanded)
    if (of(key) === undefined)
      throw new UserError(`${path} has no "llama.${key}", which the format demands: fetch the file again`);
  const shape = shapeOf({
    model_type: 'llama',
    hidden_size: of('embedding_length'),
    intermediate_size: of('feed_forward_length'),
    num_hidden_layers: of('block_count'),
    num_attention_heads: of('attention.head_count'),
    num_key_value_heads: of('attention.head_count_kv'),
    head_dim: of('attention.key_length'),
    rms_norm_eps: rounded(of('attention.layer_norm_rms_epsilon')),
    rope_theta: of('rope.freq_base'),
    vocab_size: of('vocab_size') ?? (metadata['tokenizer.ggml.tokens'] as unknown[] | undefined)?.length,
    tie_word_embeddings: !ownOutput,
    ...scalingOf(of, path),
  });
  demandEqual('rope.dimension_count', shape.headWidth);
  demandEqual('attention.value_length', shape.headWidth);
  demandEqual('expert_count', 0);
  demandEqual('expert_used_count', 0);
  return shape;
}

/** Scaled rotary positions, in the older key and the newer ones, as a config's `rope_scaling`. */
function scalingOf(of: (key: string) => unknown, path: string): { readonly rope_scaling?: Config } {
  const old = of('rope.scale_linear');
  if (old !== undefined && old !== 1) return { rope_scaling: { rope_type: 'linear', factor: old } };
  const type = of('rope.scaling.type');
  if (type === undefined || type === 'none') return {};
  if (type !== 'linear')
    throw new UserError(
      `${path}: rotary positions of type "${String(type)}" are not read from GGUF, only "linear": use the model's safetensors`,
    );
  void of('rope.scaling.original_context_length'); // says nothing of linear scaling
  return { rope_scaling: { rope_type: type, factor: of('rope.scaling.factor') } };
}

/** Keys that change no number: where the file comes from, how it was made, how long texts may be. */
const harmless: readonly RegExp[] = [
  /^(version|tensor_count|kv_count)$/,
  /^general\.(type|name|author|version|organization|finetune|basename|description|quantized_by|size_label)$/,
  /^general\.(license|languages|tags|datasets|url|doi|uuid|repo_url|file_type|quantization_version|alignment)(\.|$)/,
  /^general\.(source|base_model|dataset|parameter_count|license)(\.|$)/,
  /^llama\.context_length$/,
  /^quantize\.imatrix\./,
  // Merges alone decide how byte-level words divide; these tokens are text to a model that continues text.
  /^tokenizer\.ggml\.(scores|(unknown|seperator|cls|mask|prefix|suffix|middle|fim_\w+)_token_id)$/,
  /^tokenizer\.(huggingface\.json|chat_template\.\w+|chat_templates)$/,
];

/** A float32 in JavaScript prints the digits it never had: 9.999999747378752e-6 was 1e-5. */
function rounded(value: unknown): unknown {
  return typeof value === 'number' ? Number(value.toPrecision(7)) : value;
}

const blockNames: Readonly<Record<string, string>> = {
  attn_norm: 'attn.norm',
  attn_q: 'attn.query',
  attn_k: 'attn.key',
  attn_v: 'attn.value',
  attn_output: 'attn.out',
  ffn_norm: 'ffn.norm',
  ffn_gate: 'ffn.gate',
  ffn_up: 'ffn.up',
  ffn_down: 'ffn.down',
};

/** Query and key rows were reordered on conversion: neighbours are rotary pairs. */
function ggufTargets(stored: string, { heads, keyValueHeads }: ModelShape): readonly Target[] {
  const top: Readonly<Record<string, Target>> = {
    'token_embd.weight': plainTarget('embedding.word', false),
    'output_norm.weight': plainTarget('decoder.norm.gain', false),
    'output.weight': plainTarget('output.weight', true),
  };
  const known = entryOf(top, stored);
  if (known !== undefined) return [known];
  const [, layer, short = ''] = /^blk\.(\d+)\.(\w+)\.weight$/.exec(stored) ?? [];
  const name = entryOf(blockNames, short);
  if (name === undefined) return [];
  if (name.endsWith('norm')) return [plainTarget(`decoder.${layer}.${name}.gain`, false)];
  const pairedHeads = short === 'attn_q' ? heads : short === 'attn_k' ? keyValueHeads : null;
  return [{ ...plainTarget(`decoder.${layer}.${name}.weight`, true), pairedHeads }];
}
