import type { TrainingSettings } from '../../training/job';
import { one, scales, setting, type Setting, type Tried } from './setting';

type Key = 'full' | 'head' | 'bitfit' | 'prefix' | 'lora' | 'mam';

/** The methods of He et al. 2021, Table 2, at 0.65% of MiniLM by the paper's count wherever one has a size. */
const configurations: Readonly<Record<Key, Tried>> = {
  full: { label: 'full fine-tuning', methods: one('full'), printed: 'full' },
  head: { label: 'head only', methods: one('head'), printed: 'none' },
  bitfit: { label: 'BitFit', methods: one('bitfit'), printed: 'bitfit' },
  prefix: { label: 'prefix tuning l=32', methods: one('prefix:l=32'), printed: 'prefix:l=32' },
  lora: { label: 'LoRA r=16', methods: scales('lora:r=16'), printed: 'lora:r=16,s=4' },
  mam: { label: 'MAM l=16, r=16', methods: scales('mam:l=16,r=16'), printed: 'mam:l=16,r=16,s=2' },
};

/** 300 steps of 32, warmed up over a tenth: without it BitFit stays at chance for three of five seeds. */
function training(examples: number, sizes: Partial<TrainingSettings['scored']>): Partial<TrainingSettings> {
  return {
    ...{ examples, epochs: 2, batch: 32, precision: 'bfloat16', evaluations: 2 },
    schedule: { kind: 'linear', warmup: 0.1 },
    scored: { validation: 'all', test: 'all', ...sizes },
  };
}

/** Table 2 under the second edition of the rule: each configuration with a rate, and where it has one a scale, of its own. */
function tableTwo<K extends Key>(task: string, rows: readonly string[], keys: readonly K[]): Setting<K> {
  return setting({
    name: `table-2-${task}`,
    title: `Table 2 on ${task}, each method tuned on its own`,
    source: 'He et al. 2021, Table 2',
    rows,
    notebook: 'notebooks/04-existing-methods-and-budgets.ipynb',
    minutes: 2,
    task,
    model: 'minilm-l6',
    seeds: { quick: [1], full: [1, 2, 3, 4, 5] },
    training: { quick: training(320, { validation: 64, test: 64 }), full: training(4800, {}) },
    validation: [500, 1000],
    configurations: Object.fromEntries(keys.map((key) => [key, configurations[key]])) as Readonly<Record<K, Tried>>,
  });
}

/** MNLI's role. */
export const pairs: Setting<Key> = tableTwo(
  'verse-paraphrase',
  ['A1', 'A5'],
  ['full', 'head', 'bitfit', 'prefix', 'lora', 'mam'],
);
/** SST-2's role. */
export const opinions: Setting<'full' | 'head' | 'bitfit' | 'lora'> = tableTwo(
  'sentiment',
  ['A5'],
  ['full', 'head', 'bitfit', 'lora'],
);

export const tableTwoSettings: readonly Setting<'full' | 'head'>[] = [pairs, opinions];
