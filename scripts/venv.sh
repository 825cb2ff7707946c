# shellcheck shell=sh
# Sourced by scripts/edge, check and test: makes .venv on first use, then costs a few milliseconds.
# Afterwards $ROOT is the project, $VENV_PYTHON its interpreter. Needs Linux, Python >= 3.11 and a package index.
#
# A change of the lock, of this script, of which components there are, or of the folder (a venv cannot be moved) makes a
# new one below .venvs, and .venv points to it: commands and cores that still run keep theirs. Of the old ones the latest
# is kept for them.

ROOT=$(CDPATH='' cd -- "$(dirname -- "$0")/.." && pwd -P)
LOCK=$ROOT/requirements.lock
IMPORT_ROOTS=$(cd "$ROOT" && echo components/* scripts tests)
VENV=$ROOT/.venvs/$({ echo "$ROOT" "$IMPORT_ROOTS"; cat "$LOCK" "$ROOT/scripts/venv.sh"; } | cksum | tr ' ' '-')
VENV_PYTHON=$VENV/bin/python

fail() {
    echo "error: $*" >&2
    exit 1
}

say() {
    echo "$*" >&2
}

# The interpreter a device runs comes first: components are built for CPython 3.11 unless told otherwise.
find_python() {
    for candidate in ${EDGE_PYTHON:-python3.11 python3 python3.12 python3.13 python3.14}; do
        if "$candidate" -c 'import sys; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1; then
            echo "$candidate"
            return
        fi
    done
    found=$(${EDGE_PYTHON:-python3} --version 2>&1 || true)
    fail "Python 3.11 or later is needed and ${EDGE_PYTHON:-python3} is '${found:-not there}'." \
        "Install one (Debian 12, Ubuntu: apt install python3 python3-venv) or name it: EDGE_PYTHON=/path/to/python3.11 $0"
}

# Prints the path of a pip that runs from where it lies: the interpreter's own, or, where the distribution ships that
# apart (Debian, Ubuntu), the distribution's package: installed, or else unpacked into .venv, which needs no root.
find_pip() {
    "$VENV_PYTHON" -c 'import ensurepip, glob; print(glob.glob(ensurepip.__path__[0] + "/_bundled/pip-*.whl")[0])' \
        2>/dev/null && return
    ls /usr/share/python-wheels/pip-*.whl 2>/dev/null && return
    (cd "$VENV" && apt-get download -qq python3-pip-whl && dpkg-deb -x python3-pip-whl_*.deb debian) >/dev/null 2>&1 || true
    ls "$VENV"/debian/usr/share/python-wheels/pip-*.whl 2>/dev/null ||
        fail "$python has no pip (Debian ships it apart) and it could not be fetched. Install it: apt install python3-venv"
}

make_venv() {
    python=$(find_python) || exit 1
    say "Setting up .venv with $("$python" --version) (first use, or the lock has changed)"
    rm -rf "$VENV" # what an interrupted set-up left
    if command -v uv >/dev/null 2>&1; then
        uv=uv
        uv venv --quiet --allow-existing --python "$python" "$VENV" || fail "uv could not make $VENV; its message stands above."
    else
        "$python" -m venv --without-pip "$VENV" || fail "$python -m venv $VENV failed; its message stands above."
        say "Fetching uv, which installs the rest"
        # The lines of one package in the lock: its name and the hashes below it.
        awk '/^[^ #]/ {mine = /^uv==/} mine' "$LOCK" >"$VENV/uv.lock.txt"
        PYTHONPATH=$(find_pip) || exit 1
        export PYTHONPATH
        "$VENV_PYTHON" -m pip install --quiet --require-hashes -r "$VENV/uv.lock.txt" ||
            fail "pip could not install uv. Is a package index reachable from here? (pip's own configuration is used.)"
        unset PYTHONPATH
        uv=$VENV/bin/uv
    fi
    say "Installing $(grep -c '^[a-z]' "$LOCK") packages from requirements.lock, each checked against its hash"
    "$uv" pip install --quiet --python "$VENV_PYTHON" --require-hashes -r "$LOCK" ||
        fail "the packages could not be installed; uv's message stands above. Run the command again when the cause is gone."
    for folder in $IMPORT_ROOTS; do
        echo "$ROOT/$folder"
    done >"$("$VENV_PYTHON" -c 'import sysconfig; print(sysconfig.get_path("purelib"))')/workspace.pth"
    former=$(readlink "$ROOT/.venv" || true)
    [ -L "$ROOT/.venv" ] || rm -rf "$ROOT/.venv"
    ln -sfn ".venvs/${VENV##*/}" "$ROOT/.venv"
    for old in "$ROOT"/.venvs/*; do
        [ "$old" = "$VENV" ] || [ ".venvs/${old##*/}" = "$former" ] || rm -rf "$old"
    done
    # The demo and the tests build with these wheels; from here on no network is needed, nor uv's cache.
    "$VENV_PYTHON" -m edge_cli.building.prefetch ||
        say "The components' libraries could not be kept; scripts/edge build will fetch them."
    : >"$VENV/.complete"
    say "Done: .venv is ready"
}

# With sudo in somebody's clone nothing may stay behind that its owner could not change or delete.
is_guest=
if [ "$(id -u)" = 0 ] && [ "$(stat -c %u "$ROOT")" != 0 ]; then
    is_guest=yes
    export PYTHONDONTWRITEBYTECODE=1
fi

if [ ! -e "$VENV/.complete" ]; then
    # Two commands started at once in a fresh clone: the second waits for the first one's .venv.
    { mkdir -p "$ROOT/.venvs" && (: >>"$ROOT/.venvs.lock"); } 2>/dev/null ||
        fail "cannot write $ROOT/.venvs: the folder is read-only or the disk is full. Clone it where you may write."
    exec 9>"$ROOT/.venvs.lock"
    flock -n 9 || {
        say "Waiting for another command that is setting up .venv"
        flock 9
    }
    [ -e "$VENV/.complete" ] || make_venv
    # What is not there (`build`, where nothing could be kept) need not be given back.
    [ ! "$is_guest" ] || chown -hR --reference="$ROOT" "$ROOT/.venv" "$ROOT/.venvs" "$ROOT/.venvs.lock" "$ROOT/build" 2>/dev/null || :
    exec 9>&-
fi
