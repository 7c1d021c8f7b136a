// The machine's rate of plain matrix products: what a step's own rate is a share of.
import { Side } from './side.mjs';

const shapes = [
  [4096, 384, 1536],
  [4096, 1536, 384],
  [4096, 384, 384],
  [2048, 384, 1536],
];

/** Products at the model's shapes in processes of their own, PyTorch's and this project's. */
export class PeakMeter {
  constructor(commands, { precision, threads, root, seconds }) {
    this.request = { gemm: { shapes, seconds, precision, threads } };
    this.sides = commands.map(([command, ...args]) => new Side('gemm', command, args, { cwd: root }));
    this.best = 0;
  }

  /**
   * GFLOP/s of the best product so far: a processor's clock drifts, so a cell's peak is measured between its rounds.
   */
  async measure() {
    for (const side of this.sides) {
      const { gflops } = await side.ask(this.request);
      this.best = Math.max(this.best, ...gflops);
    }
    return this.best;
  }

  quit() {
    return Promise.all(this.sides.map((side) => side.quit()));
  }
}
