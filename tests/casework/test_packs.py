"""Regulation packs and sites: which rule a case has, that its clock says so, and what is refused in words."""

import json
import shutil
from pathlib import Path

import pytest
import yaml
from django.conf import settings
from django.core.management import call_command

from casework import queries
from casework.domain import policy
from casework.domain.case_rules import composed, rules_of
from casework.domain.limits import Counting
from casework.domain.perform import perform
from casework.domain.policy_check import load_checked, load_placed
from casework.domain.policy_files import PolicyError, load
from tests.conftest import acting
from tests.factories import CLAIMS, STATEMENT, dispute, evaluation, recording
from tests.seen import case, clock, local

LIMIT = {
    "label": {"zh": "复核", "en": "Review"}, "within": "3 days", "rolls": "never", "confidence": "low",
    "source": {"zh": "某条例第九条", "en": "Some Act, section 9"},
}  # fmt: skip


@pytest.fixture
def folder(tmp_path, settings) -> Path:
    """A policy and packs of one's own: `slow` and `quick` for the review of disputes, `calls` for complaints."""
    settings.POLICY_FOLDER = Path(shutil.copytree(settings.POLICY_FOLDER, tmp_path / "default"))
    settings.PACK_FOLDER = tmp_path / "packs"
    settings.PACK_FOLDER.mkdir()
    pack("slow", {"disputes": {"review": LIMIT | {"within": "10 days"}, "screen": LIMIT}})
    pack("quick", {"disputes": {"review": LIMIT}})
    pack("calls", {"complaints": {"answer": LIMIT}})
    return settings.POLICY_FOLDER


def pack(name: str, clocks: dict) -> None:
    # Through JSON, since YAML would write what stands in two places as an anchor.
    content = json.loads(json.dumps({"label": {"zh": name, "en": name}, "calendar": "site", "clocks": clocks}))
    (settings.PACK_FOLDER / f"{name}.yaml").write_text(yaml.safe_dump(content, allow_unicode=True), encoding="utf-8")


def organise(folder: Path, **values: object) -> None:
    file = folder / "organisation.yaml"
    told = yaml.safe_load(file.read_text(encoding="utf-8")) | values
    file.write_text(yaml.safe_dump(told, allow_unicode=True), encoding="utf-8")


@pytest.fixture
def in_force(folder):
    """Puts the policy of the folder in force."""

    def forget() -> None:
        for remembered in (policy.current_policy, policy.current_digest, policy.pinned_policy):
            remembered.cache_clear()

    def put(**values: object) -> str:
        organise(folder, **values)
        forget()
        return policy.register_current()

    yield put
    forget()


def disputes_of(packs: list[dict], folder: Path, **where: object):
    organise(folder, packs=packs)
    return composed(load(folder, packs=settings.PACK_FOLDER), "disputes", **where).clocks


def problems(folder: Path, **values: object) -> list[str]:
    organise(folder, **values)
    with pytest.raises(PolicyError) as caught:
        load_checked()
    return [str(problem) for problem in caught.value.problems]


# A case


@pytest.fixture
def forwarded(db, time, in_force) -> tuple[str, str]:
    """Ann (of T-EC1) and Bo (of T-EC2) dispute their scores under a policy that puts a pack on T-EC1; both are
    forwarded to review at the same moment."""
    pack("quick", {"disputes": {"review": LIMIT | {"within": "4 days"}}})
    in_force(packs=[{"pack": "quick", "unit": "T-EC1"}], sites={"T-EC1": "uk"})
    ann = dispute(upto="forwarded")
    number = evaluation(agent="A1002", inspector="Q201", reader="bo")
    recording(number)
    bo = dispute(number, agent="bo", **CLAIMS)
    perform(bo, "give_statement", acting("ivy"), STATEMENT)
    perform(bo, "forward", acting("luo"))
    return ann, bo


def test_pack_on_a_unit_changes_the_review_clock_of_that_unit_alone(forwarded):
    ann, bo = (clock(number, "review") for number in forwarded)
    assert (ann.limit, ann.calendar, local(ann.due_at)) == ("4 days", "uk", "2026-11-08 08:00")  # London's midnight
    assert (bo.limit, bo.calendar, local(bo.due_at)) == ("2 workdays", "office", "2026-11-05 18:00")
    assert rules_of(case(forwarded[0])).clocks["review"].counting == Counting(rolls="never")
    assert rules_of(case(forwarded[0])).clocks["screen"] == rules_of(case(forwarded[1])).clocks["screen"]


def test_pack_is_told_by_the_explanation_with_source_confidence_and_what_it_replaced(forwarded):
    said = next(c for c in queries.clocks_of(forwarded[0], acting("ann")) if c["name"] == "review")
    assert said["explanation"][:2] == [
        "limit: 4 calendar days (Some Act, section 9), on the calendar UK office hours (England and Wales), "
        "Europe/London",
        "rule of the pack quick (low confidence), instead of 2 working days (set by the organisation)",
    ]
    assert said["regulation"]["instead_of"] == [{"pack": None, "within": "2 workdays"}]
    assert said["counting"] == {"day_0": "excluded", "ends": None, "rolls": "never"}


