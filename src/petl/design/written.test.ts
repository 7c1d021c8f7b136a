import { describe, expect, it } from 'vitest';
import { UserError } from '../../errors';
import { families, parseMethod, printMethod } from './written';

const canonical: readonly (readonly [string, string])[] = [
  ['full', 'full'],
  ['head', 'head'],
  ['lora:r=8+head:rows=3', 'lora:r=8+head:rows=3'],
  ['bitfit', 'bitfit'],
  ['layernorm', 'layernorm'],
  ['top:k=2', 'top:k=2'],
  ['prompt:l=20', 'prompt:l=20'],
  ['prefix:l=200', 'prefix:l=200'],
  ['prefix:mlp=800,l=200', 'prefix:l=200,mlp=800'],
  ['lora:r=8', 'lora:r=8'],
  ['lora: r=8 , s=4.0', 'lora:r=8'],
  ['lora:s=1,r=8', 'lora:r=8,s=1'],
  ['lora:r=8,at=v.q', 'lora:r=8'],
  ['lora:r=8,at=o.k.q.v', 'lora:r=8,at=q.k.v.o'],
  ['rslora:at=down.gate.up.o.v.k.q,r=8', 'rslora:r=8,at=all-linear'],
  ['dora:r=8,at=gate', 'dora:r=8,at=gate'],
  ['lora-ffn:r=102,s=4', 'lora-ffn:r=102,s=4'],
  ['sa-attn:r=200', 'sa-attn:r=200'],
  ['sa-ffn:r=200', 'sa-ffn:r=200'],
  ['pa-attn:r=200', 'pa-attn:r=200'],
  ['pa-ffn:r=512', 'pa-ffn:r=512'],
  ['pa-ffn:r=512,s=4', 'pa-ffn:r=512,s=4'],
  ['pa-ffn:r=512,s=learned', 'pa-ffn:r=512,s=learned'],
  ['pa-ffn:r=512,s=4,init=bert', 'pa-ffn:r=512,s=4,init=bert'],
  ['pa-ffn:r=512,init=bert', 'pa-ffn:r=512'],
  ['prefix:l=3,positions=shifted', 'prefix:l=3,positions=shifted'],
  ['prompt:positions=shifted,l=3', 'prompt:l=3,positions=shifted'],
  ['prompt:l=3,tokens=5.17', 'prompt:l=3,tokens=5.17'],
  ['vera:r=4,projections=stored', 'vera:r=4,projections=stored'],
  ['mhpa:l=30', 'mhpa:l=30'],
  ['mhpa:l=30,query=normed', 'mhpa:l=30,query=normed'],
  ['houlsby:m=64', 'houlsby:m=64'],
  ['houlsby:m=64,std=1e-3,norms=frozen', 'houlsby:m=64,std=0.001,norms=frozen'],
  ['pfeiffer:r=600', 'pfeiffer:r=600'],
  ['mam:l=30,r=512', 'mam:l=30,r=512'],
  ['mam:l=30,r=512,s=4', 'mam:l=30,r=512'],
  ['mam:l=16,r=16,s=2,mlp=800', 'mam:l=16,r=16,s=2,mlp=800'],
  [' prefix:l=30 + lora-ffn:r=102,s=4 ', 'prefix:l=30+lora-ffn:r=102,s=4'],
];

