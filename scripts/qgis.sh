#!/bin/sh
# Try Parkplan with a real QGIS (3.28 or later): with the one of this machine, else with Debian's in build/qgis/SUITE.
#   scripts/qgis.sh [pytest options]      SUITE=trixie (QGIS 3.40) | trixie-backports (3.44 or later)
#   QGIS_ROOT=FOLDER takes the QGIS of a Debian folder that there is already.
set -eu
cd "$(dirname "$0")/.."

suite=${SUITE:-trixie}
release=${suite%-backports}
mirror=${DEBIAN_MIRROR:-http://deb.debian.org/debian}
root=${QGIS_ROOT:-$PWD/build/qgis/$suite}
oldest=32800

# An installed QGIS is taken only where nothing else is asked for.
if [ -n "${QGIS_ROOT:-}" ]; then
    [ -d "$root" ] || { echo "QGIS_ROOT: $root ?" >&2; exit 2; }
elif [ -z "${SUITE:-}" ] && QT_QPA_PLATFORM=offscreen /usr/bin/python3 -c "
import sys
from qgis.core import Qgis
sys.exit(Qgis.QGIS_VERSION_INT < $oldest)" 2>/dev/null; then
    root=/
elif ! [ -f "$root/.ready" ]; then
    if [ "$(id -u)" != 0 ]; then
        printf '%s\n%s\n' \
            "Cần QGIS 3.28 trở lên (python3-qgis), hoặc quyền quản trị để lập một thư mục Debian riêng." \
            "QGIS 3.28 or later (python3-qgis) is wanted, or root, to make a Debian folder of its own." >&2
        exit 1
    fi
    command -v debootstrap >/dev/null || { apt-get update -qq && apt-get install -y -qq debootstrap >/dev/null; }
    echo "Lấy QGIS của Debian $suite, khoảng 2,3 GB / Fetching QGIS of Debian $suite, about 2.3 GB: $root"
    rm -rf "$root"
    mkdir -p "$root"
    debootstrap --variant=minbase "$release" "$root" "$mirror" >"$root.log" 2>&1 || {
        tail "$root.log" >&2
        exit 1
    }
    printf '#!/bin/sh\nexit 101\n' >"$root/usr/sbin/policy-rc.d" # nothing is started in there
    chmod +x "$root/usr/sbin/policy-rc.d"
    [ "$suite" = "$release" ] || echo "deb $mirror $suite main" >"$root/etc/apt/sources.list.d/$suite.list"
    cp /etc/resolv.conf "$root/etc/resolv.conf"
    chroot "$root" apt-get update -qq
    chroot "$root" env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends -t "$suite" \
        python3-qgis qgis-providers fonts-dejavu-core >>"$root.log" 2>&1 || {
        tail "$root.log" >&2
        exit 1
    }
    chroot "$root" apt-get clean
    touch "$root/.ready"
fi

PARKPLAN_QGIS_ROOT=$root exec .venv/bin/pytest -n0 tests/qgis "$@"
