import { cpSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { bankCommand } from '../commands/bank';
import { tf } from '../engine/tf';
import { disposeTree } from '../engine/tree';
import { UserError } from '../errors';
import { defaultTraining } from '../experiments/store/settings';
import { openModel } from '../model/open';
import { createDelta } from '../petl/bank/delta';
import { parseMethod } from '../petl/design/written';
import { perturbed } from '../petl/testing/tiny';
import { classificationTask } from '../tasks/classification';
import { Adapter } from './adapter';
import { wordModel, words } from './fixtures/words';
import { keepTrained } from './kept';
import { newHead } from './kinds/pooled';
import { removeFromFolder } from './bank-folder';
import { addToFolder, TaskBank, type BankRow } from './task-bank';

const folder = mkdtempSync(join(tmpdir(), 'petl-bank-'));
const model = wordModel(folder, 'bert');
const other = wordModel(folder, 'roberta');
const adapters = join(folder, 'adapters');
const at = (name: string): string => join(adapters, name);
const tasks = [
  ['tone', 'houlsby:m=3', ['bad', 'good']],
  ['topic', 'houlsby:m=3', ['a', 'b', 'c', 'd']],
  ['length', 'lora:r=2', ['short', 'middle', 'long']],
  ['side', 'top:k=1', ['left', 'right']],
  ['start', 'prefix:l=2', ['one', 'two']],
] as const;

async function keep(on: string, place: string, [name, method, labels]: (typeof tasks)[number]): Promise<void> {
  const { backbone } = await openModel(on);
  const { shape, weights } = backbone;
  const parsed = parseMethod(method);
  const seed = name.length + name.charCodeAt(0);
  const delta = createDelta(parsed, shape, weights, seed);
  const head = newHead(shape.width, labels.length, seed);
  const larger = Object.fromEntries(Object.entries(head).map(([key, tensor]) => [key, tf.mul(tensor, 40)]));
  const variables = { ...perturbed(delta.variables, 0.2, seed), ...larger };
  keepTrained(
    place,
    {
      method: parsed,
      model: on,
      task: classificationTask({ name, labels, load: () => Promise.reject(new Error('not needed')) }),
      training: { ...defaultTraining, maxLength: 24 },
      seed: 1,
      engine: 'compiled',
    },
    { method: parsed, shape, model: await backbone.hash() },
    { variables, constants: delta.constants },
  );
  disposeTree([head, variables]);
  delta.dispose();
  backbone.dispose();
}

beforeAll(async () => {
  for (const task of tasks) await keep(model, at(task[0]), task);
  await keep(other, at('foreign'), tasks[0]);
  cpSync(at('tone'), at('damaged'), { recursive: true });
  const path = join(at('damaged'), 'delta.safetensors');
  writeFileSync(path, readFileSync(path).subarray(0, 900));
}, 60_000);
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const texts = Array.from({ length: 11 }, (_, i) => words(...Array.from({ length: 1 + (i % 4) }, (_, j) => 7 * i + j)));
/** Rows of all tasks, mixed. */
const mixed = (names: readonly string[]): readonly BankRow[] =>
  texts.map((text, i) => ({ text, task: names[(i * 3) % names.length] as string }));

async function full(): Promise<TaskBank> {
  const bank = await TaskBank.open(model);
  for (const [name] of tasks) bank.add(name, at(name));
  return bank;
}

describe('a bank of tasks', { timeout: 60_000 }, () => {
  it('answers a mixed batch bit for bit as each task alone, and as its adapter by itself', async () => {
    const bank = await full();
    const rows = mixed(bank.names);
    const answers = await bank.predict(rows);
    for (const name of bank.names) {
      const own = rows.filter(({ task }) => task === name);
      const mine = answers.filter((_, i) => rows[i]?.task === name);
      expect(await bank.predict(own)).toEqual(mine); // toEqual holds numbers with Object.is
      const adapter = new Adapter(at(name));
      expect(await adapter.predict(own)).toEqual(mine);
      adapter.dispose();
    }
    expect(new Set(answers.map((answer) => (answer.kind === 'label' ? answer.label : ''))).size).toBeGreaterThan(3);
    bank.dispose();
  });

  it('has the logits of every task bit for bit as a bank of that task alone', async () => {
    const bank = await full();
    const rows = mixed(bank.names);
    const bits = (all: readonly Float32Array[]): readonly string[] =>
      all.map(({ buffer, byteOffset, byteLength }) => Buffer.from(buffer, byteOffset, byteLength).toString('hex'));
    const together = bits(await bank.outputs(rows));
    bank.dispose();
    for (const [name, , labels] of tasks) {
      const places = rows.flatMap(({ task }, i) => (task === name ? [i] : []));
      const only = await TaskBank.open(model);
      only.add(name, at(name));
      const alone = bits(await only.outputs(places.map((i) => rows[i]!)));
      only.dispose();
      expect(alone).toEqual(places.map((i) => together[i]));
      expect(alone[0]).toHaveLength(8 * labels.length);
    }
    expect(new Set(together).size).toBe(rows.length); // bits that tell rows and tasks apart
  });

  it('answers as before after others are added and removed', async () => {
    const bank = await TaskBank.open(model);
    bank.add('tone', at('tone'));
    const rows = texts.map((text) => ({ text, task: 'tone' }));
    const before = await bank.predict(rows);
    for (const [name] of tasks.slice(1)) bank.add(name, at(name));
    await bank.predict(mixed(bank.names));
    expect(await bank.predict(rows)).toEqual(before);
    bank.remove('side');
    expect(await bank.predict(rows)).toEqual(before);
    expect(bank.list().map(({ name }) => name)).toEqual(['tone', 'topic', 'length', 'start']);
    bank.dispose();
  });

  it('refuses a taken name, a damaged adapter, another model and an unknown task, and stays as it was', async () => {
    const bank = await TaskBank.open(model);
    bank.add('tone', at('tone'));
    const rows = texts.map((text) => ({ text, task: 'tone' }));
    const before = await bank.predict(rows);
    const held = tf.memory().numTensors;
    expect(() => bank.add('tone', at('topic'))).toThrow(/has a task "tone" already/);
    expect(() => bank.add('damaged', at('damaged'))).toThrow(UserError);
    expect(() => bank.add('foreign', at('foreign'))).toThrow(/not on this model/);
    expect(() => bank.add('../x', at('topic'))).toThrow(/cannot be called/);
    expect(() => bank.remove('tine')).toThrow(/no task "tine"/);
    await expect(bank.predict([{ task: 'tome', text: 'w1' }])).rejects.toThrow(/no task "tome".*tone/);
    await expect(bank.predict([...rows, { task: 'tone', text: ' ' }])).rejects.toThrow(/text 12 is empty/);
    expect(tf.memory().numTensors).toBe(held);
    expect(bank.names).toEqual(['tone']);
    expect(await bank.predict(rows)).toEqual(before);
    bank.dispose();
  });

  it('is saved and loaded whole', async () => {
    const bank = await full();
    const place = bank.save(join(folder, 'saved'));
    const rows = mixed([...bank.names].sort());
    const before = await bank.predict(rows);
    expect(() => bank.save(place)).toThrow(/exists/);
    bank.dispose();
    const again = await TaskBank.load(place);
    expect(await again.predict(rows)).toEqual(before);
    again.dispose();
    cpSync(at('damaged'), join(place, 'damaged'), { recursive: true });
    await expect(TaskBank.load(place)).rejects.toThrow(UserError);
  });

  it('shares the programs of tasks with one method', async () => {
    const bank = await full();
    await bank.predict(texts.map((text) => ({ text, task: 'tone' })));
    const opened = tf.memory().numTensors;
    await bank.predict(texts.map((text) => ({ text, task: 'topic' })));
    expect(tf.memory().numTensors).toBe(opened);
    bank.dispose();
  });
});

describe('a bank in a folder', { timeout: 60_000 }, () => {
  const place = join(folder, 'bank');
  const run = (positionals: readonly string[], values: Readonly<Record<string, string>> = {}): Promise<number> =>
    bankCommand({ positionals, values });

  it('takes what fits it and nothing else', async () => {
    await addToFolder(place, 'tone', at('tone'));
    expect(await run(['add', place, 'topic'], { adapter: at('topic') })).toBe(0);
    const before = readdirSync(place).sort();
    expect(before).toEqual(['tone', 'topic']);
    for (const [name, adapter, reason] of [
      ['tone', 'topic', /already/],
      ['damaged', 'damaged', UserError],
      ['foreign', 'foreign', /bank of its own base/],
      ['nothing', 'missing', UserError],
    ] as const)
      await expect(run(['add', place, name], { adapter: at(adapter) })).rejects.toThrow(reason);
    expect(readdirSync(place).sort()).toEqual(before);
    expect(existsSync(join(folder, 'never'))).toBe(false);
    await expect(run(['add', join(folder, 'never'), 'x'], { adapter: at('damaged') })).rejects.toThrow(UserError);
    expect(existsSync(join(folder, 'never'))).toBe(false);
  });

  it('lists, answers and removes', async () => {
    expect(await run(['list', place])).toBe(0);
    expect(await run(['predict', place], { text: 'w1 w2' })).toBe(0);
    await expect(run(['predict', place], { text: 'w1', task: 'tune' })).rejects.toThrow(/no task "tune"/);
    removeFromFolder(place, 'tone');
    expect(readdirSync(place)).toEqual(['topic']);
    await expect(run(['remove', place, 'tone'])).rejects.toThrow(/no task "tone"/);
    await expect(run(['remove', place])).rejects.toThrow(/needs the task's name/);
    await expect(run(['list', join(folder, 'none')])).rejects.toThrow(/holds no adapters/);
  });
});
