#!/usr/bin/env bash
# Installs what Wangge needs and is missing: Debian packages, Kafka's jars, a virtual environment,
# Node's packages; and builds the console.
# Does nothing, and quickly, when nothing is missing.
set -euo pipefail
cd "$(dirname "$0")/.."

log=$(mktemp)
child=
trap '[ -z "$child" ] || kill "$child" 2>/dev/null; rm -f "$log"' EXIT
trap 'printf "\nsetup was interrupted; run it again to go on\n" >&2; exit 130' INT TERM HUP

fail() {
    printf '\033[31msetup stopped: %s\033[0m\n' "$1" >&2
    printf '  what to do: %s\n' "$2" >&2
    exit 1
}

# working MESSAGE ADVICE COMMAND…: runs it, shows that it is alive, and says what failed.
working() {
    local message=$1 advice=$2 started=$SECONDS status=0 shown=0 spent
    shift 2
    printf '\033[1m%s\033[0m\n' "$message"
    "$@" >"$log" 2>&1 &
    child=$!
    while kill -0 "$child" 2>/dev/null; do
        sleep 0.3
        spent=$((SECONDS - started))
        if [ -t 1 ]; then
            printf '\r\033[K  %d s  %.60s' "$spent" "$(tail -n 1 "$log" | tr -cd '[:print:]')"
        elif [ $((spent - shown)) -ge 15 ]; then
            shown=$spent
            printf '  still at it after %d s\n' "$spent"
        fi
    done
    wait "$child" || status=$?
    child=
    [ ! -t 1 ] || printf '\r\033[K'
    [ "$status" = 0 ] && return
    tail -n 8 "$log" >&2
    if grep -q 'No space left on device' "$log"; then advice="the disk is full: free space, then run again"; fi
    if grep -q 'Could not get lock' "$log"; then advice="another apt is running: wait for its end, then run again"; fi
    fail "failed: $message" "$advice"
}

as_root() {
    if [ "$(id -u)" = 0 ]; then "$@"; else sudo "$@"; fi
}

has_java() {
    command -v java >/dev/null || return 1
    local major
    major=$(java -version 2>&1 | sed -n 's/.*version "\([0-9]*\).*/\1/p' | head -n 1)
    [ "${major:-0}" -ge 17 ]
}

