import { expect, it } from 'vitest';
import { live } from '../engine/memory';
import { noise } from '../engine/random';
import { tf } from '../engine/tf';
import { UserError } from '../errors';
import { sequenceMean } from '../model/heads';
import { count } from '../petl/counts/count';
import { createDelta, type Delta } from '../petl/bank/delta';
import type { Method, Modification } from '../petl/design/types';
import { printPoint } from '../petl/design/point';
import { trials } from '../petl/testing/trials';
import { method } from '../petl/design/methods';
import { againOf } from '../petl/forms/connector';
import { promptLength, visitFor } from '../petl/forms/modify';
import { directionsLeft, penaltyOf } from '../petl/forms/ranks';
import { combinations } from '../petl/design/space';
import { specsOf } from '../petl/forms/variables';
import { whyInvalid } from '../petl/design/valid';
import { families, parseMethod } from '../petl/design/written';
import { benchOf, moved } from './testing/bench';
import { invariant } from './testing/catalogue';
import { cells, kinds, methods } from './testing/matrix';

/** Every value of each optional word of a family's form, beside its example: `[,s=4|learned|channel]`. */
function variations(form: string, example: string): readonly string[] {
  const options = [...form.matchAll(/\[[,:]([\w-]+)=([^\]]+)\]/g)].flatMap(([, key = '', values = '']) =>
    values.split('|').map((value) => [key, value] as const),
  );
  return options
    .filter(([key, value]) => value !== '...' && key !== 'text')
    .map(([key, value]) =>
      new RegExp(`\\b${key}=`).test(example)
        ? example.replace(new RegExp(`\\b${key}=[^,]+`), `${key}=${value}`)
        : `${example}${example.includes(':') ? ',' : ':'}${key}=${value}`,
    );
}

const points = [
  'point:site=ffn,form=relu,r=4',
  'point:site=attn,form=relu,r=4',
  'point:site=ffn,form=relu,r=5',
  'point:site=ffn,form=tanh,r=4',
  'point:site=ffn,form=relu,r=4,reads=h',
  'point:site=ffn,form=relu,r=4,reads=residual',
  'point:site=ffn,form=relu,r=4,reads=h&residual',
  'point:site=ffn,form=relu,r=4,reads=norm(h&residual)',
  'point:site=ffn,form=relu,r=4,norm=in',
  'point:site=ffn,form=relu,r=4,norm=out',
  'point:site=ffn,form=relu,r=4,drop=0.5',
  'point:site=ffn,form=relu,r=4,trains=up',
  'point:site=ffn,form=relu,r=4,init=lora',
  'point:site=ffn,form=relu,r=4,init=houlsby',
  'point:site=ffn,form=relu,r=4,init=houlsby,std=0.1',
  'point:site=ffn,form=relu,r=4,bias=no',
  'point:site=ffn,form=relu,r=4,how=gate',
  'point:site=ffn,form=relu,r=4,how=gate,s=2',
  'point:site=ffn,form=relu,r=4,how=gate-sequence',
  'point:site=ffn,form=relu,r=4,how=multiply',
  'point:site=ffn,form=relu,r=4,s=2',
  'point:site=ffn,form=relu,r=4,s=learned',
  'point:site=ffn,form=relu,r=4,s=learned,initial=3',
  'point:site=ffn,form=relu,r=4,s=channel',
  'point:site=ffn,form=relu,r=4,layers=0',
  'point:site=ffn,form=relu,r=4,layers=from1',
  'point:site=ffn,form=relu,r=4,factors=phm,n=2',
  'point:site=ffn,form=relu,r=4,factors=phm,n=4',
  'point:site=ffn,form=relu,r=4,factors=phm,n=2,rank=2',
  'point:site=ffn,form=relu,r=4,factors=phm,n=2,share=no',
  'point:site=ffn,form=relu,r=4,factors=phm,n=2,bias=no',
  'point:site=ffn,form=relu,r=4,factors=random',
  'point:site=ffn,form=relu,r=4,factors=random,seed=2',
  'point:site=ffn,form=relu,r=4,factors=random,start=0.2',
  'point:site=ffn,form=relu,r=4,factors=random,projections=stored',
  'point:site=ffn,form=relu,r=4,factors=triplet',
  'point:site=ffn.up,form=identity,r=4,factors=principal',
  'point:site=ffn.up,form=identity,r=4,bias=no,how=renormalise',
  'point:site=ffn.up,form=identity,r=4,bias=no,how=renormalise,s=2',
  'point:site=ffn.up,form=identity,r=4,bias=no',
  'point:site=attn.heads,form=relu,r=4,reads=query,heads=each',
  'point:site=attn.heads,form=relu,r=4,reads=query(norm(x)),heads=each',
  'point:site=attn.heads,form=prefix,l=2',
  'point:site=attn.heads,form=prefix,l=3',
  'point:site=attn.heads,form=prefix,l=2,mlp=3',
  'point:site=attn.heads,form=prefix,l=2,positions=shifted',
  'point:site=attn.heads,form=prefix,l=2,how=add',
  'point:site=attn.heads,form=prefix,l=2,how=gate',
  'point:site=ffn,form=diagonal',
  'point:site=ffn.mid,form=diagonal',
  'point:site=ffn,form=relu,r=4,stacks=decoder',
];

