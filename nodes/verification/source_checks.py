"""Read the app's files without running them: does everything parse, is anything left to do, is a secret in it."""

import ast
import re
from collections.abc import Callable, Iterator, Mapping
from pathlib import PurePosixPath

import jinja2

from nodes.artifacts import Architecture, CheckName, Finding, Severity
from nodes.ownership import owner_of
from nodes.verification.observed import Observed, counted

TEMPLATE_SUFFIXES = {".html", ".jinja", ".j2"}

UNFINISHED_WORDS = re.compile(
    r"\b(?:TODO|FIXME|XXX|HACK)\b"
    r"|(?i:\blorem ipsum\b)"
    r"|(?i:\b(?:code|implementation|logic|content|the rest|details?) (?:would|will|should) go here\b)"
    r"|(?i:\b(?:rest|remainder) of (?:the |your )?(?:code|file|function|class|implementation)\b"
    r".{0,20}\b(?:unchanged|same|here|as before)\b)"
    r"|(?i:\b(?:existing|previous|other) (?:code|methods|functions) (?:remains?|unchanged|here|as before)\b)"
    r"|(?i:\b(?:placeholder|stub|dummy) (?:implementation|code|value|for now)\b)"
    r"|(?i:\bnot (?:yet )?implemented\b)"
)
"""Phrases language models leave where work is missing [research/builders §4]."""

ELISION = re.compile(r"^\s*(?:#|//|/\*|<!--|\{#)\s*(?:\.\.\.|…)")
"""A comment that begins with dots stands for code that was left out."""

SECRETS: dict[str, re.Pattern[str]] = {
    "a private key": re.compile(r"-----BEGIN (?:[A-Z]+ )*PRIVATE KEY-----"),
    "an OpenAI key": re.compile(r"\bsk-(?:proj-|svcacct-|admin-)?[A-Za-z0-9_-]{20,}"),
    "an Anthropic key": re.compile(r"\bsk-ant-[A-Za-z0-9_-]{20,}"),
    "an AWS access key": re.compile(r"\b(?:AKIA|ASIA)[0-9A-Z]{16}\b"),
    "a GitHub token": re.compile(r"\b(?:gh[pousr]_[A-Za-z0-9]{36,}|github_pat_[A-Za-z0-9_]{40,})"),
    "a Slack token": re.compile(r"\bxox[abprs]-[A-Za-z0-9-]{10,}"),
    "a Stripe key": re.compile(r"\b[sr]k_live_[A-Za-z0-9]{16,}"),
    "a Google key": re.compile(r"\bAIza[0-9A-Za-z_-]{35}\b"),
    "a JSON web token": re.compile(r"\beyJ[A-Za-z0-9_-]{10,}\.eyJ[A-Za-z0-9_-]{10,}\.[A-Za-z0-9_-]{10,}"),
    "a password in a database URL": re.compile(
        r"\b(?:postgres(?:ql)?|mysql|mongodb)(?:\+\w+)?://[^\s:/@]+:"
        r"(?!\$|\{|<|\*|\.\.\.|(?i:password|passwd|pass|secret|changeme|user|postgres|app)@)[^\s@/]{4,}@"
    ),
    "a key or password written into the code": re.compile(
        r"(?i)\b(?:secret_key|api_key|access_token|client_secret)\b\s*[:=]\s*[\"'][A-Za-z0-9+/_=-]{20,}[\"']"
    ),
}

UNREAD = (SyntaxError, ValueError, RecursionError, MemoryError)
"""What `ast.parse` raises for text that is no Python: also for NUL bytes and for nesting without end."""


def check_compiles(files: Mapping[str, bytes], architecture: Architecture) -> Observed:
    """Every Python file compiles and every template parses."""
    findings: list[Finding] = []
    python, templates = 0, 0
    for path, content in files.items():
        problem = None
        if path.endswith(".py"):
            python += 1
            problem = _python_problem(path, content)
        elif PurePosixPath(path).suffix in TEMPLATE_SUFFIXES:
            templates += 1
            problem = _template_problem(content)
        if problem:
            findings.append(_finding(CheckName.compile, Severity.blocker, architecture, path, *problem))
    subject = f"{counted(python, 'Python file')} and {counted(templates, 'template')}"
    return Observed(subject, findings, {"python_files": python, "templates": templates}, sound="no syntax error" if files else "")


def check_placeholders(files: Mapping[str, bytes], architecture: Architecture) -> Observed:
    """No body is empty and no text says that something is still to be done."""
    findings = [
        _finding(CheckName.placeholders, severity, architecture, path, message, line)
        for path, content in files.items()
        if (text := _text(content)) is not None and not _is_lock_file(path)
        for line, (severity, message) in _unfinished(path, text)
    ]
    return Observed(counted(len(files), "file"), findings, {"files": len(files)}, sound="nothing found" if files else "")


def check_secrets(files: Mapping[str, bytes], architecture: Architecture) -> Observed:
    """No key, token or password is part of the code."""
    findings = [
        _finding(CheckName.secrets, Severity.blocker, architecture, path, f"contains what looks like {what}", number)
        for path, content in files.items()
        if (text := _text(content)) is not None and not _is_lock_file(path)
        for number, what in secrets_in(text)
    ]
    subject = f"{counted(len(files), 'file')}, {counted(len(SECRETS), 'pattern')}"
    return Observed(subject, findings, {"files": len(files), "patterns": len(SECRETS)}, sound="nothing found" if files else "")


