"""Run by the project's JupyterLab after each save (scripts/lab.mjs).

git takes a file of another size for changed without asking its filter. Where the saved notebook is, through the filter,
what git has, `git add` changes nothing but the size that git remembers.
"""

import os
import subprocess


def saved(model, os_path, contents_manager=None, **_):
    if model["type"] != "notebook":
        return
    folder, name = os.path.split(os_path)

    def git(*args):
        answer = subprocess.run(["git", "-C", folder, *args], capture_output=True, text=True, check=False)
        return answer.stdout.strip() if answer.returncode == 0 else None

    try:
        known = git("rev-parse", "--verify", "--quiet", f":./{name}")
        if known is not None and known == git("hash-object", "--", name):
            git("add", "--", name)
    except OSError:
        pass  # no git: nothing that could be told a change
