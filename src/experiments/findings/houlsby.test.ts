import { describe, expect, it } from 'vitest';
import { count } from '../../petl/counts/count';
import { knownShapes } from '../../model/shapes';
import { parseMethod } from '../../petl/design/written';
import { taskNamed } from '../../tasks/registry';
import { fullStudy } from '../studies/testing/full';
import { manySettings, variantKeys, versions } from '../studies/many-tasks';
import { encoderSettings } from '../studies/settings';
import { spansOf } from '../../tasks/spans';
import { spanName } from '../span-record';
import type { ScoreLink } from '../statistics/link';
import { demandTuned } from '../studies/demand-tuned';
import { readTuning } from '../tuning/tuned';
import { findings } from '.';
import { houlsby } from './houlsby';
import { control, printedDelta } from './printed';

const shape = knownShapes['minilm-l6']!;
const trained = (method: string): number => count(parseMethod(method), shape).trained;

describe('the findings of Houlsby et al. 2019', () => {
  it('are sixteen, each with its place', () => {
    expect(houlsby.map(({ id }) => id)).toEqual(Array.from({ length: 16 }, (_, i) => `B${i + 1}`));
    expect(findings.houlsby).toBe(houlsby);
    for (const { source, text } of houlsby) expect(source.length * text.length).toBeGreaterThan(0);
  });

  it('compare variants that a study of their row has, on its tasks', () => {
    for (const { id, links } of houlsby)
      for (const { study, first, second, task } of links) {
        const made = fullStudy(study);
        expect(made.rows, `${study} serves ${id}`).toContain(id);
        for (const name of [...first, ...second]) {
          const variant = made.variants.find((one) => one.name === name);
          expect(variant?.runs.filter((run) => run.task === task).length, `${name} on ${task}`).toBeGreaterThan(2);
        }
      }
  });

  it('have five seeds where a link decides, and those that power asked for', () => {
    const more: Readonly<Record<string, number>> = { B1: 8, B2: 9, B7: 20 };
    for (const { id, links } of houlsby) {
      const [link] = links;
      if (link === undefined) continue;
      const sides = [...link.first, ...link.second].map((side) => {
        const variant = fullStudy(link.study).variants.find(({ name }) => name === side);
        return variant?.runs.filter(({ task }) => task === link.task).length ?? 0;
      });
      expect(Math.min(...sides), id).toBeGreaterThanOrEqual(5);
      if (more[id] !== undefined) expect(Math.min(...sides), id).toBe(more[id]);
    }
  });

  it("pass the paper's own numbers where it prints them", () => {
    const controls = houlsby.flatMap(({ id, links }) => links.map((link) => [id, control(link)] as const));
    const printed = controls.filter(([, found]) => found !== null);
    expect(new Set(printed.map(([id]) => id))).toEqual(new Set(['B1', 'B4', 'B9']));
    for (const [id, found] of printed) expect([id, found?.passed]).toEqual([id, true]);
  });

  const linksOf = (id: string): readonly ScoreLink[] =>
    houlsby.filter((one) => one.id === id).flatMap(({ links }) => links as readonly ScoreLink[]);

  it('take a contrast from one table: the top layer alone in Figure 4, of BERT-base, both where its gap is printed and not', () => {
    const [glue] = linksOf('B1');
    expect(control(glue!)?.gap).toBeCloseTo(85.3 - 86.7);
    expect(control(glue!)?.delta).toBeCloseTo((84.4 - 77.8) / 2);
    const sizes = linksOf('B2').map((link) => [link.task, printedDelta(link)?.toFixed(2)]);
    const [mnli, cola] = [
      ['bible-version', '3.30'],
      ['sentiment', undefined],
    ];
    expect(sizes).toEqual([mnli, mnli, cola, cola]);
  });

  it('compare the top layer of 6, which is the top two of 12, with no printed top layer', () => {
    expect(linksOf('B6')[0]?.printed?.second).toEqual(['top:k=2']);
    expect(linksOf('B6').map(printedDelta)).toEqual([undefined]);
  });

  it("decide B13 over the rates that Figure 7 draws, then ask each, and beyond them for more than the figure's", () => {
    const asked = linksOf('B13').map(({ kind, first }) => [kind, ...first.map((name) => name.split('rate=')[1])]);
    expect(asked).toEqual([
      ['greater', '0.00003', '0.0003'],
      ['atLeast', '0.00003'],
      ['atLeast', '0.0003'],
      ['greater', '0.003'],
      ['greater', '0.03'],
    ]);
    for (const { varies, weights = [] } of linksOf('B13')) {
      expect(varies).toBe('rate');
      expect(weights.every((weight) => weight === 0.5)).toBe(true);
    }
  });

  it("decide B4 by the mean of its thirteen tasks, held against Table 2's mean", () => {
    const { decidedBy, mute, links } = houlsby.find(({ id }) => id === 'B4')!;
    expect([decidedBy, mute]).toEqual(['mean', undefined]);
    expect(links.map(({ task }) => task)).toEqual(manySettings.map(({ block }) => block.task));
    for (const link of links as readonly ScoreLink[]) {
      expect(control(link)?.gap).toBeCloseTo(73.3 - 73.7);
      expect(control(link)?.delta).toBeCloseTo((73.7 - 72.7) / 2);
    }
  });

  it.each(['B9', 'B10', 'B11', 'B12', 'B14'])('decide %s, which says several things, by the worst of all', (id) => {
    const { worstOf, links } = houlsby.find((one) => one.id === id)!;
    expect(worstOf).toBe(links.length);
    expect(worstOf).toBeGreaterThan(1);
  });

  it('ask of B10 six single layers, the lowest and all of them', () => {
    const columns = linksOf('B10').map(({ measured }) => measured?.first.join());
    expect(columns).toEqual([...[1, 2, 3, 4, 5, 6].map((k) => `without ${k}-${k}`), 'without 1-2', 'without 1-6']);
  });

  it('decide B16 by what full fine-tuning loses, not by adapters that are the same bits', () => {
    expect(linksOf('B16')[0]?.measured).toEqual({ record: 'in-turn', first: ['full before'], second: ['full after'] });
  });
});

