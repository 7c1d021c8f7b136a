import type { Evidence, Link } from '../statistics/link';
import type { Configuration } from '../studies/block';
import type { Setting } from '../studies/setting';
import { distilledVoices } from '../studies/distilled';
import { dataFractions, manyAtOnce } from '../studies/frozen';
import { closedBook, manyAnswers } from '../studies/recursive';
import { actsVoice, voices } from '../studies/voices';
import { asItIs, readers, reading, smallReader } from '../studies/reader';
import { orientation } from '../../rows';
import { taskNamed } from '../../tasks/registry';
import { usualArm } from '../../tasks/shipped/verse-questions';
import { mean } from '../statistics/statistics';
import type { RunRecord } from '../store/record';
import { manySettings } from '../studies/many-tasks';
import { opinions, pairs } from '../studies/table-two';
import { printedGap } from './printed';

/** Whose part of the paper a task plays here, and how the paper's points become the unit of its score. */
export interface Role {
  readonly task: string;
  /** Of several settings of a task, those of this study alone. */
  readonly only?: string;
  readonly plays: string;
  /** He et al. 2021 where left out. */
  readonly paper?: 'houlsby';
  readonly metric: string;
  /** Between them lies the room of the task: full fine-tuning, and the weakest method. */
  readonly study: string;
  readonly top: Anchor;
  readonly bottom: Anchor;
  /** Of a task that asks its questions under several arms, the one that its room is read from. */
  readonly arm?: string;
  /** What one printed point is here; `span`: the paper's span, in points, is ours. */
  readonly point: number | 'span';
}

/** A variant here, and the row of the paper. */
interface Anchor {
  readonly here: string;
  readonly printed: string;
}

const full: Anchor = { here: 'full', printed: 'full' };

/** @param weakest the weakest method that the task's study has @param only in place of the study of the task's name */
function classification(task: string, plays: string, weakest: string, only?: string): Role {
  const bottom = { here: weakest, printed: 'bitfit' };
  const where = only === undefined ? { study: task } : { study: only, only };
  return { task, plays, metric: 'accuracy', ...where, top: full, bottom, point: 0.01 };
}

/** @param weakest the prompt tuning of the study that the span is read from */
function generation(
  { task, study }: Place,
  [plays, metric]: readonly [task: string, metric: string],
  weakest: string,
): Role {
  const bottom = { here: weakest, printed: 'prompt:l=300' };
  return { task, plays, metric, study, top: full, bottom, point: 'span', ...(study === task ? {} : { only: study }) };
}

/** A voice of Lin et al. 2020: no number is printed, so that nothing but the room is read from it. */
function voice({ block, configurations }: Setting<'full' | 'segments'>): Role {
  const { full: top, segments } = configurations();
  const anchor = ({ name }: Configuration): Anchor => ({ here: name, printed: '' });
  return {
    ...{ task: block.task, only: block.name, plays: block.task, metric: 'nll', study: block.name },
    ...{ top: anchor(top), bottom: anchor(segments), point: 'span' },
  };
}

/** Of the paper's points one is a hundredth of the score; the head alone is the weakest method. */
function houlsbyTask(task: string, plays: string, only?: string, metric = 'accuracy'): Role {
  const [top, bottom] = [
    { here: 'full', printed: 'full fine-tuning' },
    { here: 'head', printed: 'head' },
  ];
  const where = { task, plays, metric, paper: 'houlsby', study: `many-${task}` } as const;
  return { ...where, top, bottom, point: 0.01, ...(only === undefined ? {} : { only }) };
}

/** Eight tasks at once: no number is printed here either. */
function manyTasks(only: string): Role {
  const { task, name } = manyAtOnce.block;
  const anchor = (here: string): Anchor => ({ here, printed: '' });
  return {
    ...{ task, only, plays: task, metric: 'nll', study: name, point: 'span' },
    top: full,
    bottom: anchor('prompt:l=20'),
  };
}

/** Questions answered from passages: a point is a hundredth of exact match. The fine-tuned reader stands above the model as it is. */
function readerRole(): Role {
  const { block } = reading;
  const anchor = ({ name }: Configuration): Anchor => ({ here: name, printed: '' });
  return {
    ...{ task: block.task, only: readers.studyName, plays: block.task, metric: 'accuracy', study: readers.studyName },
    ...{ top: anchor(smallReader()), bottom: anchor(asItIs(block)), point: 0.01, arm: usualArm.name },
  };
}

/** One pass with a prompt is the weakest there; a point is a hundredth of exact match. */
function closedBookRole(only: string): Role {
  const { task, name } = closedBook.block;
  const anchors = { top: full, bottom: { here: 'prompt:l=20', printed: '' } };
  return { ...anchors, ...{ task, only, plays: task, metric: 'accuracy', study: name, point: 0.01 } };
}

