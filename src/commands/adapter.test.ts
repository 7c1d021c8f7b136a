import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { defaultTraining } from '../experiments/store/settings';
import { openModel } from '../model/open';
import { createDelta } from '../petl/bank/delta';
import { parseMethod } from '../petl/design/written';
import { projectRoot } from '../project';
import { spanTask } from '../tasks/answer-spans';
import { classificationTask } from '../tasks/classification';
import type { Task } from '../tasks/task';
import { keepTrained } from '../training/kept';
import { newHead } from '../training/kinds/pooled';
import { adapterCommand } from './adapter';
import type { Input, Run } from './command';
import { forwardCommand } from './forward';

const source = join(projectRoot(), 'src');
const model = join(source, 'model', 'fixtures', 'tiny-bert');
const theirs = join(source, 'petl', 'formats', 'fixtures', 'peft-bert-lora');

let folder: string;
let written: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'petl-adapter-'));
  written = '';
  vi.spyOn(process.stdout, 'write').mockImplementation((text) => {
    written += String(text);
    return true;
  });
});
afterEach(() => {
  vi.restoreAllMocks();
  rmSync(folder, { recursive: true });
});

async function told(run: Run, positionals: readonly string[], values: Input['values']): Promise<string> {
  written = '';
  expect(await run({ positionals, values: { model, ...values } })).toBe(0);
  return written;
}

const forward = async (adapter: string): Promise<number[]> => {
  const json = await told(forwardCommand, [], { 'input-ids': '[[5,17,42]]', adapter, json: true });
  return (JSON.parse(json) as { values: number[][][] }).values.flat(2);
};

const load = () => Promise.reject(new Error('not needed'));

/** A folder as a run on the task keeps its adapter, with a head of two outputs. */
async function keptWith(task: Task): Promise<string> {
  const { backbone } = await openModel(model);
  const { shape, weights } = backbone;
  const method = parseMethod('lora:r=2');
  const { variables, constants } = createDelta(method, shape, weights, 1);
  const kept = join(folder, 'kept');
  keepTrained(
    kept,
    { method, model, task, training: defaultTraining, seed: 1, engine: 'compiled' },
    { method, shape, model: await backbone.hash() },
    { variables: { ...variables, ...newHead(shape.width, 2, 1) }, constants },
  );
  backbone.dispose();
  return kept;
}

describe('petl adapter', () => {
  it("takes PEFT's adapter over and hands it to adapters: all three give the same", async () => {
    const [ours, other] = [join(folder, 'ours'), join(folder, 'other')];
    expect(await told(adapterCommand, ['import', theirs], { out: ours })).toBe(`${ours}: lossless\n`);
    const report = JSON.parse(
      await told(adapterCommand, ['export', ours], { out: other, to: 'adapters', json: true }),
    ) as unknown;
    expect(report).toEqual({ folder: other, lossless: true, notes: [] });
    const first = await forward(theirs);
    for (const adapter of [ours, other])
      (await forward(adapter)).forEach((value, i) => {
        expect(value).toBeCloseTo(first[i] as number, 5);
      });
  });

  it('merges an adapter into a folder that computes the same', async () => {
    const out = join(folder, 'merged');
    expect(await told(adapterCommand, ['merge', theirs], { out })).toMatch(/^.*merged: lossless\n/);
    const first = await forward(theirs);
    const json = await told(forwardCommand, [], { 'input-ids': '[[5,17,42]]', model: out, json: true });
    (JSON.parse(json) as { values: number[][][] }).values.flat(2).forEach((value, i) => {
      expect(value).toBeCloseTo(first[i] as number, 5);
    });
  });

  it('leaves a head behind that points at tokens, and says so', async () => {
    const kept = await keptWith(spanTask({ name: 'asked', load }));
    const out = join(folder, 'theirs');
    const text = await told(adapterCommand, ['export', kept], { out, to: 'adapters' });
    expect(text).toContain('lossy');
    expect(text).toContain('- head: it points at tokens and tells no classes: left out');
    expect(existsSync(join(out, 'head_config.json'))).toBe(false);
  });

  it("hands a kept adapter's names of labels to adapters, and says where they stay behind", async () => {
    const kept = await keptWith(classificationTask({ name: 'mood', labels: ['negative', 'positive'], load }));
    const [out, ours] = [join(folder, 'theirs'), join(folder, 'ours')];
    const config = { config: { label2id: { negative: 0, positive: 1 } } };
    expect(await told(adapterCommand, ['export', kept], { out, to: 'adapters' })).toBe(`${out}: lossless\n`);
    expect(JSON.parse(readFileSync(join(out, 'head_config.json'), 'utf8'))).toMatchObject(config);
    expect(await told(adapterCommand, ['import', out], { out: ours })).toBe(
      `${ours}: lossy\n- names of labels stay behind, an imported adapter keeps none: negative, positive\n`,
    );
    const over = join(folder, 'over');
    expect(await told(adapterCommand, ['export', out], { out: over, to: 'adapters' })).toBe(`${over}: lossless\n`);
    expect(JSON.parse(readFileSync(join(over, 'head_config.json'), 'utf8'))).toMatchObject(config);
  });

  it('writes nothing where a part is no linear change', async () => {
    const prefix = join(source, 'petl', 'formats', 'fixtures', 'peft-llama-prefix');
    const llama = join(source, 'model', 'fixtures', 'tiny-llama');
    const out = join(folder, 'merged');
    const run = adapterCommand({ positionals: ['merge', prefix], values: { model: llama, out } });
    await expect(run).rejects.toThrow(/cannot be merged: the prefix at attn\.heads/);
    expect(existsSync(out)).toBe(false);
  });

  it.each([
    [['take', theirs], {}, /train, import, export or merge/],
    [['train', 'results/no-such-run.jsonl'], { model: undefined }, /no run file results\/no-such-run/],
    [['train', 'package.json'], { model: undefined }, /package\.json: /],
    [['train', 'package.json'], {}, /--model has no effect with petl adapter train, which takes --out, --json/],
    [['merge', theirs], { to: 'peft' }, /--to has no effect with petl adapter merge/],
    [['import', theirs], { out: source }, /exists/],
    [['export', theirs], { to: 'zip' }, /peft or adapters/],
  ] as const)('refuses %j %j and writes nothing', async (positionals, values, reason) => {
    const out = join(folder, 'new', 'x');
    await expect(adapterCommand({ positionals, values: { model, out, ...values } })).rejects.toThrow(reason);
    expect(readdirSync(folder)).toEqual([]);
  });

  it('makes the folders above a new one once there is something to put there', async () => {
    const out = join(folder, 'new', 'deep', 'ours');
    expect(await told(adapterCommand, ['import', theirs], { out })).toBe(`${out}: lossless\n`);
  });
});
