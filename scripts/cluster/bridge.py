"""A Dask cluster for petl: takes runs from standard input, has workers make them, and tells what happens on standard
output, one JSON object a line each way. A run is an idempotent task: its spec goes in, the bytes of its files come out.

    bridge.py tcp://HOST:PORT|local:N

A worker starts the project's own training process and speaks to it as Node does with what it forks (NODE_CHANNEL_FD:
JSON lines). State of a run under way goes to the scheduler's metadata and from there to the client's disk, so that the
run goes on elsewhere when its worker is lost, and everywhere when the scheduler is.
"""

import asyncio
import concurrent.futures
import contextlib
import hashlib
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
AGAIN = 0.5  # seconds before a run is asked for again: a fault that comes at once must not spin

# ---- on a worker. What follows is sent to it by value: it needs Dask, Node and the project, no file of this folder.


def execute(job, parcels):
    """
    Makes one run. Returns {"answer": what the training process said last, "files": bytes by path}, or an answer without
    files where it had no part in it: what is kept of the run stays.
    """
    worker = get_worker()
    root = pathlib.Path(os.environ.get("PETL_ROOT", job["root"]))
    if not (root / "bin" / "petl.cjs").is_file():
        return refused(worker, f"has no project at {root}: install it there, or set PETL_ROOT")
    cache = root / "data" / "cache"
    for name, data in parcels.items():
        unpack(cache, name, data)
    models = {model["path"]: whereabouts(model, cache) for model in job["models"]}
    lacking = {model["name"] for model in job["models"] if models[model["path"]] is None}
    brought = {model["name"] for model in job["models"]} - lacking
    missing = [name for name in job["parcels"] if name in lacking or not (name in brought or (cache / name).exists())]
    if missing:
        return {"answer": {"kind": "missing", "names": missing}, "files": None}
    folder = pathlib.Path(tempfile.mkdtemp(prefix="petl-", dir=worker.local_directory))
    try:
        return attend({**job, "request": {**job["request"], "models": models}}, worker, root, folder)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def refused(worker, reason):
    """The worker is at fault, not the run: others may make it."""
    line = f"worker {worker.address} {reason}"
    return {"answer": {"kind": "refused", "worker": worker.address, "reason": line}, "files": None}


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


def whereabouts(model, cache):
    """Where a model of the user's lies here: under its own path if that holds the same files, else where it was sent to."""
    sent = cache / model["name"]
    if sent.exists() and print_of(sent) != model["print"]:
        shutil.rmtree(sent)  # it is sent again
    for path in (pathlib.Path(model["path"]), sent / model["file"] if model["file"] else sent):
        if path.exists() and print_of(path) == model["print"]:
            return str(path.resolve())
    return None


def print_of(path):
    """What tells the files of a model, as parcels.ts says; read once, as long as they stay as they are."""
    kinds = {".json", ".safetensors", ".gguf", ".txt", ".model", ".jinja"}
    base = path if path.is_dir() else path.parent
    found = [path]
    if path.is_dir():
        below = (file for file in path.rglob("*") if file.is_file() and file.suffix in kinds)
        found = [file for file in below if not any(part.startswith(".") for part in file.relative_to(path).parts)]
    names = sorted(str(file.relative_to(base)) for file in found)
    stamps = tuple((name, *stamp(base / name)) for name in names)
    known = get_worker().__dict__.setdefault("petl_prints", {})
    if known.get(str(path), (None, None))[0] != stamps:
        whole = hashlib.sha256()
        for name in names:
            own = hashlib.sha256()
            with open(base / name, "rb") as file:
                while piece := file.read(1 << 22):
                    own.update(piece)
            whole.update(f"{own.hexdigest()}  {name}\n".encode())
        known[str(path)] = stamps, whole.hexdigest()
    return known[str(path)][1]


