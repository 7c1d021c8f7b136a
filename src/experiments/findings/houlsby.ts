import type { Link, ScoreLink } from '../statistics/link';
import type { Configuration } from '../studies/block';
import { fields, manySettings, variantKeys, versions } from '../studies/many-tasks';
import { atRate } from '../studies/one-model';
import { claims, open, type Claims } from './finding';
import type { Finding } from './verdict';

const notebook = 'notebooks/10-one-model-many-tasks.ipynb';

type Row = Pick<Finding, 'id' | 'source' | 'text' | 'links'> & Partial<Pick<Finding, 'standing' | 'mute'>>;

/** Only printed: what the paper had from other models. */
const noBert: Configuration = { name: 'no BERT', label: 'no BERT', method: 'head', change: {}, printed: 'no BERT' };

/** MNLI's and CoLA's roles. */
const onFields = (study: string, ...tables: readonly string[]): Claims => claims(study, 'lexical-field', ...tables);
const onVersions = (study: string, ...tables: readonly string[]): Claims => claims(study, 'bible-version', ...tables);

/** Tables 1 and 2, sections 3.2 and 3.6. */
function tables(): readonly Row[] {
  const [f, v] = [fields.configurations(), versions.configurations()];
  const [mnli, cola] = [onFields('trade-off', 'Table 1', 'Figure 4'), onVersions('trade-off')];
  const alike = ({ near }: Claims, c: typeof v): readonly Link[] => [
    near(c['houlsby:4'], c['houlsby:32'], [c.full, c['top:1']]),
    near(c['houlsby:128'], c['houlsby:32'], [c.full, c['top:1']]),
  ];
  return [
    {
      id: 'B1',
      source: 'Table 1',
      text: 'Adapters come within half a point of full fine-tuning on GLUE',
      // what the paper does call a difference on MNLI is the top layer alone
      links: [mnli.atLeast(f['houlsby:32'], f.full, [f.full, f['top:1']])],
    },
    {
      id: 'B2',
      source: 'Section 3.6',
      text: "The mean score hardly depends on the adapter's size",
      links: [...alike(mnli, f), ...alike(cola, v)],
    },
    {
      id: 'B3',
      source: 'Section 3.2',
      text: 'Large data sets prefer large adapters',
      links: [],
      mute: 'every task here is learned from about as many examples, so that none is large',
    },
    {
      id: 'B4',
      source: 'Table 2',
      text: 'On 17 further tasks adapters come within half a point of full fine-tuning',
      links: manySettings.map(({ block }) =>
        claims('extra-tasks', block.task, 'Table 2').atLeast({ ...f['houlsby:32'], printed: 'adapters' }, f.full, [
          f.full,
          noBert,
        ]),
      ),
    },
  ];
}

/** Figures 3 and 4. */
function curves(): readonly Row[] {
  const [f, v] = [fields.configurations(), versions.configurations()];
  const [mnli, cola] = [onFields('trade-off', 'Figure 4'), onVersions('trade-off')];
  const curved = ['tweet-sentiment', 'dialogue-act'].map((task) => claims('trade-off', task));
  return [
    {
      id: 'B5',
      source: 'Figure 3',
      text: 'Over two orders of magnitude adapters stay flat while tuning the top layers falls',
      links: [mnli, cola, ...curved].map(({ greater }) => greater(f['houlsby:1'], f['top:1'])),
    },
    {
      id: 'B6',
      source: 'Figure 4, MNLI',
      text: 'An adapter of size 64 beats tuning the top layer at a fifth of its size',
      links: [mnli.greater(f['houlsby:32'], f['top:1'])],
    },
    {
      id: 'B7',
      source: 'Figure 4, CoLA',
      text: 'The same order on CoLA',
      links: [cola.greater(v['houlsby:32'], v['top:1'])],
    },
    {
      id: 'B8',
      source: 'Figure 4',
      text: 'Training LayerNorms alone is clearly worse than adapters',
      links: [mnli.greater(f['houlsby:32'], f.layernorm), cola.greater(v['houlsby:32'], v.layernorm)],
    },
  ];
}

/** Figures 6 (right) and 7, section 3.6. */
function ablations(): readonly Row[] {
  const f = fields.configurations();
  const plain = f['houlsby:32'];
  const [deviation, rate, variants] = [onFields('initial-scale'), onFields('rate-range'), onFields('adapter-variants')];
  const byRate = (at: number): ScoreLink => ({
    ...(rate.greater(atRate(plain, at), atRate(f.full, at)) as ScoreLink),
    varies: 'rate',
  });
  const level = [f.full, f['top:1']] as const;
  return [
    {
      id: 'B12',
      source: 'Figure 6, right',
      text: 'Initial deviations up to 0.01 do equally well, larger ones worse',
      links: [
        deviation.greater(plain, f['std:1']),
        deviation.near(f['std:1e-3'], plain, level),
        deviation.near(f['std:1e-7'], plain, level),
      ],
    },
    {
      id: 'B13',
      source: 'Figure 7',
      text: 'Adapters bear a wider and higher range of learning rates than full fine-tuning',
      standing: 'appendix',
      links: [byRate(3e-3), byRate(3e-2)],
    },
    {
      id: 'B14',
      source: 'Section 3.6',
      text: 'Inner norms, depth, other activations, attention only, parallel placement: no gain',
      standing: 'remark',
      links: variantKeys.map((key) => variants.atLeast(plain, f[key], level)),
    },
  ];
}

const exact = 'no comparison of scores: an exact property, which tests hold and the notebook measures';

/** Houlsby et al. 2019: what its tables, figures and text say, and the comparisons that stand for it. */
export const houlsby: readonly Finding[] = [
  ...[
    ...[...tables(), ...curves(), ...ablations()],
    {
      id: 'B15',
      source: 'Tables 1 and 2',
      text: 'Nine tasks take 1.3 times the parameters of one model',
      links: [],
      mute: exact,
    },
    {
      id: 'B16',
      source: 'Section 1',
      text: "Training a second task leaves the first task's score as it was",
      links: [],
      mute: exact,
    },
  ].map((row): Finding => ({ standing: 'claim', ...row, paper: 'houlsby', notebook })),
  ...open('houlsby', [
    ['B9', 'Figure 5', 'On SQuAD adapters of size 64 and even 2 come near full fine-tuning'],
    ['B10', 'Figure 6, MNLI', "Removing one layer's adapters costs little, removing all falls to the majority class"],
    ['B11', 'Figure 6, CoLA', 'The same on CoLA; upper layers matter more'],
  ]),
].sort((a, b) => Number(a.id.slice(1)) - Number(b.id.slice(1)));
