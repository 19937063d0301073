"""The OpenAPI document by itself; the contract test holds it against the running service."""

import json
import re
from pathlib import Path

from dispatch.api.server import build_app, build_context
from dispatch.process.stopping import Stop
from dispatch.settings import Settings

REFERENCE = re.compile(r'"\$ref": "([^"]*)"')


def test_whatever_the_document_refers_to_is_in_it(tmp_path: Path) -> None:
    context = build_context(Settings(data_dir=tmp_path))
    document = build_app(context, Stop()).openapi()
    context.database.dispose()
    named = set(REFERENCE.findall(json.dumps(document)))
    there = {f"#/components/schemas/{name}" for name in document["components"]["schemas"]}
    assert len(named) > 10
    assert named <= there
    assert "/api/v1/cases/{key}/contacts" in document["paths"]
