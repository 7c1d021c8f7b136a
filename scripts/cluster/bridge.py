"""A Dask cluster for petl: takes runs from standard input, has workers make them, and tells what happens on standard
output, one JSON object a line each way. A run is an idempotent task: its spec goes in, the bytes of its files come out.

    bridge.py tcp://HOST:PORT|local:N

A worker starts the project's own training process and speaks to it as Node does with what it forks (NODE_CHANNEL_FD:
JSON lines). State of a run under way goes to the scheduler's metadata and from there to the client's disk, so that the
run goes on elsewhere when its worker is lost, and everywhere when the scheduler is.
"""

import asyncio
import concurrent.futures
import io
import json
import os
import pathlib
import shutil
import socket
import subprocess
import sys
import tarfile
import tempfile
import threading
import time
import uuid

from distributed import Client, KilledWorker, LocalCluster, get_client, get_worker

LOSSES = 3  # workers that may die under a run without its having come further
PAUSE = 1.0  # seconds between two looks at a run in hand

# ---- on a worker. What follows is sent to it by value: it needs Dask, Node and the project, no file of this folder.


def execute(job, parcels):
    """Makes one run. Returns {"answer": what the training process said last, "files": bytes by path}."""
    worker = get_worker()
    root = pathlib.Path(os.environ.get("PETL_ROOT", job["root"]))
    if not (root / "bin" / "petl.cjs").is_file():
        return refused(f"worker {worker.address} has no project at {root}: install it there, or set PETL_ROOT")
    cache = root / "data" / "cache"
    for name, data in parcels.items():
        unpack(cache, name, data)
    missing = [name for name in job["parcels"] if not (cache / name).exists()]
    if missing:
        return {"answer": {"kind": "missing", "names": missing}, "files": {}}
    folder = pathlib.Path(tempfile.mkdtemp(prefix="petl-", dir=worker.local_directory))
    try:
        return attend(job, worker, root, folder)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def refused(message):
    return {"answer": {"kind": "failed", "message": message, "user": True}, "files": {}}


def unpack(cache, name, data):
    """Puts what was sent into the cache, whole or not at all; its reader holds it against its hash."""
    target = cache / name
    if target.exists():
        return
    target.parent.mkdir(parents=True, exist_ok=True)
    scratch = pathlib.Path(tempfile.mkdtemp(prefix=".tmp-", dir=target.parent))
    try:
        with tarfile.open(fileobj=io.BytesIO(data)) as archive:
            archive.extractall(scratch, filter="data")
        os.rename(scratch / target.name, target)
    except OSError:
        if not target.exists():  # else another worker of this machine was first
            raise
    finally:
        shutil.rmtree(scratch, ignore_errors=True)


def attend(job, worker, root, folder):
    """Hands the run to this thread's training process and follows it."""
    client, state = get_client(), folder / job["state"]
    kept = client.get_metadata(["petl", job["id"]], None)
    if kept is not None:
        state.parent.mkdir(parents=True, exist_ok=True)
        state.write_bytes(kept)
    sent, told, stopping, last = stamp(state), 0.0, None, {"step": 0, "steps": 0}
    task = worker.get_current_task()
    process = training(job, worker, root)
    say(process, {**job["request"], "results": str(folder)})
    due = time.monotonic() + PAUSE
    for message in heard(process):
        now = time.monotonic()
        kind = message["kind"]
        if kind == "started" and message.get("code") != job["code"]:
            process.kill()
            return refused(
                f"worker {worker.address} has other code ({message.get('code')}) than is here ({job['code']}): bring it to the same commit"
            )
        if kind == "event" and message["event"]["kind"] == "step":
            last = {name: message["event"][name] for name in ("step", "steps")}
        if kind == "note" or (kind == "event" and (now - told > PAUSE or message["event"]["kind"] != "step")):
            told = now
            worker.log_event(job["topic"], {"run": job["id"], "message": message})
        if now >= due or kind == "stopped":
            if stamp(state) not in (None, sent):
                sent = stamp(state)
                client.set_metadata(["petl", job["id"]], state.read_bytes())
                worker.log_event(job["topic"], {"run": job["id"], "message": {"kind": "state"}})
            due = time.monotonic() + max(PAUSE, 20 * (time.monotonic() - now))  # sending takes a twentieth at most
            if stopping is None and not wanted(worker, task):
                stopping = now
                say(process, {"kind": "stop"})
            if stopping is not None and now - stopping > 60:
                process.kill()
        if kind == "stopped":
            worker.log_event(job["topic"], {"run": job["id"], "message": {"kind": "stopped", "at": last}})
        if kind in ("done", "failed", "stopped", "died"):
            return {"answer": message, "files": files(folder) if kind == "done" else {}}


