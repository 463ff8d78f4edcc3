"""Tables of the two roads. Rows here are transport: none of them is a domain fact."""

from .comparison import ComparisonRun
from .deadletter import DeadLetter
from .incident import Incident, IncidentStep
from .outbox import OutboxRow, Road
from .reading import Generation, ParkedRecord, StoredOffset, StreamSequence
from .replay import ReplayRun
from .scaling import ScalingSample
from .tracing import Span
from .work import TaskRun

__all__ = [
    "ComparisonRun",
    "DeadLetter",
    "Generation",
    "Incident",
    "IncidentStep",
    "OutboxRow",
    "ParkedRecord",
    "ReplayRun",
    "Road",
    "ScalingSample",
    "Span",
    "StoredOffset",
    "StreamSequence",
    "TaskRun",
]
