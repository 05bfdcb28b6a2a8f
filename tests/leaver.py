"""Ann, who had a score disputed and ruled on, accepted it, and left."""

from casework.domain.office import Office, office_of
from casework.domain.perform import perform
from casework.domain.staffing import close_account
from casework.models import Account
from tests.conftest import acting
from tests.factories import advance, credential, deliver_all, dispute, evaluation, received, recording

FILE = "王喆堃的说明：当时在补录".encode()


def office(login: str = "hua") -> Office:
    account = Account.objects.select_related("person").get(username=login)
    return office_of(acting(login), account)


def leave(login: str = "ann") -> None:
    close_account(office(), Account.objects.get(username=login).pk)
    deliver_all()


def ended() -> tuple[str, str]:
    """(evaluation, dispute) of ann's, with a recording and a file of hers, accepted by her; she has left."""
    credential("ann")
    scored = evaluation()
    recording(scored)
    paper = dispute(scored)
    digest = received(paper, "ann", FILE)
    perform(paper, "add_evidence", acting("ann"), {"sha256": digest, "shows": "录音第35秒的说明"})
    for step in ("stated", "forwarded", "ruled", "signed", "issued"):
        advance(paper, step)
    perform(paper, "read", acting("ann"))
    perform(paper, "accept", acting("ann"))
    deliver_all()
    leave()
    return scored, paper
