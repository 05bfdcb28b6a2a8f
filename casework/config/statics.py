"""Which static files of the installed apps are served: all but what no page of ours asks for."""

from django.contrib.staticfiles.apps import StaticFilesConfig


class Statics(StaticFilesConfig):
    # The own pages of Viewflow and guardian are not mounted (and Viewflow names fonts that it does not ship); of the
    # builds of htmx one is asked for.
    ignore_patterns = [*StaticFilesConfig.ignore_patterns, "viewflow", "guardian", "htmx-2*", "htmax-*"]
