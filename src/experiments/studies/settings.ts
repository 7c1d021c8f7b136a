import { distilledVoices } from './distilled';
import { manyAtOnce } from './frozen';
import { reading, smallReading } from './reader';
import type { Setting } from './setting';
import { answers, manySettings } from './many-tasks';
import { closedBook, largeBook } from './recursive';
import { summarisation } from './summarisation';
import { pairs, tableTwoSettings } from './table-two';
import { translation } from './translation';
import { together } from './together';
import { startVoices, voices } from './voices';

/** Settings whose base is judged before anything is compared in them. */
export const gatedSettings: readonly Setting<string>[] = [
  ...tableTwoSettings,
  summarisation,
  translation,
  ...voices,
  ...manySettings,
  answers,
  manyAtOnce,
  reading,
  smallReading,
  closedBook,
];

/** Tasks with labels, or with answers that are spans, whose gate asks words and a head on the frozen model. */
export const encoderSettings: readonly Setting<'full' | 'head'>[] = [...manySettings, answers, pairs];

/** The settings in which each configuration is tuned on its own. */
export const settings: readonly Setting<string>[] = [
  ...gatedSettings,
  ...startVoices,
  ...distilledVoices,
  together,
  largeBook,
];
