import { studyNamed } from '../experiments/studies';
import { print, type Input } from './command';
import { runAndShow } from './study';

/** `petl start`: the first study at tier quick, and where to go from there. */
export async function startCommand(input: Input): Promise<number> {
  const code = await runAndShow(() => studyNamed('existing-methods', 'quick'), input);
  if (code === 0 && input.values['json'] !== true)
    print('\nOpen the notebooks with: npm run lab   (first notebooks/00-start-here.ipynb)');
  return code;
}
