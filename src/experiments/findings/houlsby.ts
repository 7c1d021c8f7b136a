import type { Link, ScoreLink } from '../statistics/link';
import type { Configuration } from '../studies/block';
import { answers, curved, feelings, fields, manySettings, variantKeys, versions } from '../studies/many-tasks';
import { atRate, rates } from '../studies/one-model';
import { nineTasks } from './exact';
import { claims, type Claims } from './finding';
import type { Finding } from './verdict';

const notebook = 'notebooks/10-one-model-many-tasks.ipynb';

type Row = Pick<Finding, 'id' | 'source' | 'text' | 'links'> &
  Partial<Pick<Finding, 'standing' | 'mute' | 'worstOf' | 'decidedBy'>>;

/** Only printed: what the paper had from other models, and the top layer of 12, which half a layer here would be. */
const onlyPrinted = (printed: string): Configuration => ({
  ...{ name: printed, label: printed, method: 'head', change: {}, printed },
});
const [noBert, oneOfTwelve] = ['no BERT', 'top:k=1'].map(onlyPrinted) as [Configuration, Configuration];

/** MNLI's and CoLA's roles. */
const onVersions = (study: string, ...tables: readonly string[]): Claims => claims(study, 'bible-version', ...tables);
const onFeelings = (study: string, ...tables: readonly string[]): Claims => claims(study, 'sentiment', ...tables);

/** Tables 1 and 2, sections 3.2 and 3.6. */
function tables(): readonly Row[] {
  const [v, f] = [versions.configurations(), feelings.configurations()];
  const [mnli, cola] = [onVersions('trade-off', 'Table 1', 'Figure 4'), onFeelings('trade-off')];
  const bySize = onVersions('data-size');
  // what the paper does call a difference on MNLI is the top layer alone, in Figure 4; on CoLA it prints none
  const different = [v.full, oneOfTwelve] as const;
  const alike = ({ near }: Claims, c: typeof f, contrast?: typeof different): readonly Link[] =>
    (['houlsby:4', 'houlsby:128'] as const).map((size) => near(c[size], c['houlsby:32'], contrast));
  return [
    {
      id: 'B1',
      source: 'Table 1',
      text: 'Adapters come within half a point of full fine-tuning on GLUE',
      links: [mnli.atLeast(v['houlsby:32'], v.full, different)],
    },
    {
      id: 'B2',
      source: 'Section 3.6',
      text: "The mean score hardly depends on the adapter's size",
      links: [...alike(mnli, v, different), ...alike(cola, f)],
    },
    {
      id: 'B3',
      source: 'Section 3.2',
      text: 'Large data sets prefer large adapters',
      // of one task: the larger adapter gains more over the smaller where there is eight times as much to learn from
      links: [bySize.greater([v['houlsby:128'], v['few:4']], [v['houlsby:4'], v['few:128']])],
    },
    {
      id: 'B4',
      source: 'Table 2',
      text: 'On 17 further tasks adapters come within half a point of full fine-tuning',
      decidedBy: 'mean',
      // each task alone is held against what is printed of the mean, too
      links: manySettings.map(({ block }) =>
        claims('extra-tasks', block.task, 'Table 2').atLeast({ ...v['houlsby:32'], printed: 'adapters' }, v.full, [
          v.full,
          noBert,
        ]),
      ),
    },
  ];
}

/** Figures 3 to 5. */
function curves(): readonly Row[] {
  const [v, f] = [versions.configurations(), feelings.configurations()];
  const [mnli, cola] = [onVersions('trade-off', 'Figure 4'), onFeelings('trade-off')];
  const others = [fields, ...curved].map(({ block }) => claims('trade-off', block.task));
  const a = answers.configurations();
  const [squad, plain] = ['Figure 5', ''].map((table) =>
    claims(answers.block.name, answers.block.task, ...(table === '' ? [] : [table])),
  ) as [Claims, Claims];
  return [
    {
      id: 'B5',
      source: 'Figure 3',
      text: 'Over two orders of magnitude adapters stay flat while tuning the top layers falls',
      links: [mnli, cola, ...others].map(({ greater }) => greater(v['houlsby:1'], v['top:1'])),
    },
    {
      id: 'B6',
      source: 'Figure 4, MNLI',
      text: 'An adapter of size 64 beats tuning the top layer at a fifth of its size',
      // a top layer of 6 is the paper's top two, which the figure draws and does not print
      links: [mnli.greater(v['houlsby:32'], v['top:1'])],
    },
    {
      id: 'B7',
      source: 'Figure 4, CoLA',
      text: 'The same order on CoLA',
      links: [cola.greater(f['houlsby:32'], f['top:1'])],
    },
    {
      id: 'B8',
      source: 'Figure 4',
      text: 'Training LayerNorms alone is clearly worse than adapters',
      // the text has it lose "about" 4 and 3.5 points, and says neither of what nor in a table: no control
      links: [mnli.greater(v['houlsby:32'], v.layernorm), cola.greater(f['houlsby:32'], f.layernorm)],
    },
    {
      id: 'B9',
      source: 'Figure 5',
      text: 'On SQuAD adapters of size 64 and even 2 come near full fine-tuning',
      worstOf: 2,
      // what the paper prints as a difference is that to the smallest adapter; for that one the usual delta stands
      links: [squad.atLeast(a['houlsby:32'], a.full, [a.full, a['houlsby:1']]), plain.atLeast(a['houlsby:1'], a.full)],
    },
  ];
}

