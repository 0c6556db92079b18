"""The command line of ./fuzz/campaign."""
from __future__ import annotations

import argparse
import re
from dataclasses import dataclass, field, fields
from typing import Any

from .builds import SETUPS
from .share import HOST
from .tools import named

UNITS = {"s": 1, "m": 60, "h": 3600, "": 1}


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


WHAT, HOW = "what is fuzzed, and for how long", "how it runs"
MANY, ASK = "on many machines (fuzz/SCALE.md)", "queries"


def _option(group: str, text: str, **how: Any) -> Any:
    """A setting: its group in --help, what that says, and how argparse takes it; a flag if nothing is said of that."""
    default: Any = {"default_factory": dict} if how.get("action") is _Put else {"default": None if how else False}
    return field(**default, metadata={"group": group, "help": text} | (how or {"action": "store_true"}))


@dataclass
class Kept:
    """What a campaign goes on with when it is resumed."""
    time: float | None = _option(WHAT, "time to fuzz: 60s, 10m, 8h (default: 1m)", type=duration, metavar="T")
    jobs: int | None = _option(WHAT, "fuzzing processes at a time (default: one for each core)", type=job_count, metavar="N")
    harness: list[str] | None = _option(WHAT, "only this harness; may be repeated", action="append", metavar="NAME")
    engine: list[str] | None = _option(WHAT, "only this engine; may be repeated", action="append",
                                       choices=list(dict.fromkeys(s.engine.name for s in SETUPS)))
    build: list[str] | None = _option(WHAT, "only this build: " + ", ".join(dict.fromkeys(f"{s.build} ({s.sees})" for s in SETUPS)),
                                      action="append", choices=list(dict.fromkeys(s.build for s in SETUPS)))
    slice: float | None = _option(WHAT, "the shortest time of a fuzzing process (default: 20s; less in a short campaign, so that each "
                                  "harness and each engine runs)", type=duration, metavar="T")
    weight: dict[str, float] = _option(WHAT, "share of the time of this harness; the others have weight 1", type=weight, action=_Put,
                                       metavar="HARNESS=W")
    floor: dict[str, float] = _option(WHAT, "least time of this harness, before time goes where most is found", type=floor, action=_Put,
                                      metavar="HARNESS=T")
    lib: str | None = _option(WHAT, "test this copy of lib/ instead of ours", type=named, metavar="DIR")
    seed: int | None = _option(WHAT, "seed of all random choices (default: the time)", type=int, metavar="N")
    empty: bool = _option(WHAT, "start from an empty corpus, and do not replay the saved ones")
    canaries: bool = _option(WHAT, "fuzz for planted bugs too, to see whether they are found (default: from 1m up, for a twentieth of the "
                             "time)")
    hardware: bool = _option(WHAT, "run what the night kept in a kernel under QEMU too, with its protection unit on (default: from 10m "
                             "up, for a twentieth of the time, at least a minute)")
    host: str | None = _option(MANY, "name of this machine among those that share; each needs its own", type=host, metavar="NAME")
    share: str | None = _option(MANY, "exchange inputs, findings and facts there: a folder, user@host:path or rsync://host/path, or "
                                "git+URL#BRANCH", type=place, metavar="WHERE")


@dataclass
class Settings(Kept):
    """What the command line says."""
    out: str | None = _option(HOW, "folder that keeps everything from night to night (default: out/TIME)", type=named, metavar="DIR")
    resume: bool = _option(HOW, "continue the campaign in --out that was stopped, with its options and its remaining time")
    update_corpus: bool = _option(HOW, "at the end, write the smallest set of inputs that reaches as much into corpus/, as text")
    notify: str | None = _option(HOW, "at the end, run this in a shell, with campaign.json on its standard input", metavar="CMD")
    quiet: bool = _option(HOW, "print the summary only")
    merge: list[str] | None = _option(MANY, "merge these shares into --out DIR, and report on all their hosts; fuzz nothing", type=place,
                                      nargs="+", metavar="SHARE")
    plan: bool = _option(ASK, "print what would run for how long, and run nothing")
    status: bool = _option(ASK, "show how the campaign in --out is doing, or the hosts of --share")

    def kept(self) -> dict:
        return {part.name: getattr(self, part.name) for part in fields(Kept)}


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
    groups = {title: parser.add_argument_group(title) for title in (WHAT, HOW, MANY, ASK)}
    for title, group in groups.items():
        for part in fields(Settings):
            how = dict(part.metadata)
            if how.pop("group") == title:
                group.add_argument(f"--{part.name.replace('_', '-')}", **how)
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
