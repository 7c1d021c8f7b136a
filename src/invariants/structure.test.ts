import { describe, expect, it } from 'vitest';
import { UserError } from '../errors';
import type { ModelShape } from '../model/shape';
import { layersOf, stacksOf, weightShapes } from '../model/shapes';
import { createDelta } from '../petl/bank/delta';
import { variablesOf } from '../petl/forms/variables';
import { parseMethod } from '../petl/design/written';
import { benchOf } from './testing/bench';
import { invariant } from './testing/catalogue';
import { architectures, cells, kinds, methods, shapeOf, training } from './testing/matrix';

invariant(6, () => {
  const stackLayers = (shape: ModelShape): readonly string[] =>
    stacksOf(shape).flatMap((stack) =>
      Array.from({ length: layersOf(shape, stack) }, (_, layer) => `${stack}.${layer}`),
    );
  const placesIn = (family: string, written: string): readonly string[] => {
    const names = variablesOf(parseMethod(written), shapeOf(family)).map(
      ({ name }) =>
        /^(encoder|decoder)\.\d+\.[a-z]+(\.(query|key|value|heads|out|up|gate|mid|down))?(?=\.(bottleneck|prefix|diagonal))/.exec(
          name,
        )?.[0],
    );
    return [...new Set(names.filter((name): name is string => name !== undefined))].sort();
  };
  /** Sites of each method in one encoder layer; cross-attention is treated as self-attention is. */
  const expected: readonly (readonly [written: string, self: readonly string[], cross: readonly string[]])[] = [
    ['lora:r=2', ['attn.query', 'attn.value'], ['cross.query', 'cross.value']],
    ['lora-ffn:r=2', ['ffn.up', 'ffn.down'], []],
    ['lora:r=2,at=o.down', ['attn.out', 'ffn.down'], ['cross.out']],
    ['prefix:l=2', ['attn.heads'], ['cross.heads']],
    ['houlsby:m=2', ['attn', 'ffn'], []],
    ['pfeiffer:r=2', ['ffn'], []],
    ['mam:l=2,r=2', ['attn.heads', 'ffn'], ['cross.heads']],
    ['ia3', ['attn.key', 'attn.value', 'ffn.mid'], ['cross.key', 'cross.value']],
    ['sa-attn:r=2', ['attn'], ['cross']],
    ['pa-attn:r=2', ['attn.heads'], ['cross.heads']],
    ['mhpa:l=2', ['attn.heads'], ['cross.heads']],
    ['vlm:r=2', ['block'], []],
    ['compacter:r=4,n=2', ['attn', 'ffn'], []],
    [
      'adalora:r=2',
      ['attn.query', 'attn.value', 'attn.key', 'ffn.up', 'ffn.down'],
      ['cross.query', 'cross.value', 'cross.key'],
    ],
    [
      'unipelt:l=2,r=2,m=2',
      ['attn.heads', 'attn.query', 'attn.value', 'ffn'],
      ['cross.heads', 'cross.query', 'cross.value'],
    ],
  ];
  it.each(
    cells(
      undefined,
      expected.map(([written]) => written),
    ),
  )('%s, %s', (family, written) => {
    const [, self, cross] = expected.find(([text]) => text === written) as (typeof expected)[number];
    const shape = shapeOf(family);
    const wanted = stackLayers(shape).flatMap((at) =>
      [...self, ...(at.startsWith('decoder') && shape.encoderLayers > 0 ? cross : [])].map((site) => `${at}.${site}`),
    );
    expect(placesIn(family, written)).toEqual([...wanted].sort());
  });

  it.each(architectures)('all-linear is every matrix of the blocks of %s', (family) => {
    const shape = shapeOf(family);
    const matrices = Object.keys(weightShapes(shape))
      .filter((name) => /^(encoder|decoder)\.\d+\..*\.weight$/.test(name))
      .map((name) => name.replace(/\.weight$/, ''));
    expect(placesIn(family, 'lora:r=2,at=all-linear')).toEqual(matrices.sort());
  });

  it.each(kinds)('layers left out have nothing on %s', (family) => {
    for (const [written, layers] of [
      ['adapterdrop:r=2,first=1', [1]],
      ['point:site=ffn,form=relu,r=2,layers=0', [0]],
      ['point:site=attn.query,form=identity,r=2,layers=from1', [1]],
    ] as const) {
      expect([...new Set(placesIn(family, written).map((name) => Number(name.split('.')[1])))]).toEqual(layers);
    }
  });
});

invariant(7, () => {
  it.each([
    ['loar:r=8', /"loar".*did you mean "lora"/],
    ['lora:r=8,alpha=2', /no parameter "alpha": it takes r, s/],
    ['point:site=ffm,r=2', /site must be embedding or/],
    ['houlsby:m=8,norms=cold', /norms must be/],
    ['lora:r=8+nope', /"nope" in "lora:r=8\+nope"/],
  ])('%s names what it does not know', (written, message) => {
    expect(() => parseMethod(written)).toThrow(UserError);
    expect(() => parseMethod(written)).toThrow(message);
  });

  it.each(
    cells(kinds, [
      'point:site=ffn,form=relu,r=2,layers=7',
      'point:site=ffn,form=relu,r=2,layers=0.9',
      'adapterdrop:r=2,first=5',
      'lora:r=2+point:site=ffn,form=relu,r=2,layers=from8',
    ]),
  )('%s, %s: layers that are not there, some or all', (family, written) => {
    const { model } = benchOf(family);
    expect(() => createDelta(parseMethod(written), model.shape, model.weights, 1)).toThrow(
      /layers [\d,]+ must lie between 0 and 1/,
    );
  });

  it.each([
    ['bert', 'stacks=decoder', /has no decoder/],
    ['gpt2', 'stacks=encoder', /has no encoder/],
  ])('%s has none of %s', (family, stacks, message) => {
    const { model } = benchOf(family);
    expect(() =>
      createDelta(parseMethod(`lora:r=2+point:site=ffn,form=relu,r=2,${stacks}`), model.shape, model.weights, 1),
    ).toThrow(message);
  });

  it.each(['bert', 'gpt2', 't5'])('a gate alone matches nothing in %s', (family) => {
    const { model } = benchOf(family);
    expect(() => createDelta(parseMethod('lora:r=2,at=gate'), model.shape, model.weights, 1)).toThrow(
      /the model has none of its sites/,
    );
  });

  it.each(['bert', 'gpt2', 'llama'])('cross-attention alone matches nothing in %s', (family) => {
    const { model } = benchOf(family);
    expect(() =>
      createDelta(parseMethod('point:site=cross.query,form=identity,r=2'), model.shape, model.weights, 1),
    ).toThrow(/the model has none of its sites/);
  });
});

describe('the matrix', () => {
  it('holds every family on every architecture that can have it', () => {
    const whole = cells(undefined, methods, true);
    expect(new Set(whole.map(([, written]) => written)).size).toBe(methods.length);
    // Llama, both T5, Gemma 2 and ModernBERT have no biases
    expect(cells(undefined, training, true).length).toBe(architectures.length * training.length - 5);
  });

  it.each([[architectures], [kinds], [['bert', 'gpt2']]])(
    'in short has every method, and as many on each of %j',
    (all) => {
      const short = cells(all, methods, false);
      expect(new Set(short.map(([, written]) => written)).size).toBe(methods.length);
      const counts = all.map((family) => short.filter(([one]) => one === family).length);
      expect(Math.max(...counts) - Math.min(...counts)).toBeLessThanOrEqual(2);
    },
  );
});