/** Figure 6, left and centre: shares of right answers with the adapters of some layers left out, nothing retrained. */
function removals(): readonly Row[] {
  const single = Array.from({ length: 6 }, (_, layer) => `without ${layer + 1}-${layer + 1}`);
  const rowsOf = (setting: typeof feelings): Readonly<Record<'each' | 'low' | 'all' | 'upper', readonly Link[]>> => {
    const { block, configurations } = setting;
    const method = configurations()['houlsby:32'].name;
    const link = (kind: ScoreLink['kind'], first: readonly string[], second: readonly string[]): ScoreLink => ({
      ...{ kind, study: block.name, task: block.task, first: [method], second: [method] },
      measured: { record: 'spans', first, second },
      points: 2, // "at most a 2% drop"
    });
    return {
      // layers 0 to 4 of 12: those of 6 that lie within
      low: [link('atLeast', ['without 1-2'], ['whole'])],
      each: single.map((name) => link('atLeast', [name], ['whole'])),
      all: [link('near', ['without 1-6'], ['majority'])],
      upper: [link('greater', ['without 1-3'], ['without 4-6'])],
    };
  };
  const [mnli, cola] = [rowsOf(versions), rowsOf(feelings)];
  return [
    {
      id: 'B10',
      source: 'Figure 6, MNLI',
      text: "Removing one layer's adapters costs little, as does removing the lowest; removing all falls to the majority class",
      links: [...mnli.each, ...mnli.low, ...mnli.all],
      worstOf: mnli.each.length + mnli.low.length + mnli.all.length,
    },
    {
      id: 'B11',
      source: 'Figure 6, CoLA',
      text: 'The same on CoLA; upper layers matter more',
      worstOf: 2 + cola.each.length + cola.all.length,
      links: [...cola.upper, ...cola.each, ...cola.all, ...mnli.upper],
    },
  ];
}

/** Figures 6 (right) and 7, section 3.6. */
function ablations(): readonly Row[] {
  const v = versions.configurations();
  const plain = v['houlsby:32'];
  const [deviation, rate, variants] = [
    onVersions('initial-scale'),
    onVersions('rate-range'),
    onVersions('adapter-variants'),
  ];
  return [
    {
      id: 'B12',
      source: 'Figure 6, right',
      text: 'Initial deviations up to 0.01 do equally well, larger ones worse',
      worstOf: 3,
      links: [
        deviation.greater(plain, v['std:1']),
        deviation.near(v['std:1e-3'], plain),
        deviation.near(v['std:1e-7'], plain),
      ],
    },
    {
      id: 'B13',
      source: 'Figure 7',
      text: 'Adapters bear a wider and higher range of learning rates than full fine-tuning',
      standing: 'appendix',
      mute: 'at each rate the paper takes the best of up to 20 epochs; here all have 160 steps, in which adapters at low rates hardly begin to learn',
      links: byRates(rate, plain, v.full),
    },
    {
      id: 'B14',
      source: 'Section 3.6',
      text: 'Inner norms, depth, other activations, attention only, parallel placement: no gain',
      standing: 'remark',
      worstOf: variantKeys.length,
      links: variantKeys.map((key) => variants.atLeast(plain, v[key])),
    },
  ];
}

/** Figure 7 goes from 2e-5 to 1e-3. */
const isDrawn = (at: number): boolean => at >= 2e-5 && at <= 1e-3;

/**
 * One rate for both sides, at every rate of the study. Bearing more of the figure's range is scoring more over it, and
 * decides; no less at each rate of it; and more at the rates beyond, which the figure does not draw.
 */
function byRates({ greater, atLeast }: Claims, adapters: Configuration, full: Configuration): readonly Link[] {
  const sides = (of: readonly number[]): [Configuration[], Configuration[]] => [
    of.map((at) => atRate(adapters, at)),
    of.map((at) => atRate(full, at)),
  ];
  const [drawn, beyond] = [rates.filter(isDrawn), rates.filter((at) => !isDrawn(at))];
  const mean = Array.from({ length: 2 * drawn.length }, () => 1 / drawn.length);
  return [
    greater(...sides(drawn), mean),
    ...drawn.map((at) => atLeast(...sides([at]))),
    ...beyond.map((at) => greater(...sides([at]))),
  ].map((link): Link => ({ ...(link as ScoreLink), varies: 'rate' }));
}

/** Section 1: shares of right answers on a task before and after another is learned. */
function inTurn(): readonly Row[] {
  const { block, configurations } = feelings;
  const { full, 'houlsby:32': adapters } = configurations();
  const link = (kind: ScoreLink['kind'], { name }: Configuration, first: string, second: string): ScoreLink => ({
    ...{ kind, study: block.name, task: block.task, first: [name], second: [name] },
    measured: { record: 'in-turn', first: [first], second: [second] },
  });
  return [
    {
      id: 'B16',
      source: 'Section 1',
      text: "Training a second task leaves the first task's score as it was",
      // full fine-tuning's loss could fail to show, and decides; adapters lie beside each other, and score the same bits
      links: [
        link('greater', full, 'full before', 'full after'),
        link('near', adapters, 'adapters after', 'adapters before'),
      ],
    },
  ];
}

/** Houlsby et al. 2019: what its tables, figures and text say, and the comparisons that stand for it. */
export const houlsby: readonly Finding[] = [
  ...[...tables(), ...curves(), ...removals(), ...ablations()],
  {
    id: 'B15',
    source: 'Tables 1 and 2',
    text: 'Nine tasks take 1.2 times the parameters of one model with adapters of 64, and 1.3 times with sizes chosen for each',
    links: [],
    exact: nineTasks,
  },
  ...inTurn(),
].map((row): Finding => ({ standing: 'claim', ...row, paper: 'houlsby', notebook }));
