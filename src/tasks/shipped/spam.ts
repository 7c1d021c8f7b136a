import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import * as v from 'valibot';
import { readText } from '../../json';
import { classificationTask, type ClassificationExample, type ClassificationTask } from '../classification';
import { derived } from '../derived';
import { labelledData } from '../labelled';
import type { TaskData } from '../task';
import { normalText } from '../text';

/** Unwanted mail, scored by F1 of spam: messages without their headers, whose servers would tell the collection apart. */
export const spam: ClassificationTask = classificationTask({
  name: 'spam',
  about: 'e-mail messages, wanted or spam (the role of SMS spam)',
  packages: ['spam-assassin'],
  labels: ['wanted', 'spam'],
  metric: 'f1',
  print: {
    train: { count: 3984, hash: '343ffb0826c7a0a8' },
    validation: { count: 489, hash: '23d4f37f58e4338a' },
    test: { count: 1179, hash: '8250fd43cd9d1ce3' },
  },
  load: async () => spamData(await derived('spam-assassin', 'messages-1.json', messagesIn, readMessages)),
});

/** A message as the package holds it; its group is one of three of wanted and two of unwanted ones. */
export interface Message {
  readonly id: string;
  readonly group: string;
  readonly text: string;
}

const message = v.looseObject({ id: v.string(), group: v.string(), text: v.string() });
const messagesIn = v.array(v.strictObject({ id: v.string(), group: v.string(), text: v.string() }));

function readMessages(folder: string): Promise<readonly Message[]> {
  const data = join(folder, 'data');
  const files = readdirSync(data, { recursive: true })
    .map(String)
    .filter((file) => file.endsWith('.json'))
    .sort();
  return Promise.resolve(
    files.flatMap((file) => {
      const read = readText(readFileSync(join(data, file), 'utf8'), message);
      return read.kind === 'value' ? [{ id: file, group: read.value.group, text: bodyOf(read.value.text) }] : [];
    }),
  );
}

/** Subject and text, tags and signatures' rulers left out, at most 1,500 characters. */
export function bodyOf(mail: string): string {
  const [head = '', ...rest] = mail.split(/\r?\n\r?\n/);
  const subject = /^Subject:(.*(?:\r?\n[ \t].*)*)/im.exec(head)?.[1] ?? '';
  const text = rest
    .join('\n\n')
    .replace(/<(style|script)[^]*?<\/\1>/gi, ' ')
    .replace(/<[^>]*>/g, ' ')
    .replace(/&nbsp;|=20|=3D|=\r?\n/g, ' ')
    .replace(/[-_=*]{4,}/g, ' ');
  return `${subject.replace(/\s*\[[\w -]+\]|^\s*(re|fwd?):/gi, ' ')}\n${text}`
    .replace(/[^\x20-\x7E]+/g, ' ')
    .replace(/\s+/g, ' ')
    .trim()
    .slice(0, 1500);
}

/** Messages of at least three words, divided by their first four words: a thread's and a mailing's stay together. */
export function spamData(messages: readonly Message[]): TaskData<ClassificationExample> {
  const rows = messages.map(({ id, group, text }) => ({
    id,
    text,
    label: Number(group.startsWith('spam')),
    group: `mail ${normalText(text).split(' ').slice(0, 4).join(' ')}`,
  }));
  return labelledData(
    'spam',
    rows.filter(({ text }) => normalText(text).split(' ').length >= 3),
  );
}
