"""Show an evidence report as one self-contained HTML page that a person can read, print and keep beside the app."""

from pathlib import Path

import jinja2

from nodes.artifacts import CheckName, CheckStatus, EvidenceReport, Severity, Verdict

VERDICTS: dict[Verdict, tuple[str, str]] = {
    Verdict.verified: ("Verified", "Every check ran and found nothing that stands in the way."),
    Verdict.failed: ("Failed", "At least one check found something that does not hold."),
    Verdict.incomplete: ("Incomplete", "Nothing failed, but a check did not run, so nobody may call this app verified."),
}

CHECKS: dict[CheckName, tuple[str, str]] = {
    CheckName.compile: ("Source", "Every Python file compiles and every template parses."),
    CheckName.lint: ("Lint", "Ruff, with the app's own settings."),
    CheckName.placeholders: ("Placeholders", "No empty body, nothing left to do."),
    CheckName.secrets: ("Secrets", "No key, token or password in the code."),
    CheckName.tests: ("Tests", "The app's own tests, run in the sandbox."),
    CheckName.boot: ("Start", "The demo data is written, and the app answers that it is healthy."),
    CheckName.contract: ("Contract", "The running app's API is the one that was agreed on."),
    CheckName.probe: ("Permissions and rules", "Every endpoint is called as every role and signed out, from outside the sandbox."),
    CheckName.restart: ("Restart", "The app is stopped and started again, and its records are still there."),
}

STATUS_WORDS = {CheckStatus.passed: "Passed", CheckStatus.failed: "Failed", CheckStatus.not_run: "Not run"}
_ORDER = [CheckStatus.failed, CheckStatus.not_run, CheckStatus.passed]


def evidence_page(report: EvidenceReport, *, title: str) -> str:
    """The page of one report: failing checks first, then what did not run, then what passed. `title` is the app's."""
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(Path(__file__).parent),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    word, sentence = VERDICTS[report.verdict]
    return environment.get_template("evidence_page.html.jinja").render(
        title=title,
        report=report,
        verdict=word,
        sentence=sentence,
        checks=sorted(report.checks, key=lambda check: _ORDER.index(check.status)),
        names=CHECKS,
        status_words=STATUS_WORDS,
        severities=list(Severity),
        duration_seconds=sum(check.duration_seconds for check in report.checks),
    )
