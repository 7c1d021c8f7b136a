import { recordAt } from '../experiments/store/read';
import { teach } from '../experiments/teach';
import { teacherId, writeTeacher } from '../tasks/teacher';
import { givenOf, flag, print, printJson, type Input } from './command';
import { relativePath } from './paths';

/**
 * `petl teacher RUN`: trains a fully fine-tuned run again and keeps what it writes for its training and validation
 * inputs, for students that learn from that (`training.teacher`).
 */
export async function teacherCommand(input: Input): Promise<number> {
  const record = recordAt(input.positionals[0] ?? '');
  const name = givenOf(input, 'name') ?? record.run.spec.study;
  const texts = await teach(record, (line) => process.stderr.write(`${line}\n`));
  const path = relativePath(writeTeacher(name, texts));
  const all = [...texts.train.texts, ...texts.validation.texts];
  const written = all.filter((text) => text !== null).length;
  const { score: recorded } = record.final;
  if (flag(input, 'json')) printJson({ path, teacher: teacherId(name), written, of: all.length, recorded });
  else print(`${teacherId(name)}: ${written} of ${all.length} inputs have its texts\n  ${path}`);
  return 0;
}
