"""List what an app is made of, as a CycloneDX bill of materials: the packages its lock pins. The same bytes for the same lock."""

import re
from collections.abc import Iterator
from datetime import UTC, datetime
from uuid import NAMESPACE_URL, uuid5

from cyclonedx.model.bom import Bom
from cyclonedx.model.component import Component, ComponentType
from cyclonedx.output.json import JsonV1Dot6
from packageurl import PackageURL

FIXED_TIME = datetime(1980, 1, 1, tzinfo=UTC)
"""The format wants a time; the real one would make two packages of one version differ."""

_PINNED = re.compile(r"^([A-Za-z0-9][A-Za-z0-9._-]*)==([^\s;\\]+)", re.MULTILINE)


def bill_of_materials(app: str, version: int, requirements: str) -> bytes:
    """The bill of `app` in JSON, format 1.6. `requirements` is its lock in pip's format."""
    packages = list(_packages(requirements))
    bom = Bom(components=packages, serial_number=uuid5(NAMESPACE_URL, f"appyard:{app}:{version}:{requirements}"))
    root = Component(name=app, version=str(version), type=ComponentType.APPLICATION, bom_ref=f"{app}@{version}")
    bom.metadata.component = root
    bom.metadata.timestamp = FIXED_TIME
    bom.register_dependency(root, packages)
    return JsonV1Dot6(bom).output_as_string(indent=2).encode() + b"\n"


def _packages(requirements: str) -> Iterator[Component]:
    for name, version in _PINNED.findall(requirements):
        purl = PackageURL("pypi", name=name.lower(), version=version)
        yield Component(name=name, version=version, type=ComponentType.LIBRARY, purl=purl, bom_ref=purl.to_string())
