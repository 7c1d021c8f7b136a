import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { live } from '../engine/memory';
import { loadBackbone } from '../model/backbone';
import { tensorsHash } from '../model/fingerprint';
import { folderOf } from '../model/fixtures/tiny';
import type { Model } from '../model/open';
import { packSequences } from '../model/packing';
import { knownShapes } from '../model/shapes';
import { createDelta, type Delta } from '../petl/bank/delta';
import { prefix } from '../petl/design/methods';
import { combinations } from '../petl/design/space';
import { families, parseMethod } from '../petl/design/written';
import { fewSteps } from '../training/few-steps';
import { designTable, sideBySide } from './design-table';
import { deltaSizes, prefixAttention } from './delta-maps';
import { prefixGates, prefixTwice, threeForms } from './identity';
import { packingPicture } from './packing-picture';
import { reasonTable } from './reason-table';
import { shapesOf, siteTable, type SiteShapes } from './site-table';
import { textVectors, tokenize, visitTexts } from './texts';
import { panels } from './panels';
import { siteOfWeight, touches, touchMap } from './touch-map';

/** A tokenizer of one token a word, for tiny models that have none. */
function withWords(family: string): Model {
  const backbone = loadBackbone(folderOf(family), 'mean');
  const ids = (text: string): Int32Array =>
    Int32Array.from([1, ...text.split(' ').map((word) => 3 + (word.length % 50)), 2]);
  return {
    name: family,
    backbone,
    special: { end: [], pad: 0, start: null, forcedFirst: null, forcedLast: null },
    tokenizer: {
      size: 100,
      padId: 0,
      encode: ({ text }) => ({ ids: ids(text), typeIds: new Int32Array(ids(text).length) }),
      decode: (list) => `w${Array.from(list).join()}`,
      idOf: (token) => ({ '[CLS]': 1, '[SEP]': 2 })[token],
    },
  };
}

const texts = ['a b cc', 'ddd a eeee bb a'];
let model: Model;
let delta: Delta;
beforeAll(() => {
  model = withWords('bert');
  delta = createDelta(prefix({ l: 3 }), model.backbone.shape, model.backbone.weights, 1);
});
afterAll(() => {
  delta.dispose();
  model.backbone.dispose();
});

describe('texts', () => {
  it('are tokens with their words', () => {
    expect(tokenize(model, ['a bb'])).toEqual([
      { ids: [1, 4, 5, 2], types: [0, 0, 0, 0], words: ['[CLS]', 'w4', 'w5', '[SEP]'] },
    ]);
  });

  it('show every site of every layer once and leave nothing behind', () => {
    const before = live();
    const seen: SiteShapes[] = [];
    visitTexts(model, texts, (point) => {
      seen.push(shapesOf(point));
      return point.output;
    });
    expect(live()).toEqual(before);
    const { encoderLayers, width } = model.backbone.shape;
    expect(siteTable(seen).rows.map(([site, , x, , places]) => [site, x, places])).toContainEqual([
      'attn.heads',
      `[13, ${width}]`,
      String(encoderLayers),
    ]);
    expect(siteTable(seen).rows).toHaveLength(12);
  });

  it('have vectors of length 1 that do not depend on their neighbours', () => {
    const [[alone], [, second]] = [textVectors(model, [texts[1]!]), textVectors(model, texts)];
    expect(alone!.reduce((sum, x) => sum + x * x, 0)).toBeCloseTo(1, 5);
    alone!.forEach((x, i) => {
      expect(x).toBeCloseTo(second![i]!, 5);
    });
  });
});

