import { knownShapes } from '../../model/shapes';
import type { ModelShape } from '../../model/shape';
import { count } from '../../petl/counts/count';
import { parseMethod } from '../../petl/design/written';
import { recordsOfRuns } from '../store/rows';
import type { RunSpec, Tier } from '../store/spec';
import { mean } from '../statistics/statistics';
import { configuration, runsOf, variantOf, type Block } from './block';
import { sentimentBlock, translationBlock } from './blocks';
import { configurationAt, designPoints, pairOf, partOf, type DesignPoint } from './design-points';
import { easy } from './easy-tasks';
import { generationFamilyOf, type GenerationFamily } from './families';
import { mam } from './generation';
import { declared, type Declared, type Variant } from './study';

/** r or l on MiniLM: 0.65% of it, the share of `easy-tasks`. */
const size = 32;

/** Rates tuned on sentiment, by the family that a point belongs to. */
const rateOf: Readonly<Record<GenerationFamily, string>> = {
  full: 'full',
  bitfit: 'bitfit',
  prompt: 'prompt',
  prefix: 'prefix',
  'free prefix': 'prefix',
  'low-rank': 'lora',
  'sequential adapter': 'houlsby',
  'parallel adapter': 'pa-ffn',
  mixed: 'mam',
};

const finalBlock: Block = {
  ...sentimentBlock,
  name: 'design-space',
  seeds: { quick: [1], full: [1, 2, 3] },
  familyOf: (method) => rateOf[generationFamilyOf(method)],
};

/** Chooses only: one seed, 100 steps, and the test set stays unseen. */
const screenBlock: Block = {
  ...finalBlock,
  seeds: { quick: [1], full: [1] },
  training: {
    quick: { ...sentimentBlock.training.quick, examples: 160, scored: { validation: 128, test: 0 } },
    full: {
      ...sentimentBlock.training.full,
      examples: 3200,
      epochs: 1,
      scored: { validation: 'all', test: 0 },
      evaluations: 1,
    },
  },
};

const transferBlock: Block = { ...translationBlock, name: finalBlock.name };

/** How many points go on from each stage; the quick tier screens every fifth. */
const kept = { quick: { each: 5, top: 2, best: 1, last: 1 }, full: { each: 1, top: 8, best: 3, last: 4 } } as const;

export interface Candidate {
  readonly point: DesignPoint;
  readonly variant: Variant;
}

/**
 * The stages that results on disk allow so far. Every choice rests on validation loss; only the last comparison reads
 * the test set.
 */
export interface DesignStages {
  /** One short run of each point. */
  readonly screen: readonly Candidate[];
  /** The best points, and pairs of the best at attention with the best at the FFN, with MAM beside them. */
  readonly finals: readonly Candidate[];
  readonly mam: Variant | undefined;
  /** The best of the finals at MAM's size on English-Romanian, with MAM. */
  readonly transfer: readonly Candidate[];
  readonly transferMam: Variant | undefined;
}

/**
 * The stages of the search through the design space as far as they are known: what comes after a stage is empty until
 * the runs of that stage are finished.
 * @param results folder of result files
 */
export function designStages(tier: Tier, results?: string): DesignStages {
  const { each, top, best, last } = kept[tier];
  const candidate = (point: DesignPoint, block: Block, at: number): Candidate => ({
    point,
    variant: variantOf(configurationAt(point, at), [block], tier),
  });
  const screen = designPoints
    .filter((_, i) => i % each === 0)
    .map((point) => screened(candidate(point, screenBlock, size)));
  const ranked = ranking(screen, results);
  if (ranked === undefined) return { screen, finals: [], mam: undefined, transfer: [], transferMam: undefined };
  const bestOf = (part: 'attention' | 'FFN'): readonly DesignPoint[] =>
    ranked
      .map(({ point }) => point)
      .filter((point) => partOf(point) === part)
      .slice(0, best);
  const pairs = bestOf('attention').flatMap((attention) => bestOf('FFN').map((ffn) => pairOf(attention, ffn)));
  const finals = [...ranked.slice(0, top).map(({ point }) => point), ...pairs].map((point) =>
    candidate(point, finalBlock, size),
  );
  const ours: Variant = {
    ...variantOf(easy.mam, [sentimentBlock], tier),
    runs: runsOf(sentimentBlock, easy.mam, tier).slice(0, finalBlock.seeds[tier].length),
  };
  const chosen = ranking(finals, results)?.slice(0, last) ?? [];
  const transfer = chosen.map(({ point }) => candidate(point, transferBlock, fitted(point)));
  return {
    screen,
    finals,
    mam: ours,
    transfer,
    transferMam: transfer.length === 0 ? undefined : variantOf(mam, [translationBlock], tier),
  };
}

function screened({ point, variant }: Candidate): Candidate {
  return { point, variant: { ...variant, name: `screen ${variant.name}` } };
}

/** Lowest mean validation loss at the last step first; undefined while a run is missing. */
export function ranking(
  candidates: readonly Candidate[],
  results?: string,
): readonly (Candidate & { readonly loss: number })[] | undefined {
  const losses = candidates.map(({ variant: { runs } }) => validationLoss(runs, results));
  if (losses.length === 0 || losses.includes(undefined)) return undefined;
  return candidates
    .map((candidate, i) => ({ ...candidate, loss: losses[i] ?? Number.NaN }))
    .sort((a, b) => a.loss - b.loss);
}

function validationLoss(runs: readonly RunSpec[], results: string | undefined): number | undefined {
  const records = recordsOfRuns(runs, results);
  return records.length < runs.length
    ? undefined
    : mean(records.map(({ evaluations }) => evaluations[evaluations.length - 1]?.loss ?? Infinity));
}

/** The largest size at which a point takes no more of the seq2seq model than MAM does; diagonals have none. */
function fitted(point: DesignPoint): number {
  const shape = knownShapes[translationBlock.model] as ModelShape;
  const limit = count(parseMethod(mam.method), shape).paper;
  let at = size;
  while (at < 1000 && count(point.at(at + 2), shape).paper <= limit) at += 2;
  return at;
}

/**
 * Beyond the paper: is MAM still the best when every valid combination may compete? Stages appear as earlier ones
 * finish.
 */
export const designSpace: Declared = declared(finalBlock.name, (tier, results) => {
  const { screen, finals, mam: ours, transfer, transferMam } = designStages(tier, results);
  return {
    title: 'The design space screened: points, pairs, and MAM',
    source: 'beyond He et al. 2021',
    rows: [],
    notebook: 'notebooks/08b-the-design-space.ipynb',
    variants: [
      ...[...screen, ...finals, ...transfer].map(({ variant }) => variant),
      ...(ours ? [ours] : []),
      ...(transferMam ? [transferMam] : []),
    ],
    also: (method) => variantOf(configuration(method, method), [finalBlock], tier),
    minutes: 0.5,
  };
});
