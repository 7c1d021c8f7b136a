import { manyAtOnce } from './frozen';
import type { Setting } from './setting';
import { manySettings } from './many-tasks';
import { summarisation } from './summarisation';
import { translation } from './translation';
import { startVoices, voices } from './voices';

/** The settings in which each configuration is tuned on its own. */
export const settings: readonly Setting<string>[] = [
  summarisation,
  translation,
  ...voices,
  ...startVoices,
  ...manySettings,
  manyAtOnce,
];
