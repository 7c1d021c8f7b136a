import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import * as v from 'valibot';
import { describe, expect, it, vi } from 'vitest';
import { readText, real } from '../../json';
import type { Tokenizer } from '../../model/tokenizer';
import { parseMethod } from '../../petl/design/written';
import { projectRoot } from '../../project';
import { shapeNamed } from '../store/counts';
import { defaultTraining } from '../store/settings';
import { runSpec } from '../store/spec';
import { extentOf, type Extent } from './extent';
import { foreseePeaks, peakBy, storedWeights } from './foresee';
import { termNames, type Terms } from './names';
import { termsOf } from './terms';

const extent: Extent = {
  ...{ read: 1000, written: 0, readPairs: 40_000, writtenPairs: 0, crossPairs: 0, rows: 32, shapes: 3 },
};
const terms = (method: string, model = 'minilm-l6', more = {}, size = extent): Terms =>
  termsOf({
    method: parseMethod(method),
    shape: shapeNamed(model),
    training: { ...defaultTraining, ...more },
    reader: null,
    outputs: model === 'minilm-l6' ? 2 : 0,
    extent: size,
    dataMb: 0,
  });
const mib = 2 ** 20;

describe("what a run's memory is made of", () => {
  it('counts frozen weights once, and what trains with its gradient and moments', () => {
    const backbone = (4 * 22_713_216) / mib;
    expect(terms('head').held).toBeCloseTo(backbone + (7 * 4 * 770) / mib, 6);
    expect(terms('lora:r=16').held - terms('head').held).toBeCloseTo((7 * 4 * 147_456) / mib, 6);
    const pooler = (4 * (384 * 384 + 384)) / mib; // frozen: no head reads it
    expect(terms('full').held).toBeCloseTo(pooler + (4 * 4 * (22_565_376 + 770)) / mib, 6);
  });

  it('keeps the layers that gradients go through', () => {
    const whole = terms('full').kept;
    expect(terms('head').kept).toBe(0);
    expect(terms('top:k=2').kept / whole).toBeCloseTo(2 / 6, 6);
    for (const method of ['lora:r=4', 'bitfit', 'houlsby:m=4', 'layernorm']) expect(terms(method).kept).toBe(whole);
    expect(terms('prompt:l=20').kept).toBeGreaterThan(1.6 * whole); // 20 vectors before each of 32 rows
    expect(terms('prefix:l=20').attention).toBeGreaterThan(terms('lora:r=4').attention);
  });

  it('tells float32 from bfloat16, in which frozen matrices are held in half', () => {
    const [wide, narrow] = [terms('lora:r=4'), terms('lora:r=4', 'minilm-l6', { precision: 'bfloat16' })];
    expect([narrow.kept, narrow.keptNarrow]).toEqual([0, wide.kept]);
    const smol = (precision: string): number => terms('lora:r=4', 'smollm2-135m', { precision }).held;
    expect(smol('bfloat16') / smol('float32')).toBeLessThan(0.65);
  });

  it('counts the scores of every word for the labels alone', () => {
    const size = { ...extent, written: 100 };
    expect(terms('lora:r=4', 'smollm2-135m', {}, size).scores).toBeCloseTo((100 * 49_152 * 4) / mib, 6);
    expect(terms('lora:r=4').scores).toBe(0);
  });
});

describe('the fullest batch', () => {
  const spaces = {
    encode: ({ text }: { readonly text: string }, most: number) => ({
      ids: new Int32Array(Math.min(most, text.split(' ').length)),
    }),
  } as unknown as Tokenizer;
  const texts = (...lengths: readonly number[]) =>
    lengths.map((length, i) => ({ id: String(i), text: Array.from({ length }, () => 'x').join(' '), target: 'y y y' }));
  const data = { train: texts(2, 4, 33, 40, 3, 38), validation: texts(4), test: texts(3) };

  it('holds the longest texts, cut', () => {
    const training = { ...defaultTraining, batch: 2, maxLength: 32 };
    expect(extentOf(data, training, spaces, false)).toMatchObject({ read: 64, written: 0, readPairs: 2 * 32 ** 2 });
  });

  it('holds sources and targets, apart or in one', () => {
    const target = { maxLength: 2, decoded: 1, beams: 1, lengthPenalty: 1, minLength: 0, noRepeatNgram: 0 };
    const training = { ...defaultTraining, batch: 2, maxLength: 32, target };
    expect(extentOf(data, training, spaces, false)).toMatchObject({ read: 64, written: 4, crossPairs: 2 * 32 * 2 });
    expect(extentOf(data, training, spaces, true)).toMatchObject({ read: 68, written: 4 });
  });
});

describe('committed measurements', () => {
  const number = v.object(Object.fromEntries(termNames.map((name) => [name, real])));
  const schema = v.object({ runs: v.array(v.object({ name: v.string(), peakMb: real, off: real, terms: number })) });
  const read = readText(
    readFileSync(join(projectRoot(), 'results', 'scaling', 'memory.json'), 'utf8'),
    schema as unknown as v.GenericSchema<unknown, { readonly runs: readonly (Row & { readonly off: number })[] }>,
  );
  const runs = read.kind === 'value' ? read.value.runs : [];

  it('are foreseen within 15%, also by weights that were fitted without them', () => {
    expect(runs.length).toBeGreaterThanOrEqual(20);
    const weights = storedWeights();
    for (const { peakMb, terms: own, off, name } of runs) {
      expect(Math.abs(peakBy(weights, own) / peakMb - 1), name).toBeLessThan(0.15);
      expect(Math.abs(off), name).toBeLessThan(0.15);
    }
  });
});

interface Row {
  readonly name: string;
  readonly peakMb: number;
  readonly terms: Terms;
}

it('foresees what was never run, and says nothing of what is not here', () => {
  vi.stubEnv('VITEST', undefined); // what is started here runs as anywhere
  const spec = runSpec({
    study: 'x',
    method: 'lora:r=3',
    training: { examples: 64, scored: { validation: 8, test: 8 } },
  });
  const elsewhere = { ...spec, model: '/nowhere/model' };
  const peakOf = foreseePeaks([spec]);
  const small = peakOf(spec) ?? NaN;
  expect(small).toBeGreaterThan(500);
  expect(small).toBeLessThan(1200);
  expect(foreseePeaks([elsewhere])(elsewhere)).toBeNull();
  vi.unstubAllEnvs();
});
