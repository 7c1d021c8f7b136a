import { describe, expect, it } from 'vitest';
import { classificationTask } from './classification';
import { generationTask } from './generation';
import { drawMixture, mixture, partOf } from './mixture';

const pairs = (name: string, count: number): ReturnType<typeof generationTask> => {
  const examples = Array.from({ length: count }, (_, i) => ({ id: `${i}/x`, text: `${name} ${i}`, target: `t${i}` }));
  return generationTask({
    name,
    load: () => Promise.resolve({ train: examples, validation: examples, test: examples }),
  });
};
const labelled = classificationTask({
  name: 'labelled',
  labels: ['no', 'yes'],
  load: () => {
    const examples = [0, 1].map((label) => ({ id: `l${label}`, text: 'a', pair: 'b', label }));
    return Promise.resolve({ train: examples, validation: examples, test: examples });
  },
});
const most = { train: 64, validation: 4, test: 4 };
const fields = { name: 'both', about: 'two tasks', most };
const small = { task: pairs('small', 16), instruction: 'Small: {text}' };
const large = { task: pairs('large', 100), instruction: 'Large: {text}' };

describe('a mixture', () => {
  it('holds every task as text behind its instruction, in proportion wherever it is cut', async () => {
    const asked = { task: labelled, instruction: 'Is {text} like {pair}?', words: ['never', 'always'] };
    const { train, test } = await mixture({ ...fields, parts: [small, large, asked] }).load();
    expect(train).toHaveLength(16 + 64 + 2);
    expect(train.find(({ id }) => id === 'labelled/l1')).toEqual({
      id: 'labelled/l1',
      text: 'Is a like b?',
      target: 'always',
      pieces: [
        { text: 'Is ', keeps: 'all' },
        { text: 'a', keeps: 'beginning' },
        { text: ' like ', keeps: 'all' },
        { text: 'b', keeps: 'beginning' },
        { text: '?', keeps: 'all' },
      ],
    });
    const half = train.slice(0, 41).map(partOf);
    expect(half.filter((part) => part === 'small')).toHaveLength(8);
    expect(half.filter((part) => part === 'large')).toHaveLength(32);
    expect(test.filter((example) => partOf(example) === 'large').map(({ text }) => text)).toEqual(
      [0, 1, 2, 3].map((i) => `Large: large ${i}`),
    );
  });

  it.each([
    [1, 16 / 80],
    [2, 4 / 12],
    [1000, 1 / 2],
  ])('at temperature %d draws small tasks more than their share', async (temperature, share) => {
    const { train } = await mixture({ ...fields, parts: [small, large] }).load();
    const drawn = [1, 2, 3, 4, 5, 6, 7, 8].flatMap((epoch) => drawMixture(train, temperature, { seed: 1, epoch }));
    const ofSmall = drawn.filter((place) => train[place]?.id.startsWith('small/')).length;
    expect(Math.abs(ofSmall / drawn.length - share)).toBeLessThan(0.06); // 640 draws: over three deviations
  });

  it('draws by seed and epoch alone, and every example of a task before one comes again', async () => {
    const { train } = await mixture({ ...fields, parts: [small, large] }).load();
    const draw = (seed: number, epoch: number): readonly number[] => drawMixture(train, 2, { seed, epoch });
    expect(draw(1, 0)).toEqual(draw(1, 0));
    expect(draw(1, 1)).not.toEqual(draw(1, 0));
    expect(draw(2, 0)).not.toEqual(draw(1, 0));
    const small16 = draw(3, 0)
      .filter((place) => train[place]?.id.startsWith('small/'))
      .slice(0, 16);
    expect(new Set(small16).size).toBe(16);
  });

  it('of a task that is read in turns keeps the end, and one that is read in segments says itself what is cut', async () => {
    const segments = { names: ['first', 'other', 'answer'], read: 'turns', most: 400 } as const;
    const { task } = small;
    const turns = { ...small, task: { ...task, segments } };
    const load = async (over: { readonly segments?: typeof segments }): Promise<readonly unknown[]> =>
      (await mixture({ ...fields, ...over, parts: [turns, large] }).load()).test.map(({ pieces }) => pieces?.[1]);
    expect(await load({})).toContainEqual({ text: 'small 0', keeps: 'end' });
    expect(await load({})).toContainEqual({ text: 'large 0', keeps: 'beginning' });
    expect(new Set(await load({ segments }))).toEqual(new Set([undefined]));
  });

  it('leaves out targets that are longer than it says, and takes the next ones', async () => {
    const { train, test } = await mixture({ ...fields, targetLength: 2, parts: [small, large] }).load();
    expect(train.filter((example) => partOf(example) === 'small')).toHaveLength(10); // t0 to t9
    expect(train.every(({ target }) => target.length <= 2)).toBe(true);
    expect(test).toHaveLength(8);
  });

  it('reads its tasks in segments where it is given some', () => {
    const segments = { names: ['first', 'other', 'answer'], read: 'turns', most: 400 } as const;
    expect(mixture({ ...fields, parts: [small, large] }).segments).toBeNull();
    expect(mixture({ ...fields, parts: [small, large], segments }).segments).toEqual(segments);
    expect(() => mixture({ ...fields, parts: [small, large], segments: { ...segments, names: ['a', 'b'] } })).toThrow(
      /read by turns it needs three/,
    );
  });

  it.each([
    [{ parts: [small] }, /has the tasks small: give at least two/],
    [{ parts: [small, small] }, /give at least two, each once/],
    [{ parts: [small, large], temperature: 0 }, /temperature 0: give a number above 0/],
    [{ parts: [small, { ...large, instruction: 'Large:' }] }, /the instruction of large has no \{text\}/],
  ])('refuses %o', (over, message) => {
    expect(() => mixture({ ...fields, ...over })).toThrow(message);
  });
});
