#!/bin/sh
# Install what the tests need beside Python: PostGIS, Chromium, fonts with Vietnamese letters, GDAL's programs.
# Does nothing when all of it is there.
set -eu

postgis_is_there() {
    for folder in $(ls -d /usr/lib/postgresql/*/bin 2>/dev/null | sort -rV); do
        version=$(basename "$(dirname "$folder")")
        # The tests take the newest server, so that one must have PostGIS.
        [ -x "$folder/initdb" ] && [ -f "/usr/share/postgresql/$version/extension/postgis.control" ]
        return
    done
    return 1
}

missing() {
    postgis_is_there || echo postgresql postgresql-postgis
    [ -x /usr/bin/chromium ] || echo chromium
    command -v fc-list >/dev/null || echo fontconfig
    { command -v fc-list >/dev/null && [ -n "$(fc-list :lang=vi)" ]; } || echo fonts-dejavu-core
    { command -v ogr2ogr && command -v ogrinfo; } >/dev/null || echo gdal-bin
}

packages=$(missing | tr '\n' ' ')
[ -n "$packages" ] || exit 0

as_root=
if [ "$(id -u)" != 0 ]; then
    as_root='sudo -n'
    sudo -n true 2>/dev/null || as_root=none
fi
if [ "$as_root" = none ] || ! command -v apt-get >/dev/null; then
    printf '\n%s\n%s\n' \
        "Kiểm thử cần các gói Debian sau, xin cài bằng quyền quản trị: apt-get install $packages" \
        "The tests need these Debian packages, please install them as root: apt-get install $packages" >&2
    exit 1
fi

echo "Cài đặt cho kiểm thử / Installing for the tests: $packages"
$as_root apt-get update -qq
# shellcheck disable=SC2086 # each word is one package
$as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $packages >/dev/null

still=$(missing | tr '\n' ' ')
if [ -n "$still" ]; then
    printf '\n%s\n%s\n' "Vẫn còn thiếu: $still" "Still missing: $still" >&2
    exit 1
fi
