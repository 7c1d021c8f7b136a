import type { ModelShape } from '../../model/shape';
import { hasCrossAttention, layersOf, stacksOf } from '../../model/shapes';
import type { Stack } from '../../model/site';
import type { Change, Method, TextPositions } from '../design/types';
import { keyValueWidth } from '../design/places';
import { cannot, number, type Base } from './base';
import type { Config } from './folder';
import type { Piece } from './pieces';
import { turned } from './turned';
import { beside, columns, filled, plus, rows, stacked, type Named, type Values } from './values';

/** The free prefix of `length`, in one softmax with the model's own keys. */
export function prefixChange(length: number, positions: TextPositions): Change {
  return {
    form: { kind: 'prefix', length, reparameterisation: { kind: 'none' }, positions },
    composition: { kind: 'massGate' },
  };
}

/**
 * Prefix tuning `[l, 2 L d]`: keys and values of the first layer, of the second, ... In an encoder-decoder it reaches
 * the
 * decoder's self-attention alone, in slots 4 i and 4 i + 1 of the 2 L that there are (modulo 2 L).
 */
export function readPrefix(config: Config, prompt: Values, { shape }: Base): readonly Piece[] {
  const length = number(config, 'num_virtual_tokens');
  if (shape.positions.kind === 'relative')
    throw cannot(
      'a prefix from PEFT on T5',
      'there the relative bias falls on the prefix keys too, which no prefix here has',
    );
  demandNoWindow(shape);
  demandSteady(shape);
  const stack = stacksOf(shape).at(-1) as Stack;
  const width = keyValueWidth(shape);
  const slots = (prompt.shape[1] as number) / width;
  const layers = layersOf(shape, stack);
  if (prompt.shape[0] !== length || slots !== 2 * layers)
    throw cannot(
      `a prefix of shape [${prompt.shape.join()}]`,
      `this model needs [${length},${2 * layers * width}]: load it on the model it was trained on`,
    );
  const step = hasCrossAttention(shape) ? 4 : 2;
  demandSizes(config, {
    token_dim: width,
    num_attention_heads: shape.keyValueHeads,
    num_layers: layers,
    num_transformer_submodules: submodules(shape),
  });
  const slot = (index: number): Values => columns(prompt, (index % slots) * width, ((index % slots) + 1) * width);
  return Array.from({ length: layers }, (_, layer): Piece => ({
    stack,
    layer,
    site: 'attn.heads',
    reads: 'query',
    change: prefixChange(length, counted(shape)),
    parts: { keys: turned(slot(step * layer), shape, -length), values: slot(step * layer + 1) },
  }));
}

/** PEFT counts its vectors as earlier tokens: sines and speeds of positions would be others for the text. */
function demandSteady({ positions }: ModelShape): void {
  if (positions.kind === 'sinusoidal')
    throw cannot('a prompt or prefix on sinusoidal positions', 'in PEFT the text starts behind it, here at position 0');
  if (positions.kind === 'rotary' && positions.longest !== null)
    throw cannot(
      'a prompt or prefix on rotary positions whose speeds change with the length',
      'PEFT counts its vectors to that length',
    );
}

/** What PEFT puts in front of the words stands here where the words stand, too, once they are scaled or widened. */
function demandPlainWords({ family, embeddingWidth }: ModelShape): void {
  if (family === 'gemma' || family === 'gemma2')
    throw cannot(
      `a prompt on a ${family} model`,
      'transformers 4 scales its vectors as it does the words, transformers 5 does not',
    );
  if (embeddingWidth !== null)
    throw cannot('a prompt on word vectors of another width', 'PEFT makes it as wide as the model');
}

/** There a prefix counts as earlier tokens, which a window leaves behind; here every token sees it. */
function demandNoWindow({ window, positions }: ModelShape): void {
  if (positions.kind === 'rotary' && positions.still.length > 0)
    throw cannot('a prefix on a model with layers without positions', 'in PEFT all layers count it as earlier tokens');
  if (window === null) return;
  throw cannot('a prefix on a model whose layers see near tokens alone', 'in PEFT it falls out of the window');
}

/** PEFT cuts the vectors by these. */
function demandSizes(config: Config, wanted: Readonly<Record<string, number>>): void {
  for (const [key, size] of Object.entries(wanted)) {
    const said = config[key] ?? size; // PEFT takes what is left out from the model
    if (said === size) continue;
    throw cannot(
      `${key} = ${JSON.stringify(said)}`,
      `this model has ${size}: load the adapter on the model it was trained on`,
    );
  }
}

/** PEFT's prefixes and prompts count as earlier tokens. Rotary positions are relative: turned keys say the shift. */
function counted({ positions }: ModelShape): TextPositions {
  return positions.kind === 'learned' ? 'shifted' : 'kept';
}

