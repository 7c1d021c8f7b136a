import { expect, it } from 'vitest';
import { fullStudy } from '../studies/testing/full';
import { findings } from './index';

it('a comparison of two models says so: runs on other weights are never paired else', () => {
  const wrong = Object.values(findings).flatMap((all) =>
    all.flatMap(({ id, paper, links }) =>
      links.flatMap((link) => {
        if (link.kind === 'ratio' || ('measured' in link && link.measured !== undefined)) return [];
        const { variants } = fullStudy(link.study);
        const models = [...link.first, ...link.second].flatMap((name) =>
          (variants.find((variant) => variant.name === name)?.runs ?? [])
            .filter(({ task }) => task === link.task)
            .map(({ model }) => model),
        );
        return new Set(models).size > 1 && link.across !== 'models' ? [`${paper} ${id}: ${link.study}`] : [];
      }),
    ),
  );
  expect(wrong).toEqual([]);
});
