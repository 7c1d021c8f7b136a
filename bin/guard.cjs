// guard.cjs apart|shared COMMAND ARGS...: runs a command and ends it, with all that it started, when the process that
// started this one is gone, be it by SIGKILL.
const { spawn } = require('node:child_process');

const [mode, command, ...args] = process.argv.slice(2);
// In a session of its own where `apart`: its group holds all that it starts, and is ended as one.
const apart = mode === 'apart';
const child = spawn(command, args, { stdio: 'inherit', detached: apart });

function send(signal) {
  try {
    if (child.pid !== undefined) process.kill(apart ? -child.pid : child.pid, signal);
  } catch {
    /* it has ended by itself */
  }
}

/** A command that shares the terminal may end in order, as JupyterLab ends its kernels. */
function end() {
  if (apart) {
    send('SIGKILL');
    process.exit(1);
  }
  send('SIGTERM');
  setTimeout(() => {
    send('SIGKILL');
    process.exit(1);
  }, 5000);
}

process.on('disconnect', end);
for (const signal of ['SIGTERM', 'SIGHUP']) process.on(signal, end);
// The terminal tells a command that shares its group by itself.
process.on('SIGINT', () => {
  if (apart) end();
});
child.on('error', ({ code, message }) => {
  process.send?.({ code, message });
  process.exitCode = 127;
  process.off('disconnect', end);
  process.disconnect?.();
});
child.on('exit', (code, signal) => {
  if (apart) send('SIGKILL'); // what it left in its group
  process.exit(code ?? (signal === null ? 1 : 128));
});