describe('prefix tuning twice', () => {
  it('is the same as attention over joined keys and as a gated adapter, in every layer, padded rows or not', () => {
    const found = prefixTwice(model, texts, delta);
    expect(found.map(({ layer }) => layer)).toEqual([0, 1]);
    for (const { difference, largest } of found) {
      expect(difference).toBeLessThanOrEqual(1e-5);
      expect(largest).toBeGreaterThan(1e-3);
    }
  });

  it('has gates within (0, 1) for each head and layer', () => {
    const gates = prefixGates(model, texts, delta);
    expect(gates).toHaveLength(model.backbone.shape.heads * 2);
    for (const { value } of gates) {
      expect(value).toBeGreaterThan(0);
      expect(value).toBeLessThan(1);
    }
  });

  it('gives each vector of the prefix its share, which add up to the gate of the head', () => {
    const text = texts[0] ?? '';
    const one = prefixGates(model, [text], delta).find(({ row, column }) => row === 'layer 2' && column === '1');
    const cells = prefixAttention(model, text, delta, { layer: 1, head: 0 });
    const words = new Set(cells.map(({ row }) => row)).size;
    expect(cells.reduce((sum, { value }) => sum + value, 0) / words).toBeCloseTo(one?.value ?? NaN, 5);
    expect(() => prefixAttention(model, text, delta, { layer: 9, head: 0 })).toThrow(
      'no prefix at attention of layer 9',
    );
    expect(() => prefixAttention(model, text, delta, { layer: 0, head: 99 })).toThrow('head 99');
  });

  it('has a cell for each trained tensor and layer, a learned scale as it is', () => {
    const scaled = createDelta(parseMethod('pa-ffn:r=2,s=learned'), model.backbone.shape, model.backbone.weights, 1);
    expect(deltaSizes(scaled, 'scale').map(({ column, value }) => [column, value])).toEqual([
      ['1', 1],
      ['2', 1],
    ]);
    expect(deltaSizes(delta).length).toBe(Object.keys(delta.variables).length);
    expect(() => deltaSizes(delta, 'scale')).toThrow('no tensor named "scale"');
    scaled.dispose();
  });

  it('shows three f of one down-projection', () => {
    const { identity, relu, softmax } = threeForms(model, 'a bb', 'c ddd eeee', { layer: 1, head: 0 });
    expect([identity.length, identity[0]!.length]).toEqual([4, 3]);
    expect(relu).toEqual(identity.map((row) => row.map((z) => Math.max(0, z))));
    for (const row of softmax) expect(row.reduce((sum, p) => sum + p, 0)).toBeCloseTo(1, 5);
  });
});

describe('a few steps', () => {
  it('train the delta, lower the loss and leave the backbone and nothing else behind', async () => {
    const own = createDelta(parseMethod('lora:r=4'), model.backbone.shape, model.backbone.weights, 1);
    const hashes = (): string[] => [tensorsHash(model.backbone.weights), tensorsHash(own.variables)];
    const [frozen, fresh] = hashes();
    const before = live();
    const losses = await fewSteps(
      model,
      own,
      [
        { text: 'a a a', label: 0 },
        { text: 'dddd dddd', label: 1 },
      ],
      { steps: 8, rate: 1e-2 },
    );
    expect(live()).toEqual(before);
    expect(hashes()[0]).toBe(frozen);
    expect(hashes()[1]).not.toBe(fresh);
    expect(losses[7]).toBeLessThan(losses[0]!);
    own.dispose();
  });
});

describe('what a method touches', () => {
  const shape = knownShapes['bert-base-uncased']!;

  it('is read from the method', () => {
    expect(touches([parseMethod('mam:l=4,r=8')], shape).map(({ site, form, reads }) => [site, form, reads])).toEqual([
      ['attn.heads', 'prefix', 'parallel'],
      ['ffn', 'adapter', 'parallel'],
    ]);
    expect(touches([parseMethod('sa-attn:r=8')], shape)).toEqual([
      { method: 'sa-attn:r=8', site: 'attn', form: 'adapter', reads: 'sequential' },
    ]);
    expect(touches([parseMethod('layernorm')], shape).map(({ site }) => site)).toEqual(['embedding', 'attn', 'block']);
    expect(
      ['encoder.3.attn.out.bias', 'encoder.0.ffn.up.weight', 'embedding.word', 'decoder.1.cross.norm.gain'].map(
        siteOfWeight,
      ),
    ).toEqual(['attn', 'ffn.up', 'embedding', 'cross']);
  });

  it('has a mark for each in the map', () => {
    const methods = Object.values(families).map(({ example }) => parseMethod(example));
    expect(touchMap(methods, shape).numbers).toHaveLength(touches(methods, shape).length);
  });

  it.each([330, 500, 940])('is %d pixels wide where that is asked for', (width) => {
    const methods = ['lora:r=8', 'pa-attn:r=17+pa-ffn:r=288,s=4'].map(parseMethod);
    const { layout, width: given } = touchMap(methods, shape, { width });
    const { l = 0, r = 0 } = layout.margin ?? {};
    expect(given).toBe(width);
    expect(width - l - r).toBeGreaterThan(width / 2);
    expect([layout.yaxis?.title?.text, layout.xaxis?.title?.text]).toEqual(['method', 'site']);
  });
});