def unfinished_in(path: str, text: str) -> list[tuple[int, str]]:
    """The lines of one file where work is left out, and what is wrong there."""
    return [(line, message) for line, (severity, message) in _unfinished(path, text) if severity is not Severity.minor]


def secrets_in(text: str) -> Iterator[tuple[int, str]]:
    """The lines with a secret, and which kind it looks like."""
    return ((number, what) for number, line in enumerate(text.splitlines(), 1) for what, pattern in SECRETS.items() if pattern.search(line))


SOURCE_CHECKS: dict[CheckName, Callable[[Mapping[str, bytes], Architecture], Observed]] = {
    CheckName.compile: check_compiles,
    CheckName.placeholders: check_placeholders,
    CheckName.secrets: check_secrets,
}


def _finding(check: CheckName, severity: Severity, architecture: Architecture, path: str, message: str, line: int | None) -> Finding:
    owner = owner_of(architecture, path)
    return Finding(check=check, severity=severity, message=message, file=path, line=line, component=owner.name if owner else None)


def _python_problem(path: str, content: bytes) -> tuple[str, int | None] | None:
    try:
        compile(content, path, "exec", dont_inherit=True)
    except SyntaxError as error:
        return f"does not compile: {error.msg}", error.lineno
    except UNREAD as error:
        return f"does not compile: {type(error).__name__}", None
    return None


def _template_problem(content: bytes) -> tuple[str, int | None] | None:
    environment = jinja2.Environment(autoescape=True, extensions=["jinja2.ext.i18n", "jinja2.ext.do", "jinja2.ext.loopcontrols"])
    try:
        environment.parse(content.decode())
    except jinja2.TemplateSyntaxError as error:
        return f"is not a valid template: {error.message}", error.lineno
    except (ValueError, RecursionError) as error:
        return f"is not a valid template: {error}", None
    return None


def _text(content: bytes) -> str | None:
    try:
        return content.decode()
    except UnicodeDecodeError:
        return None


def _is_lock_file(path: str) -> bool:
    return path == "requirements.txt" or path.endswith(".lock")


Placeholder = tuple[int, tuple[Severity, str]]
"""A line, and what is wrong there."""


def _unfinished(path: str, text: str) -> list[Placeholder]:
    return sorted({**dict(_unfinished_words(text)), **dict(_empty_bodies(path, text))}.items())


def _unfinished_words(text: str) -> Iterator[Placeholder]:
    for number, line in enumerate(text.splitlines(), 1):
        if found := UNFINISHED_WORDS.search(line):
            yield number, (Severity.major, f'says "{found.group()}": something is left to do')
        elif ELISION.match(line):
            yield number, (Severity.major, f'says "{line.strip()[:60]}": code was left out')


def _empty_bodies(path: str, text: str) -> Iterator[Placeholder]:
    if not path.endswith(".py"):
        return
    try:
        tree = ast.parse(text)
    except UNREAD:
        return  # the compile check says so
    abstract = _bodies_that_may_be_empty(tree)
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node not in abstract and _is_empty(node.body):
            yield node.lineno, _no_body(node)
        elif isinstance(node, ast.Raise) and _raises_not_implemented(node):
            yield node.lineno, (Severity.major, "raises NotImplementedError")


def _no_body(node: ast.FunctionDef | ast.AsyncFunctionDef) -> tuple[Severity, str]:
    """A documented function that returns nothing may be meant to do nothing; one that promises a value may not."""
    returns_nothing = isinstance(node.returns, ast.Constant) and node.returns.value is None
    if returns_nothing and len(node.body) == 1 and ast.get_docstring(node):
        return Severity.minor, f"{node.name} has a docstring and no body"
    return Severity.major, f"{node.name} has no body"


def _bodies_that_may_be_empty(tree: ast.Module) -> set[ast.AST]:
    """Methods of protocols, and functions marked abstract or overloaded: their bodies are not meant to run."""
    allowed: set[ast.AST] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.ClassDef) and any(_last_name(base) == "Protocol" for base in node.bases):
            allowed.update(node.body)
        elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and _is_marked_bodiless(node):
            allowed.add(node)
    return allowed


def _is_marked_bodiless(node: ast.FunctionDef | ast.AsyncFunctionDef) -> bool:
    return not {_last_name(decorator) for decorator in node.decorator_list}.isdisjoint({"abstractmethod", "overload"})


def _is_empty(body: list[ast.stmt]) -> bool:
    return all(
        isinstance(statement, ast.Pass) or (isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant))
        for statement in body
    )


def _raises_not_implemented(node: ast.Raise) -> bool:
    raised = node.exc.func if isinstance(node.exc, ast.Call) else node.exc
    return raised is not None and _last_name(raised) == "NotImplementedError"


def _last_name(node: ast.expr) -> str | None:
    if isinstance(node, ast.Subscript):
        return _last_name(node.value)
    if isinstance(node, ast.Attribute):
        return node.attr
    return node.id if isinstance(node, ast.Name) else None