def test_case_keeps_the_pack_that_it_was_opened_under(forwarded, in_force):
    pinned = case(forwarded[0]).policy_id
    assert in_force(packs=[], sites={}) != pinned
    (settings.PACK_FOLDER / "quick.yaml").unlink()
    assert rules_of(case(forwarded[0])).clocks["review"].within == "4 days"


def test_units_are_asked_of_the_database_where_the_policy_names_any(db, folder):
    organise(folder, packs=[{"pack": "quick", "unit": "T-EC1"}], sites={"NOWHERE": "uk"})
    assert load_checked().organisation.sites
    with pytest.raises(PolicyError, match="sites.NOWHERE: no unit 'NOWHERE'; name the code of a unit"):
        load_placed()
    organise(folder, packs=[{"pack": "quick", "unit": "T-EC9"}], sites={})
    with pytest.raises(PolicyError, match=r"packs\[0\].unit: no unit 'T-EC9'"):
        load_placed()


# Which rule decides


def test_nearest_unit_decides_and_says_what_it_stands_before(folder):
    packs = [{"pack": "slow", "unit": "P"}, {"pack": "quick", "unit": "T"}]
    review = disputes_of(packs, folder, units=("T", "P", "OC"))["review"]
    assert (review.within, review.regulation.pack) == ("3 days", "quick")
    assert [(i.pack, i.within) for i in review.regulation.instead_of] == [("slow", "10 days"), (None, "2 workdays")]
    above = disputes_of(packs, folder, units=("P", "OC"))
    assert (above["review"].regulation.pack, above["screen"].regulation.pack) == ("slow", "slow")
    assert disputes_of(packs, folder, units=("OC",))["review"].regulation is None


def test_clock_that_the_nearest_pack_leaves_out_is_that_of_the_next(folder):
    packs = [{"pack": "slow", "unit": "P"}, {"pack": "quick", "unit": "T"}]
    assert disputes_of(packs, folder, units=("T", "P"))["screen"].regulation.pack == "slow"


def test_kind_of_case_decides_before_its_type_and_that_before_the_unit(folder):
    pack("kind", {"disputes": {"review": LIMIT | {"within": "7 days"}}})
    packs = [
        {"pack": "quick", "unit": "T"}, {"pack": "kind", "case_type": "disputes", "kind": "odd"},
        {"pack": "slow", "case_type": "disputes"},
    ]  # fmt: skip
    organise(folder, packs=packs)
    rules = load(folder, packs=settings.PACK_FOLDER)
    assert composed(rules, "disputes", ("T",), "odd").clocks["review"].regulation.pack == "kind"
    assert composed(rules, "disputes", ("T",), "even").clocks["review"].regulation.pack == "slow"


def test_pack_keeps_warnings_by_share_and_what_it_says_nothing_of(folder):
    own, packed = (
        load(folder).case_types["disputes"].clocks["review"],
        disputes_of([{"pack": "quick", "unit": "T"}], folder, units=("T",))["review"],
    )
    assert (packed.label, packed.warn_at, packed.minimum_left) == (own.label, own.warn_at, own.minimum_left)
    assert packed.within != own.within and packed.extension is None


def test_pack_is_part_of_the_digest_as_soon_as_it_is_put_somewhere(folder):
    before = load(folder, packs=settings.PACK_FOLDER)
    assert before.content["packs"] == {}
    organise(folder, packs=[{"pack": "quick", "unit": "T"}])
    put = load(folder, packs=settings.PACK_FOLDER)
    assert set(put.content["packs"]) == {"quick"}
    pack("quick", {"disputes": {"review": LIMIT | {"within": "4 days"}}})
    assert len({before.digest, put.digest, load(folder, packs=settings.PACK_FOLDER).digest}) == 3


# Sites


def test_site_is_the_calendar_of_the_nearest_unit_or_the_office(folder):
    file = folder / "disputes.yaml"
    file.write_text(file.read_text(encoding="utf-8").replace("clocks:\n", "calendar: site\n\nclocks:\n", 1))
    organise(folder, sites={"P": "uk", "OC": "always"})
    rules = load(folder)
    found = {units: composed(rules, "disputes", units).clocks["screen"].calendar for units in [("T", "P", "OC"),
             ("OC",), ()]}  # fmt: skip
    assert found == {("T", "P", "OC"): "uk", ("OC",): "always", (): "office"}


def test_calendar_of_a_file_is_that_of_its_clocks_which_name_none(folder):
    file = folder / "disputes.yaml"
    text = file.read_text(encoding="utf-8").replace("clocks:\n", "calendar: always\n\nclocks:\n", 1)
    file.write_text(text.replace("    within: 1 workday\n", "    within: 1 workday\n    calendar: office\n", 1))
    clocks = load(folder).case_types["disputes"].clocks
    assert (clocks["screen"].calendar, clocks["statement"].calendar) == ("office", "always")


