#!/bin/sh
# Create the secrets of the containers of compose.yaml, each in a file of docker/secrets/.
#
# Existing files are kept, so a second run changes nothing: the databases have stored the passwords
# by then. The folder is private; its files must be readable by the users of the containers, which
# get only their own files. Replace tls_certificate and tls_key by your own certificate; the one
# created here is self-signed.
set -eu
umask 077
folder="${1:-$(dirname "$0")/secrets}"
mkdir -p "$folder"
cd "$folder"

word() { od -An -N "$1" -tx1 /dev/urandom | tr -d ' \n'; }
keep() {
  # keep NAME VALUE: write a file unless it exists, all or nothing.
  [ -s "$1" ] && return
  printf '%s\n' "$2" >".new"
  chmod 444 .new
  mv .new "$1"
}

keep secret_key "$(word 48)"
keep postgres_password "$(word 24)"
keep mongodb_password "$(word 24)"
keep mongodb_root_password "$(word 24)"
keep mongodb_keyfile "$(word 48)"
keep redis_password "$(word 24)"
keep database_url "postgres://scriptorium:$(cat postgres_password)@postgres:5432/scriptorium"
keep mongodb_url "mongodb://scriptorium:$(cat mongodb_password)@mongodb-1:27017,mongodb-2:27017,mongodb-3:27017/scriptorium?replicaSet=scriptorium"
keep redis_url "redis://:$(cat redis_password)@redis:6379/0"
keep celery_broker_url "redis://:$(cat redis_password)@redis:6379/1"
# A bucket instead: s3://key:secret@host/bucket (docs/env.md).
keep attachments_url "file:///var/lib/scriptorium/files"

if [ ! -s tls_certificate ] || [ ! -s tls_key ]; then
  openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 365 \
    -subj "/CN=localhost" -addext "subjectAltName=DNS:localhost" \
    -keyout .key.new -out .certificate.new 2>/dev/null
  chmod 444 .key.new .certificate.new
  mv .key.new tls_key
  mv .certificate.new tls_certificate
fi
echo "The secrets are in $(pwd)."
