import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { knownShapes } from '../../model/shapes';
import { count } from '../../petl/counts/count';
import { whyInvalid } from '../../petl/design/valid';
import { parseMethod } from '../../petl/design/written';
import { projectRoot } from '../../project';
import { taskNamed } from '../../tasks/registry';
import { findings } from '../findings';
import { runId, tiers, type Tier } from '../store/spec';
import { studies } from '.';
import { fullStudy } from './testing/full';
import { designPoints } from './design-points';
import { designStages } from './design-space';
import * as g from './generation';
import { generationFamilies, generationFamilyOf } from './families';
import { computePlan, type PlanLine } from './plan';
import { plansOf } from './study';

const full = Object.values(studies).map((make) => make('full'));
const share = (method: string, model = 'petl-mini-seq2seq'): number =>
  100 * count(parseMethod(method), knownShapes[model]!).share;

describe('every study', () => {
  it.each(Object.keys(studies).flatMap((name) => tiers.map((tier) => [name, tier] as const)))(
    '%s %s has valid variants, unique names and a known task',
    (name, tier) => {
      const study = studies[name]!(tier);
      expect(study).toMatchObject({ name, tier });
      expect(new Set(study.variants.map((variant) => variant.name)).size).toBe(study.variants.length);
      for (const { runs, name: variant } of study.variants) {
        expect(runs.length, variant).toBeGreaterThan(0);
        for (const { method, model, task, training } of runs) {
          expect(whyInvalid(parseMethod(method), knownShapes[model]!), `${method} on ${model}`).toBeUndefined();
          expect(training.target === null).toBe(taskNamed(task).writes === null);
        }
      }
    },
  );

  it('trains no longer before a quick run than in it', () => {
    const make = studies['closed-book'];
    const stages = plansOf(make!('quick')).flatMap(({ spec: { training } }) =>
      training.before === null ? [] : [[training.before.examples, training.examples] as const],
    );
    expect(stages).toHaveLength(3);
    for (const [before, own] of stages) expect(before).toBeLessThanOrEqual(own as number);
  });

  it('names variants alike in both tiers, so that a notebook runs in either', () => {
    for (const [name, make] of Object.entries(studies)) {
      const names = (tier: Tier): readonly string[] => make(tier, 'no results').variants.map((variant) => variant.name);
      expect(names('full'), name).toEqual(expect.arrayContaining([...names('quick')])); // some screen fewer when quick
    }
  });
});

describe('the catalogue', () => {
  const rows = Array.from({ length: 27 }, (_, i) => `A${i + 1}`);

  it.each(rows)('%s has a study, a finding with links and a notebook', (row) => {
    const finding = findings.he.find(({ id }) => id === row)!;
    expect(full.filter((study) => study.rows.includes(row)).length).toBeGreaterThan(0);
    expect(finding.links.length).toBeGreaterThan(0);
    for (const { study } of finding.links) expect(fullStudy(study).rows).toContain(row);
    expect(finding.notebook).toMatch(/^notebooks\/0[4-8]-/);
  });

  it('is run on three seeds at least', () => {
    for (const { links } of findings.he)
      for (const { study, task, first, second } of links) {
        for (const name of [...first, ...second]) {
          const variant = fullStudy(study).variants.find((candidate) => candidate.name === name)!;
          expect(variant.runs.filter((spec) => spec.task === task).length, `${study} ${name}`).toBeGreaterThanOrEqual(
            3,
          );
        }
      }
  });
});

/** What a block's full tier really has. */
function runsIn({ block }: PlanLine): Pick<PlanLine, 'configurations' | 'seeds' | 'steps' | 'batch'> {
  const study = fullStudy(block);
  const spec = study.variants[0]?.runs[0];
  if (spec === undefined) throw new Error(`no block ${block}`);
  const { examples, epochs, batch } = spec.training;
  return {
    configurations: study.variants.length,
    seeds: plansOf(study).length / study.variants.length,
    steps: (Number(examples) * epochs) / batch,
    batch,
  };
}

describe('more seeds', () => {
  const seedsOf = (study: string, label: string, task: string, tier: Tier = 'full'): number[] => {
    const variant = (tier === 'full' ? fullStudy(study) : studies[study]!(tier)).variants.find(
      (one) => one.label === label,
    );
    return variant!.runs.filter((run) => run.task === task).map(({ seed }) => seed);
  };
  const upTo = (count: number): number[] => Array.from({ length: count }, (_, i) => i + 1);

  it('are those of one method on one task, under its own rate, in the full tier', () => {
    expect(seedsOf('trade-off', 'adapters m=32', 'bible-version')).toEqual(upTo(9));
    expect(seedsOf('trade-off', 'adapters m=32', 'sentiment')).toEqual(upTo(20));
    expect(seedsOf('trade-off', 'adapters m=32', 'lexical-field')).toEqual(upTo(5));
    expect(seedsOf('trade-off', 'adapters m=1', 'bible-version')).toEqual(upTo(5));
    expect(seedsOf('trade-off', 'adapters m=32', 'bible-version', 'quick')).toEqual([1]);
    const rates = fullStudy('rate-range').variants.map(({ runs }) => runs.length);
    expect(new Set(rates)).toEqual(new Set([5]));
  });
});

