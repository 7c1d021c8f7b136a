import { describe, expect, it } from 'vitest';
import { hasBiases, type ModelShape } from '../../model/shape';
import { knownShapes } from '../../model/shapes';
import { count } from '../counts/count';
import { describeMethod, rowsTotal } from './describe';
import type { Modification } from './types';
import { method } from './methods';
import { printPoint } from './point';
import { points } from './space';
import { whyInvalid } from './valid';
import { families, parseMethod } from './written';

/** No two sizes are equal, so that a wrong letter gives a wrong number. */
const unlike = { width: 40, heads: 6, keyValueHeads: 3, headWidth: 8, ffnWidth: 68, vocabulary: 97 };
const shapes: Readonly<Record<string, ModelShape>> = {
  bart: { ...(knownShapes['bart-base'] as ModelShape), ...unlike, encoderLayers: 2, decoderLayers: 3 },
  bert: { ...(knownShapes['bert-base-uncased'] as ModelShape), ...unlike, encoderLayers: 3 },
  llama: { ...(knownShapes['llama-7b'] as ModelShape), ...unlike, decoderLayers: 3 },
  t5: { ...(knownShapes['t5-small'] as ModelShape), ...unlike, encoderLayers: 3, decoderLayers: 2 },
};
const bert = shapes['bert'] as ModelShape;

/** What the examples leave at its usual value. */
const others = [
  'vlm:r=4,rows=30',
  'prefix:l=5,mlp=7',
  'prefix:l=5,gate=none',
  'mam:l=5,r=4,mlp=7',
  'mhpa:l=5,query=normed',
  'pa-ffn:r=4,s=learned',
  'pa-ffn:r=4,s=channel',
  'pa-ffn:r=4,norm=out',
  'sa-attn:r=4,norm=none',
  'houlsby:m=4,norms=frozen',
  'compacter:r=8,n=2,places=ffn',
  'compacter:r=8,n=2+compacter:r=8',
  'compacter:r=8+compacter:r=4',
  'adapterdrop:r=4,first=1,mode=robust',
  'layernorm+houlsby:m=4',
  'top:k=1+layernorm',
  'lora:r=3+lora:r=4,s=1',
  'prompt:l=3+layernorm',
  'point:site=ffn,r=4,factors=phm,n=2,rank=3,share=no',
  'point:site=ffn,r=4,factors=phm,n=2,rank=3',
  'point:site=attn.heads,r=3,heads=each,reads=query(norm(x))',
  'point:site=attn.heads,form=prefix,l=3,mlp=5,how=gate',
  'point:site=ffn,r=4,layers=0.2',
  'point:site=ffn,r=4,layers=from1,stacks=decoder',
  'point:site=embedding,r=4',
  'point:site=ffn.down,r=4,trains=up',
  'point:site=cross,r=4',
];
const written = [...Object.values(families).map(({ example }) => example), ...others];
const fitting = Object.entries(shapes).flatMap(([name, shape]) =>
  written.filter((text) => fits(text, shape)).map((text) => [name, text, shape] as const),
);

function fits(text: string, shape: ModelShape): boolean {
  const biasless = !hasBiases(shape) && text === 'bitfit';
  return !biasless && whyInvalid(parseMethod(text), shape) === undefined;
}

/** The number that a row's text says: a reader with the letters' sizes. */
function read(text: string, sizes: Readonly<Record<string, number>>): number {
  const product = (term: string): number =>
    term
      .split(' ')
      .map((word) => factor(word, sizes))
      .reduce((a, b) => a * b, 1);
  const [, inner, rest = ''] = /^r \((.*?)\)(.*)$/.exec(text) ?? [];
  const flat =
    inner === undefined
      ? text
      : `${inner
          .split(' + ')
          .map((term) => `r ${term}`)
          .join(' + ')}${rest}`;
  return flat
    .split(' + ')
    .map(product)
    .reduce((a, b) => a + b, 0);
}

