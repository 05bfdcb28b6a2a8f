"""From a published score to a sealed award that anybody can check, by hand, in a browser, in both languages."""

import hashlib
import json
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import pikepdf
import pytest

from tests.browser.people import PATIENCE, Person
from tests.browser.site import DISPUTED, Site

Come = Callable[..., Person]
ANN = ("王喆堃", "A1001")


@dataclass
class Words:
    """What the pages are expected to say in that language."""

    language: str
    genuine: str


EN = Words("en", "Genuine")
ZH = Words("zh", "真实")


@dataclass
class Matter:
    external_id: str
    criterion: str
    original: str
    claimed: str
    arbitrators: int


@pytest.mark.parametrize(
    ("words", "matter"),
    [
        (EN, Matter(DISPUTED[0], "PK4", "0", "5", 3)),  # lifts her into a band that pay depends on
        (ZH, Matter(DISPUTED[1], "AT4", "0", "4", 1)),
    ],
    ids=["en", "zh"],
)
def test_dispute_goes_from_filing_to_a_sealed_award_in_the_browser(
    site: Site, person: Come, tmp_path: Path, words: Words, matter: Matter
) -> None:
    evaluation = site.evaluation(matter.external_id)
    ann, ian, lee, qin = (person(login, words.language) for login in ("ann", "ian", "lee", "qin"))
    dispute = file(ann, evaluation, matter)
    state_and_forward(ian, lee, dispute, matter)
    rule_and_sign(qin, dispute, matter)
    arbitration = appeal(ann, dispute, matter)
    for party in (ann, ian):
        party.may(arbitration, "waive_challenge").does(arbitration, "waive_challenge")
        party.confirms()
    seats = site.holder(arbitration, "arbitrator_1", "arbitrator_2", "arbitrator_3")
    assert len(seats) == matter.arbitrators
    panel = [person(login, words.language) for login in seats]
    for arbitrator in panel:
        score_blind(arbitrator, arbitration, (evaluation, dispute))
    for arbitrator in panel:
        vote(arbitrator, arbitration, matter)
    for arbitrator in panel:
        sign(arbitrator, arbitration)
    award = download(ann, arbitration, tmp_path)
    check(person("", words.language), award, words)


def file(ann: Person, evaluation: str, matter: Matter) -> str:
    """From the page of her evaluation, in few strokes."""
    ann.goes_to(f"/cases/{evaluation}")
    ann.done = 0
    ann.clicks(".doings a[href$='/open/disputes.ScoreDispute']")
    row = f"criteria.{matter.criterion}"
    ann.chooses(row, "yes").fills(f"{row}.claimed", matter.claimed).chooses(f"{row}.ground", "fact_wrong")
    ann.fills(f"{row}.reasons", "录音中已核实客户信息，不应扣分。").goes_on()
    dispute = ann.confirms()
    assert ann.done <= 10, f"filing took {ann.done} clicks and fields"
    return dispute


def state_and_forward(ian: Person, lee: Person, dispute: str, matter: Matter) -> None:
    ian.may(dispute, "give_statement").does(dispute, "give_statement")
    ian.fills(f"criteria.{matter.criterion}.text", "复听后维持原判。").goes_on().confirms()
    lee.may(dispute, "forward").does(dispute, "forward").confirms()


def rule_and_sign(qin: Person, dispute: str, matter: Matter) -> None:
    if qin.may(dispute, "rule").page.locator(".doings a[href$='/do/claim']").count():
        qin.does(dispute, "claim").confirms()
    qin.does(dispute, "rule").chooses(f"criteria.{matter.criterion}.decision", "maintain")
    qin.fills(f"criteria.{matter.criterion}.reasons", "录音中未核实，维持原判。").goes_on().confirms()
    sign(qin, dispute)


def sign(who: Person, number: str) -> None:
    """The draft is read before it is signed, with the password that unlocks the key."""
    who.may(number, "sign").does(number, "sign")
    draft = who.page.locator("a[href^='/documents/']").get_attribute("href")
    answer = who.page.request.get(str(draft))
    assert answer.status == 200 and answer.headers["content-type"] == "application/pdf"
    digest = hashlib.sha256(answer.body()).hexdigest()
    assert digest in who.words(), "the page names another file than the one it lets one read"
    who.fills("credential", who.site.passwords[who.login]).confirms()


