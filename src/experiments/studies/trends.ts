import { ownModels } from '../../model/own-models';
import type { TrainingSettings } from '../../training/job';
import { runSpec, type Tier } from '../store/spec';
import { fromRandom, randomOf } from './base-gate';
import { changed, configuration, variantOf, type Block, type Configuration } from './block';
import { synopsisBlock } from './blocks';
import { full, lora, mam, prefix, scaled } from './generation';
import { declared, type Declared, type TrendPoint, type Tunable, type Variant } from './study';
import { summarisation, summarised } from './summarisation';

/*
 * What a small setting can say about a large one: the gap to full fine-tuning on synopsis against steps, data and base.
 * It judges nothing. Where the settings of the block are whole, its runs are those of the block.
 */

const name = 'trends';

/** The lines of the figure, by the names that summarisation has for them. */
const lines = {
  full: 'full fine-tuning',
  lora: 'LoRA',
  prefix: 'prefix tuning',
  scaledPa: 'scaled PA',
  mam: 'MAM',
} as const;
type Key = keyof typeof lines;
const keys = Object.keys(lines) as unknown as readonly Key[];
const configurations: Readonly<Record<Key, Configuration>> = {
  ...{ full, lora: lora(57), prefix: prefix(57), scaledPa: scaled(4), mam },
};

/** The block's recipe on its own base, at its rates: they were tuned for no part of its data or steps. */
const shorter: Block = { ...synopsisBlock, name };

/** On another base, where every method has a rate of its own. The first word says where it is looked for. */
function onBase(model: string, words: string): Block {
  const familyOf = (method: string): string =>
    `${keys.find((key) => configurations[key].method === method) ?? method}:${words}`;
  return { ...shorter, model, tuning: name, familyOf };
}

const random = onBase(randomOf(synopsisBlock.model), 'random weights');
const second = onBase('petl-mini-seq2seq-2', 'second base');
const isHere = ({ model }: Block): boolean => ownModels().some((own) => own.name === model);

/** Where the rates of its runs stand. */
export const trendBlocks: readonly Block[] = [shorter, random, second];

/** One of each method. */
type Place = Readonly<Record<Key, Variant>>;

function placeOf(of: (config: Configuration, key: Key) => Variant): Place {
  return Object.fromEntries(keys.map((key) => [key, of(configurations[key], key)])) as Place;
}

/** Part of the examples, so many times. */
function part(share: number, epochs: number, what: string, tier: Tier): Place {
  const examples = Math.round(share * Number(synopsisBlock.training[tier].examples));
  const change: Partial<TrainingSettings> = { examples, epochs };
  return placeOf((config) => variantOf(changed(config, change, what), [shorter], tier));
}

interface Places {
  readonly whole: Place;
  readonly quarterSteps: Place;
  readonly halfSteps: Place;
  readonly quarterData: Place;
  readonly random: Place;
  readonly second: Place;
}

/**
 * With one pass, a quarter of the steps sees a quarter of the examples. Less data is therefore seen as often as makes
 * the steps equal: beside all of it only data differ, beside a quarter of the steps only steps.
 */
function placesOf(tier: Tier): Places {
  const based = (block: Block, what: string): Place =>
    placeOf((config) => variantOf(changed(config, {}, what), [block], tier));
  const untrained = based(random, 'random weights');
  return {
    whole: placeOf((config) => variantOf(config, [synopsisBlock], tier)),
    quarterSteps: part(1 / 4, 1, '1/4 of the steps', tier),
    halfSteps: part(1 / 2, 1, '1/2 of the steps', tier),
    quarterData: part(1 / 4, 4, '1/4 of the examples', tier),
    random: { ...untrained, full: { ...untrained.full, runs: fromRandom(synopsisBlock, tier) } },
    second: based(second, 'second base'),
  };
}

/** SmolLM2's runs are those of summarisation, under its recipe and rates. */
function pointsOf(places: Places, tier: Tier): readonly TrendPoint[] {
  const run = `npx petl study ${name} --tier ${tier}`;
  const point = (axis: string, place: string, of: Place, made: string = run): TrendPoint => ({
    ...{ axis, place, made },
    methods: keys.map((key) => ({ label: lines[key], runs: of[key].runs })),
  });
  const large = summarised();
  const largePlace = placeOf((_, key) => variantOf(large[key], [summarisation.block], tier));
  const [steps, data, base] = ['steps (one pass)', 'examples (equal steps)', 'base'];
  return [
    point(steps, '1/4', places.quarterSteps),
    point(steps, '1/2', places.halfSteps),
    point(steps, '1', places.whole),
    point(data, '1/4', places.quarterData),
    point(data, '1', places.whole),
    point(base, 'random weights', places.random),
    point(base, 'first', places.whole),
    point(base, 'second', places.second, isHere(second) ? run : 'the base is not there yet'),
    point(base, 'SmolLM2-135M', largePlace, `npx petl study ${summarisation.block.name} --tier ${tier}`),
  ];
}

/** Full fine-tuning, LoRA, prefix tuning, scaled parallel adapter and MAM; of the second base once it is there. */
export const trends: Declared = declared(name, (tier) => {
  const places = placesOf(tier);
  const { whole, quarterSteps, halfSteps, quarterData, random: untrained, second: next } = places;
  const run = [whole, quarterSteps, halfSteps, quarterData, untrained, ...(isHere(second) ? [next] : [])];
  return {
    title: 'The gap to full fine-tuning against steps, data and base',
    source: 'what a small setting can say about a large one',
    rows: [],
    notebook: 'notebooks/08-mix-and-match.ipynb',
    minutes: 2,
    variants: run.flatMap((place) => keys.map((key) => place[key])),
    also: (method) => variantOf(configuration(method, method), [synopsisBlock], tier),
    trends: pointsOf(places, tier),
  };
});

/** As long and as often as the block's own rates were tried; full fine-tuning of random weights has its rate by the gate. */
export function trendsTunable(): Tunable {
  const tried = [
    ...keys.filter((key) => key !== 'full').map((key) => [random, key] as const),
    ...(isHere(second) ? keys.map((key) => [second, key] as const) : []),
  ];
  const families = tried.map(([block, key]) => {
    const { method, label } = configurations[key];
    const { model, task } = block;
    const training = { ...block.training.full, examples: 1920, epochs: 1 };
    const family = block.familyOf(method);
    return {
      name: family,
      label: `${label}, ${family.split(':')[1] ?? ''}`,
      base: runSpec({ study: name, method, model, task, tier: 'quick', training }),
    };
  });
  return { name, families };
}
