"""The console's page and the headers that fence it in (design decision 15).

The page is built from `web/` into `build/web` by `make setup`.
"""

from pathlib import Path

from fastapi import FastAPI
from starlette.responses import HTMLResponse, Response
from starlette.staticfiles import StaticFiles
from starlette.types import Scope

import dispatch

BUILT = Path(dispatch.__file__).parent.parent / "build" / "web"
NOT_BUILT = "The console is not built here yet. Run make setup in the checkout, then reload.\n"
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
# The name of a built file holds a digest of what is in it: under one name it never changes.
FOR_EVER = "public, max-age=31536000, immutable"


class Assets(StaticFiles):
    """The page's files, kept by browsers for ever."""

    async def get_response(self, path: str, scope: Scope) -> Response:
        response = await super().get_response(path, scope)
        response.headers.update({**HEADERS, "Cache-Control": FOR_EVER})
        return response


def install(app: FastAPI, built: Path = BUILT) -> None:
    """Serves the page at `/` and its files, and fences every page."""

    @app.get("/", include_in_schema=False)
    def page() -> Response:
        try:
            text = (built / "index.html").read_text("utf-8")
        except FileNotFoundError:
            return HTMLResponse(NOT_BUILT, 404, HEADERS)
        return HTMLResponse(text, 200, {**HEADERS, "Cache-Control": "no-cache"})

    app.mount("/assets", Assets(directory=built / "assets", check_dir=False), name="assets")
