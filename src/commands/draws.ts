import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { byModelType } from '../model/checkpoint/families/index';
import { exchanged } from '../petl/formats/modules';
import { print } from './command';
import { refusalOf, takeDraw, type DrawCase } from './draws-take';

/** `make` is the other side's; this one takes what it made. `own` is a method of ours, to be written for the library. */
interface Order {
  readonly folder?: string;
  readonly own?: string;
}

/** `petl interop-draws`: first the families that are read here and whose adapters are exchanged, then one JSON line for each folder of a random draw. */
export async function drawsCommand(): Promise<number> {
  print(JSON.stringify({ families: Object.keys(byModelType), exchanged }));
  for await (const line of createInterface({ input: process.stdin })) {
    const { folder, own } = JSON.parse(line) as Order;
    if (folder === undefined) break;
    try {
      const made = JSON.parse(readFileSync(join(folder, 'case.json'), 'utf8')) as DrawCase;
      print(JSON.stringify(await takeDraw(folder, made, { own })));
    } catch (error) {
      print(JSON.stringify({ parts: [{ part: 'model', ...refusalOf(error) }] }));
    }
  }
  return 0;
}
