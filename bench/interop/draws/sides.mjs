// The processes of the random draws: each is asked by a line and answers by a line; one that dies or hangs is replaced.
import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';

export class Side {
  /** @param greets whether it says something first @param patience seconds without an answer after which it is killed */
  constructor(command, args, { cwd, env, greets = false, patience = 60 }) {
    Object.assign(this, { command, args, options: { cwd, env }, greets, patience, turn: Promise.resolve() });
  }

  start() {
    const child = spawn(this.command, this.args, { ...this.options, stdio: ['pipe', 'pipe', 'pipe'] });
    this.child = child;
    this.said = '';
    child.stdin.on('error', () => {});
    child.stderr.on('data', (chunk) => (this.said = (this.said + String(chunk)).slice(-2000)));
    createInterface({ input: child.stdout }).on('line', (line) => this.heard?.(line));
    child.on('exit', (code, signal) => {
      if (this.child === child) this.child = undefined;
      this.heard?.(undefined, `died with ${signal ?? code}: ${this.said.trim().split('\n').slice(-3).join(' | ')}`);
    });
    return this.greets ? this.next() : Promise.resolve({});
  }

  /** The next line as an object, or { died } */
  next() {
    return new Promise((resolve) => {
      const timer = setTimeout(() => {
        this.child?.kill('SIGKILL');
        done({ died: `no answer within ${this.patience} s` });
      }, this.patience * 1000);
      const done = (answer) => {
        clearTimeout(timer);
        this.heard = undefined;
        resolve(answer);
      };
      this.heard = (line, died) => done(line === undefined ? { died } : JSON.parse(line));
    });
  }

  /** Orders are answered one after another. */
  ask(order) {
    const answer = this.turn.then(async () => {
      if (this.child === undefined) this.greeting = await this.start();
      const next = this.next();
      this.child?.stdin.write(`${JSON.stringify(order)}\n`);
      return next;
    });
    this.turn = answer.catch(() => {});
    return answer;
  }

  stop() {
    this.child?.stdin.end();
  }
}
