"""A case keeps the policy it was opened under, also when a later release's law asks for more."""

import shutil
from pathlib import Path

import pytest
import yaml
from django.conf import settings

from casework.domain.perform import perform
from casework.domain.policy import current_digest, pinned_policy
from tests.factories import advance, arbitration, dispute, evaluation, recording
from tests.seen import case, due


@pytest.fixture
def older(tmp_path: Path) -> Path:
    """The policy of a release that knew no arbitration and no challenge, with a shorter time for arbitration."""
    folder = tmp_path / "older"
    shutil.copytree(settings.POLICY_FOLDER, folder)
    (folder / "arbitration.yaml").unlink()
    file = folder / "disputes.yaml"
    rules = yaml.safe_load(file.read_text(encoding="utf-8"))
    for name in ("challenge", "challenge_ruling", "naming"):
        del rules["clocks"][name]
    del rules["notices"]["appealed"], rules["timeline"]["appeal"]
    rules["clocks"]["appeal_window"] |= {"within": "1 workday", "warn_at": ["2 hours before"]}
    file.write_text(yaml.safe_dump(rules, allow_unicode=True), encoding="utf-8")
    return folder


def test_appeal_of_a_case_of_an_older_policy_takes_from_the_one_in_force_only_what_that_did_not_know(
    db, time, as_, in_force, older
):
    newer = settings.POLICY_FOLDER
    digest = in_force(older)
    number = evaluation()
    recording(number)
    paper = dispute(number)
    assert in_force(newer) == current_digest() != digest
    for step in ("stated", "forwarded", "ruled", "signed", "issued"):
        advance(paper, step)
    perform(paper, "read", as_("ann"))
    assert due(paper, "appeal_window") == "2026-11-04 18:00"  # by its own policy: one working day
    award = arbitration(paper, upto="awarded")
    assert case(award).state == "awarded"
    assert {case(n).policy_id for n in (number, paper, award)} == {digest} == {pinned_policy(digest).digest}
