"""Every event that a test wrote must be what the AsyncAPI document says of its type."""

from collections.abc import Iterable

from pydantic import ValidationError

from dispatch.api.asyncapi import body_models
from dispatch.catalogue.definitions import load_definitions

BODIES = """select type, body::text as body from case_event"""


def undocumented(events: Iterable[tuple[str, str]]) -> list[str]:
    """What is not as the document says: a line for each type and place."""
    models = body_models(load_definitions().values())
    found: set[str] = set()
    for type_, body in events:
        if type_ not in models:
            found.add(f"{type_}: not in the document")
            continue
        try:
            models[type_].model_validate_json(body, strict=True)
        except ValidationError as error:
            found |= {
                f"{type_}: {'.'.join(map(str, one['loc']))}: {one['msg']} ({one['input']!r:.60})"
                for one in error.errors()
            }
    return sorted(found)