const xsum = ['XSum', 'rouge2'] as const;

/** The tasks that stand for the paper's. */
export const roles: readonly Role[] = [
  ...manySettings.map(({ block }) => houlsbyTask(block.task, 'average', 'extra-tasks')),
  houlsbyTask('bible-version', 'MNLI-m'),
  ...['trade-off', 'many-sentiment'].map((only) => houlsbyTask('sentiment', 'CoLA', only)),
  ...['lexical-field', 'dialogue-act', 'tweet-polarity'].map((task) => houlsbyTask(task, 'further', 'trade-off')),
  houlsbyTask('squad-shifts', 'SQuAD v1.1', 'many-squad-shifts', 'F1'),
  classification('sentiment', 'SST-2', 'bitfit', opinions.block.name),
  classification('verse-paraphrase', 'MNLI', 'bitfit', pairs.block.name),
  classification('sentiment', 'SST-2', 'prompt:l=20'),
  classification('verse-paraphrase', 'MNLI', 'bitfit'),
  generation({ task: 'synopsis', study: 'summarisation' }, xsum, 'prompt:l=16'),
  generation({ task: 'synopsis', study: 'synopsis' }, xsum, 'prompt:l=28'),
  generation({ task: 'english-romanian', study: 'translation' }, ['WMT16 en-ro', 'bleu'], 'prompt:l=28'),
  generation({ task: 'english-romanian', study: 'english-romanian' }, ['WMT16 en-ro', 'bleu'], 'prompt:l=28'),
  ...(voices as readonly Setting<'full' | 'segments'>[]).map(voice),
  ...[manyAtOnce.block.name, dataFractions.studyName].map(manyTasks),
  readerRole(),
  ...[closedBook.block.name, manyAnswers.studyName].map(closedBookRole),
  { ...voice(actsVoice as Setting<'full' | 'segments'>), only: 'voice-start' },
  ...distilledVoices.map(({ block, of }) => ({ ...voice(of as Setting<'full' | 'segments'>), only: block.name })),
];

/** Of a study on a task. */
export function roleOf({ task, study }: Place): Role | undefined {
  return roles.find((role) => role.task === task && (role.only ?? study) === study);
}

/** Where a comparison is made. */
export type Place = Pick<Link, 'study' | 'task'>;

/**
 * How much full fine-tuning gains over the weakest method of a task, in the unit of gaps and delta: by what gaps are
 * taken from, example by example on test, whatever the task's score is; where points become nats, the span that says
 * how many. Undefined while one of the two is not run.
 */
export function roomOf(place: Place, evidence: Evidence): number | undefined {
  const role = roleOf(place);
  return role?.point === 'span' ? spanOf(place, evidence) : gainOf(place, evidence, (run) => onTest(run, role?.arm));
}

/** The same in likelihood by the last validation: the test set takes no part in what a point is. */
export function spanOf(place: Place, evidence: Evidence): number | undefined {
  return gainOf(place, evidence, lastLoss);
}

function gainOf(place: Place, evidence: Evidence, valueOf: (run: RunRecord) => readonly number[]): number | undefined {
  const role = roleOf(place);
  if (role === undefined) return undefined;
  const [top, bottom] = [role.top, role.bottom].map(({ here }) =>
    evidence(role.study, here, role.task).flatMap(valueOf),
  );
  return !top?.length || !bottom?.length ? undefined : mean(top) - mean(bottom);
}

/** What one printed point is in the unit of a task's score; undefined while its span is not run, or is none. */
export function pointOf(where: Place, evidence: Evidence): number | undefined {
  const role = roleOf(where);
  if (role === undefined) return undefined;
  if (role.point !== 'span') return role.point;
  const span = spanOf(where, evidence);
  const place = { tables: ['Table 6'], task: role.plays, metric: role.metric };
  const printed = printedGap({ ...place, first: [role.top.printed], second: [role.bottom.printed] }, undefined);
  return span === undefined || span <= 0 || printed === undefined ? undefined : span / printed;
}

/** Of a generation task the score by validation is nats: less is better. */
function lastLoss({ evaluations }: RunRecord): readonly number[] {
  return evaluations.slice(-1).map(({ score }) => -score);
}

/** @param arm of a task that asks its questions under several, the one that counts */
function onTest({ run, final: { metric, perExample } }: RunRecord, arm: string | undefined): readonly number[] {
  const places = arm === undefined ? undefined : taskNamed(run.spec.task).placesOf?.(arm, perExample.length);
  return [orientation(metric) * mean(places?.map((at) => perExample[at] ?? NaN) ?? perExample)];
}