function factor(word: string, sizes: Readonly<Record<string, number>>): number {
  const [, letter = '', power] = /^(.*?)([²³]?)$/.exec(word) ?? [];
  return (
    (/^\d+$/.test(letter) ? Number(letter) : (sizes[letter] ?? NaN)) ** (power === '²' ? 2 : power === '³' ? 3 : 1)
  );
}

describe('the table of the design space', () => {
  it('has every family on each architecture that it fits', () => {
    for (const [name, shape] of Object.entries(shapes)) {
      const missing = Object.values(families)
        .map(({ example }) => example)
        .filter((text) => !fits(text, shape));
      expect(missing).toEqual(hasBiases(shape) ? [] : ['bitfit']);
      expect(fitting.filter(([other]) => other === name).length).toBeGreaterThan(written.length - 6);
    }
  });

  it.each(fitting)('counts on %s what %s trains', (_, text, shape) => {
    expect(rowsTotal(describeMethod(parseMethod(text), shape))).toBe(count(parseMethod(text), shape).trained);
  });

  it.each(['bart', 'llama'])('counts every point of the space on %s', (name) => {
    const shape = shapes[name] as ModelShape;
    const valid = [...points()];
    expect(valid.length).toBeGreaterThan(1600);
    for (let start = 0; start < valid.length; start += 30) {
      const some = method('points', { modifications: valid.slice(start, start + 30) });
      expect(rowsTotal(describeMethod(some, shape)), printPoint(valid[start] as Modification)).toBe(
        count(some, shape).trained,
      );
    }
  });

  it.each([
    ['houlsby:m=16', { r: 16, d: 40 }, [3, 3, 1]],
    ['lora:r=8', { r: 8, d: 40, d_a: 48, d_k: 24 }, [3]],
    ['compacter:r=16', { r: 16, d: 40, n: 4 }, [3, 1]],
    ['mam:l=8,r=16', { l: 8, r: 16, d: 40, d_k: 24 }, [3, 3]],
    ['bitfit', { d: 40, d_a: 48, d_k: 24, d_m: 68 }, [1, 3]],
    ['full', { d: 40, d_a: 48, d_k: 24, d_m: 68, V: 97, P: 512, T: 2 }, [1, 3]],
  ])('says in its text of %s what it counts', (text, sizes, times) => {
    const shares = describeMethod(parseMethod(text), bert)
      .flatMap(({ parameters }) => parameters)
      .map((share) => ({ ...share, formula: share.text.replace(/ (a layer|once)$/, '') }));
    const layers = shares.map(({ text: said }) => (said.endsWith('a layer') ? 3 : 1));
    expect([...layers].sort()).toEqual([...times].sort());
    expect(shares.map(({ formula }, i) => read(formula, sizes) * (layers[i] ?? NaN))).toEqual(
      shares.map(({ value }) => value),
    );
  });

  // He et al. 2021, Table 1
  it.each([
    ['prefix:l=30', ['attn.heads', 'parallel', 'softmax(x W_q P_kᵀ) P_v', '(1 − λ) h + λ Δh', '2 l d_k a layer']],
    ['sa-ffn:r=64', ['ffn', 'sequential', 'ReLU(h W_down) W_up', 'h + Δh', '2 r d + r + d a layer']],
    [
      'lora:r=8,s=2',
      ['attn.query, attn.value', 'parallel', 'x W_down W_up', 'h + s Δh, s = 2', 'r (2 d + d_a + d_k) a layer'],
    ],
    ['pa-ffn:r=64,s=4', ['ffn', 'parallel', 'ReLU(x W_down) W_up', 'h + s Δh, s = 4', '2 r d + r + d a layer']],
    ['mhpa:l=30', ['attn.heads', 'parallel', 'ReLU(x W_q P_kᵀ) P_v', 'h + Δh', '2 r d_a a layer']],
    [
      'mhpa:l=30,query=normed',
      ['attn.heads', 'parallel', 'ReLU(LN(x) W_q P_kᵀ) P_v', 'h + Δh', '2 r d_a + 2 d a layer'],
    ],
    [
      'pa-ffn:r=64,s=learned',
      ['ffn', 'parallel', 'ReLU(x W_down) W_up', 'h + s Δh, s learned', '2 r d + r + d + 1 a layer'],
    ],
    ['ia3', ['attn.key, attn.value, ffn.mid', 'sequential', 'l', 'l h', '2 d_k + d_m a layer']],
    ['vlm:r=10', ['block', 'sequential', 'ReLU(LN(h) W_down) W_up', 'h + Δh', '2 r d + r + 3 d a layer']],
    [
      'prefix:l=30,mlp=9',
      [
        'attn.heads',
        'parallel',
        'softmax(x W_q P_kᵀ) P_v, P from an MLP',
        '(1 − λ) h + λ Δh',
        '2 w d_k + 2 d_k a layer, l d + w d + w once',
      ],
    ],
    [
      'compacter:r=8',
      ['attn, ffn', 'sequential', 'GELU(h (Σ A_i ⊗ B_i)) (Σ A_i ⊗ C_i)', 'h + Δh', '6 d + 6 r a layer, n³ once'],
    ],
    [
      'vera:r=8',
      ['attn.query, attn.value', 'parallel', 'x R_1 diag(c) R_2 diag(b)', 'h + s Δh, s = 1', '2 r + d_a + d_k a layer'],
    ],
    [
      'dora:r=8,s=2',
      [
        'attn.query, attn.value',
        'parallel',
        'x W_down W_up',
        'm (W + s ΔW) / |W + s ΔW| x, s = 2',
        'r (2 d + d_a + d_k) + d_a + d_k a layer',
      ],
    ],
    [
      'adapterdrop:r=8,first=2',
      ['ffn from layer 2', 'sequential', 'ReLU(norm(h + residual) W_down) W_up', 'h + Δh', '2 r d + r + d a layer'],
    ],
    ['bitfit', ['every bias', '-', 'the weights themselves', 'replaced', 'd once, d_a + 2 d_k + 4 d + d_m a layer']],
    ['layernorm', ['every norm', '-', 'the weights themselves', 'replaced', '2 d once, 4 d a layer']],
    ['prompt:l=9', ['embedding', '-', '9 free vectors', 'put in front of the input', 'l d once']],
    ['head', ['-', '-', '-', '-', 'the head alone']],
  ])('%s', (text, expected) => {
    const [row] = describeMethod(parseMethod(text), bert);
    const { sites = '', insertion = '', form = '', composition = '', parameters = [] } = row ?? {};
    expect([sites, insertion, form, composition, parameters.map((share) => share.text).join(', ')]).toEqual(expected);
  });

  it.each([
    ['adalora:r=8,target=3', /; pruned to 3 directions on average$/],
    ['adapterdrop:r=8,first=2,mode=robust', /; each training step leaves out the first n layers, n ≤ 2$/],
    ['unipelt:l=5,r=4,m=16', /^\(1 − λ\) h \+ λ Δh of g P_k, g P_v, g = σ\(x w \+ b\), its mean over the sequence$/],
    ['point:site=ffn,r=4,how=gate,s=2', /^h \+ g s Δh, s = 2, g = σ\(x w \+ b\)$/],
  ])('says how %s is put back', (text, expected) => {
    expect(describeMethod(parseMethod(text), bert)[0]?.composition).toMatch(expected);
  });

  it('gives cross-attention a row of its own, where the model has it', () => {
    const rows = (name: string): readonly (readonly string[])[] =>
      describeMethod(parseMethod('prefix:l=3'), shapes[name] as ModelShape).map(({ sites, parameters }) => [
        sites,
        ...parameters.map(({ text }) => text),
      ]);
    expect(rows('bart')).toEqual([
      ['attn.heads', '2 l d_k a layer'],
      ['cross.heads', '2 l d_k a decoder layer'],
    ]);
    expect(rows('llama')).toEqual([['attn.heads', '2 l d_k a layer']]);
  });
});
