import { describe, expect, it } from 'vitest';
import { canonicalNames } from '../../model/checkpoint/names';
import { weightShapes } from '../../model/shapes';
import { newerFamilies, newerModel, tinyModel } from '../testing/fixtures';
import { isNorm } from '../forms/unfrozen';
import { blockParts, isNormPart, modulePath, normModules } from './modules';

const tiny = ['bert', 'roberta', 'distilbert', 'gpt2', 'llama', 'bart', 'mbart', 't5', 't5-v1-1'];

describe.each([...tiny, ...newerFamilies.filter((name) => name !== 'albert')])('module names of %s', (name) => {
  const model = tiny.includes(name) ? tinyModel(name) : newerModel(name);
  const { shape } = model;
  model.dispose();

  it('are those that the checkpoint reader knows', () => {
    for (const at of blockParts(shape).filter(({ part }) => part.includes('.') && !isNormPart(part))) {
      const names = canonicalNames(shape.family, `${modulePath(shape, at)}.weight`).map((target) => target.name);
      expect(names).toContain(`${at.stack}.${at.layer}.${at.part}.weight`);
    }
  });

  it('name every norm', () => {
    const modules = normModules(shape);
    for (const [norm, module] of modules)
      expect(canonicalNames(shape.family, `${module}.weight`).map((target) => target.name)).toEqual([`${norm}.gain`]);
    const gains = Object.keys(weightShapes(shape)).filter((weight) => isNorm(weight) && weight.endsWith('gain'));
    expect([...modules.keys()].map((norm) => `${norm}.gain`).sort()).toEqual(gains.sort());
  });
});
