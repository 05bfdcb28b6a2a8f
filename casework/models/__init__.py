"""Rows, constraints and indexes. What may happen to them stands in casework.domain."""

from casework.models.calendar import CalendarDay, CalendarHorizon
from casework.models.case import Case, CaseRead, Family, Numbering, Party
from casework.models.clock import Clock, ClockEntry, ClockWarning
from casework.models.delivery import Delivery, Notice
from casework.models.document import Document, StampedEdition
from casework.models.event import CaseEvent, EventText, StreamHead
from casework.models.evidence import Evidence
from casework.models.grant import Grant, Leave
from casework.models.import_run import ImportRun
from casework.models.installation import Installation, Stamp
from casework.models.lag import Lag
from casework.models.log import Checkpoint, Cosignature, LogLeaf, Tile, Unsequenced, Witness
from casework.models.login_failure import LoginFailure
from casework.models.person import Account, Person, SigningKey, Token
from casework.models.policy import PolicyVersion
from casework.models.search import SearchToken
from casework.models.task import Task
from casework.models.unit import Unit

__all__ = [
    "Account", "CalendarDay", "CalendarHorizon", "Case", "CaseEvent", "CaseRead", "Checkpoint", "Clock",
    "ClockEntry", "ClockWarning", "Cosignature", "Delivery", "Document", "EventText", "Evidence", "Family",
    "Grant", "ImportRun", "Installation", "Lag", "Leave", "LogLeaf", "LoginFailure", "Notice", "Numbering",
    "Party", "Person", "PolicyVersion", "SearchToken", "SigningKey", "Stamp", "StampedEdition", "StreamHead", "Task",
    "Tile", "Token", "Unit", "Unsequenced", "Witness",
]  # fmt: skip
