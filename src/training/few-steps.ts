import { setImmediate as nextTurn } from 'node:timers/promises';
import { compile, type Compiled } from '../engine/compile';
import { upload } from '../engine/memory';
import type { Tensor, Tensors } from '../engine/tf';
import { disposeTree } from '../engine/tree';
import { UserError } from '../errors';
import { uploadBatch } from '../model/batch';
import type { Model } from '../model/open';
import { packSequences, rowsNeeded } from '../model/packing';
import { promptLength } from '../petl/forms/modify';
import type { Delta } from '../petl/bank/delta';
import { newHead } from './classification';
import { classifierOf, type LabelledBatch } from './classifier';
import type { OptimizerSettings, TrainingSettings } from './job';
import type { Tick } from './learner';
import { demandFrozen, demandGradients, gradientsDue, printsOf } from './guards';
import { startState, stepScalars, type TrainState } from './optimizer';

/** A text and the index of its class. */
export interface Labelled {
  readonly text: string;
  readonly label: number;
}

/** @property rate AdamW's constant learning rate */
export interface FewSteps {
  readonly steps: number;
  readonly rate: number;
  readonly seed?: number;
  readonly maxLength?: number;
}

const optimizer: OptimizerSettings = { beta1: 0.9, beta2: 0.999, epsilon: 1e-8, weightDecay: 0, clipNorm: 1 };
const settings: TrainingSettings = {
  examples: 'all',
  epochs: 1,
  batch: 0,
  accumulation: 1,
  maxLength: 0,
  learningRate: 0,
  schedule: { kind: 'constant', warmup: 0 },
  optimizer,
  dropout: 0,
  labelSmoothing: 0,
  scored: { validation: 0, test: 0 },
  evaluations: 0,
  precision: 'float32',
  target: null,
};

/**
 * A few AdamW steps of a delta and a fresh head on a handful of texts, all in one batch: enough to see a method move,
 * no
 * study. The delta takes over the trained values; the head is thrown away. Throws as a run does, where a trained tensor
 * received no gradient
 * or a frozen weight changed.
 * @returns the loss before each step
 */
export async function fewSteps(
  model: Model,
  delta: Delta,
  texts: readonly Labelled[],
  { steps, rate, seed = 1, maxLength = 64 }: FewSteps,
): Promise<readonly number[]> {
  const { backbone } = model;
  const classes = 1 + Math.max(...texts.map(({ label }) => label));
  const batch = labelledBatch(model, texts, { maxLength, prompt: promptLength(delta.method) });
  const frozen = printsOf(backbone.weights);
  const run = compile(classifierOf(backbone, delta.method, settings).step);
  // Copies: the state frees what it leaves behind, the delta keeps its own until the end.
  const names = Object.keys(delta.variables);
  let state = startState({ ...copies(delta.variables), ...newHead(backbone.shape.width, classes, seed) });
  const losses: number[] = [];
  try {
    for (let step = 1; step <= steps; step++) {
      const { next, loss } = advance(run, { state, constants: delta.constants, batch }, tickOf(step, rate, seed));
      state = next;
      losses.push(loss);
      await nextTurn(); // lets interrupts and messages in
    }
    if (gradientsDue({ ...settings, learningRate: rate }, steps, steps))
      demandGradients(delta.method, backbone.shape, state);
    demandFrozen(backbone.weights, frozen);
    delta.assign(copies(Object.fromEntries(names.map((name) => [name, state.variables[name] as Tensor]))));
  } finally {
    disposeTree([state, batch]);
    run.dispose();
  }
  return losses;
}

type Step = Compiled<[TrainState, Tensors, LabelledBatch, Tick], { readonly state: TrainState; readonly loss: Tensor }>;

function advance(
  run: Step,
  {
    state,
    constants,
    batch,
  }: { readonly state: TrainState; readonly constants: Tensors; readonly batch: LabelledBatch },
  tick: Tick,
): { readonly next: TrainState; readonly loss: number } {
  const { state: next, loss } = run(state, constants, batch, tick);
  const value = loss.dataSync()[0] ?? NaN;
  disposeTree([loss, tick, state]);
  return { next, loss: value };
}

function tickOf(step: number, rate: number, seed: number): Tick {
  return {
    scalars: upload(stepScalars(step, rate, optimizer), [3]),
    seed: upload(new Int32Array([seed, step * 1000]), [2]),
  };
}

function labelledBatch(
  { name, tokenizer }: Model,
  texts: readonly Labelled[],
  { maxLength, prompt }: { readonly maxLength: number; readonly prompt: number },
): LabelledBatch {
  if (tokenizer === undefined)
    throw new UserError(`model "${name}" has no tokenizer.json: put the model's own beside its weights`);
  const sequences = texts
    .map(({ text }) => tokenizer.encode({ text, pair: null }, maxLength))
    .map(({ ids, typeIds }) => ({ ids, types: typeIds }));
  const lengths = sequences.map(({ ids }) => ids.length + prompt);
  const length = Math.max(...lengths);
  const inputs = uploadBatch(
    packSequences(sequences, { lengths: [length], size: rowsNeeded(lengths, [length]), prompt }),
  );
  const labels = Int32Array.from(texts, ({ label }) => label);
  return {
    inputs,
    labels: upload(labels, [texts.length]),
    weights: upload(new Float32Array(texts.length).fill(1), [texts.length]),
  };
}

function copies(tensors: Tensors): Tensors {
  return Object.fromEntries(Object.entries(tensors).map(([name, tensor]) => [name, tensor.clone()]));
}
