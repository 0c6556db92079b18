"""The command line of ./fuzz/campaign."""
from __future__ import annotations

import argparse
import re
from dataclasses import dataclass, field, fields

from .builds import SETUPS
from .share import HOST

UNITS = {"s": 1, "m": 60, "h": 3600, "": 1}


@dataclass
class Kept:
    """What a campaign goes on with when it is resumed."""
    time: float | None = None
    jobs: int | None = None
    harness: list[str] | None = None
    engine: list[str] | None = None
    build: list[str] | None = None
    slice: float | None = None
    weight: dict[str, float] = field(default_factory=dict)
    floor: dict[str, float] = field(default_factory=dict)
    lib: str | None = None
    seed: int | None = None
    empty: bool = False
    canaries: bool = False
    host: str | None = None
    share: str | None = None


@dataclass
class Settings(Kept):
    """What the command line says."""
    out: str | None = None
    resume: bool = False
    update_corpus: bool = False
    notify: str | None = None
    quiet: bool = False
    plan: bool = False
    status: bool = False
    merge: list[str] | None = None

    def kept(self) -> dict:
        return {part.name: getattr(self, part.name) for part in fields(Kept)}


class _Put(argparse.Action):
    """A pair goes into a dictionary."""

    def __call__(self, parser, namespace, values, option_string=None):
        getattr(namespace, self.dest).update([values])


def duration(text: str) -> float:
    match = re.fullmatch(r"(\d+(?:\.\d+)?)([smh]?)", text)
    if not match or float(match[1]) == 0:
        raise argparse.ArgumentTypeError(f"{text!r} is no time: write 60s, 10m or 8h")
    return float(match[1]) * UNITS[match[2]]


def job_count(text: str) -> int:
    if not text.isdigit() or not 1 <= int(text) <= 256:
        raise argparse.ArgumentTypeError(f"{text!r} is no number of jobs (1 to 256)")
    return int(text)


def weight(text: str) -> tuple[str, float]:
    match = re.fullmatch(r"([a-z]+)=(\d+(?:\.\d+)?)", text)
    if not match or float(match[2]) == 0:
        raise argparse.ArgumentTypeError(f"{text!r} is no weight: write HARNESS=2")
    return match[1], float(match[2])


def floor(text: str) -> tuple[str, float]:
    name, separator, rest = text.partition("=")
    if not separator:
        raise argparse.ArgumentTypeError(f"{text!r} is no floor: write HARNESS=60s")
    return name, duration(rest)


def host(text: str) -> str:
    if not re.fullmatch(HOST, text):
        raise argparse.ArgumentTypeError(f"{text!r} is no name of a host: letters, digits, and within it . _ -")
    return text


def place(text: str) -> str:
    """Where hosts share; what a program would take for an option of its own is refused."""
    if not text or text.startswith("-") or re.match(r"git\+-|[^/]*@-", text):
        raise argparse.ArgumentTypeError(f"{text!r} is no place")
    return text


def make_parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="./fuzz/campaign", formatter_class=argparse.RawDescriptionHelpFormatter,
        description="Replay the corpora, fuzz every harness, triage what breaks, write a report.",
        epilog="Exit status: 0 nothing found; 1 findings, a planted bug missed, or code of the library\n"
               "no longer reached; 2 failed to run, or a part of it did (fuzz/OUTPUT.md lists what).\n"
               "Ctrl-C stops at once, keeps everything found, and still writes the report: status 1 or 2.\n\n"
               "A folder that is used again is the next night: its corpora go on growing, its findings are\n"
               "new, known, regressed, or fixed since.")
    what = parser.add_argument_group("what is fuzzed, and for how long")
    what.add_argument("--time", type=duration, metavar="T",
                      help="from the first to the last fuzzing process: 60s, 10m, 8h (default: 1m)")
    what.add_argument("--jobs", type=job_count, metavar="N",
                      help="fuzzing processes at a time (default: one per core)")
    what.add_argument("--harness", action="append", metavar="NAME", help="this harness only; may be given again")
    what.add_argument("--engine", action="append", choices=list(dict.fromkeys(s.engine.name for s in SETUPS)),
                      help="this engine only; may be given again")
    what.add_argument("--build", action="append", choices=list(dict.fromkeys(s.build for s in SETUPS)),
                      help="this build only: " + ", ".join(dict.fromkeys(f"{s.build} ({s.sees})" for s in SETUPS)))
    what.add_argument("--slice", type=duration, metavar="T",
                      help="no process fuzzes for less than this, unless all of the time is less (default: 20s, in a short "
                           "campaign as short as lets each harness and each engine run)")
    what.add_argument("--weight", type=weight, action=_Put, metavar="HARNESS=W",
                      help="its share of the time beside the others', each of which has weight 1")
    what.add_argument("--floor", type=floor, action=_Put, metavar="HARNESS=T",
                      help="it is fuzzed for so long before time goes where most is found")
    what.add_argument("--lib", metavar="DIR", help="test this copy of lib/ in place of ours")
    what.add_argument("--seed", type=int, metavar="N", help="of all chance (default: the time)")
    what.add_argument("--empty", action="store_true",
                      help="start from nothing: neither replay nor use the saved corpora")
    what.add_argument("--canaries", action="store_true",
                      help="fuzz for planted bugs too, to see that they would be found (default: from 1m up, "
                           "with a twentieth of the time)")
    how = parser.add_argument_group("how it goes about it")
    how.add_argument("--out", metavar="DIR", help="where everything is, from night to night (default: out/TIME)")
    how.add_argument("--resume", action="store_true",
                     help="go on with the campaign in --out that was killed, with its options and the time it had left")
    how.add_argument("--update-corpus", action="store_true",
                     help="at the end, write the smallest set of inputs that reaches as much into corpus/, as text")
    how.add_argument("--notify", metavar="CMD",
                     help="at the end, run this in a shell, campaign.json on its standard input")
    how.add_argument("--quiet", action="store_true", help="print the summary only")
    many = parser.add_argument_group("on many machines (fuzz/SCALE.md)")
    many.add_argument("--host", type=host, metavar="NAME", help="this machine's name among those that share; each has its own")
    many.add_argument("--share", type=place, metavar="WHERE",
                      help="exchange inputs, findings and facts there: a folder, user@host:path or rsync://host/path, or "
                           "git+URL#BRANCH")
    many.add_argument("--merge", type=place, nargs="+", metavar="SHARE",
                      help="unite these shares in --out DIR, and report of all their hosts; fuzz nothing")
    ask = parser.add_argument_group("only ask")
    ask.add_argument("--plan", action="store_true", help="print what would run for how long, and run nothing")
    ask.add_argument("--status", action="store_true", help="say how the campaign in --out is doing, or the hosts of --share")
    return parser


def parse() -> Settings:
    parser = make_parser()
    settings = parser.parse_args(namespace=Settings())
    if (settings.resume or settings.status and not settings.share or settings.merge) and not settings.out:
        parser.error("--resume, --status and --merge need --out DIR")
    if bool(settings.host) != bool(settings.share) and not settings.status:
        parser.error("--host NAME and --share WHERE go together")
    if settings.plan and settings.resume:
        parser.error("--plan and --resume exclude each other")
    return settings