describe('the compute plan', () => {
  it.each(computePlan.map((line) => [line.block, line] as const))(
    'block %s has the planned configurations, seeds, steps and batch',
    (_, line) => {
      expect(runsIn(line)).toEqual({
        configurations: line.configurations,
        seeds: line.seeds,
        steps: line.steps,
        batch: line.batch,
      });
    },
  );

  it('is the whole of it: every full run of a finding lies in a block, or its study says how long it takes', () => {
    const planned = new Set(
      computePlan.flatMap(({ block }) => plansOf(fullStudy(block)).map(({ spec }) => runId(spec))),
    );
    const found = new Set(findings.he.flatMap(({ links }) => links.map(({ study }) => study)));
    const outside = full
      .filter(({ name, minutes }) => found.has(name) && minutes === undefined)
      .flatMap((study) => plansOf(study).filter(({ spec }) => !planned.has(runId(spec))));
    expect(outside).toEqual([]);
    expect(planned.size).toBe(8 * 5 + 6 * 5 + 30 * 3 + 34 * 3);
  });

  it('gives multi-head, gate and regularisation to translation alone, scale, start and split to synopsis alone', () => {
    const tasksOf = (name: string): readonly string[] =>
      g.blocksWith({ name, label: '', method: '', change: {} }).map(({ task }) => task);
    for (const { name } of [g.multiHead(8), g.multiHead(57), g.ungated, g.plainPrefix])
      expect(tasksOf(name), name).toEqual(['english-romanian']);
    for (const { name } of [
      g.loraFfn(1),
      g.loraFfn(16),
      g.scaled(1),
      g.scaled(4),
      g.scaled('learned'),
      g.scaledBertInit,
      g.allFfn,
      g.halfHalf,
      g.allAttention,
    ])
      expect(tasksOf(name), name).toEqual(['synopsis']);
  });
});

describe('sizes', () => {
  const classes = { S: 0.54, M: 3.6, L: 6.7 } as const;
  const within = (method: string, size: keyof typeof classes): void =>
    expect(Math.abs(share(method) / classes[size] - 1), `${method} ${share(method)}`).toBeLessThan(0.1);

  it("are S, M and L by the paper's count", () => {
    for (const { method } of [g.prefix(8), g.paAttn(8), g.multiHead(8), g.ungated]) within(method, 'S');
    for (const { method } of [g.prefix(57), g.paAttn(57), g.saAttn(57), g.multiHead(57), g.freePrefix])
      within(method, 'M');
    for (const { method } of [g.mam, g.twoAdapters, g.prefixLora, g.allFfn, g.halfHalf, g.allAttention])
      within(method, 'L');
  });

  it('of combinations that are compared at one share differ by less than 1%', () => {
    for (const { method } of [g.twoAdapters, g.prefixLora, g.allFfn, g.halfHalf, g.allAttention])
      expect(Math.abs(share(method) / share(g.mam.method) - 1), method).toBeLessThan(0.01);
    for (const { runs } of fullStudy('easy-tasks').variants.filter(
      ({ name }) => /[lmr]=\d/.test(name) && !name.startsWith('prompt'),
    )) {
      const [{ method }] = runs as unknown as readonly [{ method: string }];
      expect(Math.abs(count(parseMethod(method), knownShapes['minilm-l6']!).stored / 147456 - 1), method).toBeLessThan(
        0.11,
      );
    }
  });

  it("keep the shares of the paper's table on bart-large", () => {
    for (const [ours, theirs] of [
      ['prefix:l=57', 'prefix:l=200'],
      ['pa-ffn:r=146', 'pa-ffn:r=512'],
      ['lora-ffn:r=29', 'lora-ffn:r=102'],
      ['pfeiffer:r=171', 'pfeiffer:r=600'],
      ['mam:l=8,r=146', 'mam:l=30,r=512'],
    ] as const) {
      expect(Math.abs(share(ours) / share(theirs, 'bart-large') - 1), ours).toBeLessThan(0.1);
    }
  });
});

describe('families', () => {
  it('are tuned at a method that belongs to them', () => {
    for (const [family, method] of Object.entries(generationFamilies))
      expect(generationFamilyOf(method), method).toBe(family);
  });

  it.each([
    ['mhpa:l=8', 'parallel adapter'],
    ['pfeiffer:r=171', 'sequential adapter'],
    ['lora-ffn:r=29,s=4', 'low-rank'],
    ['prefix:l=8,mlp=200,gate=none', 'prefix'],
    ['pa-attn:r=8+pa-ffn:r=146', 'parallel adapter'],
    ['prefix:l=8,mlp=200+lora-ffn:r=29,s=4', 'mixed'],
    ['mam:l=53,r=79,mlp=200', 'mixed'],
  ] as const)('%s is tuned as %s', (method, family) => {
    expect(generationFamilyOf(method)).toBe(family);
  });
});

describe('the design space', () => {
  it('is screened at 45 valid points of one size', () => {
    expect(designPoints).toHaveLength(45);
    const shapes = ['minilm-l6', 'petl-mini-seq2seq'].map((model) => knownShapes[model]!);
    for (const point of designPoints)
      for (const shape of shapes) expect(whyInvalid(point.at(32), shape), point.label).toBeUndefined();
    const papers = designPoints.map((point) => count(point.at(32), shapes[0]!).paper);
    expect(papers.filter((paper) => paper === 147456)).toHaveLength(43);
  });

  it('opens no later stage before the first has run', () => {
    const { screen, finals, transfer } = designStages('full', join(projectRoot(), 'results', 'no such folder'));
    expect([screen.length, finals.length, transfer.length]).toEqual([45, 0, 0]);
  });
});
