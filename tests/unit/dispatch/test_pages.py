"""The console's page: fenced in, its files kept for ever, and a word where it is not built."""

import asyncio
from pathlib import Path

import httpx
import pytest
from fastapi import FastAPI

from dispatch.api import pages


def client(built: Path) -> httpx.AsyncClient:
    app = FastAPI()
    pages.install(app, built)
    return httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://console")


@pytest.fixture
def built(tmp_path: Path) -> Path:
    (tmp_path / "assets").mkdir()
    (tmp_path / "index.html").write_text("<!doctype html>网格", "utf-8")
    (tmp_path / "assets" / "index-1a2b.js").write_text("export {};", "utf-8")
    return tmp_path


async def get(built: Path, path: str) -> httpx.Response:
    async with client(built) as console:
        return await console.get(path)


def run(built: Path, path: str) -> httpx.Response:
    return asyncio.run(get(built, path))


def test_the_page_is_asked_for_anew_and_its_files_are_kept_for_ever(built: Path) -> None:
    page, file = run(built, "/"), run(built, "/assets/index-1a2b.js")
    assert "网格" in page.text
    assert page.headers["cache-control"] == "no-cache"
    assert file.headers["cache-control"] == "public, max-age=31536000, immutable"
    assert "javascript" in file.headers["content-type"]


def test_what_is_served_may_load_only_its_own(built: Path) -> None:
    for path in ("/", "/assets/index-1a2b.js"):
        headers = run(built, path).headers
        policy = headers["content-security-policy"]
        assert "default-src 'none'" in policy
        assert "script-src 'self';" in policy
        assert "connect-src 'self';" in policy
        assert "unsafe" not in policy
        assert "http" not in policy
        assert headers["x-content-type-options"] == "nosniff"


@pytest.mark.parametrize("name", ["missing.js", "%2e%2e/index.html", "..%2findex.html", ""])
def test_only_built_files_are_served(built: Path, name: str) -> None:
    answer = run(built, f"/assets/{name}")
    assert answer.status_code == 404
    assert "immutable" not in answer.headers.get("cache-control", "")


def test_a_page_that_is_not_built_says_how_to_build_it(tmp_path: Path) -> None:
    answer = run(tmp_path / "nowhere", "/")
    assert answer.status_code == 404
    assert "make setup" in answer.text
