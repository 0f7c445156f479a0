#!/usr/bin/env python3
"""Reads a day file of a book by the rules of README.md, and of nothing else.

    python3 read.py FILE [DAY]    prints what a reader finds in FILE, in the form of the vectors; DAY is 2025-11-08
    python3 read.py --check       compares with every vector beside this script; exit code 1 if one differs

It is meant to be copied from: judge() is all that a reader needs.
"""

import json
import os
import re
import sys

MAX_DEPTH = 64
MAX_ID = 256
DAY = "2025-11-08"

STAMP = re.compile(
    r"(\d{4})-(\d\d)-(\d\d)[Tt](\d\d):(\d\d):(\d\d)(?:\.(\d+))?(?:([Zz])|([+-])(\d\d):(\d\d))?", re.ASCII)


class Broken(Exception):
    """The line is no event; the argument is its class."""


class Number(str):
    """A number as it is spelled: what Python makes of it may be another one, and may be refused for its length."""


class Object(dict):
    """A JSON object that knows whether one of its names stood twice."""

    def __init__(self, pairs):
        super().__init__(pairs)
        self.doubled = len(self) < len(pairs)


def refuse(word):
    raise ValueError(word + " is no JSON number")


def parse(line):
    """Returns the object that a line is (bytes, without the newline), or raises Broken."""
    try:
        text = line.decode("utf-8")
    except UnicodeDecodeError:
        raise Broken("utf8")
    try:
        value = json.loads(text, object_pairs_hook=Object, parse_int=Number, parse_float=Number, parse_constant=refuse)
    except RecursionError:
        raise Broken("depth")
    except ValueError:
        raise Broken("json")
    if not isinstance(value, Object):
        raise Broken("json")
    doubled, level, depth = False, [value], 0
    while level:  # by levels: recursion has limits of its own
        depth += 1
        inner = []
        for v in level:
            doubled = doubled or isinstance(v, Object) and v.doubled
            inner += v.values() if isinstance(v, Object) else v
        level = [v for v in inner if isinstance(v, (Object, list))]
    if depth > MAX_DEPTH:
        raise Broken("depth")
    if doubled:
        raise Broken("names")
    return value


def event_id(value):
    if type(value) is not str:
        raise Broken("event_id")
    try:
        if not 1 <= len(value.encode("utf-8")) <= MAX_ID:
            raise Broken("event_id")
    except UnicodeEncodeError:  # half a surrogate pair
        raise Broken("event_id")
    return value


def days_before(year, month):
    """How many days lie between 1 March of the year 0 and the first day of a month."""
    year, month = (year, month - 3) if month > 2 else (year - 1, month + 9)
    return 365 * year + year // 4 - year // 100 + year // 400 + (153 * month + 2) // 5