def appeal(ann: Person, dispute: str, matter: Matter) -> str:
    ann.may(dispute, "appeal").does(dispute, "appeal")
    if ann.page.locator(f"input[type=checkbox][name='criteria.{matter.criterion}']").count():
        ann.chooses(f"criteria.{matter.criterion}", "yes")
    ann.fills(f"criteria.{matter.criterion}.reasons", "裁定未复听录音，请求重新认定。").goes_on().confirms()
    linked = ann.goes_to(f"/cases/{dispute}").page.locator("aside a.number[href*='/cases/ARB-']")
    ann.until(dispute, lambda: linked.count() > 0, "no arbitration was opened")
    return linked.inner_text()


def score_blind(arbitrator: Person, arbitration: str, hidden: tuple[str, ...]) -> None:
    """Nothing that could tell who or what it is about stands on any page they can open."""
    arbitrator.may(arbitration, "score_blind")
    arbitrator.goes_to(f"/search?q={arbitration}")
    unnamed(arbitrator, *hidden)
    for number in hidden:
        arbitrator.goes_to(f"/cases/{number}", 404)
    arbitrator.does(arbitration, "score_blind")
    unnamed(arbitrator, *hidden)
    found = "[name^='criteria.'][name$='.value']"
    for field in arbitrator.page.locator(f"input[type=text]{found}").all():
        field.fill("1")
    for first in arbitrator.page.locator(f".options .form-check:first-child input[type=radio]{found}").all():
        first.check()  # what is critical was failed or not
    arbitrator.goes_on()
    unnamed(arbitrator, *hidden)
    arbitrator.confirms()


def unnamed(arbitrator: Person, *hidden: str) -> None:
    source = arbitrator.page.content()
    assert not [word for word in (*ANN, *hidden) if word in source], arbitrator.page.url


def vote(arbitrator: Person, arbitration: str, matter: Matter) -> None:
    """The matter is before them now, the names are not."""
    arbitrator.may(arbitration, "vote")
    unnamed(arbitrator)
    arbitrator.does(arbitration, "vote")
    row = f"criteria.{matter.criterion}"
    arbitrator.fills(f"{row}.value", "3").fills(f"{row}.reasons", "经复听录音并合议，部分成立。").goes_on()
    unnamed(arbitrator)
    arbitrator.confirms()


def download(ann: Person, arbitration: str, folder: Path) -> Path:
    """The award is issued; she opens it from the case."""
    ann.goes_to(f"/cases/{arbitration}")
    paper = ann.page.locator("a[href^='/documents/']").first
    issued = ann.page.locator("[aria-labelledby=papers-title] .chip.good")
    ann.until(arbitration, lambda: issued.count() > 0, "the award was never issued")
    with ann.page.expect_download() as downloaded:
        paper.click()
    file = folder / "award.pdf"
    downloaded.value.save_as(file)
    assert file.read_bytes().startswith(b"%PDF-")
    return file


def check(somebody: Person, award: Path, words: Words) -> None:
    """Anybody, logged in nowhere, at the address that the award names."""
    with pikepdf.open(award) as opened:
        snapshot = json.loads(opened.attachments["decision.json"].get_file().read_bytes())
    address = urlsplit(snapshot["verify_url"])
    assert f"{address.scheme}://{address.netloc}" == somebody.site.origin
    somebody.goes_to(f"{address.path}#{address.fragment}")
    assert somebody.page.locator("#code").input_value() == address.fragment
    end = time.monotonic() + PATIENCE
    told = somebody.page.locator(".verdict")
    while not told.count() or "unknown" in str(told.get_attribute("class")):  # the site was too busy to look at it
        assert time.monotonic() < end, somebody.words()
        somebody.page.locator("#file").set_input_files(award)
        somebody.clicks("form[enctype] button")
    assert somebody.page.locator(".verdict.good").inner_text().strip().startswith(words.genuine), somebody.words()
    assert not [word for word in ANN if word in somebody.page.content()]
