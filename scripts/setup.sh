#!/usr/bin/env bash
# Installs what Wangge needs and is missing: Debian packages, Kafka's jars, a virtual environment.
# Does nothing, and quickly, when nothing is missing.
set -euo pipefail
cd "$(dirname "$0")/.."

say() { printf '\033[1m%s\033[0m\n' "$*"; }
fail() {
    printf '\033[31msetup stopped: %s\033[0m\n' "$1" >&2
    [ -n "${2:-}" ] && printf '  what to do: %s\n' "$2" >&2
    exit 1
}

log=$(mktemp)
trap 'rm -f "$log"' EXIT

as_root() {
    if [ "$(id -u)" = 0 ]; then "$@"
    elif command -v sudo >/dev/null; then sudo "$@"
    else fail "installing packages needs root" "run 'make setup' as root, or install sudo"
    fi
}

has_java() {
    command -v java >/dev/null || return 1
    local major
    major=$(java -version 2>&1 | sed -n 's/.*version "\([0-9]*\).*/\1/p' | head -n 1)
    [ "${major:-0}" -ge 17 ]
}

debian_packages() {
    local missing=()
    [ -x /usr/lib/postgresql/15/bin/initdb ] || missing+=(postgresql-15)
    [ -e /usr/share/postgresql/15/extension/postgis.control ] || missing+=(postgresql-15-postgis-3)
    has_java || missing+=(openjdk-17-jre-headless)
    command -v mvn >/dev/null || missing+=(maven)
    python3 -c 'import ensurepip, venv' 2>/dev/null || missing+=(python3-venv)
    command -v chromium >/dev/null || missing+=(chromium)
    [ -d /usr/share/fonts/opentype/noto ] || missing+=(fonts-noto-cjk)
    [ ${#missing[@]} -eq 0 ] && return
    command -v apt-get >/dev/null || fail "these are missing and this is not Debian: ${missing[*]}" \
        "install them in your system's way, then run 'make setup' again"
    say "Installing Debian packages: ${missing[*]}"
    as_root apt-get update -qq >"$log" 2>&1 || { tail -n 5 "$log" >&2; fail \
        "apt-get update failed" "check the network and /etc/apt/sources.list, then run again"; }
    # Wangge runs its own private cluster; the package must not start one beside it.
    as_root mkdir -p /etc/postgresql-common/createcluster.d
    echo "create_main_cluster = false" |
        as_root tee /etc/postgresql-common/createcluster.d/wangge.conf >/dev/null
    as_root env DEBIAN_FRONTEND=noninteractive \
        apt-get install -y --no-install-recommends "${missing[@]}" >"$log" 2>&1 || {
        tail -n 8 "$log" >&2
        fail "apt-get install failed" "see the lines above; another apt may be running, or the disk may be full"
    }
}

kafka_jars() {
    local stamp=build/kafka/.complete sum
    sum=$(sha256sum docker/kafka/pom.xml | cut -d' ' -f1)
    [ "$(cat "$stamp" 2>/dev/null)" = "$sum" ] && return
    say "Fetching Apache Kafka (Maven)"
    rm -rf build/kafka
    mkdir -p build/kafka
    mvn -q -B -f docker/kafka/pom.xml \
        org.apache.maven.plugins:maven-dependency-plugin:3.8.1:copy-dependencies \
        -DoutputDirectory="$PWD/build/kafka" >"$log" 2>&1 || {
        tail -n 8 "$log" >&2
        fail "Maven could not fetch Kafka" "check the network and the disk, then run again"
    }
    echo "$sum" >"$stamp"
}

python_environment() {
    local stamp=.venv/.complete sum
    sum=$(cat pyproject.toml constraints.txt | sha256sum | cut -d' ' -f1)
    [ "$(cat "$stamp" 2>/dev/null)" = "$sum" ] && [ -x .venv/bin/wangge ] && return
    python3 -c 'import sys; sys.exit(sys.version_info < (3, 11))' ||
        fail "python3 is older than 3.11" "install Python 3.11 or newer"
    say "Installing Python packages"
    [ -x .venv/bin/python ] || python3 -m venv .venv >"$log" 2>&1 || {
        tail -n 5 "$log" >&2; fail "the virtual environment could not be made" "remove .venv and run again"; }
    # --group needs a newer pip than Debian's.
    .venv/bin/pip install -q --upgrade "pip>=25.1" >"$log" 2>&1 || { tail -n 5 "$log" >&2; fail "pip could not be brought up to date" "check the network"; }
    .venv/bin/pip install -q -c constraints.txt -e . --group dev >"$log" 2>&1 || {
        tail -n 8 "$log" >&2
        fail "pip could not install the packages" "check the network and the disk; or remove .venv and run again"
    }
    echo "$sum" >"$stamp"
}

debian_packages
kafka_jars
python_environment
