"""What the search finds, and for whom it finds nothing."""

import pytest
from django.db import connection

from casework import queries
from casework.domain.directory import directory
from casework.domain.perform import perform
from casework.domain.searching import pairs, rebuild, runs
from casework.models import Account, Case, Person, SearchToken
from casework.queries.search import found_by
from tests.conftest import acting
from tests.factories import CLAIMS, arbitration, dispute, evaluation, panel
from tests.web.test_inbox import NONSENSE, rows
from tests.web.visiting import browser, statements


def claims(*reasons: str) -> dict:
    return {
        "criteria": [
            {**claim, "reasons": text}
            for claim, text in zip(CLAIMS["criteria"], reasons or ("理由",) * 2, strict=False)
        ]
    }


def find(login: str, q: str) -> list[str]:
    found = queries.case_list(acting(login).person_id, q=q)
    assert found["next"] is None
    return sorted(case["number"] for case in found["cases"])


def rename(no: str, name: str) -> None:
    Person.objects.filter(no=no).update(name=name)


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("坐席 A1001", ["坐席", "a1001"]), ("坐席A1001投诉", ["坐席", "a1001", "投诉"]), ("ＡＢＣ１", ["abc1"]),
        ("EV-202610-0011, ok", ["ev-202610-0011", "ok"]), ("  ", []), ("***", []), ("a--b", ["a", "b"]),
        ("𠮷野家", ["𠮷野家"]), ("Müller-Straße", ["müller-strasse"]), ("x" * 99, ["x" * 40]), ("_a_", ["a"]),
    ],
)  # fmt: skip
def test_text_is_cut_into_runs_of_chinese_and_words(text, found):
    assert runs(text) == found


def test_run_is_looked_up_by_its_pairs():
    assert pairs("投诉处理") == ["投诉", "诉处", "处理"] and pairs("堃") == ["堃"] and pairs("a1001") == ["a1001"]


def test_search_by_number_whole_or_start_in_either_case(db, time):
    number = dispute()
    for q in (number, number.lower(), number[:12], f" {number} "):
        assert find("aud", q) == [number]
    assert number in find("aud", "DSP") and number in find("aud", "dsp-2026")
    assert find("aud", "DSP-2025") == [] and find("aud", number + "0") == []


def test_search_by_the_end_of_a_number_whole_with_or_without_year_and_zeros(db, time):
    older, number = dispute(), dispute()
    assert (older, number) == ("DSP-2026-000001", "DSP-2026-000002")
    for q in ("2026-000002", "000002", "2", "2026-2", "DSP 000002", "dispute 2", "０００００２"):
        assert [found for found in find("aud", q) if found.startswith("DSP")] == [number], q
    for q in ("2025-000002", "000003", "0", "00002x", "9" * 9, "9" * 30):
        assert find("aud", q) == [], q
    assert find("bo", "000002") == [] and number in find("ann", "000002")


def test_search_by_ids_of_the_evaluation(db, time):
    number = evaluation(external_id="EV-202610-0011", interaction_id="CALL 77/B")
    for q in ("EV-202610-0011", "ev-202610-0011", "CALL 77/B", "77 call"):
        assert find("aud", q) == [number]
    assert find("aud", "EV-202610") == [] and find("aud", "0011") == []


def test_search_by_staff_number_and_by_any_part_of_the_name(db, time):
    rename("A1001", "王喆堃")
    number = evaluation()
    evaluation(agent="A1002", reader=None)
    for q in ("A1001", "a1001", "王喆堃", "堃", "喆堃", "王 堃", "坐席 A1001", "agent A1001"):
        assert find("aud", q) == [number], q
    assert find("aud", "堃喆") == [] and find("aud", "A100") == []


def test_search_by_a_name_that_changed_finds_the_new_one_at_once(db, time):
    number = evaluation()
    rename("A1001", "欧阳囧")
    assert find("aud", "囧") == [number] == find("aud", "欧阳囧")


@pytest.mark.parametrize("q", ["投", "投诉", "客户投诉", "诉 客", "A1001 投诉", "crm-77"])
def test_search_in_claims_by_one_two_and_more_characters(db, time, q):
    number = dispute(**claims("客户投诉在前，见 CRM-77", "另有说明"))
    assert find("aud", q) == [number]


@pytest.mark.parametrize("q", ["申诉", "dispute", "A1001 申诉", "申 score"])
def test_search_by_the_name_of_the_type_in_either_language(db, time, q):
    number = dispute()
    assert find("aud", q) == [number]


@pytest.mark.parametrize("q", ["诉投", "仲裁", "客诉", "crm", "投诉 无此"])
def test_search_in_claims_for_what_they_do_not_say_finds_nothing(db, time, q):
    dispute(**claims("客户投诉在前，见 CRM-77", "另有说明"))
    assert find("aud", q) == []


def test_search_finds_criteria_that_were_added_and_changed(db, time):
    number = dispute(criteria=claims("甲理由", "乙理由")["criteria"][:1])
    assert find("aud", "乙") == []
    for reasons in ("乙理由", "丙理由", "乙理由"):
        added = {"criteria": [{**CLAIMS["criteria"][1], "reasons": reasons}]}
        perform(number, "add_criteria", acting("ann"), added)
        assert number in find("aud", reasons[0])


def test_search_is_scoped_like_every_list(db, time):
    rename("A1001", "王喆堃")
    number = dispute(**claims("投诉在前"))
    for q in (number, "堃", "投诉", "A1001"):
        assert number in find("ann", q) and number in find("lee", q) and number not in find("bo", q)
        assert number not in find("luo", q)


