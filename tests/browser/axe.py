"""What axe-core finds on a page that keeps somebody from using it."""

from pathlib import Path
from typing import Any

from playwright.sync_api import Page

VENDOR = Path(__file__).resolve().parent / "vendor"
SOURCE = (VENDOR / "axe-4.14.1.min.js").read_text()
GRAVE = ("serious", "critical")


def barriers(page: Page) -> list[str]:
    """Each grave one in a line: the rule, and where. The page's policy lets no script in, the browser itself does;
    preloading would write a style of its own, which the policy forbids too."""
    page.evaluate(f"() => {{ if (!window.axe) {{ {SOURCE} }} }}")
    found: list[dict[str, Any]] = page.evaluate(
        "() => axe.run(document, {resultTypes: ['violations'], preload: false}).then(told => told.violations)"
    )
    return [
        f"{rule['id']}: {node['target']} {node['html'][:120]} {node.get('failureSummary', '')[:200]}"
        for rule in found if rule["impact"] in GRAVE for node in rule["nodes"]
    ]  # fmt: skip
