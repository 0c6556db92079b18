"""The command line of ./fuzz/campaign."""
from __future__ import annotations

import argparse
import re
from dataclasses import dataclass, field, fields

from .builds import SETUPS
from .share import HOST
from .tools import named

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
    hardware: bool = False
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
        raise argparse.ArgumentTypeError(f"invalid duration {text!r} (examples: 60s, 10m, 8h)")
    return float(match[1]) * UNITS[match[2]]


def job_count(text: str) -> int:
    if not text.isdigit() or not 1 <= int(text) <= 256:
        raise argparse.ArgumentTypeError(f"invalid number of jobs {text!r} (1 to 256)")
    return int(text)


def weight(text: str) -> tuple[str, float]:
    match = re.fullmatch(r"([a-z]+)=(\d+(?:\.\d+)?)", text)
    if not match or float(match[2]) == 0:
        raise argparse.ArgumentTypeError(f"invalid weight {text!r} (example: buffers=2)")
    return match[1], float(match[2])


def floor(text: str) -> tuple[str, float]:
    name, separator, rest = text.partition("=")
    if not separator:
        raise argparse.ArgumentTypeError(f"invalid floor {text!r} (example: buffers=60s)")
    return name, duration(rest)


def host(text: str) -> str:
    if not re.fullmatch(HOST, text):
        raise argparse.ArgumentTypeError(f"invalid name of a host {text!r} (letters and digits; inside also . _ -)")
    return text


def place(text: str) -> str:
    """Where hosts share; what a program would take for an option of its own is refused."""
    if not text or text.startswith("-") or re.match(r"git\+-|[^/]*@-", text):
        raise argparse.ArgumentTypeError(f"invalid place {text!r} (examples: /net/share, user@host:path, git+URL#BRANCH)")
    return text


def make_parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="./fuzz/campaign", formatter_class=argparse.RawDescriptionHelpFormatter,
        description="Replay the corpora, fuzz every harness, triage what breaks, and write a report.",
        epilog="Exit status: 0 nothing found; 1 findings, a planted bug missed, code of the library no\n"
               "longer reached, or worse evidence; 2 failed to run, or a part of it did (fuzz/OUTPUT.md has\n"
               "the list).\n"
               "Ctrl-C stops at once, keeps everything found, and still writes the report: status 1 or 2.\n\n"
               "Each campaign in a folder is a night: corpora keep growing, and findings are new, known,\n"
               "regressed, or fixed since.")
    what = parser.add_argument_group("what is fuzzed, and for how long")
    what.add_argument("--time", type=duration, metavar="T",
                      help="time to fuzz: 60s, 10m, 8h (default: 1m)")
    what.add_argument("--jobs", type=job_count, metavar="N",
                      help="fuzzing processes at a time (default: one for each core)")
    what.add_argument("--harness", action="append", metavar="NAME", help="only this harness; may be repeated")
    what.add_argument("--engine", action="append", choices=list(dict.fromkeys(s.engine.name for s in SETUPS)),
                      help="only this engine; may be repeated")
    what.add_argument("--build", action="append", choices=list(dict.fromkeys(s.build for s in SETUPS)),
                      help="only this build: " + ", ".join(dict.fromkeys(f"{s.build} ({s.sees})" for s in SETUPS)))
    what.add_argument("--slice", type=duration, metavar="T",
                      help="the shortest time of a fuzzing process (default: 20s; less in a short campaign, so that each harness "
                           "and each engine runs)")
    what.add_argument("--weight", type=weight, action=_Put, metavar="HARNESS=W",
                      help="share of the time of this harness; the others have weight 1")
    what.add_argument("--floor", type=floor, action=_Put, metavar="HARNESS=T",
                      help="least time of this harness, before time goes where most is found")
    what.add_argument("--lib", type=named, metavar="DIR", help="test this copy of lib/ instead of ours")
    what.add_argument("--seed", type=int, metavar="N", help="seed of all random choices (default: the time)")
    what.add_argument("--empty", action="store_true",
                      help="start from an empty corpus, and do not replay the saved ones")
    what.add_argument("--canaries", action="store_true",
                      help="fuzz for planted bugs too, to see whether they are found (default: from 1m up, for a "
                           "twentieth of the time)")
    what.add_argument("--hardware", action="store_true",
                      help="run what the night kept in a kernel under QEMU too, with its protection unit on "
                           "(default: from 10m up, for a twentieth of the time, at least a minute)")
    how = parser.add_argument_group("how it runs")
    how.add_argument("--out", type=named, metavar="DIR", help="folder that keeps everything from night to night (default: out/TIME)")
    how.add_argument("--resume", action="store_true",
                     help="continue the campaign in --out that was stopped, with its options and its remaining time")
    how.add_argument("--update-corpus", action="store_true",
                     help="at the end, write the smallest set of inputs that reaches as much into corpus/, as text")
    how.add_argument("--notify", metavar="CMD",
                     help="at the end, run this in a shell, with campaign.json on its standard input")
    how.add_argument("--quiet", action="store_true", help="print the summary only")
    many = parser.add_argument_group("on many machines (fuzz/SCALE.md)")
    many.add_argument("--host", type=host, metavar="NAME", help="name of this machine among those that share; each needs its own")
    many.add_argument("--share", type=place, metavar="WHERE",
                      help="exchange inputs, findings and facts there: a folder, user@host:path or rsync://host/path, or "
                           "git+URL#BRANCH")
    many.add_argument("--merge", type=place, nargs="+", metavar="SHARE",
                      help="merge these shares into --out DIR, and report on all their hosts; fuzz nothing")
    ask = parser.add_argument_group("queries")
    ask.add_argument("--plan", action="store_true", help="print what would run for how long, and run nothing")
    ask.add_argument("--status", action="store_true", help="show how the campaign in --out is doing, or the hosts of --share")
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
