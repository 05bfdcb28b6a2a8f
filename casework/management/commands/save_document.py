from typing import Any

from django.utils.translation import gettext_lazy

from casework.commands import DoorCommand, actor_as, add_actor, saving
from casework.queries import document_bytes, show_document
from casework.queries.log import proof_of_document


class Command(DoorCommand):
    help = gettext_lazy("Saves a document of a case as a PDF, to be read before it is signed.")

    def add_arguments(self, parser: Any) -> None:
        parser.add_argument("document", help="its id, as show_case lists it")
        parser.add_argument("--out", required=True, metavar="FILE.pdf")
        parser.add_argument("--proof", metavar="FILE.tlog-proof", help="also the proof that it was issued")
        parser.add_argument("--stamped", action="store_true", help="its edition with a time authority's stamp")
        add_actor(parser)

    def do(self, *, document: str, out: str, proof: str | None, stamped: bool, login: str, **_options: Any) -> None:
        actor, _account = actor_as(login)
        shown = show_document(document, actor)
        proven = proof_of_document(document, actor)[1] if proof else ""
        data = document_bytes(document, actor, stamped=stamped)
        with saving(out) as file:
            file.write(data)
        if proof:
            with saving(proof) as file:
                file.write(proven.encode())
        self.show({**shown, "saved": out, **({"proof": proof} if proof else {})})
