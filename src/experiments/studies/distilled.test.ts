import { describe, expect, it } from 'vitest';
import { findings } from '../findings/index';
import { runId } from '../store/spec';
import { studies } from './index';
import { baseGate } from './base-gate';
import { distilledVoices } from './distilled';
import { plansOf } from './study';
import { tunableNamed } from './tunables';

describe('distillation', () => {
  it.each(distilledVoices.map((one) => [one.block.name, one] as const))(
    '%s differs from the adapter on the references in the targets alone',
    (name, { of, block }) => {
      const study = studies[name]!('full');
      expect(study.variants.map((variant) => variant.name)).toEqual(['teacher', 'plain', 'distilled']);
      const [teacher = [], plain = [], student = []] = study.variants.map(({ runs }) => runs);
      const known = new Set(plansOf(of.study('full')).map(({ spec }) => runId(spec)));
      for (const spec of [...teacher, ...plain]) expect(known.has(runId(spec)), spec.method).toBe(true); // nothing trains twice
      expect(student).toHaveLength(5);
      student.forEach((spec, i) => {
        expect(spec.training.teacher).toMatch(new RegExp(`^${of.block.name}@[0-9a-f]{12}$`));
        const { learningRate } = spec.training;
        const same = { ...plain[i]!.training, learningRate, teacher: spec.training.teacher };
        expect(spec).toEqual({ ...plain[i], study: name, training: same });
      });
      const { families } = tunableNamed(name);
      expect(families.map(({ base }) => base.training.teacher)).toEqual([student[0]!.training.teacher]);
      expect(block.familyOf(student[0]!.method)).toBe(families[0]!.name);
    },
  );

  it('has no gate of its own, nor has the joint run: their bases are those of the voices', () => {
    const judged = plansOf(baseGate('full')).map(({ spec }) => spec);
    expect(judged.filter(({ training, task }) => training.teacher !== null || task === 'five-voices')).toEqual([]);
    expect(judged.some(({ task }) => task === 'english-german')).toBe(true);
  });

  it('is decided by what is written, and never by that alone', () => {
    const formOf = (id: string): readonly (readonly [string, string | undefined])[] =>
      findings.vlm
        .find((finding) => finding.id === id)!
        .links.map((link) => [link.task, 'statistic' in link ? link.statistic : link.kind] as const);
    expect(formOf('C11')).toEqual([
      ['english-german', 'text'],
      ['english-german', 'atLeast'],
    ]);
    expect(formOf('C12')).toEqual([
      ['package-summary', 'text'],
      ['dialogue', 'text'],
      ['package-summary', 'atLeast'],
      ['dialogue', 'atLeast'],
    ]);
    expect(findings.vlm.find(({ id }) => id === 'C12')!.worstOf).toBe(2); // of both tasks
  });
});
