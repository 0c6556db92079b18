"""Bundles as values of a share: findings/IDENTITY/CONTENT, both as hashes. A finding may have several: who merges takes the
smallest program, so that it is one whoever made what."""
from __future__ import annotations

import base64
import binascii
import contextlib
import json
import re
import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path

from .bundle import NOT_YET, read_bundle
from .facts import Wrong, as_bytes, is_identity, typed
from .record import Finding
from .share import MOST_BYTES, Folder, digest
from .tools import ToolError, put_in_place, shown, slug

FILE = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,80}")
OF_A_FOLDER = ("closed",)
"""What is said of a finding in one folder, and is not shared."""


@dataclass
class Parcel:
    """A bundle, who made it, and in which night."""
    identity: str
    host: str
    night: int
    library: str
    files: dict[str, str]

    def unpacked(self, folder: Path) -> Finding:
        """Write its files into a new folder. Returns: its finding; raises ToolError if there is none."""
        folder.mkdir(parents=True)
        for name, text in self.files.items():
            if not FILE.fullmatch(name):
                raise ToolError(shown(f"{self.identity}: a bundle with a file {name}: not taken"))
            try:
                (folder / name).write_bytes(base64.b64decode(text, validate=True))
            except binascii.Error as error:
                raise ToolError(shown(f"{self.identity}: {name}: {error}")) from error
        finding = read_bundle(folder)
        if finding.identity != self.identity:
            raise ToolError(shown(f"{self.identity}: a bundle of {finding.identity}: not taken"))
        return finding

    def put(self, folder: Path) -> Finding:
        """Put it into a folder of findings, whole or not at all, in place of what is there of this finding."""
        name = slug(self.identity)
        with contextlib.suppress(ToolError):
            if read_bundle(folder / name).identity != self.identity:  # a folder's name has fewer characters
                name = f"{name}-{digest(self.identity.encode())[:16]}"
        final, work = folder / name, folder / f".{name}.partial"
        shutil.rmtree(work, ignore_errors=True)
        try:
            finding = self.unpacked(work)
            put_in_place(work, final)
        finally:
            shutil.rmtree(work, ignore_errors=True)
        finding.folder = name
        return finding


def is_raw(finding: Finding) -> bool:
    """Whether its program is still to be made small."""
    return finding.minimised == NOT_YET


def name_of(identity: str, content: bytes) -> str:
    return f"findings/{digest(identity.encode())}/{digest(content)}"


def pack(folder: Path, host: str, night: int, library: str) -> tuple[str, bytes]:
    """A bundle's name in a share, and its content."""
    finding = read_bundle(folder)
    files = {path.name: base64.b64encode(path.read_bytes()).decode() for path in sorted(folder.iterdir())
             if path.is_file() and path.name not in OF_A_FOLDER}
    content = as_bytes(vars(Parcel(finding.identity, host, night, library, files)))
    if len(content) > MOST_BYTES["findings"]:  # what ran before it is the longest part, and the first to go
        content = as_bytes(vars(Parcel(finding.identity, host, night, library, {
            name: text for name, text in files.items() if name in ("finding.json", "explanation.txt", "test.c") or name.startswith("trace.")})))
    return name_of(finding.identity, content), content


def read(replica: Folder, name: str) -> Parcel:
    try:
        parcel = typed(Parcel, json.loads(replica.true_content(name) or b""))
        if name.split("/")[1] != digest(parcel.identity.encode()) or not is_identity(parcel.identity):
            raise Wrong("a bundle of another finding than its name says")
        return parcel
    except (ValueError, RecursionError, TypeError, Wrong) as error:
        raise ToolError(shown(f"{name}: not taken: {error}")) from error


class Parcels:
    """The bundles of a replica, each read once; the best of each identity."""

    def __init__(self, replica: Folder):
        self.replica = replica
        self.seen: dict[str, tuple[Parcel, Finding]] = {}
        self.problems: dict[str, str] = {}

    def look(self) -> None:
        """Read what is new."""
        for name in sorted(self.replica.listing("findings")):
            if name not in self.seen and name not in self.problems:
                try:
                    parcel = read(self.replica, name)
                    with tempfile.TemporaryDirectory(prefix="procbuf-") as folder:
                        self.seen[name] = parcel, parcel.unpacked(Path(folder) / "bundle")
                except ToolError as error:
                    self.problems[name] = str(error)

    def best(self) -> dict[str, tuple[Parcel, Finding]]:
        """Of each identity, the bundle with the smallest program; one that was made small before one that was not."""
        found: dict[str, tuple[Parcel, Finding]] = {}
        for _, pair in sorted(self.seen.items(), key=lambda item: (is_raw(item[1][1]), item[1][1].operations, item[0])):
            found.setdefault(pair[0].identity, pair)
        return dict(sorted(found.items()))
