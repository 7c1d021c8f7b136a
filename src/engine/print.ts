import { attrTypes, backend, dtypes, tensorId, type OpAttr, type TensorMetadata } from './backend';
import { tf, type Tensor } from './tf';

/**
 * Tells a tensor's bits as they are now, whatever numbers it is held in: TensorFlow's 64 bits of them. JavaScript sees no
 * value, and no copy is made.
 */
export function printOf(tensor: Tensor): string {
  const { binding } = backend();
  const [first, method] = [tf.scalar(0, 'int32'), tf.scalar('farmhash64', 'string')];
  const made: number[] = [];
  const run = (op: string, attrs: readonly OpAttr[], inputs: readonly number[]): TensorMetadata => {
    const [out] = binding.executeOp(op, attrs, inputs, 1);
    if (out === undefined) throw new Error(`${op} returned no tensor`);
    made.push(out.id);
    return out;
  };
  const type = (name: string, value: number): OpAttr => ({ name, type: attrTypes.type, value });
  try {
    const held = run('Identity', [], [tensorId(tensor)]);
    const row = run('ExpandDims', [type('T', held.dtype), type('Tdim', dtypes.int32)], [held.id, tensorId(first)]);
    const bytes = run('Fingerprint', [type('T', held.dtype)], [row.id, tensorId(method)]);
    const word = run('Bitcast', [type('T', dtypes.uint8), type('type', dtypes.int64)], [bytes.id]);
    return String(binding.tensorDataSync(word.id)[0]);
  } finally {
    for (const id of made) binding.deleteTensor(id);
    tf.dispose([first, method]);
  }
}
