import { execFileSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import type { StudyFields } from './experiments/studies/define';
import type { Study } from './experiments/studies/study';
import { projectRoot } from './project';

// The library loads TensorFlow and what needs it late, by require, as the command and notebooks have it: the built one.
const { build } = require(join(projectRoot(), 'bin', 'petl.cjs')) as { readonly build: () => string };
const built = build();
const from = <T>(module: string): T => require(join(built, module)) as T;
const { compare } = from<typeof import('./experiments/statistics/compare')>('experiments/statistics/compare.js');
const { readRun } = from<typeof import('./experiments/store/read')>('experiments/store/read.js');
const { runPath } = from<typeof import('./experiments/store/spec')>('experiments/store/spec.js');
const { cacheFolder } = from<typeof import('./packages/manifest')>('packages/manifest.js');
const { defineStudy } = from<typeof import('./experiments/studies/define')>('experiments/studies/define.js');
const { train } = from<typeof import('./notebook')>('notebook.js');
const { loadAdapter, predict, trained } = from<typeof import('./own')>('own.js');
const { classificationTask } = from<typeof import('./tasks/classification')>('tasks/classification.js');
const { studyNamed } = from<typeof import('./experiments/studies/index')>('experiments/studies/index.js');
const { inspect } = from<typeof import('./views/inspect')>('views/inspect.js');
const { plan, planTable } = from<typeof import('./views/foresee')>('views/foresee.js');
const { review } = from<typeof import('./views/review')>('views/review.js');

const words = ['good', 'fine', 'great', 'lovely', 'bad', 'poor', 'awful', 'dull'];
const rows = Array.from({ length: 160 }, (_, i) => {
  const word = words[i % 8] ?? '';
  return { review: `a ${word} film number ${i}`, stars: i % 8 < 4 ? 'up' : 'down' };
});

/** The whole way of a question of one's own, on MiniLM. */
describe('a question of one’s own', { timeout: 120_000 }, () => {
  let folder: string;
  let study: Study;
  const task = classificationTask({ name: 'own-films', rows, text: 'review', label: 'stars' });
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'petl-question-'));
    vi.stubEnv('PETL_RESULTS', join(folder, 'results'));
    vi.spyOn(process.stderr, 'write').mockReturnValue(true);
    study = defineStudy({
      name: 'films',
      task,
      model: 'minilm-l6',
      methods: ['head', 'lora:r=2'],
      seeds: [1, 2],
      training: { epochs: 2, batch: 16, maxLength: 16, evaluations: 1 },
      rate: 0.003,
    });
  });
  afterAll(() => {
    vi.unstubAllEnvs();
    vi.restoreAllMocks();
    rmSync(folder, { recursive: true, force: true });
  });

  it('is looked at before anything trains', async () => {
    const seen = await inspect(task, { maxLength: 6 });
    expect(seen.sizes.rows[0]?.slice(1).reduce((sum, count) => sum + Number(count), 0)).toBe(160);
    expect(seen.sizes.rows.map(([what]) => what)).toEqual(['examples', 'down', 'up', 'texts that also train']);
    expect(seen.lengths.rows.map(([what]) => what)).toContain('text: cut at 6');
    expect(Number(seen.lengths.rows.find(([what]) => what === 'text: cut at 6')?.[1])).toBeGreaterThan(50);
    expect(seen.examples.rows[0]?.[1]).toMatch(/^a \w+ film number \d+$/);
    expect(plan(study)).toMatchObject({ runs: 4, finished: 0, hours: null, leastGap: null });
    expect(planTable(plan(study)).rows[0]).toEqual(['runs', '4, 0 of them finished']);
    expect(planTable(plan(study)).rows[3]).toEqual([
      'least difference that can be seen',
      'unknown: two finished variants of own-films, with two seeds each, would tell',
    ]);
  });

  it('trains, keeps its adapters, answers, saves and loads', async () => {
    const say = () => undefined;
    for (const method of ['head', 'lora:r=2']) await train(study, method, { say });
    const adapter = await trained(study, 'lora:r=2', 1, { say });
    const answers = await predict(adapter, ['a lovely film number 900', { text: 'an awful film number 901' }]);
    expect(answers.map((answer) => answer.kind === 'label' && answer.label)).toEqual(['up', 'down']);
    const [first] = answers;
    if (first?.kind !== 'label') throw new Error('no label');
    expect(first.probabilities['up']! + first.probabilities['down']!).toBeCloseTo(1, 5);
    const saved = adapter.save(join(folder, 'my-adapter'));
    adapter.dispose();
    const names = readdirSync(saved).map((name) => join('my-adapter', name));
    const ignored = execFileSync('git', ['check-ignore', ...names], { cwd: projectRoot(), encoding: 'utf8' });
    expect(ignored.trim().split('\n')).toEqual(names);
    const again = loadAdapter(saved);
    expect([again.method, again.task]).toEqual(['lora:r=2', 'own-films']);
    expect(await again.predict(['a lovely film number 900'])).toEqual([first]);
    const seen = await review(again, task);
    const counted = seen.confusion.rows
      .flatMap((row) => row.slice(1).map(Number))
      .reduce((sum, count) => sum + count, 0);
    expect(counted).toBe((await task.load()).test.length);
    expect(seen.classes.rows.map(([label]) => label)).toEqual(['down', 'up']);
    await expect(again.predict([])).rejects.toThrow('there is nothing to predict');
    await expect(again.predict(['a', ' '])).rejects.toThrow('text 2 is empty');
    again.dispose();
  });

  it('goes on from a saved adapter, keeps its best step, and refuses what does not fit', async () => {
    const from = join(folder, 'my-adapter');
    const on = (more: Partial<StudyFields>): Study =>
      defineStudy({ name: 'more-films', task, methods: ['lora:r=2'], from, rate: 0.003, ...more });
    const training = { batch: 16, maxLength: 16, best: 'score', evaluations: 3, stop: 1 } as const;
    const more = on({ training });
    const spec = more.variants[0]!.runs[0]!;
    expect(spec.training.from).toMatch(/^my-adapter@[0-9a-f]{12}$/);
    rmSync(from, { recursive: true });
    await train(more, 'lora:r=2', { say: () => undefined });
    const stored = readRun(runPath(spec));
    const final = stored.kind === 'finished' ? stored.record.final : undefined;
    expect(final!.kept).toBeLessThan(final!.steps); // it scored all there was to score at once
    cpSync(join(cacheFolder(), 'own', spec.training.from!), from, { recursive: true });
    expect(on({}).variants[0]!.runs[0]!.training.from).toBe(spec.training.from);
    expect(() => on({ methods: ['lora:r=4'] }).variants).toThrow("write methods: ['lora:r=2']");
    expect(() => on({ model: 'roberta-base' }).variants).toThrow("give the study model: 'minilm-l6'");
    expect(on({ from: [null, from] }).variants.map(({ name }) => name)).toEqual([
      'lora:r=2; fresh',
      'lora:r=2; from=my-adapter',
    ]);
  });

  it('is compared by the rule of verdicts, and says afterwards what more seeds could show', () => {
    const [found] = compare(study, 'lora:r=2', 'head');
    expect(found).toMatchObject({ first: 'lora:r=2', second: 'head', seeds: 2 });
    expect(found!.interval.low).toBeLessThanOrEqual(found!.gap);
    expect(found!.p).toBeGreaterThan(0);
    const foreseen = plan(study);
    expect(foreseen).toMatchObject({ runs: 4, finished: 4, hours: 0 });
    expect(foreseen.peakMb).toBeNull(); // they were made in this process, whose peak is not theirs
    expect(foreseen.leastGap).toBeGreaterThan(0);
    expect(() => compare(study, 'lora:r=2', 'full')).toThrow('have no finished seed in common');
  });

  it('names what a shipped study, a missing seed and a damaged folder cannot do', async () => {
    await expect(trained(studyNamed('existing-methods', 'quick'), 'head')).rejects.toThrow(
      'keeps no adapters: npx petl adapter train',
    );
    await expect(trained(study, 'head', 9)).rejects.toThrow('head has no seed 9: choose from 1, 2');
    const broken = join(folder, 'broken');
    mkdirSync(broken);
    expect(() => loadAdapter(broken)).toThrow('holds no petl.json');
    cpSync(join(folder, 'my-adapter'), broken, { recursive: true });
    rmSync(join(broken, 'task.json'));
    expect(() => loadAdapter(broken)).toThrow('only an adapter that was kept with its task can answer');
    writeFileSync(join(broken, 'task.json'), '{"format": "petl-lab task 1"}');
    expect(() => loadAdapter(broken)).toThrow('task.json: has no field "task"');
    expect(projectRoot()).not.toBe(folder);
  });
});
