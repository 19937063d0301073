"""docker/ holds together: every name in it is one that Wangge, or the file itself, has.

Nothing here needs Docker. What only Docker can tell was not seen; docs/docker.md says so.
"""

import json
import re
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml

from dispatch.cli import COMMANDS, load_command
from dispatch.embedded.kafka import PROPERTIES
from dispatch.embedded.postgres import AUDITOR, DATABASE, OLDEST_VERSION, OWNER, SERVICE, SETTINGS
from dispatch.settings import Settings
from dispatch.supervisor.roles import ROLES

ROOT = Path(__file__).parents[2]
DOCKER = ROOT / "docker"
TEXT = (DOCKER / "compose.yaml").read_text("utf-8")
COMPOSE: dict[str, Any] = yaml.safe_load(TEXT)
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]
OURS = {name: one for name, one in SERVICES.items() if one["image"] == "wangge"}
DOCKERFILE = (DOCKER / "Dockerfile").read_text("utf-8")

# Keys of the Compose specification that we use, with the form that it gives them.
TOP = {"name", "services", "volumes", "x-role"}
FORMS: Mapping[str, type | tuple[type, ...]] = {
    "image": str, "build": dict, "restart": str, "command": list, "environment": dict,
    "volumes": list, "ports": list, "depends_on": dict, "healthcheck": dict, "profiles": list,
}  # fmt: skip
CONDITIONS = {"service_started", "service_healthy", "service_completed_successfully"}
VARIABLE = re.compile(r"\$\{(\w+)(?::[?-]([^}]*))?\}")


def filled(value: str) -> str:
    """A value as compose would see it, with a made password in the place of each variable."""
    return VARIABLE.sub("secret", value)


def dockerfile(word: str) -> list[str]:
    joined = DOCKERFILE.replace("\\\n", " ")
    return re.findall(rf"^{word} +(.*)$", joined, re.MULTILINE)


@pytest.mark.parametrize("name", SERVICES)
def test_a_service_has_only_keys_of_the_specification_in_their_form(name: str) -> None:
    assert COMPOSE.keys() == TOP
    for key, value in SERVICES[name].items():
        assert isinstance(value, FORMS[key]), key
    for key, value in SERVICES[name].get("environment", {}).items():
        assert isinstance(value, str), f"{key}: YAML would make it something else than text"
    for published in SERVICES[name].get("ports", []):
        assert re.fullmatch(r"127\.0\.0\.1:\d+:\d+", published), "only this machine, unless chosen"


def test_every_role_is_a_service_and_nothing_else_serves() -> None:
    served = {name: one["command"] for name, one in OURS.items() if one["command"][0] == "serve"}
    assert served == {role: ["serve", role] for role in ROLES}


@pytest.mark.parametrize("name", OURS)
def test_the_command_of_a_service_is_one_of_the_command_line(name: str) -> None:
    command, *arguments = [filled(word) for word in OURS[name]["command"]]
    if command == "--help":
        return
    assert command in COMMANDS
    load_command(command).make_context(command, arguments)


def test_a_wrong_command_would_be_found() -> None:
    with pytest.raises(Exception, match="is not one of"):
        load_command("serve").make_context("serve", ["sealer"])
    with pytest.raises(Exception, match=r"[Nn]o such option"):
        load_command("migrate").make_context("migrate", ["--address", "x"])


