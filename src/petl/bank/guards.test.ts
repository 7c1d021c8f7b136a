import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { UserError } from '../../errors';
import type { Backbone } from '../../model/backbone';
import { demandHead, warningsFor } from './guards';
import { tinyModel } from '../testing/fixtures';
import { parseMethod } from '../design/written';

let model: Backbone;
beforeAll(() => {
  model = tinyModel('bert');
});
afterAll(() => {
  model.dispose();
});

describe('guards', () => {
  it.each([
    ['lora:r=2', []],
    ['layernorm+bitfit+houlsby:m=2', [/training layerNorms adds nothing/, /training layerNorms adds nothing/]],
    ['prefix:l=2,positions=shifted', []],
    ['adalora:r=4,target=4', [/^adalora:r=4,target=4: target=4 prunes nothing of r=4$/]],
    ['adalora:r=4,target=3', []],
    ['adapterdrop:r=2,first=2,mode=robust', [/first=2 may drop all 2 layers/]],
  ])('%s warns of what has no effect', (written, expected) => {
    const warnings = warningsFor(parseMethod(written), model.shape);
    expect(warnings.length).toBe(expected.length);
    expected.forEach((pattern, i) => {
      expect(warnings[i]).toMatch(pattern);
    });
  });

  it('warns of a shift that no learned positions follow', () => {
    const llama = tinyModel('llama');
    expect(warningsFor(parseMethod('prompt:l=2,positions=shifted'), llama.shape)).toEqual([
      'prompt:l=2,positions=shifted: positions=shifted has no effect on rotary positions',
    ]);
    expect(warningsFor(parseMethod('prompt:l=2'), llama.shape)).toEqual([]);
    llama.dispose();
  });

  it('warns of a residual that is x where the norm follows the addition', () => {
    expect(warningsFor(parseMethod('pa-ffn:r=2,reads=residual'), model.shape)).toEqual([
      'pa-ffn:r=2,reads=residual: reads=residual has no effect: in a model that norms after the addition the residual is x',
    ]);
    expect(
      warningsFor(parseMethod('pa-ffn:r=2,reads=residual'), {
        ...model.shape,
        norm: { ...model.shape.norm, place: 'pre' },
      }),
    ).toEqual([]);
  });

  it('demands a head where the task has one', () => {
    expect(() => {
      demandHead({}, 2);
    }).toThrow(UserError);
    expect(() => {
      demandHead({}, 0);
    }).not.toThrow();
  });
});