def attend(job, worker, root, folder):
    """Hands the run to this thread's training process and follows it."""
    client, state = get_client(), folder / job["state"]
    kept = client.get_metadata(["petl", job["id"]], None)
    if kept is not None:
        state.parent.mkdir(parents=True, exist_ok=True)
        state.write_bytes(kept)
    sent, told, stopping, last = stamp(state), 0.0, None, {"step": 0, "steps": 0}
    task = worker.get_current_task()
    try:
        process = training(job, worker, root)
    except OSError as error:
        return refused(worker, f"cannot start Node ({error.strerror}): install it there, or set PETL_NODE")
    process.runs += 1
    say(process, {**job["request"], "results": str(folder)})
    due, looked = time.monotonic() + PAUSE, 0.0
    for message in heard(process):
        now = time.monotonic()
        kind = message["kind"]
        if job["limitMb"] is not None and now - looked > 0.2 and kind in ("started", "event", "note", "silence"):
            looked, held = now, held_by(process)
            if held > job["limitMb"]:
                process.kill()
                process.wait()  # else the next run would be handed to it
                return too_large(held, job["limitMb"], process.runs == 1)
        if kind == "started" and message.get("code") != job["code"]:
            process.kill()
            process.wait()
            other = f"has other code ({message.get('code')}) than is here ({job['code']})"
            return refused(worker, f"{other}: bring it to the same commit")
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
            process.kill()
            process.wait()  # it takes no other run: the next would be left at its first step
        if kind in ("done", "failed", "stopped", "died"):
            return {"answer": message, "files": files(folder) if kind == "done" else {}}


def held_by(process):
    """MiB that a process holds now; 0 where the system does not tell."""
    try:
        with open(f"/proc/{process.pid}/status") as status:
            return next((int(line.split()[1]) for line in status if line.startswith("VmRSS:")), 0) / 1024
    except OSError:
        return 0


def too_large(held, limit, alone):
    """What earlier runs of a process left may be what was too much: alone in a new one a run may fit."""
    gib = lambda mb: f"{mb / 1024:.2f} GiB"
    reason = f"its worker took {gib(held)} of memory, more than the limit of {gib(limit)}"
    died = {"kind": "died", "reason": reason, "started": True}
    return {"answer": {"kind": "failed", "message": reason, "user": True} if alone else died, "files": None}


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
        threads = {f"TF_NUM_{kind}_THREADS": str(job["threads"]) for kind in ("INTRAOP", "INTEROP")}
        env = {"NODE_CHANNEL_FD": str(theirs.fileno()), **threads}
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
        process.runs = 0
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


