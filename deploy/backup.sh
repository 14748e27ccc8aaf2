#!/bin/sh
# Copies everything that a Rollbook holds into a new folder, while it runs:
#   ROLLBOOK_DATA=/var/lib/rollbook deploy/backup.sh /backups/2026-11-21
# With the records in PostgreSQL also set ROLLBOOK_STORE_URL, and ROLLBOOK_FILES_DIR if it is set
# for the nodes; pg_dump must be of the server's version or newer. What was copied is read again:
# when this ends with 0, the copy can be restored. The time is noted in the data folder.
set -eu
umask 077
to=${1:?the folder to make}
data=${ROLLBOOK_DATA:?the data folder}

if [ -z "${ROLLBOOK_STORE_URL:-}" ]; then
    exec rollbook backup --data "$data" --to "$to"
fi

[ ! -e "$to" ] || { echo "$to exists already" >&2; exit 1; }
files=${ROLLBOOK_FILES_DIR:-$data/files}
unfinished=$to.unfinished
rm -rf "$unfinished"
mkdir -p "$unfinished"
pg_dump --format=custom --no-owner --file="$unfinished/rollbook.dump" "$ROLLBOOK_STORE_URL"
# After the database, which names them: what it names is there, unless its time was over. Files
# never change, but tar ends with 1 when one goes away meanwhile.
tar -C "$files" --exclude=./making -cf "$unfinished/files.tar" . || [ $? -eq 1 ]
[ ! -f "$data/rollbook.toml" ] || cp "$data/rollbook.toml" "$unfinished/"
pg_restore --file=/dev/null "$unfinished/rollbook.dump"
tar -tf "$unfinished/files.tar" >/dev/null
sync
mv "$unfinished" "$to"
date -u +%Y-%m-%dT%H:%M:%SZ >"$data/last-backup"
echo "$to is checked and holds everything"
