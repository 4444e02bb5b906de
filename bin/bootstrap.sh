# Sourced by bin/dev and bin/test, which set ROOT: makes .venv from requirements/*.txt when it is missing or stale.
#
# Needed beforehand: Python 3.11 or newer. uv is taken from PATH, or installed privately in .saperly/bootstrap. Nothing
# outside this checkout is changed, apart from the download caches. When nothing has changed since the last run, nothing
# is started and no network is needed.

UV_VERSION=0.13.8
VENV=$ROOT/.venv
STAMP=$VENV/.saperly-stamp
PRIVATE=$ROOT/.saperly/bootstrap

say() { printf '%s\n' "$*" >&2; }

fail() {
    say "$@"
    exit 1
}

# ensure_environment runtime|dev: .venv with what `saperly dev` needs, or with the tools for the tests as well.
#
# Once the tools are there they stay, so that running bin/test and bin/dev in turn does not install and remove them.
ensure_environment() {
    inputs=$(environment_inputs)
    have=$(cat "$STAMP" 2>/dev/null || true)
    if [ -x "$VENV/bin/python" ]; then
        case $have in "dev $inputs" | "$1 $inputs") return ;; esac
    fi
    kind=$1
    if [ -x "$VENV/bin/pytest" ]; then kind=dev; fi
    discard_moved_environment
    uv=$(find_uv) || exit 1
    say "Installing what Saperly needs into .venv; this takes up to a minute ..."
    sync_environment "$uv" "$kind" || fail "The installation failed. It needs the network once; run this again when it is there."
    printf '%s %s' "$kind" "$inputs" >"$STAMP"
}

# What .venv depends on: where it is, and the text of the pinned requirements and of every package's description.
environment_inputs() {
    for file in "$ROOT"/requirements/*.txt "$ROOT"/pyproject.toml "$ROOT"/*/pyproject.toml "$ROOT"/*/*/pyproject.toml; do
        if [ -f "$file" ]; then cat "$file"; fi
    done | cksum | tr '\n' ' '
    printf '%s' "$ROOT"
}

# The programs in a virtual environment name their Python by its full path, so one that was copied or moved is useless.
discard_moved_environment() {
    case $have in
        "" | *" $ROOT") ;;
        *) rm -rf "$VENV" ;;
    esac
}

sync_environment() {
    if [ ! -w "${HOME:-/nowhere}" ]; then export UV_CACHE_DIR="${UV_CACHE_DIR:-$ROOT/.saperly/cache}"; fi
    if [ ! -x "$VENV/bin/python" ]; then "$1" venv --quiet --clear "$VENV" >&2 || return 1; fi
    "$1" pip sync --quiet --python "$VENV/bin/python" --require-hashes "$ROOT/requirements/$2.txt" >&2 || return 1
    "$1" pip install --quiet --python "$VENV/bin/python" --no-deps \
        --editable "$ROOT/protocol" --editable "$ROOT/carriers" --editable "$ROOT/server" >&2
}

# Prints the path of a usable uv.
find_uv() {
    for candidate in "$(command -v uv || true)" "$PRIVATE/bin/uv"; do
        if is_recent_uv "$candidate"; then
            printf '%s' "$candidate"
            return
        fi
    done
    install_uv && printf '%s' "$PRIVATE/bin/uv"
}

# uv 0.8 and newer know all the options that are used here.
is_recent_uv() {
    if [ ! -x "$1" ]; then return 1; fi
    number=$("$1" --version 2>/dev/null | sed -n 's/^uv \([0-9]*\)\.\([0-9]*\).*/\1 \2/p')
    case $number in
        "" | "0 "[0-7]) return 1 ;;
    esac
}

# A virtual environment of its own; where Python comes without that module, pip can fill a plain directory.
install_uv() {
    python=$(find_python) || return 1
    say "Installing uv $UV_VERSION into .saperly/bootstrap ..."
    rm -rf "$PRIVATE"
    mkdir -p "$PRIVATE"
    set -- install --quiet --disable-pip-version-check "uv==$UV_VERSION"
    if "$python" -m venv "$PRIVATE" >/dev/null 2>&1; then
        "$PRIVATE/bin/python" -m pip "$@" >&2 || return 1
    elif rm -rf "$PRIVATE" && "$python" -m pip --version >/dev/null 2>&1; then
        "$python" -m pip "$@" --target "$PRIVATE" >&2 || return 1
    else
        say "$python has neither venv nor pip. On Debian or Ubuntu: apt install python3-venv"
        return 1
    fi
    is_recent_uv "$PRIVATE/bin/uv"
}

find_python() {
    for name in python3 python3.14 python3.13 python3.12 python3.11 python; do
        if "$name" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
            command -v "$name"
            return
        fi
    done
    say "Python 3.11 or newer is needed. On Debian or Ubuntu: apt install python3 python3-venv; on macOS: brew install python"
    return 1
}
