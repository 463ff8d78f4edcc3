"""Does the chain still hold? Finds every entry that was changed, is missing or stands elsewhere, and says where."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from hmac import compare_digest
from itertools import groupby
from typing import Any

from django.conf import settings
from django.db import connection, transaction

from messaging.consuming.positions import live_number

from .chain import CHECKPOINT_EVERY, Fact, genesis, in_utc, link, sign
from .models import AuditCheckpoint, AuditHead, Signed

GROUP = "audit"

#: In the order of each chain.
ENTRIES = """
    SELECT topic, partition, position, "offset", key, sequence, event_id, type, time,
           recorded_at, actor_role, actor_id, payload, hash
    FROM analytics_auditentry WHERE generation = %s ORDER BY topic, partition, position
"""
AT_ONCE = 5_000
#: Broken links of one partition that are looked into one by one; further ones are counted.
LOOKED_INTO = 20

Place = tuple[str, int]


@dataclass(frozen=True, slots=True)
class Finding:
    """What is wrong with a partition's chain. `kind` is changed, missing, reordered, unchained, checkpoint,
    head or anchor; `offset` that of the entry, or of the last good one before what is missing.
    """

    kind: str
    topic: str
    partition: int
    offset: int | None
    position: int | None
    message: str

    def __str__(self) -> str:
        where = f" at offset {self.offset}" if self.offset is not None else ""
        return f"{self.kind}: {self.topic}[{self.partition}]{where}: {self.message}"


@dataclass(frozen=True, slots=True)
class ChainEnd:
    """Where a partition's chain stands: to be kept elsewhere, and given back as an anchor."""

    topic: str
    partition: int
    count: int
    offset: int
    hash: str


@dataclass(slots=True)
class Verdict:
    generation: int
    entries: int = 0
    heads: list[ChainEnd] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)

    def as_json(self) -> dict[str, Any]:
        return {"ok": not self.findings, **asdict(self)}


@dataclass(slots=True)
class Suspect:
    """An entry whose hash does not follow from the one before it."""

    before: str
    fact: Fact
    hash: str


def verify(*, generation: int | None = None, anchors: Iterable[ChainEnd] = ()) -> Verdict:
    """Walk every chain of a generation (default: the live one) in one snapshot; the consumer may go on meanwhile.

    `anchors` are ends of chains from an earlier verdict: each must still lie on its chain. They are what shows an end
    that was cut off together with the head, by somebody who put an older, rightly signed head in its place.
    """
    number = live_number(GROUP) if generation is None else generation
    anchored: dict[Place, list[ChainEnd]] = {}
    for anchor in anchors:
        anchored.setdefault((anchor.topic, anchor.partition), []).append(anchor)
    outermost = not connection.in_atomic_block
    with transaction.atomic():
        if outermost:
            with connection.cursor() as cursor:
                cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
        return _verify(number, anchored)


def _verify(number: int, anchored: Mapping[Place, Sequence[ChainEnd]]) -> Verdict:
    verdict = Verdict(number)
    heads = {(head.topic, head.partition): head for head in AuditHead.objects.filter(generation=number)}
    checkpoints: dict[Place, dict[int, Signed]] = {}
    for one in AuditCheckpoint.objects.filter(generation=number):
        checkpoints.setdefault((one.topic, one.partition), {})[one.count] = one
    walked = set()
    for place, rows in groupby(_entries(number), key=lambda row: (row[0], row[1])):
        walked.add(place)
        walk = Walk(place, checkpoints.get(place, {}), {end.count: end for end in anchored.get(place, ())})
        for row in rows:
            if row[2] is None:
                walk.unchained += 1
            else:
                walk.step(_fact(row), row[13])
        _close(verdict, walk, heads.get(place))
    for place in sorted((heads.keys() | checkpoints.keys() | anchored.keys()) - walked):
        walk = Walk(place, checkpoints.get(place, {}), {end.count: end for end in anchored.get(place, ())})
        _close(verdict, walk, heads.get(place))
    return verdict


def _close(verdict: Verdict, walk: Walk, head: AuditHead | None) -> None:
    walk.end(head)
    verdict.entries += walk.entries
    verdict.findings += walk.findings
    verdict.heads.append(ChainEnd(*walk.place, walk.position, walk.offset, walk.head))