def put(files, spool):
    """The folder below `spool` that files from a worker are put into, all or none."""
    place = tempfile.mkdtemp(dir=spool)
    try:
        for path, data in files.items():
            target = pathlib.Path(place) / path
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(data)
        return place
    except OSError:
        shutil.rmtree(place, ignore_errors=True)
        raise


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
        self.unfit = {}  # workers that refuse the runs of this study, and why

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
        if not self.holds(job):
            return  # its file has been taken over meanwhile
        if data is not None:
            self.write(job, data)
            if message["kind"] == "state":
                job["losses"] = 0  # it has come further
        if message["kind"] == "stopped" and job["number"] in self.stopped:
            await self.answer(job, message)

    def write(self, job, data):
        half = pathlib.Path(f"{job['keep']}.tmp-{os.getpid()}")
        try:
            half.write_bytes(data)
            os.replace(half, job["keep"])
        except OSError as error:  # the run itself goes on
            half.unlink(missing_ok=True)
            tell(kind="note", line=f"the state of {job['id']} cannot be written here: {error.strerror}")

    def holds(self, job):
        """Whether nobody has answered this job yet. The same run may be asked for again, under another number."""
        return self.jobs.get(job["id"]) is job

    async def answer(self, job, message):
        """Tells how a run ended. What the scheduler holds of it goes before: the study may end with this answer."""
        with contextlib.suppress(Exception, asyncio.CancelledError):  # of a scheduler that is gone
            await asyncio.wait_for(self.client.set_metadata(["petl", job["id"]], None), timeout=5)
        if self.holds(job):
            del self.jobs[job["id"]]
            tell(kind="message", number=job["number"], message=message)

    async def run(self, job):
        """Has a run made, as often as it takes. The first answer counts."""
        self.jobs[job["id"]] = job
        job.update(losses=0, needs=[], asked=False)
        while self.holds(job) and job["number"] not in self.stopped:
            client = await self.connected()
            try:
                result = await self.made(client, job)
            except KilledWorker as error:
                await self.lost(job, f"its worker {error.last_worker.address if error.last_worker else ''} was lost")
            except (asyncio.CancelledError, concurrent.futures.CancelledError):
                if job["number"] in self.stopped:
                    return
                self.gone = client  # it may find the scheduler again, but not what it had asked of it
            except Exception as error:  # a connection in the middle of an answer
                await self.lost(job, f"{type(error).__name__}: {error}")
            else:
                await self.take(client, job, **result)
            if self.holds(job):
                await asyncio.sleep(AGAIN)

    async def made(self, client, job):
        """What a worker answers that is asked for the run."""
        sent = {name: job[name] for name in ("id", "root", "request", "threads", "limitMb", "code", "models", "state")}
        sent.update(topic=self.topic, parcels=[parcel["name"] for parcel in job["parcels"]])
        known = {parcel["name"]: parcel for parcel in job["parcels"]}
        await self.lay(client, job)
        parcels = {name: await self.parcel(client, known[name]) for name in job["needs"]}
        key = f"petl-{job['id']}-{uuid.uuid4().hex[:8]}"
        future = client.submit(execute, sent, parcels, key=key, pure=False, **await self.preferred(client))
        self.futures[job["number"]] = future
        return await future.result()

    async def lay(self, client, job):
        """The scheduler holds what this disk does: at first it may hold what another study left of such a run."""
        kept = pathlib.Path(job["keep"])
        state = kept.read_bytes() if kept.exists() else None
        if state is not None or not job["asked"]:
            await client.set_metadata(["petl", job["id"]], state)
        job["asked"] = True

    async def fit(self, client):
        """Workers that have refused nothing, and how many runs each can make at once."""
        threads = await client.nthreads()
        self.unfit = {worker: why for worker, why in self.unfit.items() if worker in threads}  # it may come back mended
        return {worker: count for worker, count in threads.items() if worker not in self.unfit}

    async def preferred(self, client):
        """Has Dask take a fit worker. Others stay allowed: a task bound to workers that go would wait for ever."""
        workers = list(await self.fit(client))
        return {"workers": workers, "allow_other_workers": True} if self.unfit and workers else {}

    async def take(self, client, job, answer, files):
        """Goes by what a worker answered: tells it, or has the run asked for again."""
        if answer["kind"] == "missing" and set(answer["names"]) <= set(job["needs"]):
            lacks = f"a worker lacks {', '.join(answer['names'])} although it was sent"
            await self.answer(job, {"kind": "failed", "message": lacks, "user": False})
        elif answer["kind"] == "missing":
            job["needs"] = answer["names"]
        elif answer["kind"] == "refused":
            await self.refused(client, job, answer["worker"], answer["reason"])
        elif answer["kind"] in ("died", "stopped"):
            await self.lost(job, answer.get("reason", "its worker left it"))
        else:
            await self.answer(job, answer if files is None else self.placed(job, answer, files))

    def placed(self, job, answer, files):
        """The answer with the folder that its files were put into."""
        try:
            return {**answer, "place": put(files, job["spool"])}
        except OSError as error:
            full = f"its files cannot be written here: {error.strerror}: make room, then run the same command again"
            return {"kind": "failed", "message": full, "user": False}

    async def refused(self, client, job, worker, reason):
        """A worker that cannot make runs of this study is passed over; the run has failed where no other is there."""
        told = worker in self.unfit
        self.unfit[worker] = reason
        if not await self.fit(client):
            await self.answer(job, {"kind": "failed", "message": f"no worker is left: {reason}", "user": True})
        elif not told:
            tell(kind="note", line=f"{reason}; runs go on elsewhere")

    async def lost(self, job, reason):
        job["losses"] += 1
        if job["losses"] >= LOSSES:
            message = f"{reason}; lost {LOSSES} times without having come further"
            await self.answer(job, {"kind": "failed", "message": message, "user": False})
        else:
            line = f"{job['id']}: {reason}; it goes on elsewhere"
            tell(kind="message", number=job["number"], message={"kind": "note", "line": line})

    async def parcel(self, client, parcel):
        """What workers lack of weights and data, packed and sent to the cluster once."""
        name, files = parcel["name"], parcel["files"]
        if name not in self.parcels:
            packed, base = io.BytesIO(), os.path.basename(name)
            with tarfile.open(fileobj=packed, mode="w", dereference=files is not None) as archive:
                for file in [""] if files is None else files:
                    archive.add(os.path.join(parcel["from"], file).rstrip("/"), arcname=os.path.join(base, file).rstrip("/"))
            tell(kind="note", line=f"sending {name} to the cluster ({packed.tell() >> 20} MiB)")
            self.parcels[name] = await client.scatter(packed.getvalue())
        return self.parcels[name]

    async def slots(self):
        """Tells how many runs the cluster can make at once, whenever that changes."""
        known = None
        while True:
            try:
                count = sum((await self.client.nthreads()).values()) if self.client.status == "running" else 0
                if self.unfit and count > 0:
                    count = sum((await self.fit(self.client)).values()) or count
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
