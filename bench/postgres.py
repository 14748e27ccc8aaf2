"""A PostgreSQL server of its own, filled from the same files."""

import glob
import pathlib
import shutil
import subprocess

SETTINGS = ("-c listen_addresses= -c max_wal_size=8GB -c shared_buffers=1GB -c work_mem=256MB"
            " -c max_parallel_workers_per_gather=2 -c jit=off -c timezone=UTC")
TYPES = {"BIGINT": "bigint", "DATE": "date", "BOOLEAN": "boolean", "TIMESTAMP WITH TIME ZONE": "timestamptz"}


class Postgres:
    """Runs until it is stopped; none where its programs are not installed."""

    def __init__(self, programs, folder):
        self.programs, self.folder = programs, folder

    @classmethod
    def of_csv(cls, work, rows, tables, duck):
        """Tables with the columns that the views `parquet_…` of `duck` have, filled from rows/provider-N/table.csv."""
        found = sorted(glob.glob("/usr/lib/postgresql/*/bin"))
        if not found or shutil.which("runuser") is None:
            print("  PostgreSQL is not installed: it is left out", flush=True)
            return None
        server = cls(found[-1], work / "postgres")
        server.start()
        for table in tables:
            described = duck.execute(f"DESCRIBE parquet_{table}").fetchall()
            columns = ", ".join(f"{name} {TYPES.get(kind, 'text')}" for name, kind, *_ in described)
            server.run(f"CREATE TABLE {table} ({columns}, PRIMARY KEY (provider_id, id))")
            for folder in sorted(rows.glob("provider-*")):
                path = folder / f"{table}.csv"
                with open(path, encoding="utf-8") as lines:
                    names = lines.readline().strip()
                provider = folder.name.split("-")[1]
                server.run(f"ALTER TABLE {table} ALTER provider_id SET DEFAULT {provider};\n"
                           f"\\copy {table} ({names}) FROM '{path}' WITH (FORMAT csv, HEADER)")
        server.run("VACUUM ANALYZE")
        return server

    def as_postgres(self, *command, **options):
        return subprocess.run(["runuser", "-u", "postgres", "--", *map(str, command)], check=True,
                              stdout=options.pop("stdout", subprocess.DEVNULL), cwd="/", **options)

    def start(self):
        shutil.rmtree(self.folder, ignore_errors=True)
        self.folder.mkdir(parents=True)
        shutil.chown(self.folder, "postgres", "postgres")
        self.folder.parent.chmod(0o755)
        self.as_postgres(f"{self.programs}/initdb", "-D", self.folder / "data", "-A", "trust", "-E", "UTF8")
        self.as_postgres(f"{self.programs}/pg_ctl", "-D", self.folder / "data", "-o", f"-k {self.folder} {SETTINGS}",
                         "-w", "-l", self.folder / "log", "start")

    def run(self, script):
        psql = ["psql", "-h", self.folder, "-d", "postgres", "-qtA", "-F", "\t", "-v", "ON_ERROR_STOP=1"]
        return self.as_postgres(*psql, input=script.encode(), stdout=subprocess.PIPE).stdout.decode()

    def rows(self, query):
        """Rows of texts and integers."""
        lines = self.run(query).splitlines()
        return [tuple(int(cell) if cell.lstrip("-").isdigit() else cell for cell in line.split("\t")) for line in lines]

    def copy(self, query, path):
        """Writes a query's rows to a file, as CSV."""
        made = self.folder / pathlib.Path(path).name
        self.run(f"COPY ({query}) TO '{made}' WITH (FORMAT csv, HEADER)")
        made.replace(path)

    def stop(self):
        self.as_postgres(f"{self.programs}/pg_ctl", "-D", self.folder / "data", "-m", "immediate", "stop")
        shutil.rmtree(self.folder, ignore_errors=True)
