#!/bin/sh
# `make stack` stands on PostgreSQL, Redis and nginx of the system: find them, install them where that
# is possible, or say what to do. What the environment names by its URL is not needed here.
set -eu

# nginx lies where only root looks for programs; PostgreSQL's servers lie beside each other.
PATH="$PATH:/usr/local/sbin:/usr/sbin:/sbin"
packages=
need() { packages="$packages $1"; }

command -v nginx >/dev/null || need nginx
[ -n "${REDIS_URL:-}" ] || command -v redis-server >/dev/null || need redis-server
[ -n "${DATABASE_URL:-}" ] || ls /usr/lib/postgresql/*/bin/postgres >/dev/null 2>&1 || need postgresql
[ -n "$packages" ] || exit 0

if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
  echo "Installing$packages"
  # Debian starts what it installs; ours run by themselves, on ports of their own.
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
