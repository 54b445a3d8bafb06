#!/bin/sh
# `make stack` needs PostgreSQL, Redis and nginx of the system: find them, install them if possible, or
# print how to install them. Services that the environment names by URL are not needed.
set -eu

# nginx is in a folder of root's PATH; PostgreSQL's versions are side by side.
PATH="$PATH:/usr/local/sbin:/usr/sbin:/sbin"
packages=
need() { packages="$packages $1"; }

command -v nginx >/dev/null || need nginx
[ -n "${REDIS_URL:-}" ] || command -v redis-server >/dev/null || need redis-server
[ -n "${DATABASE_URL:-}" ] || ls /usr/lib/postgresql/*/bin/postgres >/dev/null 2>&1 || need postgresql
[ -n "$packages" ] || exit 0

if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
  echo "Installing$packages"
  # Debian would start the services; make stack runs its own, on its own ports.
  policy=/usr/sbin/policy-rc.d
  if [ ! -e "$policy" ]; then
    trap 'rm -f "$policy"' EXIT
    printf '#!/bin/sh\nexit 101\n' >"$policy"
    chmod 755 "$policy"
  fi
  apt-get update -qq
  # shellcheck disable=SC2086
  DEBIAN_FRONTEND=noninteractive apt-get install -qq --yes --no-install-recommends $packages >/dev/null
  exit 0
fi
echo "make stack needs these packages: install them (Debian: apt-get install$packages)." >&2
exit 1