describe('comparisons of records', () => {
  it('are made of columns that the records have', () => {
    const links = houlsby
      .flatMap(({ links }) => links)
      .flatMap((link) => (link.kind === 'ratio' ? [] : (link.measured ?? [])));
    const spans = spansOf(6).map(spanName);
    const known = {
      spans: new Set([...spans, 'majority']),
      'in-turn': new Set(['full', 'adapters'].flatMap((name) => [`${name} before`, `${name} after`])),
    };
    expect(links).toHaveLength(19);
    for (const { record, first, second } of links)
      for (const column of [...first, ...second]) expect(known[record].has(column), column).toBe(true);
  });

  it('every task of a study with a link has the head that full fine-tuning must beat', () => {
    for (const { block, configurations } of encoderSettings)
      expect(Object.keys(configurations()), block.name).toContain('head');
  });
});

describe('one frozen model on many tasks', () => {
  it('is thirteen settings of offline tasks, each with the five seeds that decide', () => {
    expect(manySettings).toHaveLength(13);
    for (const { block } of manySettings) {
      expect(taskNamed(block.task).packages.length).toBeGreaterThan(0);
      expect(block.seeds.full, block.name).toEqual([1, 2, 3, 4, 5]);
    }
  });

  it('has LayerNorms alone on the five tasks that have curves', () => {
    const variant = fullStudy('trade-off').variants.find(({ name }) => name === 'layernorm');
    const tasks = ['bible-version', 'sentiment', 'lexical-field', 'dialogue-act', 'tweet-polarity'];
    expect([...new Set(variant?.runs.map(({ task }) => task))]).toEqual(tasks);
  });

  it("has its variants at the plain adapter's size or less, and the plain one among them as points", () => {
    const plain = trained('houlsby:m=32');
    const points = ['attn', 'ffn'].map((site) => `point:site=${site},reads=h,form=gelu,r=32,init=houlsby,std=0.01`);
    expect(trained([...points, 'layernorm'].join('+'))).toBe(plain);
    const of = Object.fromEntries(variantKeys.map((key) => [key, trained(versions.configurations()[key].method)]));
    expect(of).toEqual({
      depth: plain + 12 * (32 * 32 + 32),
      tanh: plain,
      norm: plain + 12 * 2 * 384,
      attention: plain - 6 * (2 * 32 * 384 + 32 + 384),
      parallel: plain,
      multiplicative: plain,
    });
  });

  it('runs in full at rates of its own table alone, not at those of another study on the task', () => {
    const study = fullStudy('many-sentiment');
    if (readTuning('many-sentiment') === undefined)
      expect(() => demandTuned(study)).toThrow('npx petl tune many-sentiment');
    else expect(() => demandTuned(study)).not.toThrow();
  });
});
