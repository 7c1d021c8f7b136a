import { setImmediate as nextTurn } from 'node:timers/promises';
import { copies, type Tensor } from '../engine/tf';
import { disposeTree } from '../engine/tree';
import { UserError } from '../errors';
import { uploadBatch } from '../model/batch';
import type { Model } from '../model/open';
import { packTogether } from '../model/packing';
import { promptLength } from '../petl/forms/modify';
import type { Delta } from '../petl/bank/delta';
import { newHead } from './kinds/pooled';
import { classifierOf } from './classifier';
import type { OptimizerSettings } from './job';
import { demandFrozen, demandGradients, gradientsDue, printsOf } from './guards';
import { labelledBatch, type LabelledBatch } from './labelled';
import { Loop } from './loop';
import { startState } from './optimizer';
import { fitting, roomIn } from './room';
import { stepperOf } from './stepper';
import { noTokenizer } from '../model/tokenizer-place';

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
  const classes = classesOf(texts);
  const batch = batchOf(model, texts, {
    maxLength,
    prompt: promptLength(delta.method),
    room: roomIn('encoder', delta.method, backbone.shape),
  });
  const frozen = printsOf(backbone.weights);
  const learner = classifierOf(backbone, delta.method, { dropout: 0, labelSmoothing: 0, optimizer });
  const stepper = stepperOf(learner, { optimizer, engine: 'compiled', precision: 'float32' });
  // Copies: the loop frees what it leaves behind, the delta keeps its own until the end.
  const names = Object.keys(delta.variables);
  const loop = new Loop(
    {
      seed,
      optimizer,
      rateAt: () => rate,
      step: (_at, state, _constants, tick) => stepper.step(state, delta.constants, [[batch]], tick),
    },
    startState({ ...copies(delta.variables), ...newHead(backbone.shape.width, classes, seed) }),
  );
  const losses: number[] = [];
  try {
    while (loop.done < steps) {
      losses.push(loop.next());
      await nextTurn(); // lets interrupts and messages in
    }
    const schedule = { kind: 'constant', warmup: 0 } as const;
    if (gradientsDue({ schedule, learningRate: rate }, steps, steps))
      demandGradients(delta.method, backbone.shape, loop.state);
    demandFrozen(backbone.weights, frozen);
    delta.assign(copies(Object.fromEntries(names.map((name) => [name, loop.state.variables[name] as Tensor]))));
  } finally {
    loop.dispose();
    disposeTree(batch);
    stepper.dispose();
  }
  return losses;
}

function classesOf(texts: readonly Labelled[]): number {
  if (texts.length === 0) throw new UserError('there are no texts to learn from: give at least one');
  const wrong = texts.find(({ label }) => !Number.isInteger(label) || label < 0);
  if (wrong !== undefined)
    throw new UserError(`label ${String(wrong.label)} of "${wrong.text}" is no class: count classes from 0`);
  return 1 + Math.max(...texts.map(({ label }) => label));
}

function batchOf(
  { name, tokenizer }: Model,
  texts: readonly Labelled[],
  { maxLength, prompt, room }: { readonly maxLength: number; readonly prompt: number; readonly room: number },
): LabelledBatch {
  if (tokenizer === undefined) throw noTokenizer(name);
  const encoded = texts.map(({ text }) => tokenizer.encode({ text, pair: null }, maxLength));
  const sequences = fitting(encoded, ({ ids }) => ids.length, room).map(({ ids, typeIds }) => ({
    ids,
    types: typeIds,
  }));
  return labelledBatch(
    uploadBatch(packTogether(sequences, { prompt })),
    texts.map(({ label }) => label),
  );
}
