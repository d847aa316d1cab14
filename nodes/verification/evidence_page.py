"""Show an evidence report as one self-contained HTML page that a person can read, print and keep beside the app."""

from collections import Counter
from pathlib import Path

import jinja2

from nodes.artifacts import CheckName, CheckStatus, EvidenceReport, Verdict
from nodes.verification.observed import counted

VERDICTS = {Verdict.verified: "Verified", Verdict.failed: "Failed", Verdict.incomplete: "Incomplete"}

CHECKS: dict[CheckName, tuple[str, str]] = {
    CheckName.merge: ("Your edits", "What you edited in the files is in this version, too."),
    CheckName.compile: ("Source", "Every Python file compiles and every template parses."),
    CheckName.lint: ("Lint", "Ruff, with the app's own settings."),
    CheckName.placeholders: ("Placeholders", "No empty body, nothing left to do."),
    CheckName.secrets: ("Secrets", "No key, token or password in the code."),
    CheckName.tests: ("Tests", "The app's own tests, run in the sandbox."),
    CheckName.boot: ("Start", "The demo data is written, and the app answers that it is healthy."),
    CheckName.contract: ("Contract", "The running app's API is the one that was agreed on."),
    CheckName.probe: ("Permissions and rules", "Every endpoint is called as every role and signed out, from outside the sandbox."),
    CheckName.restart: ("Restart", "The app is stopped and started again, and its records are still there."),
    CheckName.browser: ("In a browser", "A person's way through the app, in Chromium: its pages, at a desk and on a phone."),
    CheckName.examples: ("Examples", "What the specification shows of the program is tried, call by call, from outside."),
    CheckName.upgrade: ("Upgrade", "Data written by the version before survive the migration and the way back."),
    CheckName.regression: ("Regression", "The tests of the version before still pass, except where a change was asked for."),
}

STATUS_WORDS = {CheckStatus.passed: "Passed", CheckStatus.failed: "Failed", CheckStatus.not_run: "Not run"}
_ORDER = [CheckStatus.failed, CheckStatus.not_run, CheckStatus.passed]


def evidence_page(report: EvidenceReport, *, title: str) -> str:
    """The page of one report: what was found, then failing checks, what did not run, what passed. `title` is the app's."""
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(Path(__file__).parent),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    return environment.get_template("evidence_page.html.jinja").render(
        title=title,
        report=report,
        verdict=VERDICTS[report.verdict],
        sentence=_sentence(report),
        sentence_of=lambda words: f"{words[:1].upper()}{words[1:].rstrip('.')}.",
        seconds=_seconds,
        checks=sorted(report.checks, key=lambda check: _ORDER.index(check.status)),
        names=CHECKS,
        status_words=STATUS_WORDS,
        duration_seconds=sum(check.duration_seconds for check in report.checks),
    )


def _sentence(report: EvidenceReport) -> str:
    """The verdict in figures."""
    number, findings = len(report.checks), counted(len(report.findings), "finding")
    by_status = Counter(check.status for check in report.checks)
    match report.verdict:
        case Verdict.verified:
            knowing = f", with {findings} worth knowing" if report.findings else ""
            if missing := by_status[CheckStatus.not_run]:
                return f"All {number - missing} checks that could run here passed{knowing}; {missing} could not, which is said below."
            return f"All {number} checks ran and passed{knowing}."
        case Verdict.failed:
            return f"{by_status[CheckStatus.failed]} of {number} checks failed, with {findings}."
        case Verdict.incomplete:
            missing = by_status[CheckStatus.not_run]
            return f"Nothing failed, but {missing} of {number} checks did not run, so nobody may call this app verified."


def _seconds(duration: float) -> str:
    return f"{duration:.1f} s" if duration >= 0.05 else "< 0.1 s"