describe('grids side by side', () => {
  const grid = { title: 'f', values: [[0.1, -0.2, 0.3]] };
  const options = {
    name: 'grids',
    title: 'Grids',
    subtitle: '',
    rows: ['token'],
    columns: ['0', '1', '2'],
    axes: ['word', 'unit'] as const,
  };

  it.each([
    [330, 2],
    [500, 1],
  ])('at %d pixels stand in %d rows', (width, rows) => {
    const { layout, width: given } = panels([grid, grid, grid], { ...options, width });
    expect(given).toBe(width);
    expect((layout.yaxis as { tickvals: readonly number[] }).tickvals).toHaveLength(rows);
    expect([layout.yaxis?.title?.text, layout.xaxis?.title?.text]).toEqual(['word', 'unit']);
  });
});

describe('the design table', () => {
  it('says Table 1 of He et al. 2021', () => {
    const rows = designTable(['prefix:l=30', 'sa-ffn:r=8', 'lora:r=8,s=1', 'pa-ffn:r=8,s=4'].map(parseMethod)).rows;
    expect(rows.map((row) => row.slice(1, 5))).toEqual([
      ['softmax(x W_q P_kᵀ) P_v', 'parallel', 'attn.heads', '(1 − λ) h + λ Δh'],
      ['ReLU(h W_down) W_up', 'sequential', 'ffn', 'h + Δh'],
      ['x W_down W_up', 'parallel', 'attn.query, attn.value', 'h + s Δh, s = 1'],
      ['ReLU(x W_down) W_up', 'parallel', 'ffn', 'h + s Δh, s = 4'],
    ]);
  });

  it('puts down, f and up side by side', () => {
    expect(sideBySide([parseMethod('mam:l=4,r=8')]).rows).toEqual([
      ['mam:l=4,r=8', 'x', 'W_q P_kᵀ, per head', 'softmax', 'P_v, per head', '(1 − λ) h + λ Δh'],
      ['', 'x', 'W_down', 'relu', 'W_up', 'h + s Δh, s = 4'],
    ]);
  });

  it('has a row for every family, from its example', () => {
    const { rows } = designTable();
    expect(rows.map(([method]) => method).filter((method) => method !== '')).toEqual(
      Object.values(families).map(({ example }) => example),
    );
    expect(
      rows.map(([, , , , , trained]) => trained).filter((trained) => trained === undefined || trained === ''),
    ).toEqual([]);
    expect(rows.find(([method]) => method === 'compacter:r=16')?.at(-1)).toBe('6 d + 6 r a layer, n³ once');
  });
});

describe('the packing picture', () => {
  it('lists every row with its word and place', () => {
    const packed = packSequences(
      [
        { ids: [5, 6, 7], types: [0, 0, 0] },
        { ids: [8], types: [0] },
      ],
      { lengths: [3], size: 5, prompt: 0 },
    );
    const { numbers } = packingPicture(packed, [['x', 'y', 'z'], ['u']]);
    expect(numbers.map((line) => [line['word'], line['grid place']])).toEqual([
      ['x', 0],
      ['y', 1],
      ['z', 2],
      ['u', 3],
      ['filler', 4],
    ]);
  });
});

describe('reasons', () => {
  it('count every combination that is no point', () => {
    const all = [...combinations({ sites: ['attn.heads', 'ffn'] })];
    const counted = reasonTable(all).rows.reduce((sum, [, n]) => sum + Number(n!.replace(',', '')), 0);
    expect(counted).toBe(all.filter(({ reason }) => reason !== undefined).length);
  });
});
