"""The console's page and the headers that fence it in (design decision 15)."""

from pathlib import Path

from fastapi import FastAPI
from starlette.responses import HTMLResponse, Response

import dispatch

PAGE = Path(dispatch.__file__).parent.parent / "web" / "console" / "index.html"
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; "
    "img-src 'self' blob: data:; worker-src 'self' blob:; object-src 'none'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
HEADERS = {
    "Content-Security-Policy": POLICY,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
}


def install(app: FastAPI) -> None:
    """Serves the page at `/` and fences every page."""

    @app.get("/", include_in_schema=False)
    def page() -> Response:
        if not PAGE.is_file():
            return HTMLResponse("The console is not part of this installation.", 404, HEADERS)
        return HTMLResponse(PAGE.read_text("utf-8"), 200, {**HEADERS, "Cache-Control": "no-cache"})
