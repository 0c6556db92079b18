"""One host of many, which share a place and have no server: what it does, gives and takes, and who does the work of those
that fell silent. Every host decides alone, by hashes of names and by what it has heard; no clock of another is believed."""
from __future__ import annotations

import math
import secrets
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from pathlib import Path

from .facts import Fact, Known, write
from .share import Folder, Place, digest, give, place_of, said, take
from .tools import ToolError, shown, write_json

EXCHANGES = 10
"""In a night."""
SILENT_AFTER = 3
"""Exchanges of ours, or of its own if those are rarer, without a new fact of a host: then others do its work."""


def _chance(host: str, what: str) -> str:
    return digest(f"{host}\0{what}".encode())


def divide(wants: Mapping[str, Iterable[str]]) -> dict[str, list[str]]:
    """By rendezvous hashing with bounded loads, of hosts and the parts that each can do: each part has a host, each host a
    part, and who knows the same hosts comes to the same result. With more hosts than parts, a part has several."""
    pairs = sorted((_chance(host, part), host, part) for host, parts in wants.items() for part in set(parts))
    of: dict[str, list[str]] = {host: [] for host in wants}
    free = {part for *_, part in pairs}
    most = math.ceil(len(free) / max(1, len(of)))
    for _, host, part in pairs:
        if part in free and len(of[host]) < most:
            of[host].append(part)
            free.discard(part)
    for _, host, part in pairs:
        if part in free or not of[host]:  # who can do it has enough already; or what it would do first
            of[host].append(part)
            free.discard(part)
    return {host: sorted(mine) for host, mine in of.items()}


def library_hash(lib: Path) -> str:
    files = sorted(path for path in lib.rglob("*.[ch]") if path.is_file())
    return digest("".join(f"{path.relative_to(lib)} {digest(path.read_bytes())}\n" for path in files).encode())


class Islands:
    """This host among the others. `replica` is a share of its own, which goes on while the place cannot be reached."""

    def __init__(self, host: str, where: str, out: Path, library: str, period_s: float, begins: Callable[[str, int], None],
                 goes_on: tuple[str, int] = ("", 0)):
        """`begins` keeps the life and the night of one that begins; `goes_on` are those of one that was stopped."""
        self.host, self.library, self.period_s = host, library, period_s
        self.replica = Folder(out / "share", host)
        self.place: Place = place_of(where, out / "transport", host)
        if isinstance(self.place, Folder):
            if not self.place.root.is_dir():
                raise ToolError(f"--share {where}: no such folder: make it, or mount it")
            self.place.clear_partial()
        self.replica.scrub()
        self.known = Known(self.replica)
        self.kept = out / "island.json"
        self.begins = begins
        self.life, self.night = goes_on
        self.wanted: list[str] = []
        self.heard: dict[str, tuple[int, float]] = {}
        self.quiet: dict[str, int] = {}
        self.last: dict[str, Fact] = {}
        self.trouble = ""  # why the last exchange failed
        self.before: set[tuple[int, str]] = set()  # numbers and lives of facts of our name that were there when we began
        self.has_twin = False  # another has said something since then

    # ---- Exchange ----

    def join(self, wanted: list[str]) -> list[str]:
        """Begin the night: the last that a host has begun, unless this one has ended it. Returns: our parts.

        It is kept before others hear of it: a host that is killed here goes on with the life that they know."""
        self.wanted = wanted
        self.take()
        if not self.life:
            nights = self.known.nights()
            self.night = nights[-1] if nights else 1
            before = self.known.last(self.night).get(self.host)
            self.night += before is not None and before.ended
            self.life = secrets.token_hex(8)
            self.begins(self.life, self.night)
        self.before = self._of_our_name()
        write_json(self.kept, {"host": self.host, "life": self.life, "night": self.night})
        ours = [fact for fact in self.known.of(self.night) if (fact.host, fact.life) == (self.host, self.life)]
        self.say(replace(ours[-1]) if ours else Fact())
        self.give()
        self.take()  # those that began at the same time
        self.listen()
        return sorted(self.parts(), key=lambda part: _chance(self.host, part))  # what is ours even if we have yet to hear of others

    def _of_our_name(self) -> set[tuple[int, str]]:
        return {(fact.number, fact.life) for fact in self.known.of(self.night, self.host)}

    def take(self) -> None:
        try:
            take(self.replica, self.place)
            self.trouble = ""
        except ToolError as error:
            if "not a share" in str(error) or "another version" in str(error):
                raise
            self.trouble = str(error)

    def give(self) -> None:
        """What others found damaged, and we have, is written once more."""
        if self.trouble:
            return
        try:
            give(self.replica, self.place, {name for fact in self.last.values() for name in fact.damaged})
        except ToolError as error:
            self.trouble = str(error)

    def listen(self) -> None:
        """Who has said something since our last exchange. Without one, no host can be called silent."""
        self.has_twin = any(life != self.life for _, life in self._of_our_name() - self.before)
        self.last = {host: fact for host, fact in self.known.last(self.night).items() if host != self.host}
        for host, fact in self.last.items():
            if self.heard.get(host, (-1, 0.0))[0] != fact.number:
                self.heard[host] = fact.number, time.time()
                self.quiet[host] = 0
            elif not self.trouble:
                self.quiet[host] = self.quiet.get(host, 0) + 1

    def say(self, fact: Fact) -> None:
        """The next fact of this host: what is known of its night goes into one that has the rest."""
        fact.host, fact.night, fact.life = self.host, self.night, self.life
        fact.number = self.known.highest(self.night, self.host) + 1
        fact.period_s, fact.clock, fact.library = self.period_s, time.time(), self.library
        fact.wanted, fact.mine, fact.heard, fact.silent = self.wanted, self.parts(), dict(self.heard), self.silent()
        fact.damaged = [name for name in self.place.damaged if name not in self.replica.listing()][:100]
        write(self.replica, fact)

    # ---- Who does what ----

    def silent(self) -> list[str]:
        """Hosts from which nothing has come for so long, by our own count, that others do their work."""
        return sorted(host for host, fact in self.last.items() if not fact.ended and
                      self.quiet.get(host, 0) >= SILENT_AFTER * max(1, math.ceil(fact.period_s / max(self.period_s, 0.001))))

    def parts(self) -> list[str]:
        """Ours, of what is wanted: those that have ended have done theirs, and keep it."""
        silent = self.silent()
        return divide({self.host: self.wanted} | {host: fact.wanted for host, fact in self.last.items() if host not in silent})[self.host]

    def at_work(self, library: str | None = None) -> set[str]:
        """Hosts that can be given something new to do."""
        return {self.host} | {host for host, fact in self.last.items()
                              if not fact.ended and library in (None, fact.library)} - {*self.silent()}

    def does(self, what: str, library: str | None = None) -> bool:
        """Whether a piece of work that one host does is ours."""
        return owner_of(what, self.at_work(library)) == self.host

    def problems(self) -> list[str]:
        """What of the place could not be taken."""
        return [shown(f"share: {text}") for text in said(sorted({*self.place.problems}))]


def two_of(host: str) -> str:
    return f"two machines call themselves {host} at the same time: each needs a --host of its own"


def owner_of(what: str, hosts: Iterable[str]) -> str:
    return min(hosts, key=lambda host: _chance(host, what))
