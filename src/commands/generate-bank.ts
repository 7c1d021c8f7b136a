import { textStream } from '../model/generation/stream';
import { Voices } from '../training/voices';
import { demandTaken, flag, print, printJson, textOf, type Input } from './command';

const own = ['bank', 'task', 'prompt', 'model', 'json'];

/**
 * `petl generate --bank DIR --task NAME`: the model writes for a text under the adapter of that name, as its task
 * reads texts: a line a turn, the last one to be answered.
 */
export async function generateFromBank(input: Input): Promise<number> {
  demandTaken(input, '--bank', { options: own });
  const [task, given] = [textOf(input, 'task'), textOf(input, 'prompt')];
  const text = given.replace(/\\n/g, '\n'); // a shell has no other way to write a line break in an argument
  const model = input.values['model'];
  const voices = new Voices(textOf(input, 'bank'), typeof model === 'string' ? model : undefined);
  try {
    if (flag(input, 'json')) {
      const [written = ''] = await voices.write([{ task, text }]);
      printJson({ task, input: text, text: written });
      return 0;
    }
    const tokenizer = await voices.decoder();
    const show = textStream(tokenizer, (piece) => {
      process.stdout.write(piece);
    });
    await voices.write([{ task, text }], (_row, token) => {
      show(token);
    });
    print('');
    return 0;
  } finally {
    voices.dispose();
  }
}
