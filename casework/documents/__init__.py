"""Documents: a frozen snapshot in, a signed PDF out, and the checks that tell a genuine file from any other.

Nothing here knows a case, a model or the database: plain functions over bytes and dicts.
"""
