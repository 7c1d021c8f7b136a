import { toyOutcome } from '../../fixtures/tools';
import type { Evidence, PrintedSides, ScoreLink } from '../../statistics/link';
import type { RunRecord } from '../../store/record';
import { runSpec } from '../../store/spec';
import type { TuningTable } from '../../tuning/tuned';
import { rivals } from '../gate';
import type { GateRecord } from '../gate-record';
import type { Finding, JudgeOptions } from '../verdict';

/** A made-up study on the task synopsis, whose runs differ by known amounts, and a setting where everything holds. */
export const link = (
  kind: ScoreLink['kind'],
  first: string | readonly string[],
  second: string | readonly string[],
  more: Partial<ScoreLink> = {},
): ScoreLink => ({ kind, study: 'toy', task: 'synopsis', first: [first].flat(), second: [second].flat(), ...more });

export interface Shape {
  /** Nats of each example, the same for all but for a little by seed. */
  readonly loss: number;
  readonly half?: number;
  readonly chrf?: number;
  readonly seeds?: number;
  /** Of its first training steps. */
  readonly begin?: number;
  /** What each further step takes off the training loss. */
  readonly fall?: number;
}

/** Methods by variant: the tuning tables know methods. */
export const methods: Readonly<Record<string, string>> = {
  best: 'full',
  good: 'lora:r=4',
  alike: 'bitfit',
  bad: 'prompt:l=5',
};
export const rate = 1e-3;

export function record(
  variant: string,
  seed: number,
  { loss, half = loss + 0.1, chrf, begin = 5, fall = 0.1 }: Shape,
): RunRecord {
  // By seed and example, fixed: the mean of a run is `loss` but for 0.001 by seed.
  const noise = (i: number): number => (((i * 7919 + variant.length * 31) % 101) - 50) / 500;
  const perExample = Array.from(
    { length: 400 },
    (_, i) => loss + noise(i) + 0.001 * Math.sin(seed * 7 + variant.length),
  );
  const { programs, data } = toyOutcome(seed);
  const spec = runSpec({
    study: 'toy',
    method: methods[variant] ?? 'head',
    seed,
    task: 'synopsis',
    training: { learningRate: rate },
  });
  const texts = { bleu: 1, rouge1: 0, rouge2: 0, rougeL: 0, rougeLsum: 0, unfinished: 0, seconds: 1, texts: [] };
  return {
    run: {
      kind: 'run',
      format: 1,
      id: `${variant}-s${seed}`,
      label: variant,
      spec,
      counts: { trained: 1, used: 1, stored: 1, head: 1, paper: 1, backbone: 1 },
      engine: 'compiled',
      started: '',
      environment: { versions: {}, commit: '', dirty: false, cpu: '', cores: 2, memoryGb: 1, platform: '' },
    },
    train: [1, 2, 3, 4].map((step) => ({
      kind: 'train',
      step,
      steps: 4,
      loss: begin - fall * step,
      seconds: step * (variant === 'slow' ? 0.3 : 0.25) + 0.001 * seed * step,
    })),
    evaluations: [
      [2, half],
      [4, loss],
    ].map(([step = 0, value = 0]) => ({
      kind: 'eval',
      step,
      seconds: step,
      split: 'validation',
      loss: value,
      score: value,
    })),
    final: {
      kind: 'final',
      score: loss,
      loss,
      metric: 'nll',
      perExample,
      tokens: [],
      tests: { count: 400, hash: 'x' },
      written: chrf === undefined ? null : { ...texts, chrf: chrf + 0.01 * Math.cos(seed), examples: data.test },
      oracle: null,
      data: null,
      model: null,
      steps: 4,
      kept: null,
      trainSeconds: 1,
      seconds: 360,
      peakMb: 1,
      programs,
    },
  } as RunRecord;
}

export const shapes: Readonly<Record<string, Shape>> = {
  best: { loss: 2.0, chrf: 40 },
  good: { loss: 2.3, chrf: 37 },
  alike: { loss: 2.301, chrf: 37 },
  bad: { loss: 2.9, chrf: 30 },
};

/** Runs of the toy study, and of the study that the span of the task is read from. */
export function evidenceOf(changes: Readonly<Record<string, Partial<Shape>>> = {}, seeds = 5): Evidence {
  const of = (variant: string): readonly RunRecord[] => {
    const shape = { ...shapes[variant], ...changes[variant] } as Shape;
    if (shapes[variant] === undefined) return [];
    return Array.from({ length: shape.seeds ?? seeds }, (_, i) => record(variant, i + 1, shape));
  };
  return (study, variant) => {
    if (study === 'toy') return of(variant);
    return of(variant === 'full' ? 'best' : variant === 'prompt:l=28' ? 'bad' : variant);
  };
}

export const finding = (id: string, ...links: Finding['links']): Finding => ({
  id,
  paper: 'he',
  text: id,
  source: '',
  standing: 'claim',
  links,
  notebook: null,
});

export const gate: GateRecord = {
  lines: rivals.map((against) => ({
    task: 'synopsis',
    model: runSpec({ study: 'toy', method: 'head', task: 'synopsis' }).model,
    against,
    statistic: 'nats per token',
    gap: 1,
    interval: { low: 0.5, high: 1.5 },
    seeds: 5,
    passed: true,
  })),
  majority: [],
  settings: [],
};

const trial = (value: number, loss: number) => ({ rate: value, loss, score: loss, seconds: 1 });
export const tuningOf = (chosen: number, more: object = { steps: 4, seeds: 2 }): TuningTable => ({
  study: 'synopsis',
  model: runSpec({ study: 'toy', method: 'head', task: 'synopsis' }).model,
  task: 'synopsis',
  rule: '',
  families: Object.values(methods).map((method) => ({
    family: method,
    method: runSpec({ study: 'toy', method }).method,
    trials: [trial(rate / 3, 3), trial(rate, 2), trial(3 * rate, 2.5)],
    chosen,
    ...more,
  })),
});

export const able: JudgeOptions = { gate, tuning: [tuningOf(rate)] };

/** Printed in the tables as A6's deciding comparison is: 1.01 points. */
export const printed: PrintedSides = {
  tables: ['Table 12'],
  task: 'XSum',
  metric: 'rouge2',
  first: ['pa-attn:r=200'],
  second: ['sa-attn:r=200'],
};
