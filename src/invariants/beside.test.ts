import { expect, it } from 'vitest';
import { active, bankOf } from './testing/banks';
import { benchOf, gap } from './testing/bench';

/** A prompt written from the input, a second pass, a reader's prompt, adapters of a bank, a voice. */
const modules = {
  written: 'id-prompt:l=2,q=8,heads=2,layers=1',
  twice: 'prompt:l=2+twice:r=4',
  reader: 'prompt:l=3',
  task: 'houlsby:m=3,norms=frozen',
  voice: 'vlm:r=4',
} as const;

it('one copy of the weights serves the modules of every system, and is what it was without them (Levine et al. 2022)', () => {
  const bench = benchOf('gpt2');
  const bank = bankOf(bench, modules);
  for (const name of Object.keys(modules)) {
    expect(
      gap(
        () => active(bench, bank, name),
        () => bench.outputs(bank.get(name)),
      ),
      name,
    ).toBe(0);
  }
  expect(
    gap(
      () => active(bench, bank),
      () => bench.run(bench.model, {}),
    ),
  ).toBe(0);
  expect(() => {
    bank.activate('written', 'reader');
  }).toThrow(/"written" and "reader" both replace the prompt/);
  bank.dispose();
});

it('two connectors are not on at once', () => {
  const bank = bankOf(benchOf('gpt2'), { one: 'twice:r=3', other: 'twice:r=4' });
  expect(() => {
    bank.activate('one', 'other');
  }).toThrow(/both replace the second pass/);
  bank.dispose();
});
