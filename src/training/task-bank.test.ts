import { cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
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
import { keepTrained, noteFile, readKept, readNote } from './kept';
import { newHead } from './kinds/pooled';
import { adaptersIn, removeFromFolder } from './bank-folder';
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

async function keep(
  on: string,
  place: string,
  [name, method, labels]: readonly [string, string, readonly string[]],
  pairs?: boolean,
): Promise<void> {
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
    { method: parsed, shape, model: await backbone.hash(), ...(pairs !== undefined && { pairs }) },
    { variables, constants: delta.constants },
  );
  disposeTree([head, variables]);
  delta.dispose();
  backbone.dispose();
}

beforeAll(async () => {
  for (const task of tasks) await keep(model, at(task[0]), task);
  await keep(other, at('foreign'), tasks[0]);
  await keep(model, at('one'), ['one', 'houlsby:m=3', ['bad', 'good']], false);
  await keep(model, at('two'), ['two', 'houlsby:m=3', ['other', 'same']], true);
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

  it('refuses tensors and a note that were changed after they were saved, and stays as it was', async () => {
    const bank = await TaskBank.open(model);
    const changed = (name: string, file: string, change: (bytes: Buffer) => Buffer): string => {
      cpSync(at('tone'), at(name), { recursive: true });
      const path = join(at(name), file);
      writeFileSync(path, change(readFileSync(path)));
      return at(name);
    };
    const zeros = changed('zeros', 'delta.safetensors', (bytes) => bytes.fill(0, bytes.length - 64, bytes.length - 32));
    const renamed = changed('renamed', noteFile, (bytes) => Buffer.from(bytes.toString().replace('"good"', '"fine"')));
    const place = join(folder, 'unharmed');
    await addToFolder(place, 'tone', at('tone'));
    for (const [from, said] of [
      [zeros, /delta.safetensors is not what was saved/],
      [renamed, /task.json was changed after it was saved, its checksum does not fit/],
    ] as const) {
      expect(() => bank.add('x', from)).toThrow(said);
      await expect(addToFolder(place, 'x', from)).rejects.toThrow(said);
    }
    expect([bank.names, readdirSync(place)]).toEqual([[], ['tone']]);
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

describe('tasks of one text and of two', { timeout: 60_000 }, () => {
  const told = (all: readonly { readonly task: string }[]): readonly string[] => all.map(({ task }) => task);

  it('are asked for what they learned to read, and those of which it is not known for either', async () => {
    const bank = await TaskBank.open(model);
    for (const name of ['tone', 'one', 'two']) bank.add(name, at(name));
    expect(told(await bank.predictAll('w1 w2'))).toEqual(['tone', 'one']);
    expect(told(await bank.predictAll('w1 w2', 'w3'))).toEqual(['tone', 'two']);
    await expect(bank.predict([{ task: 'one', text: 'w1', pair: 'w3' }])).rejects.toThrow(
      /task "one" reads one text, and text 1 comes with a second one/,
    );
    const half = [
      { task: 'tone', text: 'w1' },
      { task: 'two', text: 'w1' },
    ];
    await expect(bank.predict(half)).rejects.toThrow(/task "two" reads two texts, and text 2 has no second one/);
    await expect(bank.outputs(half)).rejects.toThrow(/task "two" reads two texts/);
    await expect(bank.predict([{ task: 'two', text: 'w1', pair: ' ' }])).rejects.toThrow(
      /second text of text 1 is empty/,
    );
    bank.remove('tone');
    bank.remove('two');
    await expect(bank.predictAll('w1', 'w3')).rejects.toThrow(/every task of the bank \(one\) reads one text/);
    bank.dispose();
    const adapter = new Adapter(at('two'));
    await expect(adapter.predict(['w1'])).rejects.toThrow(/task "two" reads two texts/);
    adapter.dispose();
  });

  it('are known by name where an older note does not say it of a shipped task', async () => {
    const pair = ['verse-paraphrase', 'houlsby:m=3', ['different', 'same']] as const;
    await keep(model, at('paraphrase'), pair);
    await keep(model, at('sentiment'), ['sentiment', 'houlsby:m=3', ['negative', 'positive']]);
    await keep(model, at('own-sentiment'), ['sentiment', 'houlsby:m=3', ['cold', 'warm']]);
    const reads = ['paraphrase', 'sentiment', 'own-sentiment'].map((name) => readKept(at(name)).task.pairs);
    expect(reads).toEqual([true, false, undefined]);
    expect(readFileSync(join(at('sentiment'), noteFile), 'utf8')).not.toContain('"pairs"');
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

  it.each([
    ['more labels than outputs', ['bad', 'good', 'best'], /has 3 outputs and the head beside it 2/],
    ['fewer labels than outputs', ['bad'], /has 1 labels/],
    ['a label twice', ['bad', 'bad'], /has the label "bad" twice/],
    ['an empty label', ['bad', ''], /should be/],
    ['a label of blanks', ['bad', ' '], /label 2 of 2 is empty/],
    ['labels that are one text', 'bg', /"labels" should be Array/],
    ['no labels', undefined, /has no field "labels"/],
  ])('refuses a note with %s, and stays as it was', async (_, labels, reason) => {
    const damaged = join(folder, 'damaged-note');
    cpSync(at('tone'), damaged, { recursive: true });
    const note = readNote(damaged);
    writeFileSync(join(damaged, noteFile), JSON.stringify({ ...note, task: { ...note.task, labels } }));
    const before = readdirSync(place).sort();
    await expect(addToFolder(place, 'new', damaged)).rejects.toThrow(reason);
    await expect(addToFolder(place, 'new', damaged)).rejects.toThrow(UserError);
    expect(readdirSync(place).sort()).toEqual(before);
    expect(() => new Adapter(damaged)).toThrow(reason);
    cpSync(damaged, join(place, 'later'), { recursive: true }); // one that was damaged in the bank
    await expect(run(['predict', place], { text: 'w1' })).rejects.toThrow(reason);
    await expect(run(['list', place])).rejects.toThrow(UserError);
    rmSync(join(place, 'later'), { recursive: true });
    rmSync(damaged, { recursive: true });
  });

  it('is a folder with a name, outside of any adapter', async () => {
    const file = join(folder, 'README.md');
    writeFileSync(file, 'a file');
    for (const action of ['list', 'predict'])
      await expect(run([action, file], action === 'list' ? {} : { text: 'w1' })).rejects.toThrow(
        /README\.md is a file/,
      );
    await expect(run(['remove', file, 'tone'])).rejects.toThrow(/README\.md is a file/);
    for (const on of [file, join(file, 'below')])
      await expect(run(['add', on, 'tone'], { adapter: at('tone') })).rejects.toThrow(/README\.md is a file/);
    await expect(run(['add', '', 'tone'], { adapter: at('tone') })).rejects.toThrow(/folder has no name/);
    await expect(run(['list', ''])).rejects.toThrow(/folder has no name/);
    const before = readdirSync(join(place, 'tone')).sort();
    for (const inner of [join(place, 'tone'), join(place, 'tone', 'inner'), join(place, 'tone', 'inner', 'more')])
      await expect(run(['add', inner, 'x'], { adapter: join(place, 'tone') })).rejects.toThrow(/folder of an adapter/);
    expect(readdirSync(join(place, 'tone')).sort()).toEqual(before);
  });

  it('passes over unfinished copies, and names a folder that holds no adapter', async () => {
    const some = join(folder, 'some');
    await addToFolder(some, 'tone', at('tone'));
    cpSync(at('topic'), join(some, '.tmp-1.2.3-topic'), { recursive: true });
    writeFileSync(join(some, 'README.md'), 'a file');
    expect(adaptersIn(some)).toEqual(['tone']);
    mkdirSync(join(some, 'hollow'));
    const warned = vi.spyOn(process, 'emitWarning').mockReturnValue();
    expect(adaptersIn(some)).toEqual(['tone']);
    expect(warned.mock.calls.map(([text]) => text)).toEqual([
      `${join(some, 'hollow')} holds no petl.json and is no task of the bank: mend or remove it`,
    ]);
    warned.mockRestore();
    expect(await run(['predict', some], { text: 'w1' })).toBe(0);
  });

  it('takes an adapter alone, not what lies beside it', async () => {
    const beside = join(folder, 'beside');
    cpSync(at('tone'), beside, { recursive: true });
    mkdirSync(join(beside, 'inner'));
    await addToFolder(join(folder, 'alone'), 'tone', beside);
    expect(readdirSync(join(folder, 'alone', 'tone')).sort()).toEqual(['delta.safetensors', 'petl.json', 'task.json']);
    const adapter = new Adapter(beside);
    expect(readdirSync(adapter.save(join(folder, 'saved-alone'))).sort()).toEqual(readdirSync(at('tone')).sort());
  });

  it('is asked for one task by its name, and refuses what a part does not take', async () => {
    const said = vi.spyOn(process.stdout, 'write').mockReturnValue(true);
    const lines = async (
      positionals: readonly string[],
      values: Readonly<Record<string, string>>,
    ): Promise<unknown> => {
      said.mockClear();
      await run(positionals, values);
      return said.mock.calls
        .join('')
        .trimEnd()
        .split('\n')
        .map((line) => line.split('\t')[0]);
    };
    try {
      expect(await lines(['predict', place], { text: 'w1' })).toEqual(['tone', 'topic']);
      expect(await lines(['predict', place, 'topic'], { text: 'w1' })).toEqual(['topic']);
      expect(await lines(['predict', place, 'topic'], { text: 'w1', task: 'topic' })).toEqual(['topic']);
    } finally {
      said.mockRestore();
    }
    for (const [positionals, values, reason] of [
      [['predict', place, 'topic'], { text: 'w1', task: 'tone' }, /asked for "topic" and for --task "tone"/],
      [['predict', place, 'tune'], { text: 'w1' }, /no task "tune"/],
      [['predict', place], { text: 'w1', adapter: 'x' }, /--adapter has no effect with petl bank predict/],
      [['list', place, 'topic'], {}, /unexpected "topic": petl bank list/],
      [['list', place], { adapter: 'x' }, /--adapter has no effect with petl bank list, which takes --json/],
      [['remove', place, 'topic'], { model: 'x' }, /--model has no effect with petl bank remove/],
      [['add', place, 'x'], { adapter: at('tone'), text: 'w1' }, /--text has no effect with petl bank add/],
    ] as const)
      await expect(run(positionals, values)).rejects.toThrow(reason);
    expect(readdirSync(place).sort()).toEqual(['tone', 'topic']);
  });

  it('names on standard error the tasks that read another number of texts', async () => {
    const mixed = join(folder, 'mixed');
    for (const name of ['one', 'two']) await addToFolder(mixed, name, at(name));
    const warned = vi.spyOn(process.stderr, 'write').mockReturnValue(true);
    try {
      await run(['predict', mixed], { text: 'w1' });
      await run(['predict', mixed], { text: 'w1', pair: 'w2' });
      expect(warned.mock.calls.map(([line]) => line)).toEqual([
        'left out, as they read two texts: two\n',
        'left out, as they read one text: one\n',
      ]);
    } finally {
      warned.mockRestore();
    }
  });

  it('says which tasks read a text to its first tokens only', async () => {
    const warned = vi.spyOn(process.stderr, 'write').mockReturnValue(true);
    const said = (): unknown => warned.mock.calls.map(([line]) => line);
    try {
      await run(['predict', place], { text: 'w1 w2' });
      expect(said()).toEqual([]);
      await run(['predict', place, 'topic'], { text: Array.from({ length: 90 }, () => 'w1').join(' ') });
      expect(said()).toEqual([
        expect.stringMatching(
          /^petl: topic: 1 of 1 text has more than \d+ tokens \(the longest \d+\) and is cut there, as in training\n$/,
        ),
      ]);
    } finally {
      warned.mockRestore();
    }
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
