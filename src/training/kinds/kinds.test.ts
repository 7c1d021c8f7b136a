import { cpSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { tf } from '../../engine/tf';
import { UserError } from '../../errors';
import { defaultTraining } from '../../experiments/store/settings';
import { parseMethod } from '../../petl/design/written';
import { spanTask, type SpanExample } from '../../tasks/answer-spans';
import { generationTask } from '../../tasks/generation';
import { multiLabelTask } from '../../tasks/multi-label';
import { regressionTask } from '../../tasks/regression';
import type { Task, TaskData } from '../../tasks/task';
import { Adapter } from '../adapter';
import { noteFile, readNote } from '../kept';
import { wordModel, words } from '../fixtures/words';
import type { TrainingJob, TrainingOutcome } from '../job';
import { anyLabels, oneNumber } from '../objectives';
import { TaskBank, type BankRow } from '../task-bank';
import { train } from '../train';
import { kindNamed } from './index';

const folder = mkdtempSync(join(tmpdir(), 'petl-kinds-'));
const model = wordModel(folder, 'bert');
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const numbers = Array.from({ length: 90 }, (_, i) => [i % 9, (5 * i) % 7, i % 4] as const);
const rows = numbers.map(([a, b, c], i) => {
  const context = words(10 + a, 20 + b, 30 + c, 40 + (i % 11), 50 + (i % 5));
  return {
    said: words(a, 10 + b, 20 + c, 30 + (i % 13)),
    value: 100 * a,
    tags: [a > 4 ? 'high' : '', b > 2 ? 'wide' : ''].filter((tag) => tag !== '').join(';'),
    question: words(60 + c, 70),
    context,
    answer: words(30 + c),
  };
});
const tasks = {
  number: regressionTask({ name: 'number', rows, text: 'said', value: 'value' }),
  tags: multiLabelTask({ name: 'tags', rows, text: 'said', labels: 'tags' }),
  place: spanTask({ name: 'place', rows, question: 'question', context: 'context', answer: 'answer' }),
} as const;

const job = (task: Task, method: string, engine: TrainingJob['engine'] = 'compiled'): TrainingJob => ({
  method: parseMethod(method),
  model,
  task,
  training: {
    ...defaultTraining,
    examples: 'all',
    epochs: 12,
    batch: 8,
    maxLength: 24,
    learningRate: 0.01,
    evaluations: 1,
  },
  seed: 1,
  engine,
});
const short = (task: Task, method: string, engine: TrainingJob['engine']): TrainingJob => ({
  ...job(task, method, engine),
  training: { ...job(task, method).training, examples: 16, epochs: 1 },
});
const pairs = generationTask({
  name: 'pairs',
  load: () =>
    Promise.resolve({
      train: numbers
        .slice(0, 40)
        .map(([a, b, c], i) => ({
          ...{ id: `t${i}`, text: words(a, 10 + b, 20 + c).slice(0, 6 + 4 * (i % 2)), target: words(30 + b, 40 + a) },
        })),
      validation: [],
      test: numbers.slice(40, 59).map(([a, b], i) => ({ id: `e${i}`, text: words(a, 10 + b), target: words(30 + b) })),
    }),
});
/** Two epochs of two batches and a half. */
const wide = (name: string, task: Task): TrainingJob => ({
  ...job(task, 'lora:r=4'),
  model: name === 'pairs' ? wordModel(folder, 'gpt2', false) : model,
  training: {
    ...job(task, 'lora:r=4').training,
    ...{ examples: 40, epochs: 2, batch: 16, dropout: 0.2, evaluations: 0, scored: { validation: 0, test: 19 } },
    target:
      name === 'pairs'
        ? { decoded: 2, beams: 1, lengthPenalty: 1, minLength: 1, noRepeatNgram: 0, maxLength: 8 }
        : null,
  },
});
const at = (name: string): string => join(folder, name);

describe('kinds of task', { timeout: 120_000 }, () => {
  const made = new Map<string, TrainingOutcome>();
  beforeAll(async () => {
    for (const [name, task] of Object.entries(tasks))
      made.set(name, await train({ ...job(task, 'full'), keep: at(name) }, () => undefined));
  }, 120_000);

  it.each([
    ['number', 'spearman', 0.8],
    ['tags', 'micro-f1', 0.8],
    ['place', 'span-f1', 0.8],
  ] as const)('%s is learned and scored by %s', (name, metric, least) => {
    const { score, perExample, metric: told, exact } = made.get(name)!;
    expect(told).toBe(metric);
    expect(score).toBeGreaterThan(least);
    expect(perExample).toHaveLength(tasks[name].own!.data.test.length);
    if (name !== 'tags') expect(perExample.reduce((a, b) => a + b, 0) / perExample.length).toBeCloseTo(score, 6);
    if (name === 'place') expect(exact).toBe(score); // answers of one word are right or wrong
  });

  it.each(Object.entries(tasks))('%s trains eagerly as compiled', async (_, task) => {
    const [compiled, eager] = [
      await train(short(task, 'houlsby:m=3', 'compiled'), () => undefined),
      await train(short(task, 'houlsby:m=3', 'eager'), () => undefined),
    ];
    expect(compiled.loss).toBeCloseTo(eager.loss, 4);
    expect(compiled.answers.length).toBe(eager.answers.length);
  });

  it.each([...Object.entries(tasks), ['pairs', pairs] as const])(
    '%s trains on two threads as on one, dropout and fillers included',
    async (name, task) => {
      const on = async (threads: string): Promise<{ readonly losses: number[]; readonly outcome: TrainingOutcome }> => {
        const losses: number[] = [];
        const before = process.env.TF_NUM_INTRAOP_THREADS;
        process.env.TF_NUM_INTRAOP_THREADS = threads; // says how many shards a batch is cut into
        const outcome = await train(wide(name, task), (event) => {
          if (event.kind === 'step') losses.push(event.loss);
          return undefined;
        });
        if (before === undefined) delete process.env.TF_NUM_INTRAOP_THREADS;
        else process.env.TF_NUM_INTRAOP_THREADS = before;
        return { losses, outcome };
      };
      const [one, two] = [await on('1'), await on('2')];
      expect(one.losses.length).toBe(6);
      one.losses.forEach((loss, i) => expect(Math.abs(loss - (two.losses[i] ?? NaN))).toBeLessThan(1e-4));
      expect(two.losses).not.toEqual(one.losses); // sums of two shards round otherwise
      expect(two.outcome.loss).toBeCloseTo(one.outcome.loss, 4);
      expect(two.outcome.testIds).toEqual(one.outcome.testIds);
      one.outcome.perExample.forEach((part, i) => expect(part).toBeCloseTo(two.outcome.perExample[i] ?? NaN, 3));
    },
  );

  it('answer in the unit of the task, as scored', async () => {
    const { test } = tasks.number.own!.data;
    const number = new Adapter(at('number'));
    const told = await number.predict(test.map(({ text }) => text));
    number.dispose();
    const values = told.map((one) => (one.kind === 'number' ? one.value : NaN));
    const outputs = made.get('number')!.answers;
    values.forEach((value, i) => expect(value).toBeCloseTo(400 + 400 * outputs[i]!, 1)); // 0 to 800 are -1 to 1
    const tags = new Adapter(at('tags'));
    const [one] = await tags.predict([tasks.tags.own!.data.test[0]!.text]);
    tags.dispose();
    expect(one).toMatchObject({ kind: 'labels' });
    expect(Object.keys(one!.kind === 'labels' ? one!.probabilities : {})).toEqual(['high', 'wide']);
    const place = new Adapter(at('place'));
    const { test: questions } = (await tasks.place.load()) as TaskData<SpanExample>;
    const found = await place.predict(questions);
    await expect(place.predict(['w60 w70'])).rejects.toThrow(
      /task "place" reads two texts, and text 1 has no second one/,
    );
    place.dispose();
    const score = questions.filter(({ answers }, i) => {
      const answer = found[i]!;
      return answer.kind === 'span' && answer.text === answers[0]?.text;
    }).length;
    expect(score / found.length).toBeCloseTo(made.get('place')!.score, 6);
  });

  it('stand in one bank, whose outputs are bit for bit those of each alone', async () => {
    const bank = await TaskBank.open(model);
    for (const name of Object.keys(tasks)) bank.add(name, at(name));
    const asked: readonly BankRow[] = rows
      .slice(0, 12)
      .map(({ said, question, context }, i) =>
        i % 3 === 0
          ? { task: 'place', text: question, pair: context }
          : { task: i % 3 === 1 ? 'number' : 'tags', text: said },
      );
    const bits = (all: readonly Float32Array[]): readonly string[] =>
      all.map(({ buffer, byteOffset, byteLength }) => Buffer.from(buffer, byteOffset, byteLength).toString('hex'));
    const together = bits(await bank.outputs(asked));
    const texts = await bank.predictAll(rows[0]!.said);
    const both = await bank.predictAll(rows[0]!.question, rows[0]!.context);
    bank.dispose();
    expect(texts.map(({ task }) => task)).toEqual(['number', 'tags']);
    expect(both.map(({ task }) => task)).toEqual(['place']);
    for (const name of Object.keys(tasks)) {
      const places = asked.flatMap(({ task }, i) => (task === name ? [i] : []));
      const only = await TaskBank.open(model);
      only.add(name, at(name));
      expect(bits(await only.outputs(places.map((i) => asked[i]!)))).toEqual(places.map((i) => together[i]));
      only.dispose();
    }
  });

  it('are kept with whether they learned from pairs, where their kind leaves that open', () => {
    const said = Object.keys(tasks).map((name) => readNote(at(name)).pairs);
    expect(said).toEqual([false, false, undefined]);
  });

  it.each([
    ['number', 'range', undefined, /has no field "range"/],
    ['number', 'range', [1, 1], /has the range 1 to 1/],
    ['number', 'range', [0, '9'], /"range.1" should be number/],
    ['number', 'metric', 'accuracy', /"metric" should be/],
    ['tags', 'labels', ['high'], /has 1 outputs and the head beside it 2/],
    ['tags', 'labels', ['high', 'high'], /has the label "high" twice/],
    ['tags', 'labels', 'hw', /"labels" should be Array/],
    ['place', 'metric', undefined, /has no field "metric"/],
    ['place', 'more', 1, /has an unknown field "more"/],
  ] as const)('%s is refused where its note says of %s %j', async (name, key, value, reason) => {
    const place = join(folder, `damaged-${name}`);
    cpSync(at(name), place, { recursive: true });
    const note = readNote(place);
    writeFileSync(join(place, noteFile), JSON.stringify({ ...note, task: { ...note.task, [key]: value } }));
    expect(() => new Adapter(place)).toThrow(reason);
    const bank = await TaskBank.open(model);
    const held = tf.memory().numTensors;
    expect(() => bank.add(name, place)).toThrow(UserError);
    expect([bank.names, tf.memory().numTensors]).toEqual([[], held]);
    bank.dispose();
    rmSync(place, { recursive: true });
  });

  it('say no to label smoothing that they have no use for, and to a decoder', async () => {
    for (const task of Object.values(tasks)) {
      const { training, ...rest } = job(task, 'head');
      const smoothed = { ...rest, training: { ...training, labelSmoothing: 0.1 } };
      await expect(train(smoothed, () => undefined)).rejects.toThrow(/learned without label smoothing/);
      const decoder = { ...job(task, 'head'), model: wordModel(folder, 'gpt2') };
      await expect(train(decoder, () => undefined)).rejects.toThrow(/is for encoders/);
    }
  });

  it('are told again by their notes', () => {
    for (const task of Object.values(tasks)) {
      const kind = kindNamed(task.kind);
      const again = kind.noted(JSON.parse(JSON.stringify(kind.note(task))) as ReturnType<typeof kind.note>);
      const said = ({ name, metric, outputs, kind: own }: Task): unknown => [name, metric, outputs, own];
      expect(said(again)).toEqual(said(task));
    }
    expect(
      (kindNamed('regression').noted(kindNamed('regression').note(tasks.number)) as { range?: unknown }).range,
    ).toEqual([0, 800]);
  });
});

describe('objectives', () => {
  it('of numbers are squared errors', () => {
    const outputs = tf.tensor2d([[0.5], [-1]]);
    const labels = tf.tensor1d([1, 1]);
    expect(Array.from(oneNumber.loss(outputs, labels, 0).dataSync())).toEqual([0.25, 4]);
    const { value, answer } = oneNumber.score(outputs, labels);
    expect([Array.from(value.dataSync()), Array.from(answer.dataSync())]).toEqual([
      [-0.25, -4],
      [0.5, -1],
    ]);
  });

  it('of any labels are the mean of their cross-entropies, also far out', () => {
    const outputs = tf.tensor2d([[2, -300, 0.5]]);
    const labels = tf.tensor2d([[1, 0, 0]]);
    const each = [Math.log1p(Math.exp(-2)), 0, Math.log1p(Math.exp(0.5))];
    const { nll, value, answer } = anyLabels.score(outputs, labels);
    nll.dataSync().forEach((one, i) => expect(one).toBeCloseTo(each[i]!, 6));
    expect(anyLabels.loss(outputs, labels, 0).dataSync()[0]).toBeCloseTo((each[0]! + each[2]!) / 3, 6);
    expect([Array.from(value.dataSync()), Array.from(answer.dataSync())]).toEqual([
      [1, 1, 0],
      [1, 0, 1],
    ]);
    const far = tf.grad((x) => tf.sum(anyLabels.loss(x, labels, 0)))(outputs);
    expect(Array.from(far.dataSync()).every(Number.isFinite)).toBe(true);
    expect(far.dataSync()[0]).toBeCloseTo((1 / (1 + Math.exp(-2)) - 1) / 3, 6);
  });
});