def wanted(worker, key):
    """Whether somebody still waits for this task: the client may have stopped it or gone away."""
    task = worker.state.tasks.get(key)
    return task is not None and task.state not in ("cancelled", "released", "forgotten")


def training(job, worker, root):
    """The training process of this thread; it lives on, so that runs alike share its compiled programs."""
    pool = worker.__dict__.setdefault("petl_processes", {})
    slot = (threading.get_ident(), job["threads"])
    process = pool.get(slot)
    if process is None or process.poll() is not None:
        ours, theirs = socket.socketpair()
        env = {"NODE_CHANNEL_FD": str(theirs.fileno()), "TF_NUM_INTRAOP_THREADS": str(job["threads"])}
        process = pool[slot] = subprocess.Popen(
            [os.environ.get("PETL_NODE", "node"), str(root / "bin" / "petl.cjs"), "worker"],
            env={**{k: v for k, v in os.environ.items() if k != "PETL_BUILD"}, **env},
            pass_fds=[theirs.fileno()],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        theirs.close()
        ours.settimeout(PAUSE)
        process.channel = ours
    return process


def say(process, message):
    try:
        process.channel.sendall(json.dumps(message).encode() + b"\n")
    except OSError:
        pass  # it has ended, which `heard` tells


def heard(process):
    """What the process says; {"kind": "silence"} each PAUSE without a word, {"kind": "died"} at its end."""
    buffer = b""
    while True:
        try:
            part = process.channel.recv(1 << 16)
        except TimeoutError:
            yield {"kind": "silence"}
            continue
        except OSError:
            part = b""
        if part == b"":
            code = process.wait()
            yield {"kind": "died", "reason": f"the training process ended with code {code}", "started": True}
            return
        *lines, buffer = (buffer + part).split(b"\n")
        for line in lines:
            yield json.loads(line)


def stamp(path):
    try:
        found = path.stat()
        return found.st_mtime_ns, found.st_size
    except FileNotFoundError:
        return None


def files(folder):
    """The result, and the adapter where one is kept."""
    paths = [path for path in folder.rglob("*") if path.is_file() and not path.name.startswith(".")]
    return {str(path.relative_to(folder)): path.read_bytes() for path in paths}


# ---- here


def tell(**message):
    sys.stdout.write(json.dumps(message) + "\n")
    sys.stdout.flush()


class Bridge:
    def __init__(self, address):
        self.address = address
        self.topic = f"petl-{uuid.uuid4().hex}"
        self.client = None
        self.gone = None
        self.connecting = asyncio.Lock()
        self.jobs = {}
        self.futures = {}
        self.stopped = set()
        self.parcels = {}

    async def open(self):
        kind, _, count = self.address.partition(":")
        if kind == "local":
            self.cluster = await LocalCluster(
                n_workers=int(count),
                threads_per_worker=1,
                host="127.0.0.1",
                dashboard_address=None,
                asynchronous=True,
                memory_limit=0,
            )
            self.address = self.cluster.scheduler_address
        self.client = await self.connect(timeout=20)
        tell(kind="open", address=self.address)

    async def connect(self, timeout):
        client = await Client(self.address, asynchronous=True, timeout=timeout, set_as_default=False)
        client.subscribe_topic(self.topic, self.event)
        return client

    async def connected(self):
        """A client whose scheduler answers; waits for one, however long that takes."""
        async with self.connecting:
            waiting = False
            while self.client is self.gone or self.client.status != "running":
                if not waiting:
                    tell(kind="note", line=f"the scheduler at {self.address} is gone; waiting for it")
                    waiting = True
                    self.parcels.clear()
                try:
                    old, self.client = self.client, await self.connect(timeout=5)
                    asyncio.ensure_future(old.close(timeout=0))
                except (OSError, TimeoutError):
                    await asyncio.sleep(1)
            return self.client

    def event(self, event):
        """What a worker tells of a run in hand."""
        _, told = event
        job = self.jobs.get(told["run"])
        if job is None:
            return
        message = told["message"]
        if message["kind"] in ("state", "stopped"):
            asyncio.ensure_future(self.keep(job, message))
        else:
            tell(kind="message", number=job["number"], message=message)

    async def keep(self, job, message):
        """Brings the state of a run to this machine's disk, whole or not at all."""
        data = await self.client.get_metadata(["petl", job["id"]], None)
        if data is not None:
            half = f"{job['keep']}.tmp-{os.getpid()}"
            pathlib.Path(half).write_bytes(data)
            os.replace(half, job["keep"])
            job["losses"] = 0
        if message["kind"] == "stopped" and job["number"] in self.stopped:
            self.answer(job, message)

    def answer(self, job, message):
        if self.jobs.pop(job["id"], None) is not None:
            tell(kind="message", number=job["number"], message=message)

    async def run(self, job):
        """Has a run made, as often as it takes. The first answer counts."""
        self.jobs[job["id"]] = job
        job["losses"] = 0
        sent = {name: job[name] for name in ("id", "root", "request", "threads", "code", "parcels", "state")}
        sent["topic"] = self.topic
        needs = []
        while job["id"] in self.jobs:
            client = await self.connected()
            try:
                if pathlib.Path(job["keep"]).exists():
                    await client.set_metadata(["petl", job["id"]], pathlib.Path(job["keep"]).read_bytes())
                parcels = {name: await self.parcel(client, job["cache"], name) for name in needs}
                future = client.submit(execute, sent, parcels, key=f"petl-{job['id']}-{uuid.uuid4().hex[:8]}", pure=False)
                self.futures[job["number"]] = future
                result = await future.result()
            except KilledWorker as error:
                self.lost(job, f"its worker {error.last_worker.address if error.last_worker else ''} was lost")
                continue
            except (asyncio.CancelledError, concurrent.futures.CancelledError):
                if job["number"] in self.stopped:
                    return
                self.gone = client  # it may find the scheduler again, but not what it had asked of it
                continue
            except Exception as error:  # a connection in the middle of an answer
                self.lost(job, f"{type(error).__name__}: {error}")
                await asyncio.sleep(0.5)
                continue
            answer = result["answer"]
            if answer["kind"] == "missing":
                needs = answer["names"]
            elif answer["kind"] == "died":
                self.lost(job, answer["reason"])
            elif answer["kind"] != "stopped":
                place = tempfile.mkdtemp(dir=job["spool"])
                for path, data in result["files"].items():
                    target = pathlib.Path(place) / path
                    target.parent.mkdir(parents=True, exist_ok=True)
                    target.write_bytes(data)
                self.answer(job, {**answer, "place": place})
                await client.set_metadata(["petl", job["id"]], None)

    def lost(self, job, reason):
        job["losses"] += 1
        if job["losses"] >= LOSSES:
            self.answer(job, {"kind": "died", "reason": reason, "started": True})
        else:
            tell(kind="message", number=job["number"], message={"kind": "note", "line": f"{job['id']}: {reason}; it goes on elsewhere"})

    async def parcel(self, client, cache, name):
        """What workers lack of weights and data, packed and sent to the cluster once."""
        if name not in self.parcels:
            packed = io.BytesIO()
            with tarfile.open(fileobj=packed, mode="w") as archive:
                archive.add(os.path.join(cache, name), arcname=os.path.basename(name))
            tell(kind="note", line=f"sending {name} to the cluster ({packed.tell() >> 20} MiB)")
            self.parcels[name] = await client.scatter(packed.getvalue())
        return self.parcels[name]

    async def slots(self):
        """Tells how many runs the cluster can make at once, whenever that changes."""
        known = None
        while True:
            try:
                count = sum((await self.client.nthreads()).values()) if self.client.status == "running" else 0
            except Exception:
                count = 0
            if count != known:
                known = count
                tell(kind="slots", count=count)
            await asyncio.sleep(PAUSE)

    async def stop(self, number):
        self.stopped.add(number)
        if number in self.futures:
            await self.futures[number].cancel()


async def main():
    bridge = Bridge(sys.argv[1])
    reader = asyncio.StreamReader(limit=1 << 24)
    await asyncio.get_running_loop().connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    try:
        await bridge.open()
    except (OSError, TimeoutError, ValueError) as error:
        tell(kind="refused", line=f"no Dask scheduler answers at {sys.argv[1]} ({type(error).__name__})")
        return
    tasks = [asyncio.ensure_future(bridge.slots())]
    while line := await reader.readline():
        message = json.loads(line)
        if message["kind"] == "run":
            tasks.append(asyncio.ensure_future(bridge.run(message)))
        else:
            tasks.append(asyncio.ensure_future(bridge.stop(message["number"])))
    os._exit(0)  # the study has gone; what Dask holds goes with this process


if __name__ == "__main__":
    asyncio.run(main())
