// The Chromium of this machine.
import { execFileSync } from 'node:child_process';
import { chromium } from 'playwright-core';

const flags = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];

/** $CHROME, or what is on the PATH; undefined where there is none. */
export function browserPath() {
  if (process.env.CHROME) return process.env.CHROME;
  for (const name of ['chromium', 'chromium-browser', 'google-chrome', 'chrome']) {
    try {
      return execFileSync('which', [name], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }).trim();
    } catch {
      /* the next name */
    }
  }
  return undefined;
}

export const launch = () => chromium.launch({ executablePath: browserPath(), args: flags });
