import { UserError } from '../../errors';
import { readValue } from '../../json';
import { nearest } from '../../petl/design/nearest';
import { whyInvalid } from '../../petl/design/valid';
import { parseMethod, printMethod } from '../../petl/design/written';
import { specNameOf } from '../../tasks/own/stored';
import { taskNamed } from '../../tasks/registry';
import type { Task } from '../../tasks/task';
import type { TrainingSettings } from '../../training/job';
import { shapeNamed } from '../store/counts';
import { nameSchema } from '../store/schema';
import { canonicalJson, defaultTraining, runSpec, type RunSpec } from '../store/spec';
import type { Study, Variant } from './study';
import { ownRates, type RateWish } from './own-rates';

/** Settings, each one value or a list of values to compare; the learning rate is said by `rate`. */
export type TrainingGrid = {
  readonly [K in keyof Omit<TrainingSettings, 'learningRate'>]?: TrainingSettings[K] | readonly TrainingSettings[K][];
};

/** What makes a study of one's own. */
export interface StudyFields {
  /** Letters, digits, `.`, `_` and `-`: results stand in `results/own/NAME`, which git ignores. */
  readonly name: string;
  /** A task, or the name of one. */
  readonly task: string | Task;
  /** A name of `petl models`, a folder, a GGUF file or `hub:...`; `minilm-l6` where left out. */
  readonly model?: string;
  /** Written forms; a part in braces stands for each of its values: `lora:r={2,4,8}`. */
  readonly methods: readonly string[];
  /** `[1]` where left out. */
  readonly seeds?: readonly number[];
  readonly training?: TrainingGrid;
  /** A learning rate; `tuned`: from the stored table that fits; `tune`: found by trials first, which are kept. */
  readonly rate: RateWish;
}

/**
 * A study of one's own as a value: every method under every combination of the settings, with every seed.
 * @throws UserError on an unknown task, a method that cannot be written or does not fit the model, a setting that no
 * run can have, a `tuned` rate that no stored table has
 */
export function defineStudy(fields: StudyFields): Study {
  const task = typeof fields.task === 'string' ? taskNamed(fields.task).name : specNameOf(fields.task);
  const model = fields.model ?? 'minilm-l6';
  const { seeds = [1], training = {} } = fields;
  const name = checkedName(fields.name);
  demandSome('methods', fields.methods);
  demandSome('seeds', seeds);
  const settings = combinations(training);
  const base = (method: string, change: Partial<TrainingSettings>, seed: number): RunSpec =>
    runSpec({ study: `own/${name}`, tier: 'full', task, model, method, seed, training: change });
  const methods = [...new Set(fields.methods.flatMap(expanded).map((one) => fitting(one, model)))];
  const rates = ownRates(
    fields.rate,
    methods.map((method) => base(method, settings[0]?.change ?? {}, seeds[0] ?? 1)),
  );
  const variantsOf = (method: string): readonly Variant[] =>
    settings.flatMap(({ change, words }) =>
      rates.of(method).map(({ rate, word }): Variant => {
        const said = [...words, ...word].join(', ');
        const full = said === '' ? '' : `; ${said}`;
        const runs = seeds.map((seed) => base(method, { ...change, learningRate: rate }, seed));
        return { name: `${method}${full}`, label: `${method}${full === '' ? '' : `, ${said}`}`, runs };
      }),
    );
  const also = (method: string): Variant => {
    const [first, ...more] = variantsOf(fitting(method, model));
    if (first === undefined) throw new Error('no settings');
    return { ...first, runs: [first, ...more].flatMap(({ runs }) => runs) };
  };
  const about = { name, tier: 'full', title: name, source: 'own', rows: [], notebook: '', reference: 'full' } as const;
  // Rates may still be found: variants are what the rates of this moment make them.
  return Object.defineProperty({ ...about, also, variants: [], ...rates.first }, 'variants', {
    enumerable: true,
    get: () => methods.flatMap(variantsOf),
  });
}

function checkedName(name: string): string {
  const read = readValue(name, nameSchema);
  if (read.kind === 'value') return name;
  throw new UserError(`a study cannot be called ${JSON.stringify(name)}: it ${read.reason}`);
}

function demandSome(what: string, list: readonly unknown[]): void {
  if (list.length === 0) throw new UserError(`a study of no ${what} compares nothing: name at least one`);
  const twice = list.find((one, i) => list.indexOf(one) !== i);
  if (twice !== undefined) throw new UserError(`${what} has ${JSON.stringify(twice)} twice: name each once`);
}

/** `lora:r={2,4}` as `lora:r=2` and `lora:r=4`. */
export function expanded(written: string): readonly string[] {
  const [whole, list] = /\{([^{}]*)\}/.exec(written) ?? [];
  if (whole === undefined || list === undefined) return [written];
  return list.split(',').flatMap((value) => expanded(written.replace(whole, () => value.trim())));
}

/** The written form of a method that the model can have. */
function fitting(written: string, model: string): string {
  const method = parseMethod(written);
  const shape = /^hub:|\.gguf$/.test(model) ? undefined : shapeNamed(model);
  const reason = shape && whyInvalid(method, shape);
  if (reason !== undefined) throw new UserError(`"${written}" does not fit ${model}: ${reason}`);
  return printMethod(method);
}

interface Combination {
  readonly change: Partial<TrainingSettings>;
  /** `examples=500` for each setting that varies. */
  readonly words: readonly string[];
}

/** Every choice of one value from each list. */
function combinations(training: TrainingGrid): readonly Combination[] {
  let all: readonly Combination[] = [{ change: {}, words: [] }];
  for (const [key, given] of Object.entries(training)) {
    if (!Object.hasOwn(defaultTraining, key) || key === 'learningRate')
      throw new UserError(
        `training has no setting "${key}"${nearest(key, Object.keys(defaultTraining))}: learning rates are given as rate`,
      );
    const values: readonly unknown[] = Array.isArray(given) ? given : [given];
    demandSome(`training.${key}`, values);
    const worded = (value: unknown): readonly string[] =>
      values.length > 1 ? [`${key}=${typeof value === 'object' ? canonicalJson(value) : String(value)}`] : [];
    all = all.flatMap(({ change, words }) =>
      values.map((value) => ({ change: { ...change, [key]: value }, words: [...words, ...worded(value)] })),
    );
  }
  return all;
}
