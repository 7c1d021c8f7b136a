import { generationTask, type GenerationTask } from '../generation';
import { synopsis } from './synopsis';

/** The examples of `synopsis` with the segments that Lin et al. 2020 give to summarisation. */
export const packageSummary: GenerationTask = generationTask({
  name: 'package-summary',
  about: 'the examples of synopsis in segments (the role of CNN/DailyMail)',
  packages: synopsis.packages,
  segments: { names: ['source', 'target'], read: 'whole', most: 400 },
  targetTokens: 48,
  load: () => synopsis.load() as ReturnType<GenerationTask['load']>,
});