def test_whoever_decides_finds_nothing_by_names_and_texts(db, time):
    rename("A1001", "王喆堃")
    number = dispute(upto="forwarded", **claims("王喆堃：投诉在前", "另有说明"))
    party = Case.objects.get(number=number).parties.get(role="reviewer", until=None)
    login = Account.objects.filter(person_id=party.person_id).first().username
    for q in ("堃", "王喆堃", "A1001", "投诉"):
        assert find(login, q) == [], q
        assert number in find("aud", q)
    assert number in find(login, number) and number in find(login, "DSP") and number in find(login, number[4:])
    evaluated = Case.objects.get(number=number).subject.evaluation
    assert find(login, evaluated.external_id) == [evaluated.number]


def test_whoever_scores_blind_finds_their_case_by_its_number_alone(db, time):
    number = arbitration()
    evaluated = Case.objects.get(number=number).subject.subject
    for login in panel(number).values():
        assert find(login, number) == [number] == find(login, number[4:])
        for q in (evaluated.evaluation.external_id, "A1001", "语速", "复听", evaluated.number):
            assert find(login, q) == []
        text = browser(login).get(f"/search?q={number}").content.decode()
        assert "blind" in text and "A1001" not in text and "DSP-" not in text


def test_account_of_no_person_finds_nothing(db, time):
    number = evaluation()
    assert queries.case_list(None, q=number)["cases"] == []


def test_index_made_anew_is_what_the_steps_wrote(db, time):
    dispute(upto="issued", **claims("客户投诉在前", "另有说明"))
    arbitration()
    written = set(SearchToken.objects.values_list("token", "case_id"))
    SearchToken.objects.all().delete()
    assert rebuild() == Case.objects.count()
    assert set(SearchToken.objects.values_list("token", "case_id")) == written and len(written) > 20


def test_index_holds_no_name(db, time):
    rename("A1001", "王喆堃")
    evaluation()
    assert not SearchToken.objects.filter(token__in=["堃", "王喆", "喆堃", "a1001"]).exists()


def test_refused_step_leaves_nothing_in_the_index(db, time):
    from casework.domain.errors import Refusal

    number = evaluation()
    before = set(SearchToken.objects.values_list("token", "case_id"))
    with pytest.raises(Refusal):
        dispute(number, criteria=[{"criterion": "QC4", "claimed": "99", "ground": "fact_wrong", "reasons": "投诉"}])
    assert set(SearchToken.objects.values_list("token", "case_id")) == before


def test_search_page_shows_what_was_found_and_opens_nothing(db, time):
    number = evaluation(reader=None)
    text = browser("ann").get(f"/search?q={number}").content.decode()
    (row,) = rows(text)
    assert number in row and Case.objects.get(number=number).evaluation.served_at is None
    assert f'value="{number}"' in text


def test_search_page_for_nothing_says_what_can_be_searched_for(db, time):
    for q in ("", "  ", "zzz", "***"):
        text = browser("ann").get("/search", {"q": q}).content.decode()
        assert "a case number, its start" in text
    assert "Nothing that you may see fits" in browser("ann").get("/search?q=zzz").content.decode()


def test_search_page_asks_the_database_the_same_however_much_it_finds(db, time):
    evaluation()
    client = browser("aud")
    counts = []
    for _ in range(2):
        client.get("/search?q=A1001")
        counts.append(len(statements(lambda: client.get("/search?q=A1001"))))
        for _ in range(3):
            evaluation()
    assert counts[0] == counts[1] <= 3


def test_search_page_when_the_text_is_markup_shows_it_as_text(db, time):
    text = browser("ann").get("/search", {"q": "<script>alert(1)</script>"}).content.decode()
    assert "<script>alert" not in text and "&lt;script&gt;" in text


@pytest.mark.parametrize("query", [*NONSENSE[:3], *(n for n in NONSENSE if n.startswith(("cursor", "unit", "type")))])
def test_nonsense_in_the_search_s_address_is_refused_in_words(db, time, query):
    response = browser("ann").get(f"/search?q=DSP&{query}", headers={"accept-language": "en"})
    assert response.status_code == 422 and "Expected" in response.content.decode()


@pytest.mark.parametrize("q", ["x" * 65, "a\x00b", "a\x1b[0m"])
def test_search_for_what_nobody_types_is_refused_in_words(db, time, q):
    assert browser("ann").get("/search", {"q": q}).status_code == 422


def test_pages_of_the_search_hold_every_case_once_and_belong_to_it(db, time):
    numbers = {evaluation(publisher=None) for _ in range(27)}
    person = acting("aud").person_id
    first = queries.case_list(person, q="A1001")
    second = queries.case_list(person, q="A1001", cursor=first["next"])
    seen = [case["number"] for page in (first, second) for case in page["cases"]]
    assert len(seen) == 27 and set(seen) == numbers and second["next"] is None
    assert browser("aud").get(f"/search?q=EVL&cursor={first['next']}").status_code == 422


@pytest.mark.parametrize(
    ("q", "by"), [("crm", ("token=?", "searchtoken_pkey")), ("2026-34", ("number=?", "case_number"))]
)
def test_search_goes_by_the_index_and_never_reads_all_cases(db, time, q, by):
    evaluation()
    found = Case.objects.filter(found_by(q, acting("aud").person_id, {7}, directory())).order_by("-id")[:26]
    text, parameters = found.query.sql_with_params()
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute("SET enable_seqscan = off")
        cursor.execute(("EXPLAIN " if connection.vendor == "postgresql" else "EXPLAIN QUERY PLAN ") + text, parameters)
        plan = "\n".join(str(line[-1]) for line in cursor.fetchall())
        if connection.vendor == "postgresql":
            cursor.execute("RESET enable_seqscan")
    assert any(index in plan.casefold() for index in by), plan
    assert "scan casework_case" not in plan.casefold(), plan
