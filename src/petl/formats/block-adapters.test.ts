import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { tf } from '../../engine/tf';
import { createDelta, type Delta } from '../bank/delta';
import { parseMethod } from '../design/written';
import { perturbed } from '../testing/tiny';
import { exportForeign, importForeign } from './foreign';
import { gap, modelOf, outputs, temporaryFolder, type Case } from './testing/cases';

const folder = temporaryFolder();
const inputs: Case = {
  library: 'adapters',
  family: 'gpt2',
  inputs: { ids: [[5, 17, 42, 8, 63]], mask: [[1, 1, 1, 1, 1]] },
  outputs: [],
};

function made(written: string): Delta {
  const model = modelOf('gpt2');
  const delta = createDelta(parseMethod(written), model.shape, model.weights, 5);
  delta.assign(perturbed(delta.variables, 0.3, 1));
  return delta;
}

describe('adapters after whole blocks', () => {
  it("are adapters' output adapters that read the residual's sum through a norm of their own, both ways", () => {
    const delta = made('vlm:r=4');
    const to = join(folder, 'vlm');
    const report = exportForeign(to, delta, { library: 'adapters', model: modelOf('gpt2'), name: 'tiny' });
    expect(report).toMatchObject({ lossless: true });
    const { delta: back, head, report: read } = importForeign(to, modelOf('gpt2'));
    expect(read.lossless).toBe(true);
    expect(gap(outputs(back, inputs), outputs(delta, inputs))).toBeLessThan(1e-5);
    tf.dispose(head);
    back.dispose();
    delta.dispose();
  });

  it('are refused with their task embeddings, which adapters cannot hold', () => {
    const delta = made('vlm:r=4+segments:n=3');
    expect(() =>
      exportForeign(join(folder, 'no'), delta, { library: 'adapters', model: modelOf('gpt2'), name: 'tiny' }),
    ).toThrow(/task embeddings \(segments\).*adapters adds no vectors by segment/);
    delta.dispose();
  });
});
