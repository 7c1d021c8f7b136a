import { join } from 'node:path';
import { createInterface } from 'node:readline';
import * as v from 'valibot';
import { messageOf, readJson } from '../json';
import { byModelType } from '../model/checkpoint/families/index';
import { exchanged } from '../petl/formats/modules';
import { print } from './command';
import { drawIn, refusalOf, takeDraw } from './draws-take';

/** `make` is the other side's; this one takes what it made. `own` is a method of ours, to be written for the library. */
const orderIn = v.looseObject({ folder: v.optional(v.string()), own: v.optional(v.string()) });

/** `petl interop-draws`: first the families that are read here and whose adapters are exchanged, then one JSON line for each folder of a random draw. */
export async function drawsCommand(): Promise<number> {
  print(JSON.stringify({ families: Object.keys(byModelType), exchanged }));
  for await (const line of createInterface({ input: process.stdin })) {
    const { folder, own } = messageOf(line, orderIn);
    if (folder === undefined) break;
    try {
      const made = readJson(join(folder, 'case.json'), drawIn, 'draw it anew');
      print(JSON.stringify(await takeDraw(folder, made, { own })));
    } catch (error) {
      print(JSON.stringify({ parts: [{ part: 'model', ...refusalOf(error) }] }));
    }
  }
  return 0;
}
