"""What a check of the gate says."""
from __future__ import annotations

from dataclasses import dataclass, field

from .change import Declaration

PASSED, REFUSED, SKIPPED, UNABLE = "passed", "refused", "skipped", "could not judge"


@dataclass
class Said:
    """Refusals are reasons against the change; what was declared, a reviewer has to look at."""
    refusals: list[str] = field(default_factory=list)
    declared: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    skipped: str = ""
    unable: str = ""

    @property
    def verdict(self) -> str:
        return (REFUSED if self.refusals else UNABLE if self.unable else SKIPPED if self.skipped else PASSED)

    def weigh(self, declaration: Declaration | None, what: str, undeclared: str = "") -> None:
        """It speaks against the change, unless a commit declares it."""
        if declaration:
            self.declared.append(f"{what} ({declaration.why})")
        else:
            self.refusals.append(undeclared or what)

    def add(self, other: Said) -> None:
        self.refusals += other.refusals
        self.declared += other.declared
        self.notes += other.notes
        self.unable = self.unable or other.unable
