import { runsOf, type Configuration } from './block';
import type { Setting } from './setting';
import { declared, type Declared } from './study';
import { dialogueVoice, german, germanVoice, sides, summary, summaryVoice, talk, voiced, type Voice } from './voices';

/*
 * Sentence-level distillation (Lin et al. 2020, released code): VLM that learns what fully fine-tuned petl-mini-lm, with
 * the voice's first seed, wrote for the training inputs. Tuned like everything else, on what it wrote for validation.
 */

/** A student's setting; its study shows it beside its teacher and the same adapter trained on the references. */
export interface Distilled extends Setting<'distilled'> {
  readonly of: Setting<'full' | 'vlm'>;
  readonly sides: Readonly<Record<'teacher' | 'plain' | 'distilled', Configuration>>;
}

function distilled(voice: Voice, of: Setting<'full' | 'vlm'>, row: string): Distilled {
  const { vlm, full } = sides(voice);
  const own = voiced(
    { ...voice, rows: [row] },
    { distilled: { ...vlm, label: `${vlm.label} on its teacher's texts` } },
    { suffix: '-distilled', how: ", from a teacher's texts", teacher: of.block.name },
  );
  const side = (name: string, { label, methods }: typeof vlm): Configuration => ({
    ...{ name, label, method: methods[0] as string, change: {} },
  });
  const all = {
    teacher: side('teacher', { ...full, label: `${full.label}, the teacher` }),
    plain: side('plain', { ...vlm, label: `${vlm.label} on the references` }),
    distilled: side('distilled', { ...vlm, label: `${vlm.label} on its teacher's texts` }),
  };
  return { ...own, of, sides: all, study: studyOf({ ...own, of, sides: all }) };
}

function studyOf({ block, of, sides: { teacher, plain, distilled: own }, study }: Distilled): Declared {
  return declared(study.studyName, (tier) => ({
    ...study(tier),
    reference: teacher.name,
    variants: [
      ...[teacher, plain].map((side) => ({ ...side, runs: runsOf(of.block, side, tier) })),
      { ...own, runs: runsOf(block, own, tier) },
    ].map(({ name, label, runs }) => ({ name, label, runs })),
  }));
}

export const distilledGerman: Distilled = distilled(german, germanVoice, 'C11');
export const distilledSummary: Distilled = distilled(summary, summaryVoice, 'C12');
export const distilledDialogue: Distilled = distilled(talk, dialogueVoice, 'C12');

export const distilledVoices: readonly Distilled[] = [distilledGerman, distilledSummary, distilledDialogue];
