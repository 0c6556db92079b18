"""What a host says of its night: facts in a share, numbered, each of which has all that the ones before it had."""
from __future__ import annotations

import base64
import binascii
import functools
import json
import re
import types
import zlib
from collections import Counter
from dataclasses import MISSING, asdict, dataclass, field, fields, is_dataclass, replace
from typing import Annotated, Any, get_args, get_origin, get_type_hints

from .coverage import Misses
from .record import Record
from .share import Folder, digest
from .tools import ToolError, identity_in, shown

SCHEMA = 1
MOST_COUNTED = 3
"""Of a behaviour, how many inputs showed it: once, twice, or more often is what estimates need."""
MOST_TEXT = 16 << 20
MOST = 1 << 53
MOST_IDENTITY = 200
"""It names a folder, too."""
SOURCE = re.compile(r"[a-z]+(/[A-Za-z0-9_-]+)*\.[ch]")
"""A file of the library, in it."""


@dataclass
class Fact:
    schema: int = SCHEMA
    host: str = ""
    night: int = 0
    number: int = 0
    life: str = ""          # of the host's folder: counts of one life go on, those of another are added
    ended: bool = False     # its plan is finished
    period_s: float = 0.0   # from one exchange to the next
    clock: float = 0.0      # the host's; shown, and no decision depends on it
    library: str = ""       # hash of the library under test
    wanted: list[str] = field(default_factory=list)  # all parts of the night, as this host knows them,
    mine: list[str] = field(default_factory=list)    # and its own now
    parts: dict[str, int] = field(default_factory=dict)  # slices that it did,
    rates: dict[str, float] = field(default_factory=dict)  # and inputs a second that will show something new in the next
    heard: dict[str, tuple[int, float]] = field(default_factory=dict)  # of others: the number, and our clock then
    silent: list[str] = field(default_factory=list)
    damaged: list[str] = field(default_factory=list)  # what this host found damaged in the share, and has not
    counts: dict[str, tuple[int, str]] = field(default_factory=dict)  # by harness: inputs, and packed behaviours
    misses: dict[str, Misses] = field(default_factory=dict)
    record: Record = field(default_factory=Record)


class Wrong(Exception):
    """What another host wrote is not what it should be."""


@functools.cache
def _hints(kind: type) -> dict[str, Any]:
    """The types of its fields: to work them out takes longer than to compare a value with them."""
    return get_type_hints(kind, include_extras=True)


def _field(kind: type, name: str, data: dict) -> Any:
    try:
        return typed(_hints(kind)[name], data[name])
    except Wrong as wrong:
        raise Wrong(f"{name}: {wrong}") from wrong


def typed(kind: Any, data: Any) -> Any:
    """What JSON holds, as a type says; a field that is missing has its default, one that is unknown is of a later version."""
    if get_origin(kind) is Annotated:
        kind, said = get_args(kind)
        value = typed(kind, data)
        if isinstance(said, tuple) and value not in said:
            raise Wrong(f"{json.dumps(data)[:60]} is none of {', '.join(map(str, said))}")
        return value
    origin, parts = get_origin(kind), get_args(kind)
    if origin is types.UnionType:
        return None if data is None else typed(parts[0], data)
    if is_dataclass(kind) and isinstance(kind, type) and isinstance(data, dict):
        known = {part.name: _field(kind, part.name, data) for part in fields(kind) if part.name in data}
        lacking = [part.name for part in fields(kind) if part.name not in known and part.default is MISSING and part.default_factory is MISSING]
        if lacking:
            raise Wrong(f"{kind.__name__} lacks {lacking[0]}")
        return kind(**known)
    if origin is list and isinstance(data, list):
        return [typed(parts[0], value) for value in data]
    if origin is dict and isinstance(data, dict):
        return {str(key): typed(parts[1], value) for key, value in data.items()}
    if isinstance(kind, type) and hasattr(kind, "_fields"):
        origin, parts = kind, tuple(_hints(kind).values())
    if isinstance(data, list) and parts and len(parts) == len(data):
        values = [typed(part, value) for part, value in zip(parts, data)]
        return tuple(values) if origin is tuple else origin(*values)  # type: ignore[misc]
    if isinstance(data, (int, float)) and not abs(data) < MOST:  # what is added up stays a number
        raise Wrong(f"{str(data)[:60]} is too large")
    if kind is float and isinstance(data, (int, float)) and not isinstance(data, bool):
        return float(data)
    if isinstance(kind, type) and isinstance(data, kind) and (kind is bool or not isinstance(data, bool)):
        return data
    raise Wrong(f"{json.dumps(data)[:60]} is not {getattr(kind, '__name__', kind)}")


