import { UserError } from '../errors';
import { recordsOfRuns } from '../experiments/store/rows';
import type { RunRecord } from '../experiments/store/record';
import type { Tier } from '../experiments/store/spec';
import { mean } from '../experiments/statistics/statistics';
import type { Study, Variant } from '../experiments/studies/study';
import { voices } from '../experiments/studies/voices';
import { knownShapes } from '../model/shapes';
import { count } from '../petl/counts/count';
import { parseMethod } from '../petl/design/written';
import type { Column, Table } from '../plots/table';
import { printOf } from '../tasks/fingerprint';
import { writtenTask, type GenerationExample } from '../tasks/generation';
import { answerF1 } from '../tasks/metrics/answers';
import { cider, multiBleu, nist } from '../tasks/metrics/references';
import { rouge } from '../tasks/metrics/rouge';
import { taskNamed } from '../tasks/registry';

const left = (title: string): Column => ({ title, align: 'left' });
const right = (title: string): Column => ({ title, align: 'right' });

/** The studies of the five voices, in the paper's order. */
export function voiceStudies(tier: Tier): readonly Study[] {
  return voices.map(({ study }) => study(tier));
}

/** What is written for a task is scored by what its paper scores it by; never does such a score decide alone. */
const scorers: Readonly<Record<string, (texts: readonly string[], examples: readonly Referenced[]) => string>> = {
  dialogue: (texts, examples) => `BLEU ${multiBleu(texts, refs(examples)).toFixed(1)}`,
  'english-german': (texts, examples) => `BLEU ${multiBleu(texts, refs(examples)).toFixed(1)}`,
  'package-summary': (texts, examples) => {
    const { rouge1, rouge2, rougeL } = rouge(
      texts,
      examples.map(({ target }) => target),
    );
    return `R-1 ${(100 * rouge1).toFixed(1)}, R-2 ${(100 * rouge2).toFixed(1)}, R-L ${(100 * rougeL).toFixed(1)}`;
  },
  'story-questions': (texts, examples) =>
    `F1 ${(100 * mean(texts.map((text, i) => answerF1(text, examples[i]?.references ?? [])))).toFixed(1)}`,
  'acts-to-text': (texts, examples) => {
    const [own, given] = [texts, refs(examples)];
    return `BLEU ${multiBleu(own, given).toFixed(1)}, NIST ${nist(own, given).toFixed(2)}, CIDEr ${cider(own, given).toFixed(2)}`;
  },
};

/** An example with every target that its source has among the tests. */
interface Referenced extends GenerationExample {
  readonly references: readonly string[];
}
const refs = (examples: readonly Referenced[]): readonly (readonly string[])[] =>
  examples.map(({ references }) => references);

/**
 * Likelihood first, then each task's own scores, means over the seeds that are there: what has no finished run says so.
 */
export async function voiceTable(studies: readonly Study[], results?: string): Promise<Table> {
  const rows = await Promise.all(studies.map((study) => rowsOf(study, results)));
  return {
    columns: [
      left('task'),
      left('method'),
      right('% trained'),
      right('nats/token'),
      right('perplexity'),
      left('texts'),
      right('seeds'),
    ],
    rows: rows.flat(),
  };
}

async function rowsOf(study: Study, results: string | undefined): Promise<readonly (readonly string[])[]> {
  const task = study.variants[0]?.runs[0]?.task ?? '';
  return Promise.all(
    study.variants.map(async (variant) => {
      const records = recordsOfRuns(variant.runs, results);
      const scores = records.flatMap(({ final }) => final.score ?? []);
      const head = [task, variant.label, shareOf(variant)];
      if (scores.length === 0) return [...head, 'not run', '', '', '0'];
      const nll = mean(scores);
      return [...head, nll.toFixed(3), Math.exp(nll).toFixed(1), await textsOf(task, records), String(scores.length)];
    }),
  );
}

function shareOf({ runs }: Variant): string {
  const [spec] = runs;
  const shape = knownShapes[spec?.model ?? ''];
  if (spec === undefined || shape === undefined) return '';
  return String(Number((100 * count(parseMethod(spec.method), shape).share).toPrecision(2)));
}

/** The scores of the first seed's texts. */
async function textsOf(task: string, [record]: readonly RunRecord[]): Promise<string> {
  const written = record?.final.written ?? null;
  const score = scorers[task];
  if (written === null || score === undefined) return '';
  const examples = await writtenExamples(task, written);
  return typeof examples === 'string' ? examples : `${score(written.texts, examples)}, chrF ${written.chrf.toFixed(1)}`;
}

type Texts = NonNullable<RunRecord['final']['written']>;

const known = new Map<string, Promise<readonly GenerationExample[]>>();

/** A task's test examples, loaded once: several tables ask for them. */
function testsOf(task: string): Promise<readonly GenerationExample[]> {
  const asked =
    known.get(task) ??
    writtenTask(taskNamed(task))
      .load()
      .then(({ test }) => test);
  known.set(task, asked);
  return asked;
}

/** The same, or in a line how to bring the data where they are not here. */
export async function testsHere(task: string): Promise<readonly GenerationExample[] | string> {
  try {
    return await testsOf(task);
  } catch (error) {
    if (error instanceof UserError) return error.message;
    throw error;
  }
}

/** The test examples that texts were written for, or why there are none: data not here, or others now. */
async function writtenExamples(task: string, { texts, examples }: Texts): Promise<readonly Referenced[] | string> {
  const test = await testsHere(task);
  if (typeof test === 'string') return test;
  const own = test.slice(0, texts.length);
  if (printOf(own).hash !== examples.hash) return 'of other examples';
  const targets = new Map<string, string[]>();
  for (const { text, target } of test) targets.set(text, [...(targets.get(text) ?? []), target]);
  return own.map((example) => ({ ...example, references: targets.get(example.text) ?? [example.target] }));
}

/** The first texts of each study beside their sources, one row a text; studies without runs have none. */
export async function voiceTexts(studies: readonly Study[], many = 2, results?: string): Promise<Table> {
  const rows = await Promise.all(studies.map((study) => samplesOf(study, many, results)));
  return {
    columns: ['task', 'source, its last line', 'reference', 'full fine-tuning', 'VLM'].map(left),
    rows: rows.flat(),
  };
}

async function samplesOf(
  study: Study,
  many: number,
  results: string | undefined,
): Promise<readonly (readonly string[])[]> {
  const textsBy = (of: string): Texts | null => {
    const variant = study.variants.find(({ name }) => name.startsWith(of) && name.includes('segments'));
    return recordsOfRuns(variant?.runs ?? [], results)[0]?.final.written ?? null;
  };
  const [full, vlm] = [textsBy('full'), textsBy('vlm')];
  const some = full ?? vlm;
  const task = study.variants[0]?.runs[0]?.task ?? '';
  if (some === null) return [[task, 'not run', '', '', '']];
  const examples = await writtenExamples(task, some);
  if (typeof examples === 'string') return [[task, examples, '', '', '']];
  return examples.slice(0, many).map(({ text, target }, i) => {
    const last = text
      .split('\n')
      .slice(task === 'acts-to-text' ? 0 : -1)
      .join(', ');
    return [task, short(last), short(target), short(full?.texts[i] ?? '-'), short(vlm?.texts[i] ?? '-')];
  });
}

const short = (text: string): string => (text.length > 90 ? `${text.slice(0, 87)}...` : text);
