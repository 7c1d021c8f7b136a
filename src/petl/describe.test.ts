import { describe, expect, it } from 'vitest';
import { describeMethod, designTable } from './describe';
import { families, parseMethod } from './written';

describe('the table of the design space', () => {
  it('has a row for every family', () => {
    const named = new Set(designTable().map(({ method }) => method.replace(/:.*/, '')));
    expect([...named].sort()).toEqual(Object.keys(families).sort());
  });

  // He et al. 2021, Table 1
  it.each([
    ['prefix:l=30', ['attn.heads, cross.heads', 'parallel', 'softmax(q P_k^T) P_v', '(1 - g) h + g dh, g = prefix share of the attention', '2 l k']],
    ['sa-ffn:r=64', ['ffn', 'sequential', 'relu(h W_down) W_up', 'h + dh', '2 r d + r + d']],
    ['lora:r=8,s=2', ['attn.query, cross.query', 'parallel', 'x A B', 'h + 2 dh', 'r (d + a)']],
    ['pa-ffn:r=64', ['ffn', 'parallel', 'relu(x W_down) W_up', 'h + dh', '2 r d + r + d']],
    ['mhpa:l=30', ['attn.heads, cross.heads', 'parallel', 'relu(q P_k^T) P_v per head', 'h + dh', '2 r a']],
    ['pa-ffn:r=64,s=4', ['ffn', 'parallel', 'relu(x W_down) W_up', 'h + 4 dh', '2 r d + r + d']],
    ['ia3', ['attn.key, cross.key, attn.value, cross.value', 'sequential', 'l, one factor per channel', 'l h', 'k']],
    ['vlm:r=10', ['block', 'sequential', 'relu(LN(h) W_down) W_up', 'h + dh', '2 r d + r + d + 2 d']],
  ])('%s', (written, expected) => {
    const [row] = describeMethod(parseMethod(written));
    expect(Object.values(row ?? {}).slice(1)).toEqual(expected);
  });

  it('says what the others train', () => {
    expect(describeMethod(parseMethod('head'))[0]?.parameters).toBe('the head alone');
    expect(describeMethod(parseMethod('mam:l=30,r=512')).length).toBe(2);
    expect(describeMethod(parseMethod('houlsby:m=64')).map(({ sites }) => sites)).toEqual(['attn, ffn', 'every norm']);
    expect(describeMethod(parseMethod('prompt:l=9'))[0]?.form).toBe('9 free vectors');
  });
});