def as_bytes(data: Any) -> bytes:
    """JSON, the same for the same data."""
    return json.dumps(data, sort_keys=True, separators=(",", ":")).encode()


def pack(counts: Counter[str]) -> str:
    few = {slot: min(count, MOST_COUNTED) for slot, count in counts.items()}
    return base64.b85encode(zlib.compress(as_bytes(few))).decode()


def unpack(text: str) -> Counter[str]:
    try:
        inflate = zlib.decompressobj()
        return Counter(typed(dict[str, int], json.loads(inflate.decompress(base64.b85decode(text), MOST_TEXT))))
    except (ValueError, zlib.error, binascii.Error, RecursionError) as error:
        raise Wrong(f"behaviours that cannot be read: {error}") from error


def slim(record: Record) -> Record:
    """What of a record others need; explanations are in bundles."""
    return replace(record, samples=[], statistics={}, residual=[], spans=[], coverage={}, coverage_by_harness={}, evidence=[], nights=[], canary_series=[], first_reached=[],
                   findings=[replace(finding, explanation="", command="", names=[]) for finding in record.findings])


def is_identity(text: str) -> bool:
    return identity_in(text) == text and 0 < len(text) <= MOST_IDENTITY


def write(replica: Folder, fact: Fact) -> None:
    content = as_bytes(asdict(fact))
    replica.add(f"facts/{fact.host}/{fact.night}/{fact.number}-{digest(content)}", content)


def _key(name: str) -> tuple[int, str, int, str]:
    """Of a fact's name: night, host, number, hash."""
    _, host, night, last = name.split("/")
    number, _, hash_ = last.partition("-")
    return int(night), host, int(number), hash_


def read(replica: Folder, name: str) -> Fact:
    """A fact. Raises ToolError when it is another than its name says, or of a later version."""
    night, host, number, _ = _key(name)
    try:
        data = json.loads(replica.true_content(name) or b"")
        if isinstance(data, dict) and data.get("schema") != SCHEMA:
            raise Wrong(f"of another version ({data.get('schema')}; this is {SCHEMA})")
        fact = typed(Fact, data)
        if (fact.night, fact.host, fact.number) != (night, host, number):
            raise Wrong("another fact than its name says")
        for finding in fact.record.findings:
            if not is_identity(finding.identity):
                raise Wrong("a finding without an identity")
        if odd := [name for name in fact.misses if not SOURCE.fullmatch(name)]:
            raise Wrong(f"coverage of {odd[0][:60]}, which is not a file of a library")
        return fact
    except (ValueError, RecursionError, TypeError, Wrong) as error:
        raise ToolError(shown(f"{name}: not taken: {error}")) from error


class Known:
    """The facts of a replica, each read once."""

    def __init__(self, replica: Folder):
        self.replica = replica
        self.facts: dict[str, Fact] = {}
        self.problems: dict[str, str] = {}

    def names(self) -> list[str]:
        return sorted(self.replica.listing("facts"), key=_key)

    def nights(self) -> list[int]:
        return sorted({_key(name)[0] for name in self.names()})

    def get(self, name: str) -> Fact | None:
        if name not in self.facts and name not in self.problems:
            try:
                self.facts[name] = read(self.replica, name)
            except ToolError as error:
                self.problems[name] = str(error)
        return self.facts.get(name)

    def of(self, night: int, host: str | None = None) -> list[Fact]:
        """All that can be read, by host and number; `host`: of this one alone."""
        return [fact for name in self.names() if _key(name)[0] == night and host in (None, _key(name)[1]) and (fact := self.get(name)) is not None]

    def last(self, night: int) -> dict[str, Fact]:
        """Of each host, the highest number that can be read."""
        found: dict[str, Fact] = {}
        for name in reversed([name for name in self.names() if _key(name)[0] == night]):
            if _key(name)[1] not in found and (fact := self.get(name)) is not None:
                found[fact.host] = fact
        return found

    def highest(self, night: int, host: str) -> int:
        return max((key[2] for key in map(_key, self.names()) if key[:2] == (night, host)), default=-1)


def lives(facts: list[Fact]) -> list[Fact]:
    """Of each life of each host, the last fact: what is to be added up."""
    found: dict[tuple[str, str], Fact] = {}
    for fact in facts:
        found[(fact.host, fact.life)] = fact
    return list(found.values())

