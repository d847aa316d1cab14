"""What Node.js could not run is found before anything is started; right sources, with types and without, are not complained of."""

from pathlib import Path

import pytest

from nodes.artifacts import Architecture, Contract, StackName
from nodes.sandbox.protocol import Sandbox
from nodes.verification.node_checks import check_node_compiles


@pytest.mark.parametrize(
    ("path", "text", "found"),
    [
        ("app/a.ts", "export const a = (1;\n", (1, "does not parse: SyntaxError [ERR_INVALID_TYPESCRIPT_SYNTAX]: Expected ',', got ';'")),
        ("app/a.ts", "export const a = 1;\nif (a === 1 {}\n", (2, "Expected ')', got '{'")),
        ("app/a.ts", "let a: number;\nenum B { c }\n", (2, "TypeScript enum is not supported in strip-only mode")),
        ("app/a.js", "let a;\nlet a;\n", (2, "does not parse: SyntaxError: Identifier 'a' has already been declared")),
    ],
)
async def test_a_source_that_does_not_parse_is_found_with_its_line(
    path: str, text: str, found: tuple[int, str], sandbox: Sandbox, node: Path
) -> None:
    architecture = Architecture(stack=StackName.node_records, summary="", contract=Contract(endpoints=(), schemas=()), components=())
    right = "import type { A } from './a.ts';\nexport const b: A = await import('./c.ts');\n"
    files = {path: text.encode(), "app/right.ts": right.encode(), "app/page.js": b"var a = 010;\n"}
    observed = await check_node_compiles(files, architecture, sandbox, node)
    assert [(finding.file, finding.line) for finding in observed.findings] == [(path, found[0])]
    assert found[1] in observed.findings[0].message
