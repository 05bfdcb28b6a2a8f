"""Every list, registered by its module, and the site's addresses."""

from casework.admin import accounts, days, grants, leaves, people, stuck, units
from casework.admin.site import site

__all__ = ["accounts", "days", "grants", "leaves", "people", "stuck", "units"]
urls = site.urls
