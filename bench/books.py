"""The books' benchmark: the package of a month with many live invoices.

Every invoice is one annual line that still runs; a tenth is booked and paid in the month. Prints
seconds and peak memory for the contract's ZIP and for both bundles, at each size.

    python3 bench/books.py --rollbook target/release/rollbook --dir /tmp/rollbook-books 100000 1000000
"""

import argparse
import csv
import datetime
import os
import pathlib
import shutil
import subprocess
import time

MONTH = "2026-03"
DAY = datetime.timedelta(days=1)


def timed(command):
    """Seconds and peak MiB of a command."""
    begin = time.perf_counter()
    child = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    _, status, usage = os.wait4(child.pid, 0)
    seconds = time.perf_counter() - begin
    if status != 0:
        raise SystemExit(f"failed: {' '.join(map(str, command))}")
    return seconds, usage.ru_maxrss / 1024


def rows(folder, name, header, lines):
    with open(folder / f"{name}.csv", "w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(header)
        writer.writerows(lines)


def booked(number, count):
    """A tenth in the month, the others in the eleven months before."""
    start = datetime.date(2026, 3, 1) if number % 10 == 0 else datetime.date(2025, 4, 5)
    span = 28 if number % 10 == 0 else 329
    return start + (number * 7919 % span) * DAY


def write(folder, count):
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    numbers = range(1, count + 1)
    rows(folder, "products", ["id", "name"], [[1, "Daily"]])
    rows(folder, "plans", ["id", "product_id", "name", "amount", "currency"],
         [[plan, 1, f"Plan {plan}", 12000, "usd"] for plan in range(1, 51)])
    rows(folder, "customers", ["id", "name", "email"],
         ([n, f"Customer {n}", f"customer{n}@example.org"] for n in numbers))
    rows(folder, "subscriptions",
         ["id", "customer_id", "plan_id", "status", "currency", "started_at"],
         ([n, n, n % 50 + 1, "active", "usd", f"{booked(n, count)}T00:00:00Z"] for n in numbers))
    rows(folder, "invoices",
         ["id", "number", "customer_id", "subscription_id", "status", "subtotal", "tax", "total",
          "amount_paid", "currency", "date"],
         ([n, f"A-{n}", n, n, "paid", 12000 + n % 977, 1200, 13200 + n % 977, 13200 + n % 977,
           "usd", f"{booked(n, count)}T08:00:00Z"] for n in numbers))
    rows(folder, "invoice_lines",
         ["id", "invoice_id", "plan_id", "description", "amount", "tax", "currency",
          "period_start", "period_end"],
         ([n, n, n % 50 + 1, "One year", 12000 + n % 977, 1200, "usd",
           f"{booked(n, count)}T00:00:00Z", f"{booked(n, count) + 365 * DAY}T00:00:00Z"]
          for n in numbers))
    rows(folder, "payments",
         ["id", "customer_id", "invoice_id", "amount", "currency", "status", "type", "category",
          "date"],
         ([n, n, n, 13200 + n % 977, "usd", "succeeded", "online", "Card",
           f"{booked(n, count)}T09:00:00Z"] for n in numbers))


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--rollbook", type=pathlib.Path, required=True)
    parser.add_argument("--dir", type=pathlib.Path, required=True)
    parser.add_argument("sizes", type=int, nargs="*", default=[100_000, 1_000_000])
    args = parser.parse_args()
    print(f"{'invoices':>10} {'bundle':<10} {'seconds':>8} {'peak MiB':>9}")
    for count in args.sizes:
        data = args.dir / f"data-{count}"
        shutil.rmtree(data, ignore_errors=True)
        write(args.dir / "csv", count)
        common = ["--data", str(data)]
        program = str(args.rollbook)
        subprocess.run([program, "provider", "create", *common, "--id", "1", "--name", "Press"],
                       check=True, stdout=subprocess.DEVNULL)
        subprocess.run([program, "import", *common, "--provider", "1", str(args.dir / "csv")],
                       check=True, stdout=subprocess.DEVNULL)
        subprocess.run([program, "mirror", "refresh", *common], check=True,
                       stdout=subprocess.DEVNULL)
        for bundle, further in [("contract", []), ("both", ["--full"])]:
            command = [program, "accounting", *common, "--provider", "1", "--month", MONTH,
                       "--currency", "usd", "-o", str(args.dir / "package.zip"), *further]
            timed(command)  # once to warm up
            runs = [timed(command) for _ in range(3)]
            seconds, peak = min(run[0] for run in runs), max(run[1] for run in runs)
            print(f"{count:>10,} {bundle:<10} {seconds:>8.2f} {peak:>9.0f}", flush=True)


if __name__ == "__main__":
    main()
