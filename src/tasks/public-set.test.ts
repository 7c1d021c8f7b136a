import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { ClassificationTask } from './classification';
import { newsgroups } from './shipped/20-newsgroups';
import { airlineSentiment } from './shipped/airline-sentiment';
import { corporateMessaging } from './shipped/corporate-messaging';
import { disasterTweets } from './shipped/disaster-tweets';
import { economicNews } from './shipped/economic-news';
import { globalWarming } from './shipped/global-warming';
import { newsAggregator } from './shipped/news-aggregator';
import { politicalAudience } from './shipped/political-audience';
import { politicalBias } from './shipped/political-bias';
import { politicalMessage } from './shipped/political-message';
import { complaintIssue } from './shipped/complaint-issue';
import { primaryEmotion } from './shipped/primary-emotion';
import { progressiveOpinion } from './shipped/progressive-opinion';
import { progressiveStance } from './shipped/progressive-stance';
import { usEconomy } from './shipped/us-economy';
import { smsSpam } from './shipped/sms-spam';
import { tweetEmotion } from './shipped/tweet-emotion';

/** With the number of classes that Houlsby et al. 2019, Table 2's data sets have. */
const sets: readonly (readonly [ClassificationTask, number])[] = [
  [newsgroups, 20],
  [airlineSentiment, 3],
  [corporateMessaging, 4],
  [disasterTweets, 2],
  [economicNews, 2],
  [tweetEmotion, 13],
  [globalWarming, 2],
  [politicalAudience, 2],
  [politicalBias, 2],
  [politicalMessage, 9],
  [newsAggregator, 4],
  [smsSpam, 2],
  [primaryEmotion, 18],
  [progressiveOpinion, 3],
  [progressiveStance, 4],
  [usEconomy, 2],
  [complaintIssue, 157],
];

let folder: string;
beforeEach(() => {
  process.env['PETL_ORIGINALS'] = folder = mkdtempSync(join(tmpdir(), 'petl-public-'));
});
afterEach(() => {
  delete process.env['PETL_ORIGINALS'];
  rmSync(folder, { recursive: true, force: true });
});

function put(name: string, file: string, text: string): void {
  mkdirSync(join(folder, name), { recursive: true });
  writeFileSync(join(folder, name, file), text);
}

describe('public sets', () => {
  it.each(sets.map(([task, classes]) => [task.name, task, classes] as const))(
    "%s has the paper's classes, and says what to put where when it is not here",
    async (name, task, classes) => {
      expect(new Set(task.labels).size).toBe(classes);
      await expect(task.load()).rejects.toThrow(
        new RegExp(`task "${name}" reads .* put .*\\{csv,tsv,jsonl\\} .*into `),
      );
    },
  );

  const lines = (of: (i: number) => string): string => Array.from({ length: 200 }, (_, i) => of(i)).join('\n');
  /** No two are near each other. */
  const text = (i: number): string => [1, 2, 3, 4, 5].map((j) => `w${(i * 7 + 1) ** j % 9973}`).join(' ');

  it('are divided here, seven tenths to learn from', async () => {
    put(
      'sms-spam',
      'train.jsonl',
      lines((i) => JSON.stringify({ sms: `${text(i)}\n`, label: i % 2 })),
    );
    const { train, validation, test } = await smsSpam.load();
    const all = [...train, ...validation, ...test];
    expect(all.length).toBe(200);
    expect(train.length).toBeGreaterThan(110);
    expect(Math.min(validation.length, test.length)).toBeGreaterThan(5);
    expect(all.map(({ id }) => id).sort()[0]).toBe('train.1');
    for (const { id, text: read, label } of all) {
      const i = Number(id.split('.')[1]) - 1;
      expect([read, label]).toEqual([text(i), i % 2]);
    }
  });

  it('are several tasks on one file, read as a table', async () => {
    const rows = lines(
      (i) => `"${text(i)}, he said",${['neutral', 'partisan'][i % 2]},${['national', 'constituency'][i % 2]}`,
    );
    put('political-posts', 'political-posts.csv', `text,bias,audience\n${rows}`);
    const first = async (task: ClassificationTask) => {
      const { train, validation, test } = await task.load();
      return [...train, ...validation, ...test].find(({ id }) => id.endsWith('.1'));
    };
    const [bias, audience] = await Promise.all([first(politicalBias), first(politicalAudience)]);
    expect([bias?.label, audience?.label]).toEqual([0, 1]);
  });

  it('leave out what nobody could label, and take every spelling of a label', async () => {
    const label = (i: number): string => ['Yes', 'Y', 'N', 'No', 'NA'][i % 5] as string;
    put('global-warming', 'global-warming.tsv', `tweet\texistence\n${lines((i) => `${text(i)}\t${label(i)}`)}`);
    const { train, validation, test } = await globalWarming.load();
    const labels = [...train, ...validation, ...test].map(({ label: found }) => found);
    expect([labels.length, labels.filter((found) => found === 1).length]).toEqual([160, 80]);
  });

  it('refuse a label that they do not have, by its line', async () => {
    put('sms-spam', 'train.csv', 'sms,label\nhello,ham\nwin,scam\n');
    await expect(smsSpam.load()).rejects.toThrow(/train\.csv, line 3: label "scam" is none of ham, 0, spam, 1/);
    put('sms-spam', 'train.csv', 'text,label\nhello,ham\n');
    await expect(smsSpam.load()).rejects.toThrow(/has no column "sms" for the text/);
  });

  it('take the labels of the file where no list is at hand, as many as the paper has', async () => {
    const table = (labels: number): string =>
      `sentence,emotion\n${lines((i) => `${text(i)},${['Joy', 'Awe', 'Fear'][i % 3]} ${i % labels}`)}`;
    put('primary-emotion', 'primary-emotion.csv', table(7));
    await expect(primaryEmotion.load()).rejects.toThrow(/column "emotion" has 21 labels .* file has 18: is it another/);
    expect(() => primaryEmotion.labels).toThrow(/another edition\? "petl ablate --data FILE"/);
    put('primary-emotion', 'primary-emotion.csv', `${table(18)}\n,without a text\n`);
    const { train, validation, test } = await primaryEmotion.load();
    const labels = primaryEmotion.labels;
    expect([labels.length, labels[0], labels[17]]).toEqual([18, 'Awe 1', 'Joy 9']);
    for (const { id, label } of [...train, ...validation, ...test]) {
      const i = Number(id.split('.')[1]) - 1;
      expect(labels[label]).toBe(`${['Joy', 'Awe', 'Fear'][i % 3]} ${i % 18}`);
    }
  });
});
