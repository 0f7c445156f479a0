"""Adds events to a session document until standard input ends, as a program that knows docs/format.md does.

usage: writer.py DOCUMENT NAME lockfile|itself|replace

With "itself" it locks the document and not the lock file, as the listing in story 11.2 does; with "replace" it never
writes the document in place. Prints each event_id when the document has been written.
"""

import fcntl
import json
import os
import random
import select
import sys
import time

path, name, how = sys.argv[1:]


def load():
    # utf-8-sig reads over a byte order mark.
    with open(path, encoding="utf-8-sig") as f:
        return json.load(f)


def dump(document, replace):
    target = path + "." + name if replace else path
    with open(target, "w", encoding="utf-8") as f:
        json.dump(document, f, ensure_ascii=False, indent=2)
    if replace:
        os.replace(target, path)


def add(n):
    event_id = f"{name}-{n}"
    event = {
        "event_id": event_id,
        "timestamp": time.strftime("%Y-%m-%dT%H:%M:%S"),
        "canvas_id": "离散数学.canvas",
        "event_type": "script_note",
        "details": {"n": n, "weight": 0.10},
    }
    with open(path if how == "itself" else path + ".lock", "r+" if how == "itself" else "a") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        # Who locks the document itself must make sure that it still is the document.
        if how == "itself" and not os.path.samestat(os.fstat(lock.fileno()), os.stat(path)):
            return False
        try:
            document = load()
        except ValueError:
            return False  # another script was killed while it wrote: Daybook makes it anew
        document["events"].append(event)
        document["last_update"] = event["timestamp"]
        document["stats"]["total_events"] += 1
        dump(document, replace=how == "replace" or how == "lockfile" and n % 2 == 1)
    print(event_id, flush=True)
    return True


n = 0
while not select.select([sys.stdin], [], [], random.uniform(0, 0.02))[0]:
    if add(n):
        n += 1