def instant(value):
    """Returns the time of a timestamp in UTC, with nine digits after the point, or raises Broken."""
    found = STAMP.fullmatch(value) if type(value) is str else None
    if not found:
        raise Broken("timestamp")
    year, month, day, hour, minute, second = (int(found[i]) for i in range(1, 7))
    if not 1 <= month <= 12 or hour > 23 or minute > 59 or second > 60:
        raise Broken("timestamp")
    after = (year, month + 1) if month < 12 else (year + 1, 1)
    if not 1 <= day <= days_before(*after) - days_before(year, month):
        raise Broken("timestamp")
    offset = 0
    if found[9]:
        hours, minutes = int(found[10]), int(found[11])
        if hours > 23 or minutes > 59:
            raise Broken("timestamp")
        offset = (60 * hours + minutes) * (1 if found[9] == "+" else -1)
    days, clock = divmod(24 * 60 * (days_before(year, month) + day - 1) + 60 * hour + minute - offset, 24 * 60)
    nanos = ((found[7] or "") + 9 * "0")[:9]
    if second == 60:
        if clock != 24 * 60 - 1 or not (found[8] or found[9]):
            raise Broken("timestamp")
        second, nanos = 59, 9 * "9"
    while days < days_before(year, month):
        year, month = (year, month - 1) if month > 1 else (year - 1, 12)
    while True:
        after = (year, month + 1) if month < 12 else (year + 1, 1)
        if days < days_before(*after):
            break
        year, month = after
    day = days - days_before(year, month) + 1
    return "%04d-%02d-%02dT%02d:%02d:%02d.%sZ" % (year, month, day, clock // 60, clock % 60, second, nanos)


def judge(line):
    """Returns the event_id and the time of an event, a line without its newline, or raises Broken."""
    members = parse(line)
    return event_id(members.get("event_id")), instant(members.get("timestamp"))


def ends_as_object(line):
    """Whether the next writer completes an unfinished last line."""
    try:
        parse(line)
    except Broken:
        return False
    return True


def compact(line):
    """The line without white space outside of strings."""
    return b"".join(
        part if part.startswith(b'"') else part.translate(None, b" \t\r") for part in re.findall(rb'"(?:[^"\\]|\\.)*"|[^"]+', line)
    )


def read(data, day=DAY):
    """Returns what a reader finds in a day file, given as bytes."""
    events, damaged, findings, unfinished = [], [], [], None
    met = {}  # the spellings of the events of each event_id
    offset = 0
    for number, line in enumerate(data.split(b"\n"), 1):
        whole = offset + len(line) < len(data)
        length = len(line) + whole
        if length == 0:
            break
        place = {"offset": offset, "length": length}
        offset += length

        def find(problem, **more):
            findings.append({"problem": problem, "line": number, **place, **more})

        if not whole:
            unfinished = {**place, "next": "complete" if ends_as_object(line) else "quarantine"}
            find("unfinished")
        try:
            name, time = judge(line)
        except Broken as broken:
            if whole:
                damaged.append({**place, "class": str(broken)})
                find("damaged")
            else:
                unfinished["class"] = str(broken)
            continue
        events.append({**place, "event_id": name, "time": time, "line": line.decode("utf-8")})
        if not whole:
            continue
        if time[:10] != day:
            find("wrong_day", event_id=name)
        spelling = compact(line)
        if name in met:
            find("twice" if spelling in met[name] else "conflict", event_id=name)
        met.setdefault(name, []).append(spelling)
    return {"events": events, "damaged": damaged, "unfinished": unfinished, "findings": findings}


def check(directory):
    """Compares with every vector of a directory, and returns how many there are and which differ."""
    count, wrong, left_out = 0, [], 0
    for file in sorted(os.listdir(directory)):
        if not file.endswith(".expected.json"):
            continue
        name = file[: -len(".expected.json")]
        with open(os.path.join(directory, file), encoding="utf-8") as f:
            want = json.load(f)
        about, make = want.pop("about"), want.pop("make", None)
        if os.path.exists(os.path.join(directory, name + ".events.json.zst")):
            data = day(directory, name)
            if data is None:
                left_out += 1
                continue
        elif make is None:
            with open(os.path.join(directory, name + ".events.json"), "rb") as f:
                data = f.read()
        else:
            data = b"".join(piece["text"].encode("utf-8") * piece["times"] for piece in make)
        got = read(data)
        if make is not None:
            for event in got["events"]:
                del event["line"]
        count += 1
        if got != want:
            wrong.append(name)
            print("%s: %s" % (name, about))
            for key in want:
                if got[key] != want[key]:
                    print("  %s\n    got  %s\n    want %s" % (key, json.dumps(got[key]), json.dumps(want[key])))
    return count, wrong, left_out


def unpack(data):
    """Returns what a packed file holds, or None where Python has no module for it."""
    try:
        from compression import zstd  # Python 3.14
        return zstd.decompress(data)
    except ImportError:
        pass
    try:
        import zstandard
        return zstandard.ZstdDecompressor().stream_reader(data, read_across_frames=True).read()
    except ImportError:
        return None


def day(directory, name):
    """Returns what a retired day holds: what is packed, and the lines that its day file has more."""
    with open(os.path.join(directory, name + ".events.json.zst"), "rb") as f:
        packed = unpack(f.read())
    if packed is None:
        return None
    if packed and not packed.endswith(b"\n"):
        packed += b"\n"
    late = os.path.join(directory, name + ".events.json")
    if not os.path.exists(late):
        return packed
    there = set(packed.split(b"\n"))
    with open(late, "rb") as f:
        lines = f.read().splitlines(keepends=True)
    while lines and lines[0].rstrip(b"\n") in there:  # a retirement was interrupted
        lines.pop(0)
    return packed + b"".join(lines)


def main(args):
    if args == ["--check"]:
        count, wrong, left_out = check(os.path.dirname(os.path.abspath(__file__)))
        note = "; %d packed ones left out: this Python has no module for zstd" % left_out if left_out else ""
        print("%d vectors, %d differ%s" % (count, len(wrong), note))
        return 1 if wrong or not count else 0
    if not 1 <= len(args) <= 2 or args[0].startswith("-"):
        print(__doc__, file=sys.stderr)
        return 2
    with open(args[0], "rb") as f:
        print(json.dumps(read(f.read(), *args[1:]), indent=2))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
