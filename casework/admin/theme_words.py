"""What Unfold says on the pages of the back office, so that our catalogue has it: Unfold brings no Chinese."""

from django.utils.translation import gettext_noop as _

WORDS = (
    _("Apply Filters"), _("Clear all filters"), _("Close"), _("False"), _("Filters"), _("General"), _("No data"),
    _("No results found"), _("No results matching your query"), _("Reset filters"), _("Save"), _("Select value"),
    _("Show all"), _("This page yielded into no results. Create a new item or reset your filters."),
    _("Toggle sorting"), _("True"), _("Type to search"), _("Unknown"), _("View"),
)  # fmt: skip
