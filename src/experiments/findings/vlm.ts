import type { Configuration } from '../studies/block';
import type { Setting } from '../studies/setting';
import { distilledDialogue, distilledGerman, distilledSummary, type Distilled } from '../studies/distilled';
import {
  actsVoice,
  dialogueVoice,
  germanVoice,
  pretrainedStart,
  randomStart,
  storyVoice,
  summaryVoice,
} from '../studies/voices';
import type { Link } from '../statistics/link';
import { sharesOfVoices, voicesTogether } from './exact';
import { claims, descending, flattens, type Claims } from './finding';
import type { Finding } from './verdict';

/** The comparisons in a voice's setting; the paper's tables could not be had, so that nothing is printed. */
const on = ({ block }: Setting<string>): Claims => claims(block.name, block.task);

/** VLM is not worse than full fine-tuning: the abstract says that it keeps or improves on it. */
function level<K extends string>(voice: Setting<K | 'full' | 'vlm'>): readonly Link[] {
  const { full, vlm } = voice.configurations();
  return [on(voice).atLeast(vlm, full)];
}

function beats<K extends string>(voice: Setting<K>, better: K, worse: K): Link {
  const all: Readonly<Record<K, Configuration>> = voice.configurations();
  return on(voice).greater(all[better], all[worse]);
}

type Row = Pick<Finding, 'id' | 'source' | 'text' | 'links'> & Partial<Pick<Finding, 'standing' | 'mute' | 'worstOf'>>;

/** The weights below are what is compared. */
const acrossModels = (link: Link): Link => (link.kind === 'ratio' ? link : { ...link, across: 'models' });

const released = { source: 'Released code', standing: 'released code' } as const;

function rows(): readonly Row[] {
  const { vlm, vlm16, vlm33, vlm100 } = actsVoice.configurations();
  return [
    {
      ...{
        id: 'C1',
        source: 'Abstract',
        text: 'Dialogue: adapters and task embeddings keep or improve on full fine-tuning',
      },
      links: level(dialogueVoice),
    },
    { id: 'C2', source: 'Abstract', text: 'Translation: the same', links: level(germanVoice) },
    { id: 'C3', source: 'Abstract', text: 'Summarisation: the same', links: level(summaryVoice) },
    { id: 'C4', source: 'Abstract', text: 'Conversational question answering: the same', links: level(storyVoice) },
    {
      id: 'C5',
      source: 'Abstract',
      text: 'Data to text: the same, with the smallest adapter',
      links: level(actsVoice),
    },
    {
      ...{ ...released, id: 'C6', text: 'Task embeddings help' },
      links: [beats(dialogueVoice, 'vlm', 'plain'), beats(actsVoice, 'vlm', 'plain')],
    },
    {
      ...{ ...released, id: 'C7', text: 'Task embeddings alone are far below adapters' },
      links: [
        beats(actsVoice, 'vlm', 'segments'),
        ...[dialogueVoice, germanVoice, summaryVoice, storyVoice].map((voice) =>
          beats(voice as Setting<'vlm' | 'segments'>, 'vlm', 'segments'),
        ),
      ],
    },
    {
      ...{ ...released, id: 'C8', text: 'Training the token table alone is below adapters with task embeddings' },
      links: [beats(actsVoice, 'vlm', 'table')],
    },
    {
      ...{ ...released, id: 'C9', text: 'Without pretraining everything is far below' },
      links: [acrossModels(claims('voice-start', 'acts-to-text').greater(pretrainedStart, randomStart))],
    },
    {
      ...{ ...released, id: 'C10', text: 'The score rises with the bottleneck and flattens', worstOf: 5 },
      links: [
        on(actsVoice).greater(vlm100, vlm),
        ...descending(on(actsVoice), [vlm100, vlm33, vlm16, vlm]),
        flattens(on(actsVoice), [
          [vlm, 3],
          [vlm16, 16],
          [vlm100, 100],
        ]),
      ],
    },
    ...taughtRows(),
  ];
}

/**
 * Students write better texts and lose no likelihood: the two were learned from other targets, so that chrF decides, and
 * since a score of texts never decides alone, likelihood must not say the opposite.
 */
function taught({ block, sides: { distilled, plain } }: Distilled): readonly Link[] {
  const { greaterText, atLeast } = claims(block.name, block.task);
  return [greaterText(distilled, plain), atLeast(distilled, plain)];
}

/** The first of each, then the second of each. */
const inTurn = (one: readonly Link[], other: readonly Link[]): readonly Link[] =>
  one.flatMap((link, i) => [link, ...other.slice(i, i + 1)]);

function taughtRows(): readonly Row[] {
  return [
    {
      ...{ ...released, id: 'C11' },
      text: "Translation: adapters trained on a teacher's output write better than those trained on the references",
      links: taught(distilledGerman),
    },
    {
      ...{ ...released, id: 'C12', text: 'Summarisation: the same, and dialogue' },
      worstOf: 2,
      links: inTurn(taught(distilledSummary), taught(distilledDialogue)),
    },
  ];
}

/** Lin, Madotto and Fung 2020. */
export const vlm: readonly Finding[] = [
  ...rows().map((row): Finding => ({
    standing: 'claim',
    ...row,
    paper: 'vlm',
    notebook: 'notebooks/11-one-model-five-voices.ipynb',
  })),
  {
    ...{ id: 'C13', paper: 'vlm', source: 'Released code', standing: 'released code', links: [] },
    text: 'Adapters trained apart lose nothing when put in one model',
    exact: voicesTogether,
    notebook: 'notebooks/11-one-model-five-voices.ipynb',
  },
  {
    ...{ id: 'C14', paper: 'vlm', source: 'Abstract', standing: 'claim', links: [] },
    text: 'A task adds 2 to 3% of the parameters',
    exact: sharesOfVoices,
    notebook: 'notebooks/11-one-model-five-voices.ipynb',
  },
];
