#!/bin/sh
# Make .venv ready: bootstrap.sh runtime | dev
# Does nothing when .venv already holds what pyproject.toml and constraints.txt ask for.
set -eu
cd "$(dirname "$0")/.."

wanted=${1:-runtime}
oldest='(3, 11)'
venv_python=.venv/bin/python

fail() {
    printf '\n%s\n%s\n' "$1" "$2" >&2
    exit 1
}

is_new_enough() {
    "$1" -c "import sys; sys.exit(sys.version_info < $oldest)" 2>/dev/null
}

# The interpreter in $PYTHON, else the first one on the path that is new enough.
find_python() {
    for candidate in ${PYTHON:-python3 python3.13 python3.12 python3.11}; do
        if is_new_enough "$candidate"; then
            printf '%s' "$candidate"
            return
        fi
    done
    seen=$("${PYTHON:-python3}" --version 2>&1) || seen="${PYTHON:-python3}: -"
    fail "Cần Python 3.11 trở lên, gặp: $seen. Hãy cài đặt, hoặc chỉ rõ: make PYTHON=/duong/dan/python3 ..." \
        "Python 3.11 or later is wanted, seen: $seen. Install it, or name it: make PYTHON=/path/to/python3 ..."
}

# Debian splits ensurepip from Python; without it a virtual environment cannot be made.
need_ensurepip() {
    "$1" -c 'import ensurepip, venv' 2>/dev/null && return
    package=$("$1" -c 'import sys; print("python%d.%d-venv" % sys.version_info[:2])')
    if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
        apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq "$package" >/dev/null && return
    fi
    fail "Python này thiếu gói $package. Hãy chạy: sudo apt-get install $package" \
        "This Python lacks the package $package. Run: sudo apt-get install $package"
}

# Everything that decides what is installed, in one line.
fingerprint() {
    "$venv_python" -c '
import hashlib, sys
digest = hashlib.sha256(repr((sys.version, sys.prefix)).encode())
for name in ("pyproject.toml", "constraints.txt"):
    with open(name, "rb") as file:
        digest.update(file.read())
print(digest.hexdigest())'
}

is_ready() {
    [ -f ".venv/.parkplan-$1" ] && [ "$(cat ".venv/.parkplan-$1")" = "$(fingerprint)" ]
}

if ! { is_new_enough "$venv_python" && "$venv_python" -c 'import pip' 2>/dev/null; }; then
    python=$(find_python)
    need_ensurepip "$python"
    echo "Tạo môi trường Python .venv / Creating the Python environment .venv ($("$python" --version))"
    "$python" -m venv --clear .venv
fi

# What the developers need includes what a run needs.
if is_ready dev || { [ "$wanted" = runtime ] && is_ready runtime; }; then
    exit 0
fi

case $wanted in
runtime) project=. ;;
dev) project='.[dev]' ;;
*) fail "Cần 'runtime' hoặc 'dev', gặp '$wanted'." "Wanted 'runtime' or 'dev', saw '$wanted'." ;;
esac

echo "Cài đặt thư viện, lần đầu mất vài phút / Installing libraries, a few minutes the first time"
install() {
    "$venv_python" -m pip install --quiet --disable-pip-version-check --constraint constraints.txt "$@" ||
        fail "Không cài đặt được thư viện Python: xem thông báo ở trên; máy có tới được kho gói Python không?" \
            "The Python libraries could not be installed: see above; can this machine reach its Python package index?"
}
install setuptools
install --no-build-isolation --editable "$project"
fingerprint >".venv/.parkplan-$wanted"
