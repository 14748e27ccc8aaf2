#!/bin/sh
# Puts what backup.sh has copied into a new data folder, where nothing runs:
#   ROLLBOOK_DATA=/var/lib/rollbook deploy/restore.sh /backups/2026-11-21
# With the records in PostgreSQL also set ROLLBOOK_STORE_URL, to an empty database, and
# ROLLBOOK_FILES_DIR if it is set for the nodes. Without the copy of the files it works, too: they
# are lost then, and the exports that made them say so.
set -eu
umask 077
from=${1:?the folder with the copy}
data=${ROLLBOOK_DATA:?the data folder}
for there in rollbook.db rollbook-jobs.db mirror; do
    [ ! -e "$data/$there" ] || { echo "$data/$there is there: move it away first" >&2; exit 1; }
done
mkdir -p "$data"
[ -f "$data/rollbook.toml" ] || [ ! -f "$from/rollbook.toml" ] || cp "$from/rollbook.toml" "$data/"

if [ ! -f "$from/rollbook.dump" ]; then
    cp "$from/rollbook.db" "$from/rollbook-jobs.db" "$data/"
    [ ! -d "$from/files" ] || cp -R "$from/files" "$data/"
    echo "$data is restored"
    exit
fi

: "${ROLLBOOK_STORE_URL:?an empty database}"
pg_restore --no-owner --exit-on-error --single-transaction --dbname="$ROLLBOOK_STORE_URL" \
    "$from/rollbook.dump"
files=${ROLLBOOK_FILES_DIR:-$data/files}
if [ -f "$from/files.tar" ]; then
    mkdir -p "$files"
    tar -C "$files" -xf "$from/files.tar"
else
    rollbook adopt-files --data "$data"
fi
echo "$data and the database are restored"
