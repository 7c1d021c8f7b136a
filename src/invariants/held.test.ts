import { afterAll, describe, expect, it } from 'vitest';
import { inBfloat16 } from '../engine/bfloat16';
import { compile } from '../engine/compile';
import { hoist } from '../engine/hoist';
import { gatherNarrow, narrowedForProducts } from '../engine/narrow';
import { record } from '../engine/record';
import { tf, type Tensor, type Tensors } from '../engine/tf';
import { leaves, rebuild } from '../engine/tree';
import type { Backbone } from '../model/backbone';
import type { TextPair } from '../model/decoder';
import type { Delta } from '../petl/bank/delta';
import { promptLength } from '../petl/forms/modify';
import { gradients, probeLoss } from '../petl/testing/tiny';
import { roundedMatrices } from '../training/held';
import { benchOf, moved, outputsOn } from './testing/bench';
import { architectures, cells } from './testing/matrix';

/** Methods that look at matrices, at what they make or at neither. */
const looking = [
  'lora:r=4',
  'dora:r=2,at=k.o.gate',
  'pissa:r=4',
  'top:k=1',
  'unipelt:l=3,r=4,m=3',
  'point:site=attn.heads,form=relu,r=3,heads=each,reads=query,how=gate',
];

/** The model as a run in bfloat16 holds it. */
function heldFor(model: Backbone, { method }: Delta): Pick<Backbone, 'shape' | 'weights'> {
  const names = [...roundedMatrices(method, model.shape)];
  const rounded = names.map((name) => [name, narrowedForProducts(tf.clone(model.weights[name] as Tensor))] as const);
  made.push(...rounded.map(([, tensor]) => tensor));
  return { shape: model.shape, weights: { ...model.weights, ...Object.fromEntries(rounded) } };
}
const made: Tensor[] = [];
afterAll(() => {
  tf.dispose(made);
});

const textOf = (family: string, { method }: Delta): TextPair => benchOf(family).text(promptLength(method));

/** Outputs and gradients of every trained tensor. */
function stepOf(delta: Delta, model: Pick<Backbone, 'shape' | 'weights'>) {
  const names = Object.keys(delta.variables);
  // The texts are fed, too: what they and frozen weights alone decide would be computed beforehand, all digits kept.
  return (values: readonly Tensor[], pair: TextPair): Tensor[] => {
    const named = Object.fromEntries(names.map((name, i) => [name, values[i] as Tensor]));
    const outputs = (variables: Tensors): Tensor => outputsOn({ model: model as Backbone }, delta, variables, pair);
    const slopes = gradients((variables) => probeLoss(outputs(variables)), named);
    return [outputs(named), ...names.flatMap((name) => slopes[name] ?? [])];
  };
}

describe('a model whose matrices are held in bfloat16 where products alone read them', () => {
  it.each(cells(architectures, looking))('%s, %s: nothing else reads them', (family, written) => {
    const delta = moved(benchOf(family), written);
    const step = stepOf(delta, heldFor(benchOf(family).model, delta));
    const pair = textOf(family, delta);
    const variables = Object.values(delta.variables);
    const whole = (fed: Tensor[]): Tensor[] =>
      step(fed.slice(0, variables.length), rebuild(pair, fed.slice(variables.length)) as unknown as TextPair);
    hoist(inBfloat16(gatherNarrow(record(whole, [...variables, ...leaves(pair)])))).release();
    delta.dispose();
  });

  it.each(cells(['gpt2', 'llama', 't5'], ['lora:r=4']))('%s, %s: same numbers, to the bit', (family, written) => {
    const { model } = benchOf(family);
    const delta = moved(benchOf(family), written);
    const [wide, held] = [model, heldFor(model, delta)].map((one) => {
      const step = compile(stepOf(delta, one), 'compiled', 'bfloat16');
      const found = step(Object.values(delta.variables), textOf(family, delta)).map((tensor) => tensor.dataSync());
      step.dispose();
      return found;
    });
    expect(held).toEqual(wide);
    delta.dispose();
  });

  it('is no small part of a decoder, and none of what a method looks at', () => {
    const { shape } = benchOf('llama').model;
    const of = (written: string): ReadonlySet<string> =>
      roundedMatrices(moved(benchOf('llama'), written).method, shape);
    expect(of('lora:r=4').size).toBe(7 * shape.decoderLayers + (shape.output.kind === 'own' ? 1 : 0));
    expect(of('dora:r=2,at=k.o.gate').has('decoder.0.attn.key.weight')).toBe(false);
    expect(of('full').size).toBe(0);
  });

  it('is refused by a step that wants the digits back', () => {
    const matrix = narrowedForProducts(tf.ones([4, 4]));
    const step = compile((x: Tensor) => tf.matMul(x, tf.mul(matrix, 0.3)), 'compiled', 'bfloat16');
    expect(() => step(tf.ones([2, 4]))).toThrow('a matrix held in bfloat16 for products alone is read by Mul');
    matrix.dispose();
  });
});
