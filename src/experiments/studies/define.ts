import { basename } from 'node:path';
import { UserError } from '../../errors';
import { readValue } from '../../json';
import { nearest } from '../../petl/design/nearest';
import type { Method } from '../../petl/design/types';
import { whyInvalid } from '../../petl/design/valid';
import { parseMethod, printMethod } from '../../petl/design/written';
import { withSpecName } from '../../tasks/own/stored';
import { taskNamed } from '../../tasks/registry';
import type { Task } from '../../tasks/task';
import type { TrainingSettings } from '../../training/job';
import { noWriter } from '../../training/writer';
import { shapeIfKnown } from '../store/counts';
import { nameSchema } from '../store/schema';
import { canonicalJson, defaultTraining, runSpec, type RunSpec } from '../store/spec';
import { keepStart, nameStart } from '../store/starts';
import type { Study, Variant } from './study';
import { ownRates, type RateWish } from './own-rates';
import { demandTokenizerThere } from '../../model/tokenizer-place';

/** Settings, each one value or a list of values to compare; the learning rate is said by `rate`. */
export type TrainingGrid = {
  readonly [K in keyof Omit<TrainingSettings, 'learningRate' | 'from'>]?:
    TrainingSettings[K] | readonly TrainingSettings[K][];
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
  /** Folder of a saved adapter that training goes on from, its head with it where labels are the same; null: none. */
  readonly from?: string | null | readonly (string | null)[];
  /** A learning rate; `tuned`: from the stored table that fits; `tune`: found by trials first, which are kept. */
  readonly rate: RateWish;
}

/**
 * A study of one's own as a value: every method under every combination of the settings, with every seed.
 * @throws UserError on an unknown task, a method that cannot be written or does not fit the model, a setting that no
 * run can have, a `tuned` rate that no stored table has
 */
export function defineStudy(fields: StudyFields): Study {
  const name = checkedName(fields.name);
  const task = typeof fields.task === 'string' ? taskNamed(fields.task) : fields.task;
  demandWriter(task, fields.model ?? usualModel);
  demandExamples(task, fields.training ?? {});
  // Examples, and adapters to go on from, are kept when all else is known to be right.
  return withSpecName(task, (spec) => {
    const study = studyOn(spec, name, fields);
    for (const { runs } of study.variants) for (const { training } of runs) keepStart(training.from ?? '');
    return study;
  });
}

const usualModel = 'minilm-l6';

/** What no run can do is refused before trials of rates and runs are begun, one after another. */
function demandWriter({ name, writes }: Task, model: string): void {
  if (writes !== null && shapeIfKnown(model)?.decoderLayers === 0) throw noWriter(name, model);
}

/** More examples than own data has would train on all, under the name of more. */
function demandExamples({ name, own }: Task, { examples = 'all' }: TrainingGrid): void {
  const most = own?.data.train.length ?? Infinity;
  const beyond = [examples].flat().find((count) => typeof count === 'number' && count > most);
  if (beyond !== undefined)
    throw new UserError(
      `examples=${beyond}: task "${name}" trains on ${most} of its examples: give at most ${most}, or leave it out for all`,
    );
}

function studyOn(task: string, name: string, fields: StudyFields): Study {
  const model = fields.model ?? usualModel;
  const { seeds = [1], training = {} } = fields;
  demandSome('methods', fields.methods);
  demandSome('seeds', seeds);
  const settings = combinations(training, starts(fields.from));
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
  if (read.kind === 'fault') throw new UserError(`a study cannot be called ${JSON.stringify(name)}: it ${read.reason}`);
  if (!name.endsWith('-tuning')) return name;
  throw new UserError(`a study cannot be called "${name}": the trials of a study's rates are, and keep no adapters`);
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
  const shape = shapeIfKnown(model);
  for (const read of [model, ...encoderOf(method)]) demandTokenizerThere(read);
  const reason = shape && whyInvalid(method, shape);
  if (reason !== undefined) throw new UserError(`"${written}" does not fit ${model}: ${reason}`);
  return printMethod(method);
}

/** The other model that a prompt is written with. */
function encoderOf({ prompt }: Method): readonly string[] {
  return prompt.kind === 'written' && prompt.encoder.kind !== 'own' ? [prompt.encoder.name] : [];
}

interface Combination {
  readonly change: Partial<TrainingSettings>;
  /** `examples=500` for each setting that varies. */
  readonly words: readonly string[];
}

/** What `from` means in a spec, with the word that tells several apart. */
function starts(from: StudyFields['from'] = null): readonly Combination[] {
  const folders = Array.isArray(from) ? (from as readonly (string | null)[]) : [from as string | null];
  demandSome('from', folders);
  return folders.map((folder) => ({
    change: folder === null ? {} : { from: nameStart(folder) },
    words: folders.length > 1 ? [folder === null ? 'fresh' : `from=${basename(folder)}`] : [],
  }));
}

/** Every choice of one value from each list. */
function combinations(training: TrainingGrid, from: readonly Combination[]): readonly Combination[] {
  let all = from;
  for (const [key, given] of Object.entries(training)) {
    if (!Object.hasOwn(defaultTraining, key) || elsewhere[key] !== undefined)
      throw new UserError(
        `training has no setting "${key}"${elsewhere[key] ?? nearest(key, Object.keys(defaultTraining))}`,
      );
    const values: readonly unknown[] = Array.isArray(given) ? given : [given];
    demandSome(`training.${key}`, values);
    const worded = (value: unknown): readonly string[] =>
      values.length > 1 ? [`${key}=${typeof value === 'object' ? canonicalJson(value) : String(value)}`] : [];
    all = all.flatMap(({ change, words }) =>
      values.map((value) => ({ change: { ...change, [key]: value }, words: [...words, ...worded(value)] })),
    );
  }
  return all.map(({ change, words }) => ({ change: { ...lookedAt(change), ...change }, words }));
}

/** Settings that a study says beside `training`. */
const elsewhere: Readonly<Record<string, string>> = {
  learningRate: ': learning rates are given as rate, beside training',
  from: ': the adapter to go on from is given as from, beside training',
};

/** Where a best step is asked for, validation is looked at ten times, and stopping means by its loss. */
function lookedAt({ best, stop }: Partial<TrainingSettings>): Partial<TrainingSettings> {
  if ((best ?? stop ?? null) === null) return {};
  return { evaluations: 10, ...(best === undefined ? { best: 'loss' } : {}) };
}
