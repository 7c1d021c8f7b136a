import { UserError } from '../errors';
import { dataPrint } from './fingerprint';
import type { Example, Task, TaskData } from './task';

/** A task's examples; a UserError where they are not those that it is pinned to. */
export async function examplesOf<E extends Example>({ name, packages, print, load }: Task<E>): Promise<TaskData<E>> {
  const data = await load();
  if (print === null) return data;
  const found = dataPrint(data);
  const moved = (['train', 'validation', 'test'] as const).find((split) => found[split].hash !== print[split].hash);
  if (moved === undefined) return data;
  throw new UserError(
    `task "${name}": ${found[moved].count} ${moved} examples (${found[moved].hash}) are not the ${print[moved].count} it is pinned to (${print[moved].hash}): bring its packages again with: npx petl fetch ${packages.join(' ')}`,
  );
}
