import { upload } from '../../engine/memory';
import { tf, type Tensor, type Tensors } from '../../engine/tf';
import { UserError } from '../../errors';
import type { ModelShape } from '../../model/shape';
import type { Random } from '../../random';
import type { Method } from '../design/types';
import { warningsFor } from './guards';
import { drawInit, randomStream } from '../forms/init';
import { tokenRowIds } from '../design/training';
import { principalFactors } from '../forms/principal';
import type { VariableSpec } from '../forms/spec';
import { unfrozenNames } from '../forms/unfrozen';
import { demandFit } from '../design/valid';
import { specsOf, tokenRowsNames } from '../forms/variables';
import { warnOnce } from './warn';

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

  constructor(
    method: Method,
    shape: ModelShape,
    tensors: { readonly variables: Tensors; readonly constants: Tensors },
  ) {
    this.method = method;
    this.shape = shape;
    this.current = tensors.variables;
    this.constants = tensors.constants;
  }

  get variables(): Tensors {
    return this.current;
  }

  /** Takes over the values after a step and frees those before. Names must be the same. */
  assign(next: Tensors): void {
    const missing = Object.keys(this.current).find((name) => next[name] === undefined);
    if (missing !== undefined) throw new Error(`Delta.assign: ${missing} is missing`);
    for (const [name, tensor] of Object.entries(this.current)) if (tensor !== next[name]) tensor.dispose();
    this.current = next;
  }

  dispose(): void {
    tf.dispose([Object.values(this.current), Object.values(this.constants)]);
  }
}

/**
 * Makes a method's tensors for a model. Draws depend on (seed, variable name) alone.
 * @param weights the frozen model's, by canonical name
 * What has no effect on this model is warned of once, with its name.
 * @throws UserError where the method does not fit the model, with the reason
 */
export function createDelta(method: Method, shape: ModelShape, weights: Tensors, seed: number): Delta {
  demandFit(method, shape);
  for (const warning of warningsFor(method, shape)) warnOnce(warning);
  const variables: Record<string, Tensor> = {};
  const constants: Record<string, Tensor> = {};
  for (const spec of specsOf(method, shape))
    (spec.trained ? variables : constants)[spec.name] = start(spec, weights, seed);
  for (const name of unfrozenNames(method, shape)) variables[name] = tf.clone(weightOf(weights, name));
  return new Delta(method, shape, { variables, constants });
}

/**
 * The model's weights with those that the method trains in place of the frozen ones; tensors of weights that it leaves
 * alone, such as those that a merge has put in already, are passed over.
 */
export function weightsWith(
  weights: Tensors,
  { method, shape }: Pick<Delta, 'method' | 'shape'>,
  own: Tensors,
): Tensors {
  const trained = unfrozenNames(method, shape).filter((name) => own[name] !== undefined);
  const merged = { ...weights, ...Object.fromEntries(trained.map((name) => [name, own[name] as Tensor])) };
  const word = method.unfrozen.reduce((table: Tensor | undefined, part) => {
    const rows = part.kind === 'tokenRows' || part.kind === 'tokens' ? own[tokenRowsNames[part.kind]] : undefined;
    return table === undefined || rows === undefined
      ? table
      : withRows(table, rows, tokenRowIds(part, shape.vocabulary));
  }, merged['embedding.word']);
  return word === undefined ? merged : { ...merged, 'embedding.word': word };
}

/** The table with some of its rows replaced, ids in rising order: a concatenation, which has a gradient. */
function withRows(table: Tensor, rows: Tensor, ids: readonly number[]): Tensor {
  const [vocabulary, width] = table.shape as [number, number];
  const pieces: Tensor[] = [];
  const take = (from: Tensor, start: number, end: number): void => {
    if (end > start) pieces.push(tf.slice(from, [start, 0], [end - start, width]));
  };
  let [kept, used] = [0, 0]; // rows of the table, and of the trained ones, that stand in a piece
  ids.forEach((id, i) => {
    if (i + 1 < ids.length && ids[i + 1] === id + 1) return; // a run goes on
    const run = i + 1 - used;
    take(table, kept, id + 1 - run);
    take(rows, used, i + 1);
    [kept, used] = [id + 1, i + 1];
  });
  take(table, kept, vocabulary);
  return tf.concat(pieces, 0);
}

function start({ name, shape, init }: VariableSpec, weights: Tensors, seed: number): Tensor {
  switch (init.kind) {
    case 'columnNorms':
      return tf.tidy(() => tf.sqrt(tf.sum(tf.square(weightOf(weights, init.weight)), 0)));
    case 'principal':
      return upload(principalFactors(weightOf(weights, init.weight), Math.min(...shape))[init.side], shape);
    case 'words':
      return rowsOf(
        weightOf(weights, 'embedding.word'),
        wordIds(init.rows, shape[0] as number, weights, randomStream(seed, name)),
      );
    default:
      return upload(drawInit(init, shape, seed, name), shape);
  }
}

type WordRows = Extract<VariableSpec['init'], { kind: 'words' }>['rows'];

/** Which rows of the word table a tensor of `count` rows starts from. */
function wordIds(rows: WordRows, count: number, weights: Tensors, random: Random): readonly number[] {
  const vocabulary = weightOf(weights, 'embedding.word').shape[0] as number;
  const list = (id: (i: number) => number): number[] => Array.from({ length: count }, (_, i) => id(i));
  switch (rows.kind) {
    case 'last':
      return list((i) => vocabulary - count + i);
    case 'vocabulary':
      return list(() => Math.floor(random() * vocabulary));
    case 'text':
      throw new UserError(`The prompt's text "${rows.text}" must be tokenized first: use withPromptTokens.`);
    case 'tokens': {
      if (rows.ids.length === 0) throw new UserError("The prompt's text has no tokens; give it a few words.");
      return list((i) => rows.ids[i % rows.ids.length] as number);
    }
  }
}

function rowsOf(table: Tensor, ids: readonly number[]): Tensor {
  return tf.tidy(() => tf.gather(table, tf.tensor1d([...ids], 'int32')));
}

/** The method with its prompt's text replaced by token ids; other methods unchanged. */
export function withPromptTokens(method: Method, tokenize: (text: string) => readonly number[]): Method {
  const { prompt } = method;
  if (prompt.kind !== 'free' || prompt.init.kind !== 'text') return method;
  return { ...method, prompt: { ...prompt, init: { kind: 'tokens', ids: tokenize(prompt.init.text) } } };
}

function weightOf(weights: Tensors, name: string): Tensor {
  const weight = weights[name];
  if (weight === undefined) throw new UserError(`The model has no weight ${name}, which the method needs.`);
  return weight;
}