class Walk:
    """One partition's chain, entry by entry."""

    def __init__(self, place: Place, checkpoints: Mapping[int, Signed], anchors: Mapping[int, ChainEnd]) -> None:
        self.place = place
        self.checkpoints = checkpoints
        self.anchors = anchors
        self.position, self.offset, self.head = 0, -1, genesis(*place)
        self.entries = 0
        self.findings: list[Finding] = []
        self.suspects: list[Suspect] = []
        self.further = 0
        self.unchained = 0

    def step(self, fact: Fact, stored: str) -> None:
        self.entries += 1
        if fact.position > self.position + 1:
            self._missing(self.position + 1, fact.position - 1)
        elif link(self.head, fact) != stored:
            if len(self.suspects) < LOOKED_INTO:
                self.suspects.append(Suspect(self.head, fact, stored))
            else:
                self.further += 1
        self.position, self.offset, self.head = fact.position, fact.offset, stored
        if self.position % CHECKPOINT_EVERY == 0:
            self._check_signed(self.checkpoints.get(self.position), "checkpoint")
        if (anchor := self.anchors.get(self.position)) and anchor.hash != stored:
            self._find("anchor", "the chain no longer runs through the end that was noted here before")

    def end(self, head: AuditHead | None) -> None:
        """Look at what belongs to the chain as a whole."""
        self._judge()
        if self.unchained:
            self._find(
                "unchained",
                f"{self.unchained} entries are from before the chain: `manage.py replay audit` writes them anew",
                nowhere=True,
            )
        for count in sorted(count for count in self.checkpoints if count > self.position or count % CHECKPOINT_EVERY):
            self._find("checkpoint", f"there is one for entry {count}, which the chain does not hold")
        for count in sorted(count for count in self.anchors if count > self.position):
            self._find("anchor", f"the chain had {count} entries when its end was noted, and has {self.position} now")
        if head is not None and head.count > self.position:
            self._missing(self.position + 1, head.count)
            self._check_signature(head, "head")
        elif self.position:
            self._check_signed(head, "head")

    def _missing(self, first: int, last: int) -> None:
        what = f"entry {first} is" if first == last else f"entries {first} to {last} are"
        self._find("missing", f"{what} missing after this one" if self.position else f"{what} missing")

    def _judge(self) -> None:
        """Tell an entry that was moved from one that was changed: a moved one follows from another's predecessor."""
        befores = {hash for suspect in self.suspects for hash in (suspect.before, suspect.hash)}
        positions = {suspect.fact.position for suspect in self.suspects}
        for suspect in self.suspects:
            fact = suspect.fact
            home = next(
                (
                    position
                    for position in sorted(positions, key=lambda position: position != fact.position)
                    for before in befores
                    if link(before, fact._replace(position=position)) == suspect.hash
                ),
                None,
            )
            if home == fact.position:
                continue  # In its place: it is the one before it that was moved.
            if home is not None:
                message = f"entry {home} of this chain stands in place {fact.position}"
                self._find("reordered", message, at=fact)
            else:
                self._find(
                    "changed", f"entry {fact.position} ({fact.type} of {fact.key}) is not what was written", at=fact
                )
        if self.further:
            self._find("changed", f"{self.further} further entries do not follow from the ones before them")

    def _check_signed(self, signed: Signed | None, what: str) -> None:
        """Whether a checkpoint or the head stands where it must, is genuine, and names the chain's hash."""
        if signed is None:
            self._find(what, f"the {what} of entry {self.position} is missing")
        elif not self._check_signature(signed, what):
            return
        elif (signed.count, signed.offset, signed.hash) != (self.position, self.offset, self.head):
            since = (self.position - 1) // CHECKPOINT_EVERY * CHECKPOINT_EVERY
            self._find(what, f"the chain was rewritten after entry {since}: it does not lead to what was signed here")

    def _check_signature(self, signed: Signed, what: str) -> bool:
        right = sign(settings.AUDIT_KEY, what, *self.place, signed.count, signed.offset, signed.hash)
        if compare_digest(right, signed.signature):
            return True
        self._find(what, f"the {what} of entry {signed.count} was not signed with this system's key")
        return False

    def _find(self, kind: str, message: str, *, at: Fact | None = None, nowhere: bool = False) -> None:
        position = at.position if at else self.position
        offset = at.offset if at else self.offset
        known = position > 0 and not nowhere
        self.findings.append(
            Finding(kind, *self.place, offset if known else None, position if known else None, message)
        )


def _entries(generation: int) -> Iterator[tuple[Any, ...]]:
    """Rows as they come from the server, a few thousand in memory at a time."""
    connection.ensure_connection()
    with connection.connection.cursor(name="audit_verify") as cursor:
        cursor.itersize = AT_ONCE
        cursor.execute(ENTRIES, [generation])
        yield from cursor


def _fact(row: tuple[Any, ...]) -> Fact:
    position, offset, key, sequence, event_id, kind, time, recorded_at, role, actor, payload = row[2:13]
    written = in_utc(recorded_at) if recorded_at else None
    return Fact(position, offset, key, sequence, event_id, kind, in_utc(time), written, role, actor, payload)
