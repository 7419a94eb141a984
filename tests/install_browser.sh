#!/usr/bin/env bash
# Chromium and its driver for the tests of the board, from Debian's or Ubuntu's packages. Without them, and
# without a way to install them, those tests are skipped: that is said here and is no failure.
set -uo pipefail

missing() {
    for program in chromium chromedriver; do
        command -v "$program" >/dev/null || return 0
    done
    return 1
}

missing || exit 0
if ! command -v apt-get >/dev/null; then
    why="there is no apt-get here"
elif [ "$(id -u)" -eq 0 ]; then
    as_root=()
elif command -v sudo >/dev/null && sudo -n true 2>/dev/null; then
    as_root=(sudo -n)
else
    why="that takes root, or sudo without a password"
fi
if [ -z "${why:-}" ]; then
    export DEBIAN_FRONTEND=noninteractive
    "${as_root[@]}" apt-get update -qq
    "${as_root[@]}" apt-get install -y -qq --no-install-recommends chromium chromium-driver fonts-dejavu-core >/dev/null
    missing || exit 0
    why="apt-get did not bring them"
fi
echo "chromium and chromedriver are not installed, and $why: the tests in a browser are skipped." >&2
echo "Install them yourself, on Debian with: apt-get install chromium chromium-driver" >&2
