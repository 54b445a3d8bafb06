#!/bin/sh
# One web server for the load generator, on the services that benchmarks/run.sh started.
# The generator gives PORT, run.sh gives SERVICES_DIR and TOKEN_FILE.
set -eu
cd "$(dirname "$0")/.."
eval "$(DATA_DIR=$SERVICES_DIR .venv/bin/python -m apps.embedded env)"
export DJANGO_SETTINGS_MODULE=benchmarks.settings ACCESS_TOKEN_MINUTES=120
.venv/bin/python manage.py shell --verbosity 0 --command '
from apps.accounts.models import User
from apps.accounts.tokens import access_token_for
print(access_token_for(User.objects.get(username="ada")))' >"$TOKEN_FILE"
exec .venv/bin/python manage.py serve --port "$PORT"
