"""What came of many imports, counted, as a row of the table."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from tests.torture.import_runs import Outcome
from tests.torture.judgement import FAULTS, doubts, faults
from tests.torture.second_reader import Opinions, opinions
from tests.torture.trial import Row

AIM = "each read, refused for a reason that fits, or asked for a password; no crash, hang or loss; parsers in bounds"
_LISTED = 40


@dataclass(slots=True)
class Tally:
    """Outcomes with what is wrong or odd about them.

    explained: file name -> why other parsers come to something else, where a person has looked at it.
    """

    explained: Mapping[str, str] = field(default_factory=dict)
    outcomes: list[Outcome] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)
    doubts: list[str] = field(default_factory=list)

    def judge(self, outcomes: Sequence[Outcome]) -> None:
        """Add these."""
        self.add(zip(outcomes, opinions([outcome.path for outcome in outcomes]), strict=True))

    def add(self, judged: Iterable[tuple[Outcome, Opinions]]) -> None:
        """Outcomes with what other parsers make of the files."""
        for outcome, others in judged:
            name = outcome.path.name
            self.outcomes.append(outcome)
            self.faults += [f"{name}: {fault}" for fault in faults(outcome)]
            if name not in self.explained:
                self.doubts += [f"{name}: {doubt}" for doubt in doubts(outcome, others)]

    def row(self, what: str, *, most_doubts: int = 0) -> Row:
        """Held where nothing is wrong, and no more are odd than that."""
        how = Counter(outcome.how for outcome in self.outcomes)
        codes = Counter(outcome.code for outcome in self.outcomes if outcome.how == "refused")
        refused = ", ".join(f"{count} {code}" for code, count in codes.most_common())
        largest = max((outcome.parser_bytes for outcome in self.outcomes), default=0)
        shown = Counter((outcome.facts.get("shown") or {}).get("as", "") for outcome in self.outcomes)
        pictures = f"; pages as pictures {shown['pictures']}, as text {shown['text']}" if shown["pictures"] else ""
        found = (
            f"{how['read']} read, {how['refused']} refused ({refused or 'none'}), {how['password']} want a password"
            f"{pictures}; {how['crash']} crashes, {how['hang']} hangs, {how['lost'] + how['mistake']} lost, "
            f"{len(self.faults)} faults, {len(self.doubts)} judged otherwise by another parser; "
            f"largest parser {largest >> 20} MiB"
        )
        figures = {
            "files": len(self.outcomes),
            "how": dict(how),
            "refused": dict(codes),
            "faults": self.faults[:_LISTED],
            "doubts": self.doubts[:_LISTED],
            "largest_parser_bytes": largest,
            "slowest_s": round(max((outcome.seconds for outcome in self.outcomes), default=0.0), 1),
            "longest_stall_s": max((outcome.facts.get("stall", 0.0) for outcome in self.outcomes), default=0.0),
        }
        held = not self.faults and len(self.doubts) <= most_doubts and not any(how[fault] for fault in FAULTS)
        return Row(what, AIM, found, held, figures)