# What is refused


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({"packs": [{"pack": "moon", "unit": "T"}]}, "packs[0].pack: no pack 'moon'; use one of: calls, quick, slow"),
        ({"packs": [{"pack": "calls", "case_type": "disputes"}]},
         "packs[0].case_type: calls has no limits for the case type 'disputes'; use one of: complaints"),
        ({"packs": [{"pack": "quick", "case_type": "disputes", "kind": "odd"}]},
         "packs[0].kind: disputes has no cases of the kind 'odd'"),
        ({"packs": [{"pack": "quick", "unit": "T", "case_type": "disputes"}]}, "either 'unit', or 'case_type'"),
        ({"packs": [{"pack": "quick"}]}, "either 'unit', or 'case_type'"),
        ({"packs": [{"pack": "quick", "unit": "T"}, {"pack": "slow", "unit": "T"}]},
         "packs[1].pack: quick and slow both give disputes.review in one place; keep one of them"),
        ({"sites": {"T": "moon"}}, "sites.T: no calendar 'moon'; use one of: always, eu, office, uk, us"),
        ({"calendars": {"office": "cn.yaml", "site": "cn.yaml"}}, "calendars.site: is the word for"),
    ],
)  # fmt: skip
def test_organisation_that_names_what_is_not_there_is_refused_with_its_line(folder, values, said):
    (problem,) = problems(folder, **values)
    assert problem.startswith("organisation.yaml:") and said in problem


def test_pack_of_a_type_without_a_law_may_be_put_on_any_kind_of_it(folder):
    organise(folder, packs=[{"pack": "calls", "case_type": "complaints", "kind": "regulator"}])
    assert set(load_checked().packs) == {"calls"}


@pytest.mark.parametrize(
    ("limit", "said"),
    [
        ({"disputes": {"revue": LIMIT}}, "bad.yaml:4: clocks.disputes.revue: the law of disputes has no clock 'revue'"),
        ({"disputes": {"review": LIMIT | {"within": "soon"}}}, "clocks.disputes.review.within: Expected a limit"),
        ({"disputes": {"review": LIMIT | {"confidence": "sure"}}}, "clocks.disputes.review.confidence"),
        ({"disputes": {"review": LIMIT | {"within": "3 workdays"}}}, "review.rolls: is about calendar days"),
        ({"disputes": {"review": LIMIT | {"within": "3 hours"}}}, "review.rolls: is about days"),
        ({"disputes": {"review": LIMIT | {"warn_at": ["3 days before"]}}}, "not inside '3 days'"),
        ({"disputes": {"review": {k: v for k, v in LIMIT.items() if k != "source"}}}, "review.source: missing"),
        ({"disputes": {"review": LIMIT | {"source": {"zh": "某", "en": "{limit}"}}}}, "unknown placeholder {limit}"),
    ],
)
def test_pack_with_a_mistake_is_refused_though_it_is_put_nowhere(folder, limit, said):
    pack("bad", limit)
    found = problems(folder)
    assert any(problem.startswith("bad.yaml:") and said in problem for problem in found), found


def test_pack_on_a_calendar_that_the_organisation_lacks_is_refused_once_it_is_put_somewhere(folder):
    pack("far", {"disputes": {"review": LIMIT | {"calendar": "mars"}}})
    load_checked()
    (problem,) = problems(folder, packs=[{"pack": "far", "unit": "T"}])
    assert "clocks.disputes.review.calendar: no calendar 'mars' in organisation.yaml" in problem


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("    within: 1 workday\n", "    within: 1 workday\n    ends: noon\n", "clocks.screen.ends"),
        ("    within: 1 workday\n", "    within: 1 workday\n    rolls: never\n", "screen.rolls: is about calendar"),
        ("    within: 1 workday\n", "    within: 2 hours\n    day_0: counts\n", "screen.day_0: is about days"),
        ("    within: 1 workday\n", "    within: 1 workday\n    regulation: {pack: x, source: {zh: 甲, en: a}, "
         "confidence: low}\n", "clocks.screen.regulation: is written by packs alone"),
    ],
)  # fmt: skip
def test_counting_that_does_not_fit_its_limit_is_refused(folder, old, new, said):
    file = folder / "disputes.yaml"
    file.write_text(file.read_text(encoding="utf-8").replace(old, new, 1), encoding="utf-8")
    assert any(said in problem for problem in problems(folder))


def test_check_policies_of_the_shipped_packs_put_on_units_are_right(db, folder, settings, capsys):
    settings.PACK_FOLDER = Path(settings.BASE_DIR) / "policies" / "packs"
    names = sorted(path.stem for path in settings.PACK_FOLDER.glob("*.yaml"))
    organise(
        folder, packs=[{"pack": name, "case_type": "complaints", "kind": name.replace("-", "_")} for name in names]
    )
    call_command("check_policies")
    assert capsys.readouterr().out.startswith("right: policy ")


def test_reckoning_again_of_a_packed_clock_counts_as_its_pack_says(forwarded):
    """Its last day is a Saturday, from which it does not roll: reckoned again, it stays."""
    from casework.domain.deadline_moves import moves
    from casework.domain.hours import calendar_named

    assert moves(calendar_named("uk")) == []
