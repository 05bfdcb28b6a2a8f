"""The kinds of pages that there are, and how one comes to each in the demo."""

import re
from collections.abc import Callable
from dataclasses import dataclass

from tests.browser.people import Person
from tests.browser.site import Site

Come = Callable[..., Person]


@dataclass(frozen=True)
class Stop:
    """`comes` takes whoever it is about (a login of the demo, or nobody) to the page."""

    name: str
    comes: Callable[[Site, Come], Person]

    def visited(self, site: Site, person: Come) -> Person:
        return self.comes(site, person)


def at(login: str, address: str, status: int = 200) -> Callable[[Site, Come], Person]:
    return lambda site, person: person(login).goes_to(address, status)


def story(login: str, prefix: str) -> Callable[[Site, Come], Person]:
    return lambda site, person: person(login).goes_to(f"/cases/{site.demo.story(prefix)}")


def seated(site: Site, person: Come, state: str, action: str) -> Person:
    """Whoever sits on a panel in that state, at the page of the case, owing that action."""
    number = site.case(f"arbitration.Arbitration {state}")
    for login in site.holder(number, "arbitrator_1", "arbitrator_2", "arbitrator_3"):
        one = person(login).goes_to(f"/cases/{number}")
        if one.page.locator(f".doings a[href$='/do/{action}']").count():
            return one
    raise AssertionError(f"nobody on {number} owes {action}")


def blind(site: Site, person: Come) -> Person:
    return seated(site, person, "scoring", "score_blind")


def blind_form(site: Site, person: Come) -> Person:
    return blind(site, person).clicks(".doings a[href$='/do/score_blind']")


def vote_form(site: Site, person: Come) -> Person:
    return seated(site, person, "voting", "vote").clicks(".doings a[href$='/do/vote']")


def wrong_form(site: Site, person: Come) -> Person:
    return vote_form(site, person).goes_on()


def ruling_form(site: Site, person: Come) -> Person:
    """Of a dispute that waits for its reviewer."""
    for (number,) in site.demo.rows(
        "SELECT number FROM casework_case WHERE type = 'disputes.ScoreDispute' AND state = 'reviewing'"
    ):
        for login in site.holder(number, "reviewer"):
            one = person(login).goes_to(f"/cases/{number}")
            if one.page.locator(".doings a[href$='/do/rule']").count():
                return one.clicks(".doings a[href$='/do/rule']")
    raise AssertionError("no dispute waits for a ruling")


def urgency_form(site: Site, person: Come) -> Person:
    """A director's, of a dispute that waits for its reviewer."""
    return person("fang").goes_to(f"/cases/{site.case('disputes.ScoreDispute reviewing')}/do/prioritise")


def extension_form(site: Site, person: Come) -> Person:
    return person("fang").goes_to(f"/cases/{site.case('disputes.ScoreDispute reviewing')}/do/extend_clock")


def filing_form(site: Site, person: Come) -> Person:
    """bo's own evaluation with something deducted, which nobody has disputed."""
    bo = person("bo")
    for (number,) in site.demo.rows(
        "SELECT number FROM casework_case c JOIN casework_person p ON p.id = c.concerned_id WHERE p.no = 'A1002' "
        "AND c.state = 'standing' AND c.type = 'evaluations.Evaluation' ORDER BY c.id"
    ):
        bo.goes_to(f"/cases/{number}")
        if bo.page.locator(".doings a[href$='/open/disputes.ScoreDispute']").count():
            return bo.clicks(".doings a[href$='/open/disputes.ScoreDispute']")
    raise AssertionError("bo has nothing to dispute")


def filing_wrong(site: Site, person: Come) -> Person:
    bo = filing_form(site, person)
    bo.page.locator(".pick input[type=checkbox]").first.check()
    return bo.goes_on()


def filing_check(site: Site, person: Come) -> Person:
    bo = filing_form(site, person)
    tick = bo.page.locator(".pick input[type=checkbox]").first
    tick.check()
    row = str(tick.get_attribute("name"))
    most = re.search(r"0\D+([\d.]+)", bo.page.locator(f"[id='f-{row.replace('.', '-')}-claimed-range']").inner_text())
    assert most
    bo.fills(f"{row}.claimed", most.group(1)).chooses(f"{row}.ground", "fact_wrong")
    return bo.fills(f"{row}.reasons", "录音中已说明原因，请复听。").goes_on()


def evidence_form(site: Site, person: Come) -> Person:
    """Of a dispute whose agent may still add files."""
    for number, login in site.demo.rows(
        "SELECT c.number, a.username FROM casework_case c JOIN casework_account a ON a.person_id = c.concerned_id "
        "WHERE c.type = 'disputes.ScoreDispute' AND c.state = 'screening' ORDER BY c.id"
    ):
        agent = person(login).goes_to(f"/cases/{number}")
        if agent.page.locator(".doings a[href$='/do/add_evidence']").count():
            return agent.clicks(".doings a[href$='/do/add_evidence']")
    raise AssertionError("nobody may add a file")


def filed(site: Site, person: Come) -> Person:
    """Recorded: bo's dispute is filed, and what happens next is said."""
    bo = filing_check(site, person)
    bo.confirms()
    return bo


def password(site: Site, person: Come) -> Person:
    """Only whoever logged in by the password may change it."""
    chen = person("")
    chen.goes_to("/login").fills("username", "chen").fills("password", site.passwords["chen"])
    return chen.clicks(".card button").goes_to("/password")


def checked(fields: str, paper: Callable[[bytes], bytes]) -> Callable[[Site, Come], Person]:
    def comes(site: Site, person: Come) -> Person:
        somebody = person("").goes_to("/v")
        data = paper((site.demo.folder / "award.pdf").read_bytes())
        somebody.page.locator("#file").set_input_files({"name": fields, "mimeType": "application/pdf", "buffer": data})
        return somebody.clicks("form[enctype] button")

    return comes


STOPS = (
    Stop("login", at("", "/login")),
    Stop("inbox-empty", at("root", "/inbox")),
    Stop("inbox-full", at("qin", "/inbox?view=team")),
    Stop("search", at("qin", "/search?q=DSP-2026")),
    Stop("search-explained", at("ann", "/search")),
    Stop("evaluation", story("ann", "EVL")),
    Stop("dispute", story("qin", "DSP")),
    Stop("arbitration", story("ann", "ARB")),
    Stop("filing-form", filing_form),
    Stop("filing-wrong", filing_wrong),
    Stop("filing-check", filing_check),
    Stop("filed", filed),
    Stop("ruling-form", ruling_form),
    Stop("blind-room", blind),
    Stop("blind-form", blind_form),
    Stop("vote-form", vote_form),
    Stop("vote-wrong", wrong_form),
    Stop("password", password),
    Stop("verification", at("", "/v")),
    Stop("verification-genuine", checked("award.pdf", lambda data: data)),
    Stop("verification-broken", checked("award.pdf", lambda data: data.replace(b"/Title", b"/Titel", 1) + b"\n")),
    Stop("evidence-form", evidence_form),
    Stop("urgency-form", urgency_form),
    Stop("extension-form", extension_form),
    Stop("office", at("hua", "/admin/")),
    Stop("office-grants", at("hua", "/admin/casework/grant/")),
    Stop("office-grant", at("hua", "/admin/casework/grant/add/")),
    Stop("office-stuck", at("hua", "/admin/casework/clock/")),
    Stop("refusal", at("ann", "/cases/EVL-2026-999999", 404)),
)
