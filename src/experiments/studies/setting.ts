import { parseMethod, printMethod } from '../../petl/design/written';
import { runSpec, type Tier } from '../store/spec';
import { trialSeeds, tunedMethod, tunedRate } from '../tuning/tuned';
import { configuration, trainingOf, variantOf, type Block, type Configuration } from './block';
import { declared, familyOf, type Declaration, type Declared, type Rung, type Tunable } from './study';

/**
 * A configuration with what is tried for it: one written form, or several scales s that are chosen on validation
 * together with the rate.
 */
export interface Tried {
  readonly label: string;
  readonly methods: readonly string[];
  /** Its row among the paper's numbers. */
  readonly printed: string;
  /** What it changes of the setting's training, and the words for it: its name then. */
  readonly change?: Partial<Block['training']['full']>;
  readonly what?: string;
}

/** Every configuration has a learning rate of its own, and where it has several scales one of those. */
export interface SettingFields<K extends string> extends Pick<
  Declaration,
  'title' | 'source' | 'rows' | 'notebook' | 'minutes'
> {
  /** Of the block, its study and its tuning table alike. */
  readonly name: string;
  readonly task: string;
  readonly model: string;
  readonly seeds: Block['seeds'];
  /** See `Block`, by configuration. */
  readonly more?: Readonly<Partial<Record<K, number>>>;
  readonly training: Block['training'];
  readonly teacher?: string;
  readonly configurations: Readonly<Record<K, Tried>>;
  /** Validation examples of a short trial, and of the long ones that decide. */
  readonly validation: readonly [short: number, long: number];
}

export interface Setting<K extends string> {
  readonly block: Block;
  readonly study: Declared;
  readonly tunable: () => Tunable;
  /** With the scales that the trials chose; the middle ones before there is a table. */
  readonly configurations: () => Readonly<Record<K, Configuration>>;
}

/** The scales that are tried with every rate. */
export const scales = (written: string): readonly string[] => [2, 4, 8].map((s) => `${written},s=${s}`);
export const one = (written: string): readonly string[] => [written];

/** A task with a model on which each configuration is tuned on its own, under the second edition of the rule. */
export function setting<K extends string>(fields: SettingFields<K>): Setting<K> {
  const { name, task, model, seeds, training, teacher, configurations: list, ...rest } = fields;
  const { more, validation: _, ...about } = rest;
  const keys = Object.keys(list) as unknown as readonly K[];
  const block: Block = {
    name,
    task,
    model,
    tuning: name,
    familyOf: (method) => keys.find((key) => methodsOf(list[key]).includes(method)) ?? familyOf(method),
    seeds,
    training,
    ...(teacher !== undefined && { teacher }),
    ...(more !== undefined && { more: byMethod(list, more) }),
    ...wholeOf(list),
  };
  const configurations = (): Readonly<Record<K, Configuration>> => {
    const made = keys.map((key) => {
      const { label, printed, change, what } = list[key];
      const plain = configuration(tunedMethod(name, key, middle(list[key])), label, printed);
      if (change === undefined || what === undefined) return [key, plain] as const;
      const own = { ...change, learningRate: tunedRate(name, key) }; // its method may be another key's, too
      return [key, { ...plain, name: `${plain.name}; ${what}`, change: own }] as const;
    });
    return Object.fromEntries(made) as Readonly<Record<K, Configuration>>;
  };
  const study = declared(name, (tier: Tier) => ({
    ...about,
    variants: Object.values<Configuration>(configurations()).map((config) => variantOf(config, [block], tier)),
    also: (method) => variantOf(configuration(method, method), [block], tier),
  }));
  return { block, study, configurations, tunable: () => tunableOf(fields) };
}

const byMethod = <K extends string>(
  list: Readonly<Record<K, Tried>>,
  of: Readonly<Partial<Record<K, number>>>,
): Readonly<Record<string, number>> =>
  Object.fromEntries(
    Object.entries<number | undefined>(of).flatMap(([key, count]) =>
      count === undefined ? [] : methodsOf(list[key as K]).map((method) => [method, count]),
    ),
  );

/** What the gate of the base takes for full fine-tuning, such as one with task embeddings. */
function wholeOf(list: Readonly<Record<string, Tried>>): Pick<Block, 'whole'> {
  const [whole] = list['full'] === undefined ? [] : methodsOf(list['full']);
  return whole === undefined || whole === 'full' ? {} : { whole };
}

const methodsOf = ({ methods }: Tried): readonly string[] =>
  methods.map((written) => printMethod(parseMethod(written)));

function middle(tried: Tried): string {
  const methods = methodsOf(tried);
  return methods[Math.floor(methods.length / 2)] ?? '';
}

/** Four rates at a quarter of the length, the best two at the whole of it with two seeds. */
function tunableOf<K extends string>(fields: SettingFields<K>): Tunable {
  const { name, task, model, configurations, validation } = fields;
  const training = trainingOf(fields, 'full');
  const [short, long] = validation;
  const rungs: readonly Rung[] = [
    { share: 0.25, seeds: trialSeeds.slice(0, 1), keep: Infinity, validation: short },
    { share: 1, seeds: trialSeeds, keep: 2, validation: long },
  ];
  const families = Object.entries<Tried>(configurations).map(([key, tried]) => {
    const base = runSpec({
      ...{ study: name, method: middle(tried), model, task, tier: 'full' },
      training: { ...training, ...tried.change },
    });
    const methods = methodsOf(tried);
    return { name: key, label: tried.label, base, ...(methods.length > 1 ? { methods } : {}) };
  });
  return { name, families, rungs };
}
