import json
from casework.queries import *
from casework.models import *
from tests.factories import *
from tests.conftest import acting
def test_x(db, time, django_assert_max_num_queries):
    d = dispute(upto="forwarded")
    for who in ("ann","qin","ian","lee","qiu","aud","dai"):
        try:
            a = acting(who)
        except Exception as e:
            print(who, e); continue
        try:
            s = show_case(d, a.person_id)
        except Exception as e:
            print(who, repr(e)); continue
        if who in("qin","ann"): print(json.dumps(s, ensure_ascii=False, indent=1)[:9000])
        for v in ("mine","claimable","team","overdue"):
            with django_assert_max_num_queries(3): r = inbox(a.person_id, v)
            print(who, v, [(t["case"],t["task"],t["person"]) for t in r["tasks"]], r["count"])
        print(who, [(x["action"],x["allowed"],x["code"]) for x in actions_for(d, a)])
        print(who, [(c["number"], c["concerned"]) for c in case_list(a.person_id)["cases"]])