const refused: readonly (readonly [string, RegExp])[] = [
  ['loar:r=8', /Unknown method "loar": .*; did you mean "lora"/],
  ['', /Unknown method "": methods are full, head/],
  ['constructor', /Unknown method "constructor"/],
  ['lora', /"lora" needs r.*lora:r=8/],
  ['lora:r=8,at=q.x', /at=q\.x must be all-linear, or some of q\.k\.v\.o\.up\.gate\.down, each once/],
  ['lora:r=8,at=o.o', /each once, joined by points/],
  ['lora-ffn:r=8,at=o', /no parameter "at": it takes r, s/],
  ['lora:rank=3', /no parameter "rank"; did you mean "r"\?$/],
  ['pa-ffn:r=999999999999', /r must be at most 2147483647/],
  ['point:site=ffn,r=4,layers=x', /layers=x must be all, from2/],
  ['lora:r=0', /r must be a whole number of at least 1, not "0"/],
  ['lora:r=-4', /not "-4"/],
  ['lora:r=2.5', /not "2.5"/],
  ['lora:r=0x10', /not "0x10"/],
  ['lora:r=1e400', /not "1e400"/],
  ['lora:r=8,l=3', /no parameter "l": it takes r, s/],
  ['lora:r=8,r=9', /names r twice/],
  ['lora:r', /"r" is not of the form name=value/],
  ['lora:', /not of the form name=value/],
  ['full:k=1', /takes no parameters; leave out "k"/],
  ['pa-ffn:r=8,s=big', /s must be a number or learned or channel, not "big"/],
  ['houlsby:m=8,norms=cold', /norms must be trained or frozen, not "cold"/],
  ['mam:l=30,r=512+loraa:r=1', /Unknown method "loraa" in "mam/],
  ['prompt:l=2+prompt:l=3', /two prompts/],
  ['prompt:l=2,tokens=a.b', /ids joined by points, such as tokens=5.17.42; "a.b" is not/],
  [
    'prompt:l=5,text=hello,tokens=5.17,init=vocabulary',
    /one of text, tokens and init, not from text=hello and tokens=5.17 and init=vocabulary; keep one/,
  ],
  ['prompt:l=5,init=random,text=hello', /not from text=hello and init=random/],
  ['prompt:l=5,tokens=5,init=vocabulary', /not from tokens=5 and init=vocabulary/],
  ['prompt:l=5,text=50%', /URL-encoded.*"50%" is not/],
  ['prefix:l=2,positions=late', /positions must be kept or shifted, not "late"/],
];

describe('the written form', () => {
  it.each(canonical)('%s prints as %s', (text, printed) => {
    const method = parseMethod(text);
    expect(printMethod(method)).toBe(printed);
    expect(parseMethod(printMethod(method))).toEqual(method);
  });

  it.each(refused)('%s is refused', (text, message) => {
    expect(() => parseMethod(text)).toThrow(UserError);
    expect(() => parseMethod(text)).toThrow(message);
  });

  it.each(Object.values(families).map(({ example }) => example))('%s stands for its family', (example) => {
    expect(printMethod(parseMethod(example))).toBe(example);
  });

  it('every parameter changes the method', () => {
    const changed = [
      'lora:r=8',
      'lora:r=9',
      'lora:r=8,s=1',
      'pa-ffn:r=8',
      'pa-ffn:r=8,s=1',
      'pa-ffn:r=8,s=1,init=bert',
      'pa-ffn:r=8,s=learned',
      'pa-ffn:r=8,s=channel',
      'prefix:l=3',
      'prefix:l=3,positions=shifted',
      'prompt:l=3',
      'prompt:l=3,positions=shifted',
      'vera:r=8',
      'vera:r=8,projections=stored',
      'houlsby:m=8',
      'houlsby:m=8,std=1',
      'houlsby:m=8,norms=frozen',
      'mam:l=1,r=8',
      'mam:l=1,r=8,s=1',
      'mam:l=1,r=8,mlp=4',
      'mhpa:l=3',
      'mhpa:l=3,query=normed',
    ];
    const bodies = changed.map((text) => JSON.stringify({ ...parseMethod(text), name: '' }));
    expect(new Set(bodies).size).toBe(changed.length);
  });

  it.each([
    ['lora:r=8,s=1e21', 'lora:r=8,s=1e21'],
    ['lora:r=8,s=1e+21', 'lora:r=8,s=1e21'],
    ['lora:r=8,s=1e+2', 'lora:r=8,s=100'],
    ['lora:r=8,s=+2+bitfit', 'lora:r=8,s=2+bitfit'],
    ['pa-ffn:r=4,s=2.5E+30+layernorm', 'pa-ffn:r=4,s=2.5e30+layernorm'],
    ['point:site=ffn,form=relu,r=4,s=1e22', 'point:site=ffn,form=relu,r=4,s=1e22'],
    ['prompt:l=3,text=2e+lora:r=2', 'prompt:l=3,text=2e+lora:r=2'],
  ])('%s: the plus of a number is none between methods', (text, printed) => {
    const read = parseMethod(text);
    expect(printMethod(read)).toBe(printed);
    expect(parseMethod(printed)).toEqual(read);
  });
});
