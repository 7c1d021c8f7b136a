import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';

/** One process that speaks the benchmark's protocol (README.md). */
export class Side {
  constructor(name, command, args, options = {}) {
    this.name = name;
    this.waiting = [];
    this.errors = '';
    this.child = spawn(command, args, { stdio: ['pipe', 'pipe', 'pipe'], ...options });
    this.child.stderr.on('data', (text) => {
      this.errors = (this.errors + text).slice(-4000);
    });
    this.child.stdin.on('error', () => {});
    createInterface({ input: this.child.stdout }).on('line', (line) => this.reply(line));
    this.child.on('error', (error) => this.fail(error.message));
    this.child.on('exit', (code, signal) => this.fail(`ended with ${signal ?? code}`));
  }

  ask(message) {
    return new Promise((resolve, reject) => {
      if (this.ended) return reject(new Error(`${this.name} ${this.ended}\n${this.errors}`));
      this.waiting.push({ resolve, reject });
      this.child.stdin.write(JSON.stringify(message) + '\n');
    });
  }

  reply(line) {
    let message;
    try {
      message = JSON.parse(line);
    } catch {
      return;
    } // a library's print
    const next = this.waiting.shift();
    if (message.error === undefined) next?.resolve(message);
    else next?.reject(new Error(`${this.name}: ${message.error}`));
  }

  fail(why) {
    this.ended = why;
    for (const { reject } of this.waiting.splice(0)) reject(new Error(`${this.name} ${why}\n${this.errors}`));
  }

  /** Asks the process to end and waits; kills it when it has not done so in five seconds. */
  async quit() {
    if (this.ended) return;
    const gone = new Promise((resolve) => this.child.once('exit', resolve));
    this.child.stdin.end(JSON.stringify({ quit: true }) + '\n');
    const timer = setTimeout(() => this.child.kill('SIGKILL'), 5000);
    await gone;
    clearTimeout(timer);
  }
}
