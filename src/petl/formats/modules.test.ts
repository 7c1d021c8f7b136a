import { describe, expect, it } from 'vitest';
import { canonicalNames } from '../../model/checkpoint/names';
import { weightShapes } from '../../model/shapes';
import { tinyModel } from '../testing/fixtures';
import { isNorm } from '../forms/unfrozen';
import { blockParts, modulePath, normModules } from './modules';

describe.each(['bert', 'roberta', 'distilbert', 'gpt2', 'llama', 'bart', 'mbart', 't5', 't5-v1-1'])(
  'module names of %s',
  (name) => {
    const model = tinyModel(name);
    const { shape } = model;
    model.dispose();

    it('are those that the checkpoint reader knows', () => {
      for (const at of blockParts(shape).filter(({ part }) => part.includes('.') && !part.endsWith('.norm'))) {
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
  },
);