/**
 * What can be seen of a method on a model: its tensors and how they start, its counts, what it computes with and
 * without dropout, what it prunes.
 */
function seen(family: string, written: string): string {
  const bench = benchOf(family);
  const method = parseMethod(written);
  const delta = moved(bench, written);
  const specs = specsOf(method, bench.model.shape).map(({ modification: _index, ...spec }) => spec);
  const signature = {
    specs,
    counts: count(method, bench.model.shape),
    left: directionsLeft(method, bench.model.shape, 1),
    hidden: sums(family, delta),
    penalty: penalty(delta),
  };
  delta.dispose();
  return JSON.stringify(signature);
}

/**
 * On a model that norms last and one that norms first: x and the residual are the same in the one, a norm of the sum
 * there is none in the other.
 */
const seenEverywhere = (written: string): string => seen('bart', written) + seen('gpt2', written);

function penalty({ method, shape, variables, constants }: Delta): number {
  return tf.tidy(() => penaltyOf(method, shape, { ...variables, ...constants })?.dataSync()[0] ?? 0);
}

function sums(family: string, delta: Delta): readonly number[] {
  const bench = benchOf(family);
  return tf.tidy(
    () => [bench.value(delta), noisy(family, delta)] as unknown as tf.TensorContainer,
  ) as unknown as number[];
}

function noisy(family: string, { method: own, variables, constants, shape }: Delta): number {
  const bench = benchOf(family);
  const pair = bench.text(promptLength(own));
  const source = noise(tf.tensor1d([3, 4], 'int32'));
  const tensors = { ...variables, ...constants };
  const visit = visitFor(own, shape, tensors, {
    noise: source,
    sequenceMean: (x) =>
      sequenceMean(
        x,
        x.shape[0] === (pair.source ?? pair.target).sequences.shape[0] ? (pair.source ?? pair.target) : pair.target,
      ),
  });
  return tf
    .sum(
      tf.square(
        bench.run(bench.model, { visit, prompt: variables['prompt'], again: againOf(own, tensors) }, promptLength(own)),
      ),
    )
    .dataSync()[0] as number;
}

invariant(8, () => {
  const worded = Object.entries(families).map(([name, { form, example }]) => {
    const all = [example, ...variations(form, name === 'pa-ffn' ? 'pa-ffn:r=16' : example)];
    // Another model as encoder, and what a batch gives it to read: training/written-prompt.test.ts has both.
    return [name, all.filter((written) => !/encoder=model|source=/.test(written))] as const;
  });
  it.each(worded.filter(([name, all]) => all.length > 1 && name !== 'point'))(
    '%s: each value of each word',
    (_, all) => {
      const canonical = [
        ...new Set(
          all.map(
            (written) =>
              parseMethod(written.replace(/\bl=(20|30)\b/, 'l=3').replace(/\b(r|m)=(8|16|64)\b/, '$1=4')).name,
          ),
        ),
      ];
      const signatures = canonical.map(seenEverywhere);
      expect(new Set(signatures).size, canonical.join(' ')).toBe(canonical.length);
    },
  );

  it('every word of a point', () => {
    const all = points.map((written) => parseMethod(written));
    expect(new Set(all.map(({ name }) => name)).size).toBe(points.length);
    const signatures = points.map(seenEverywhere);
    const twins = points.filter((_, i) => signatures.indexOf(signatures[i] as string) < i);
    expect(twins).toEqual([]);
  });

  it.each(trials().map((trial) => [trial.name, trial] as const))('%s is seen somewhere', (_, { usual, changed }) => {
    const [before, after] = [printPoint(usual), printPoint(changed as Modification)];
    const able = ['bart', 'gpt2', ...(after.includes('site=ffn.gate') ? ['llama'] : [])].filter(
      (family) => whyInvalid(parseMethod(after), benchOf(family).model.shape) === undefined,
    );
    expect(able.map((family) => seen(family, after))).not.toEqual(able.map((family) => seen(family, before)));
  });

  it.each(methods)('%s survives writing and parsing, field by field', (written) => {
    const own = parseMethod(written);
    expect(parseMethod(own.name)).toEqual(own);
    expect(Object.keys(own).sort()).toEqual([
      'counted',
      'lifecycle',
      'modifications',
      'name',
      'passes',
      'prompt',
      'unfrozen',
    ]);
    const values: unknown[] = [own];
    for (let value = values.pop(); value !== undefined; value = values.pop())
      if (typeof value === 'object') {
        for (const part of Object.values(value as object)) {
          expect(part).toBeDefined();
          values.push(part);
        }
      }
  });
});

