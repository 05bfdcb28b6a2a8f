"""Grants as django-guardian object permissions on units, for tools that ask guardian. Nothing in the engine does:
guardian knows no end date, no deputy and no person."""

from django.contrib.auth.models import Permission
from django.contrib.contenttypes.models import ContentType
from guardian.models import UserObjectPermission

from casework.domain.directory import directory
from casework.domain.now import now
from casework.domain.policy import current_policy
from casework.models import Account, Unit


def project_grants() -> int:
    """Guardian's rows on units are exactly the grants that hold now, one for each account of the person; the number
    of rows that had to change."""
    content_type = ContentType.objects.get_for_model(Unit)
    permissions = {
        role: Permission.objects.get_or_create(
            content_type=content_type, codename=f"act_as_{role}", defaults={"name": f"May act as {role}"}
        )[0].pk
        for role in current_policy().roles
    }
    accounts: dict[int, list[int]] = {}
    for pk, person_id in Account.objects.exclude(person=None).values_list("pk", "person_id"):
        accounts.setdefault(person_id, []).append(pk)
    moment = now()
    wanted = {
        (account, permissions[g.role], str(g.unit_id))
        for g in directory().grants
        if g.holds_at(moment)
        for account in accounts.get(g.person_id, ())
    }
    rows = UserObjectPermission.objects.filter(content_type=content_type)
    present = {(u, p, o): pk for pk, u, p, o in rows.values_list("pk", "user_id", "permission_id", "object_pk")}
    gone = [pk for row, pk in present.items() if row not in wanted]
    fresh = [row for row in wanted if row not in present]
    UserObjectPermission.objects.filter(pk__in=gone).delete()
    UserObjectPermission.objects.bulk_create(
        UserObjectPermission(content_type=content_type, user_id=u, permission_id=p, object_pk=o) for u, p, o in fresh
    )
    return len(gone) + len(fresh)
