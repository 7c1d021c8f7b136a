import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import type { Backbone } from '../../model/backbone';
import { createDelta } from '../bank/delta';
import { parseMethod } from '../design/written';
import { newerFamilies, newerModel } from '../testing/fixtures';
import { perturbed } from '../testing/tiny';
import { exportForeign, importForeign } from './foreign';
import { temporaryFolder } from './testing/cases';

const folder = temporaryFolder();

// What PEFT makes of them is compared by random draws: npm run interop -- --random
describe.each(newerFamilies)('adapters of %s', (name) => {
  const model: Backbone = newerModel(name);
  afterAll(() => {
    model.dispose();
  });

  /** Written for PEFT, which reads it back and compares outputs itself. */
  function written(method: string): readonly string[] {
    const delta = createDelta(parseMethod(method), model.shape, model.weights, 3);
    try {
      delta.assign(perturbed(delta.variables, 0.2, 4));
      const to = join(folder, `${name}-${method}`);
      exportForeign(to, delta, { library: 'peft', model, name: 'tiny' });
      const back = importForeign(to, model);
      const names = Object.keys(back.delta.variables);
      back.delta.dispose();
      return names;
    } finally {
      delta.dispose();
    }
  }

  const refused = name === 'albert';
  it.each(['lora:r=2,at=all-linear', 'dora:r=2', 'adalora:r=2', 'ia3', 'layernorm', 'lora:r=2+layernorm'])(
    `%s goes to PEFT and comes back${refused ? ', or is refused by name' : ''}`,
    (method) => {
      if (refused) expect(() => written(method)).toThrow(/an adapter of a albert model/);
      else expect(written(method).length).toBeGreaterThan(0);
    },
  );

  it('rows of tokens go to PEFT where it reaches their table', () => {
    if (refused || name === 'marian' || name === 'mt5')
      expect(() => written('lora:r=2+tokens:ids=5.9')).toThrow(/albert model|marian model|tables of its own/);
    else expect(written('lora:r=2+tokens:ids=5.9')).toContain('embedding.word.tokens');
  });
});