invariant(9, () => {
  const invalid = [...combinations()].filter(({ reason }) => reason !== undefined);
  it.each(kinds)('all of them on %s, with the reason', (family) => {
    const { model } = benchOf(family);
    const before = live();
    for (const { modification, reason } of invalid) {
      const made = (): Delta =>
        createDelta(method('bad', { modifications: [modification] }), model.shape, model.weights, 1);
      let said = '';
      try {
        made();
      } catch (error) {
        said = error instanceof UserError ? error.message : `a fault: ${String(error)}`;
      }
      if (said !== `Method bad does not fit this model: ${reason ?? ''}`) expect(said).toBe(reason);
    }
    expect(live()).toEqual(before);
    expect(invalid.length).toBe(19 * 8 * 12 * 8 - 1894);
  });
});

invariant(10, () => {
  it.each([
    ['compacter:r=4,n=3', 'bert', /n = 3 must divide 32, 4 and 32/],
    ['compacter:r=5,n=2', 'gpt2', /n = 2 must divide 32, 5 and 32/],
    ['pissa:r=33', 'bart', /r = 33 exceeds the rank 32/],
    ['pissa:r=17', 'llama', /r = 17 exceeds the rank 16/],
    ['top:k=3', 't5', /has 2 layers; choose k from 1 to 2/],
    ['vlm:r=2,rows=101', 'gpt2', /the word table has 100 rows/],
    ['full+bitfit', 'bert', /leave one out/],
    ['lora:r=33', 'bert', /r = 33 exceeds the width 32/],
    ['pa-ffn:r=2000000000', 'bert', /more than 2 GB; choose smaller sizes/],
    ['prompt:l=2,tokens=5.100', 'gpt2', /token 100 of the prompt is beyond the 100 words/],
    ['prompt:l=900,positions=shifted', 'bert', /leaves no room for a text/],
    ['prefix:l=900,positions=shifted', 'bert', /leaves no room for a text/],
    ['bitfit', 'llama', /llama models have no biases/],
  ])('%s on %s', (written, family, message) => {
    const { model } = benchOf(family);
    const before = live().tensors;
    expect(() => createDelta(parseMethod(written), model.shape, model.weights, 1)).toThrow(UserError);
    expect(() => createDelta(parseMethod(written), model.shape, model.weights, 1)).toThrow(message);
    expect(live().tensors).toBe(before);
  });

  it('heads that do not divide what a form per head reads', () => {
    const { model } = benchOf('bert');
    const odd = { ...model.shape, headWidth: 7 };
    const broken = parseMethod('point:site=attn.heads,form=relu,r=3,reads=x,heads=each');
    expect(() => createDelta(broken, odd, model.weights, 1)).toThrow(/reads 4 heads of 7, not width 32/);
  });

  it.each(cells(kinds, ['lora:r=0', 'lora:r=2.5', 'prefix:l=0', 'prompt:l=-1', 'pa-ffn:r=4,drop=1', 'pa-ffn:r=4,s=0']))(
    '%s, %s is no size',
    (_, written) => {
      expect(() => parseMethod(written)).toThrow(UserError);
    },
  );

  it('a method made by hand is held to the same', () => {
    const { model } = benchOf('bert');
    const lora = parseMethod('lora:r=2');
    const broken = {
      ...lora,
      modifications: lora.modifications.map((m) => ({ ...m, form: { ...m.form, r: 1.5 } })),
    } as Method;
    expect(() => createDelta(broken, model.shape, model.weights, 1)).toThrow(
      /r must be a whole number of at least 1, not 1.5/,
    );
  });
});