@pytest.mark.parametrize("name", OURS)
def test_the_environment_of_a_service_is_settings_that_can_be_read(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    known = {f"WANGGE_{field.upper()}" for field in Settings.model_fields}
    environment = OURS[name]["environment"]
    assert environment.keys() <= known
    for key, value in environment.items():
        monkeypatch.setenv(key, filled(value))
    settings = Settings()
    assert settings.host == settings.metrics_host == "0.0.0.0"  # noqa: S104
    user, _, place = settings.database_url.partition("//")[2].partition("@")
    assert user == f"{SERVICE}:secret"
    assert place == f"postgres:5432/{SERVICES['postgres']['environment']['POSTGRES_DB']}"
    assert settings.kafka_servers == SERVICES["kafka"]["environment"][
        "KAFKA_ADVERTISED_LISTENERS"
    ].removeprefix("BROKER://")


def test_the_images_environment_is_settings_too_and_agrees_with_the_services() -> None:
    pairs = dict(pair.split("=", 1) for line in dockerfile("ENV") for pair in line.split())
    ours = {key: value for key, value in pairs.items() if key.startswith("WANGGE_")}
    for role in ROLES:
        assert ours.items() <= OURS[role]["environment"].items()
    exposed = {port for line in dockerfile("EXPOSE") for port in line.split()}
    assert exposed == {ours["WANGGE_PORT"], ours["WANGGE_METRICS_PORT"]}


def test_every_variable_is_in_the_example_and_none_has_a_value_there() -> None:
    asked = {name for name, _ in VARIABLE.findall(TEXT)}
    lines = (DOCKER / "example.env").read_text("utf-8").splitlines()
    given = dict(line.split("=", 1) for line in lines if line and not line.startswith("#"))
    assert given.keys() == asked
    assert set(given.values()) == {""}
    passwords = re.findall(r"\$\{(WANGGE_(?:OWNER|SERVICE|AUDITOR)_PASSWORD)([^}]*)\}", TEXT)
    assert all(default.startswith(":?") for _, default in passwords)
    assert "docker/.env" in (ROOT / ".gitignore").read_text().splitlines()
    assert "docker/.env" in (ROOT / ".dockerignore").read_text().splitlines()


def test_what_a_service_waits_for_is_there_and_can_become_so() -> None:
    for name, one in SERVICES.items():
        for other, wait in one.get("depends_on", {}).items():
            assert wait["condition"] in CONDITIONS
            health = SERVICES[other].get("healthcheck", {})
            if wait["condition"] == "service_healthy":
                assert "test" in health, f"{name} waits for the health of {other}"
            if wait["condition"] == "service_completed_successfully":
                assert SERVICES[other]["restart"] == "no", f"{other} would never be complete"


def test_every_role_tells_its_health_on_a_port_that_it_listens_on() -> None:
    for role in ROLES:
        environment = OURS[role]["environment"]
        port = environment["WANGGE_PORT" if role == "api" else "WANGGE_METRICS_PORT"]
        program, option, code = OURS[role]["healthcheck"]["test"][1:]
        assert (program, option) == ("/opt/wangge/.venv/bin/python", "-c")
        assert f"http://127.0.0.1:{port}/healthz" in code
        compile(code, "healthcheck", "exec")


def test_every_volume_is_declared_and_every_file_that_is_mounted_exists() -> None:
    used = set()
    for one in SERVICES.values():
        for mount in one.get("volumes", []):
            source, target, *mode = mount.split(":")
            assert target.startswith("/")
            if source.startswith("."):
                assert (DOCKER / source).exists(), source
                assert mode == ["ro"]
            else:
                used.add(source)
    assert used == COMPOSE["volumes"].keys()
    for name in OURS:
        assert f"data:{OURS[name]['environment']['WANGGE_DATA_DIR']}" in OURS[name]["volumes"]


def test_the_build_runs_the_script_of_make_setup_and_starts_wangge() -> None:
    assert "scripts/setup.sh" in (ROOT / "Makefile").read_text()
    assert dockerfile("FROM") == ["debian:12"]
    runs = dockerfile("RUN")
    assert runs[0].split()[0] == "scripts/setup.sh"
    assert DOCKERFILE.index("COPY . .") < DOCKERFILE.index("RUN scripts/setup.sh")
    (place,) = dockerfile("WORKDIR")
    assert json.loads(dockerfile("ENTRYPOINT")[0]) == [f"{place}/.venv/bin/wangge"]
    assert dockerfile("USER") == ["wangge"]
    (build,) = [one["build"] for one in OURS.values() if "build" in one]
    assert (DOCKER / build["context"] / build["dockerfile"]).resolve() == DOCKER / "Dockerfile"
    words = {word for line in [*runs, *dockerfile("COPY")] for word in line.split()}
    assert not [word for word in words if "://" in word], "no addresses of registries"


def test_what_the_setup_script_reads_is_not_kept_from_the_image() -> None:
    ignored = (ROOT / ".dockerignore").read_text().splitlines()
    files = "pyproject.toml constraints.txt docker/kafka/pom.xml scripts/setup.sh data web"
    for needed in [*files.split(), "geo", "grid", "workflows", "streams", "dispatch"]:
        assert (ROOT / needed).exists()
        assert needed not in ignored


def test_kafka_is_the_one_of_the_checkout_started_the_same_way() -> None:
    pom = (DOCKER / "kafka" / "pom.xml").read_text()
    version = re.findall(r"<artifactId>kafka_2\.13</artifactId>\s*<version>([^<]+)", pom)
    assert SERVICES["kafka"]["image"] == f"apache/kafka:{version[0]}"
    environment = SERVICES["kafka"]["environment"]
    own = {"controller.quorum.voters", "listeners", "advertised.listeners", "log.dirs"}
    for line in PROPERTIES.splitlines():
        name, _, value = line.partition("=")
        if line.startswith("#") or name in own:
            continue
        expected = value.replace("{flush_messages}", "1")
        assert environment["KAFKA_" + name.upper().replace(".", "_")] == expected, name
    folder = environment["KAFKA_LOG_DIRS"]
    assert f"kafka:{folder}" in SERVICES["kafka"]["volumes"]


def test_postgres_is_new_enough_and_has_the_roles_that_the_migrations_grant_to() -> None:
    postgres = SERVICES["postgres"]
    major, postgis = re.findall(r"^postgis/postgis:(\d+)-(\d+\.\d+)$", postgres["image"])[0]
    assert int(major) >= OLDEST_VERSION
    assert tuple(map(int, postgis.split("."))) >= (3, 3)
    environment = postgres["environment"]
    assert (environment["POSTGRES_USER"], environment["POSTGRES_DB"]) == (OWNER, DATABASE)
    script = DOCKER / "postgres" / "roles.sh"
    subprocess.run(["bash", "-n", str(script)], check=True)
    made = re.findall(r"^make_role (\w+) \"\$(\w+)\"$", script.read_text(), re.MULTILINE)
    assert [name for name, _ in made] == [SERVICE, AUDITOR]
    assert {password for _, password in made} <= environment.keys()
    options = set(postgres["command"][2::2])
    for line in SETTINGS.splitlines():
        name, _, value = line.partition(" = ")
        if name.startswith(("log_parameter", "log_error", "jit", "timezone", "max_connections")):
            assert f"{name}={value.strip(chr(39))}" in options, name


def test_prometheus_asks_every_role_where_it_answers() -> None:
    jobs = yaml.safe_load((DOCKER / "prometheus.yml").read_text())["scrape_configs"]
    asked = {}
    for job in jobs:
        (found,), (label,) = job["dns_sd_configs"], job["relabel_configs"]
        assert found["names"] == [job["job_name"]] == [label["replacement"]]
        assert label["target_label"] == "role"
        asked[job["job_name"]] = str(found["port"])
    environment = OURS["engine"]["environment"]
    workers = environment["WANGGE_METRICS_PORT"]
    assert asked == {r: environment["WANGGE_PORT"] if r == "api" else workers for r in ROLES}
    for file in (DOCKER / "grafana" / "provisioning").rglob("*.yaml"):
        assert yaml.safe_load(file.read_text())["apiVersion"] == 1


def test_the_docs_say_that_nobody_ran_it() -> None:
    assert "**Not run by its authors.**" in (ROOT / "docs" / "docker.md").read_text("utf-8")
