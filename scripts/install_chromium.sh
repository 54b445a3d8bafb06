#!/bin/sh
# The browser tests need Chromium: find it, install it if possible, or print how to install it.
# An argument names the program that is wanted; Chromium with windows takes the place of a shell
# without them where the system has no such package.
set -eu

wanted="${1:-chromium}"
has_chromium() { command -v chromium >/dev/null || command -v chromium-browser >/dev/null; }

install_by_apt() {
  echo "Installing Chromium for the browser tests"
  apt-get update -qq || return 1
  apt-cache show "$wanted" >/dev/null 2>&1 || wanted=chromium
  DEBIAN_FRONTEND=noninteractive apt-get install -qq --yes --no-install-recommends "$wanted" >/dev/null
}

if [ -n "${CHROMIUM:-}" ] || command -v "$wanted" >/dev/null; then
  exit 0
fi
if [ "$wanted" = chromium ] && has_chromium; then
  exit 0
fi
if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null && install_by_apt; then
  exit 0
fi
has_chromium && exit 0
echo "The browser tests need Chromium: install it (Debian: apt-get install $wanted) or name it: CHROMIUM=/path make test" >&2
exit 1
