"""What both Python sides of the benchmark share: the meters and the loop that answers JSON lines (README.md)."""

import json
import os
import sys


def machine_busy():
    """Seconds that all cores together have worked, None where the system does not tell."""
    try:
        with open('/proc/stat', encoding='ascii') as file:
            user, nice, system, _idle, _wait, irq, soft, steal = map(int, file.readline().split()[1:9])
        return (user + nice + system + irq + soft + steal) / os.sysconf('SC_CLK_TCK')
    except (OSError, ValueError):
        return None


def own_cpu():
    times = os.times()
    return times.user + times.system


def peak_mb():
    try:
        with open('/proc/self/status', encoding='ascii') as file:
            return next(int(line.split()[1]) / 1024 for line in file if line.startswith('VmHWM'))
    except (OSError, StopIteration):
        import resource
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def serve(answer):
    """Answers each line of standard input with `answer(message)`; what libraries print goes to standard error."""
    replies = os.fdopen(os.dup(1), 'w', encoding='utf-8')
    os.dup2(2, 1)
    for line in sys.stdin:
        message = json.loads(line)
        if 'quit' in message:
            return
        try:
            reply = answer(message)
        except Exception as error:  # the runner reports it and goes on
            reply = {'error': f'{type(error).__name__}: {error}'}
        replies.write(json.dumps(reply) + '\n')
        replies.flush()