export function writePrefix(
  pieces: readonly Piece[],
  { shape }: Base,
): { readonly config: Config; readonly tensors: Named } {
  const stack = stacksOf(shape).at(-1) as Stack;
  const [first] = pieces;
  demandNoWindow(shape);
  if (shape.family === 'distilbert' || shape.family === 'mpnet')
    throw cannot(`a prefix on a ${shape.family} model`, 'PEFT cannot run one there');
  if (hasCrossAttention(shape))
    throw cannot(
      'a prefix on an encoder-decoder',
      "PEFT gives it to the decoder's self-attention alone, two layers to a slot",
    );
  if (
    shape.positions.kind === 'relative' ||
    first === undefined ||
    first.change.form.kind !== 'prefix' ||
    first.change.composition.kind !== 'massGate' ||
    pieces.length !== layersOf(shape, stack)
  ) {
    throw cannot(
      'this prefix',
      'PEFT keeps prefixes with the gate by attention mass, on every layer, without relative positions',
    );
  }
  const { length, positions } = first.change.form;
  demandShift(shape, positions, `prefix:l=${length}`);
  const slots = pieces.flatMap(({ parts }) => [
    turned(parts['keys'] as Values, shape, length),
    parts['values'] as Values,
  ]);
  return { config: promptConfig('PREFIX_TUNING', length, shape), tensors: { prompt_embeddings: beside(slots) } };
}

/**
 * Prompt tuning: vectors `[l, d]` in front of the words; there they receive position and type embeddings, which are
 * added here once.
 */
export function readPrompt(
  config: Config,
  prompt: Values,
  base: Base,
): { readonly values: Values; readonly positions: TextPositions } {
  demandSteady(base.shape);
  demandPlainWords(base.shape);
  const length = number(config, 'num_virtual_tokens');
  const stored = length * submodules(base.shape);
  if (prompt.shape[0] !== stored)
    throw cannot(
      `a prompt of shape [${prompt.shape.join()}]`,
      `this model needs [${stored},${base.shape.width}]: load it on the model it was trained on`,
    );
  demandSizes(config, { token_dim: base.shape.width, num_transformer_submodules: submodules(base.shape) });
  const [stack] = stacksOf(base.shape) as [Stack];
  return { values: plus(rows(prompt, 0, length), ownEmbeddings(base, stack, length)), positions: counted(base.shape) };
}

export function writePrompt(
  prompt: Values,
  { prompt: own }: Method,
  base: Base,
): { readonly config: Config; readonly tensors: Named } {
  demandSteady(base.shape);
  demandPlainWords(base.shape);
  const length = prompt.shape[0] as number;
  const [stack] = stacksOf(base.shape) as [Stack];
  demandShift(base.shape, own.kind === 'free' ? own.positions : 'kept', `prompt:l=${length}`);
  const embeddings = ownEmbeddings(base, stack, length).map((value) => -value);
  const vectors = plus(prompt, embeddings);
  const all = [vectors, ...(submodules(base.shape) > 1 ? [filled(vectors.shape, 0)] : [])];
  return { config: promptConfig('PROMPT_TUNING', length, base.shape), tensors: { prompt_embeddings: stacked(all) } };
}

/** PEFT keeps l vectors for each stack of an encoder-decoder, but only the encoder's are ever read. */
function submodules(shape: ModelShape): number {
  return hasCrossAttention(shape) ? 2 : 1;
}

/** What the model adds to the vectors in its first positions: rows of the position table, and of type 0. */
function ownEmbeddings({ shape, weight }: Base, stack: Stack, length: number): Float32Array {
  const made = new Float32Array(length * shape.width);
  if (shape.positions.kind === 'learned') {
    const { offset } = shape.positions;
    const table = weight(hasCrossAttention(shape) ? `${stack}.position` : 'embedding.position');
    made.set(table.subarray(offset * shape.width, (offset + length) * shape.width));
  }
  if (shape.tokenTypes > 0) {
    const types = weight('embedding.type');
    made.forEach((value, i) => {
      made[i] = value + (types[i % shape.width] as number);
    });
  }
  return made;
}

function demandShift({ positions }: ModelShape, text: TextPositions, written: string): void {
  if (positions.kind !== 'learned' || text === 'shifted') return;
  throw cannot(
    `${written} on learned positions`,
    `PEFT counts its vectors as earlier tokens, here the text starts at position 0: train ${written},positions=shifted to take it there`,
  );
}

function promptConfig(type: string, length: number, shape: ModelShape): Config {
  const [stack] = stacksOf(shape) as [Stack];
  const prefix = type === 'PREFIX_TUNING';
  return {
    peft_type: type,
    num_virtual_tokens: length,
    num_transformer_submodules: submodules(shape),
    num_layers: layersOf(shape, stack),
    token_dim: prefix ? keyValueWidth(shape) : shape.width,
    num_attention_heads: prefix ? shape.keyValueHeads : shape.heads,
    ...(prefix ? { encoder_hidden_size: shape.width, prefix_projection: false } : { prompt_tuning_init: 'RANDOM' }),
  };
}
