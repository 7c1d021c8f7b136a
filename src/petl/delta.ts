import { upload } from '../engine/memory';
import { tf, type Tensor, type Tensors } from '../engine/tf';
import { UserError } from '../errors';
import type { ModelShape } from '../model/shape';
import type { Method } from './design';
import { drawInit } from './init';
import { principalFactors } from './principal';
import type { VariableSpec } from './spec';
import { unfrozenNames } from './unfrozen';
import { whyInvalid } from './valid';
import { specsOf } from './variables';

/**
 * Owns every tensor that a method adds to a frozen model, and copies of the model's own weights that it trains, under
 * their names. Nothing else can train: `variables` is the list to differentiate.
 */
export class Delta {
  readonly method: Method;
  readonly shape: ModelShape;
  /** Tensors the method needs but does not train: random projections, starting points, masks. */
  readonly constants: Tensors;
  private current: Tensors;

  constructor(method: Method, shape: ModelShape, tensors: { readonly variables: Tensors; readonly constants: Tensors }) {
    this.method = method;
    this.shape = shape;
    this.current = tensors.variables;
    this.constants = tensors.constants;
  }

  get variables(): Tensors { return this.current; }

  /** Takes over the values after a step and frees those before. Names must be the same. */
  assign(next: Tensors): void {
    const missing = Object.keys(this.current).find((name) => next[name] === undefined);
    if (missing !== undefined) throw new Error(`Delta.assign: ${missing} is missing`);
    for (const [name, tensor] of Object.entries(this.current)) if (tensor !== next[name]) tensor.dispose();
    this.current = next;
  }

  dispose(): void { tf.dispose([Object.values(this.current), Object.values(this.constants)]); }
}

/**
 * Makes a method's tensors for a model. Draws depend on (seed, variable name) alone.
 * @param weights the frozen model's, by canonical name
 * @throws UserError where the method does not fit the model, with the reason
 */
export function createDelta(method: Method, shape: ModelShape, weights: Tensors, seed: number): Delta {
  const reason = whyInvalid(method, shape);
  if (reason !== undefined) throw new UserError(`Method ${method.name} does not fit this model: ${reason}`);
  const variables: Record<string, Tensor> = {};
  const constants: Record<string, Tensor> = {};
  for (const spec of specsOf(method, shape)) (spec.trained ? variables : constants)[spec.name] = start(spec, weights, seed);
  for (const name of unfrozenNames(method, shape)) variables[name] = tf.clone(weightOf(weights, name));
  return new Delta(method, shape, { variables, constants });
}

/** The model's weights with those that the method trains in place of the frozen ones. */
export function weightsWith(weights: Tensors, variables: Tensors): Tensors {
  const own = Object.entries(variables).filter(([name]) => weights[name] !== undefined);
  const rows = Object.entries(variables).filter(([name]) => /^embedding\.word\.\d+$/.test(name));
  const merged = { ...weights, ...Object.fromEntries(own) };
  const word = rows.reduce((table, [name, value]) => replaceRows(table, Number(name.split('.')[2]), value), merged['embedding.word']);
  return word === undefined ? merged : { ...merged, 'embedding.word': word };
}

function replaceRows(table: Tensor | undefined, first: number, rows: Tensor): Tensor {
  if (table === undefined) throw new Error('embedding.word is missing');
  const [count, width] = rows.shape as [number, number];
  const after = first + count;
  const rest = (table.shape[0] as number) - after;
  const parts = [tf.slice(table, [0, 0], [first, width]), rows, ...(rest > 0 ? [tf.slice(table, [after, 0], [rest, width])] : [])];
  return tf.concat(parts, 0);
}

function start({ name, shape, init }: VariableSpec, weights: Tensors, seed: number): Tensor {
  switch (init.kind) {
    case 'columnNorms': return tf.tidy(() => tf.sqrt(tf.sum(tf.square(weightOf(weights, init.weight)), 0)));
    case 'principal': return upload(principalFactors(weightOf(weights, init.weight), Math.min(...shape))[init.side], shape);
    case 'wordRows': return wordRows(weightOf(weights, 'embedding.word'), init.rows, shape as readonly [number, number], { seed, name });
    default: return upload(drawInit(init, shape, seed, name), shape);
  }
}

function wordRows(table: Tensor, rows: { readonly first: number } | 'drawn' | { readonly text: string }, [count, width]: readonly [number, number], key: { seed: number; name: string }): Tensor {
  const vocabulary = table.shape[0] as number;
  if (rows !== 'drawn' && 'text' in rows) throw new UserError('A prompt from text needs the tokenizer: give its token rows to the prompt.');
  if (rows === 'drawn') {
    const drawn = drawInit({ kind: 'uniform', bound: 1, seed: 'run' }, [count], key.seed, key.name);
    return tf.tidy(() => tf.gather(table, tf.tensor1d(Array.from(drawn, (u) => Math.min(vocabulary - 1, Math.floor(((u + 1) / 2) * vocabulary))), 'int32')));
  }
  return tf.tidy(() => tf.slice(table, [rows.first, 0], [count, width]));
}

function weightOf(weights: Tensors, name: string): Tensor {
  const weight = weights[name];
  if (weight === undefined) throw new UserError(`The model has no weight ${name}, which the method needs.`);
  return weight;
}