has_postgres_15_or_newer() {
    local folder version
    for folder in /usr/lib/postgresql/*/bin; do
        version=$(basename "$(dirname "$folder")")
        case $version in *[!0-9]*) continue ;; esac
        if [ "$version" -ge 15 ] && [ -x "$folder/initdb" ] &&
            [ -e "/usr/share/postgresql/$version/extension/postgis.control" ]; then return 0; fi
    done
    return 1
}

debian_packages() {
    local missing=()
    has_postgres_15_or_newer || missing+=(postgresql-15 postgresql-15-postgis-3)
    has_java || missing+=(openjdk-17-jre-headless)
    has_jars || command -v mvn >/dev/null || missing+=(maven)
    command -v python3 >/dev/null || missing+=(python3)
    python3 -c 'import ensurepip, venv' 2>/dev/null || missing+=(python3-venv)
    command -v dot >/dev/null || missing+=(graphviz)
    command -v chromium >/dev/null || missing+=(chromium)
    [ -d /usr/share/fonts/opentype/noto ] || missing+=(fonts-noto-cjk)
    [ ${#missing[@]} -gt 0 ] || return 0
    command -v apt-get >/dev/null || fail "these are missing, and this is not Debian: ${missing[*]}" \
        "install them in your system's way, then run again"
    if [ "$(id -u)" != 0 ]; then
        command -v sudo >/dev/null || fail "installing ${missing[*]} needs root" \
            "run 'make setup' as root, or install sudo"
        sudo -v || fail "installing ${missing[*]} needs root" "run 'make setup' as root"
    fi
    # Wangge runs a private cluster of its own; the package must not start one beside it.
    as_root mkdir -p /etc/postgresql-common/createcluster.d
    echo "create_main_cluster = false" |
        as_root tee /etc/postgresql-common/createcluster.d/wangge.conf >/dev/null
    working "Reading Debian's package lists" \
        "check the network and the sources in /etc/apt, then run again" \
        as_root apt-get update -o DPkg::Lock::Timeout=120
    working "Installing Debian packages: ${missing[*]}" \
        "see the lines above: is the network there, and are the sources in /etc/apt Debian 12's?" \
        as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends \
        -o DPkg::Lock::Timeout=120 "${missing[@]}"
}

# The stamp names the pom that the jars were fetched by.
has_jars() {
    [ "$(cat build/kafka/.complete 2>/dev/null)" = "$(sha256sum <docker/kafka/pom.xml)" ]
}

kafka_jars() {
    ! has_jars || return 0
    rm -rf build/kafka.new
    mkdir -p build/kafka.new
    working "Fetching Apache Kafka with Maven" \
        "check the network (Maven reads ~/.m2/settings.xml for a mirror), then run again" \
        mvn -q -B -f docker/kafka/pom.xml \
        org.apache.maven.plugins:maven-dependency-plugin:3.8.1:copy-dependencies \
        "-DoutputDirectory=$PWD/build/kafka.new"
    sha256sum <docker/kafka/pom.xml >build/kafka.new/.complete
    rm -rf build/kafka
    mv build/kafka.new build/kafka
}

python_environment() {
    # The stamp holds the place too: programs of a virtual environment do not work when it is moved.
    local stamp=.venv/.complete state
    state="$(cat pyproject.toml constraints.txt | sha256sum) $PWD"
    if [ "$(cat "$stamp" 2>/dev/null)" = "$state" ] && [ -x .venv/bin/python ]; then return 0; fi
    python3 -c 'import sys; sys.exit(sys.version_info < (3, 11))' ||
        fail "python3 is older than 3.11" "install Python 3.11 or newer and put it first on the PATH"
    if [ ! -x .venv/bin/pip ] || ! grep -qsF "$PWD/.venv" .venv/bin/activate; then
        rm -rf .venv
        working "Making the virtual environment" "free space, then run again" python3 -m venv .venv
    fi
    # --group is newer than Debian's pip.
    working "Bringing pip up to date" "check the network, then run again" \
        .venv/bin/python -m pip install --upgrade "pip>=25.1"
    working "Installing Python packages" \
        "check the network and run again; if it stays so, remove .venv and run again" \
        .venv/bin/python -m pip install -c constraints.txt -e . --group dev --group web
    echo "$state" >"$stamp"
}

node_packages() {
    local stamp=web/node_modules/.complete state
    state=$(cat web/package.json web/package-lock.json constraints.txt | sha256sum)
    [ "$(cat "$stamp" 2>/dev/null)" != "$state" ] || return 0
    working "Installing the console's Node packages" \
        "check the network (npm reads ~/.npmrc for a mirror) and run again; if it stays so, remove web/node_modules" \
        scripts/web.sh ci --ignore-scripts
    echo "$state" >"$stamp"
}

# Without the builder's own call stack, the place in our source is what stands last.
build_page() {
    scripts/web.sh run build -- --outDir ../../build/web.new 2>&1 | grep -Ev '^ +at |^}|errors: \['
}

# The stamp names every file that the page is built from.
page() {
    local state
    state=$(find web -path web/node_modules -prune -o -type f -print0 | LC_ALL=C sort -z | xargs -0 sha256sum | sha256sum)
    [ "$(cat build/web/.complete 2>/dev/null)" != "$state" ] || return 0
    rm -rf build/web.new
    working "Building the console" \
        "the lines above name the file and line that cannot be built; mend it (git diff web shows your changes), then run again; if none is named, remove web/node_modules first" \
        build_page
    echo "$state" >build/web.new/.complete
    rm -rf build/web
    mv build/web.new build/web
}

debian_packages
kafka_jars
python_environment
node_packages
page
