"""The reports of the benchmark in the SQL that DuckDB and PostgreSQL share, by the rules of the specification.

The rows have no holds, one currency and UTC, so that the rules about those need nothing here.
"""

import datetime

LAST_MONTH = datetime.date(2026, 6, 1)
FILE_COLUMNS = ("id,customer.id,customer.name,customer.email,membership.id,membership.name,type,status,purchase_date,"
                "start_date,expiration_date,renewal_date,cancelled_date,billed_price,cancellation_reason,completed_at")

OF_PROVIDER = "FROM {tables}customer_memberships cm WHERE cm.provider_id = {provider} AND cm.deleted_at IS NULL"
WITH_CUSTOMERS = OF_PROVIDER.replace(
    "cm WHERE", "cm LEFT JOIN {tables}customers c ON c.provider_id = cm.provider_id AND c.id = cm.customer_id WHERE")

# Pages: name, report, parameters; how peers count their rows and find the page, if they can.
PAGES = [
    ("default page of memberships", "customer_memberships", "limit=50", None),
    ("default page of customers", "customers", "limit=50", None),
    ("one customer's memberships", "customer_memberships", "customers=77&limit=50", None),
    ("one customer's memberships, two columns", "customer_memberships", "customers=77&limit=50&columns=id,status",
     (f"SELECT count(*) {OF_PROVIDER} AND cm.customer_id = 77",
      f"SELECT cm.id, cm.status {OF_PROVIDER} AND cm.customer_id = 77 ORDER BY cm.id LIMIT 50")),
    ("page sorted by money", "customer_memberships", "limit=50&sort=-billed_price,id&columns=id,billed_price",
     (f"SELECT count(*) {OF_PROVIDER}",
      f"SELECT cm.id, cm.billed_price {OF_PROVIDER} ORDER BY cm.billed_price DESC, cm.id LIMIT 50")),
    ("page sorted by a customer's name", "customer_memberships", "limit=50&sort=customer.name,id&columns=id,customer.name",
     (f"SELECT count(*) {OF_PROVIDER}",
      f"SELECT cm.id, c.name {WITH_CUSTOMERS} ORDER BY lower(c.name), cm.id LIMIT 50")),
    ("active customers", "customers", "limit=50&is_active=true&columns=id,full_name", None),
]

STATUS = ("CASE WHEN status = 'cancelled' AND cancellation_reason IN ('upgraded', 'downgraded')"
          " THEN cancellation_reason ELSE status END")


def day(column, has_zone):
    """The UTC date of an instant."""
    return f"({column} AT TIME ZONE 'UTC')::DATE" if has_zone else f"{column}::DATE"


def months_until(last, count):
    """First days of `count` months, ascending, and of the one after them."""
    number = last.year * 12 + last.month - 1
    return [datetime.date(n // 12, n % 12 + 1, 1) for n in range(number - count + 1, number + 2)]


def groups_query(table, provider, months, has_zone):
    """Memberships by plan, type and status, and how many were active in each month (reports.md 10 no. 9)."""
    bounds = months_until(LAST_MONTH, months)
    periods = "".join(
        f", count(*) FILTER (WHERE first_day < '{after}' AND last_day >= '{first}')"
        f", coalesce(sum(billed_price) FILTER (WHERE first_day < '{after}' AND last_day >= '{first}'), 0)::BIGINT"
        for first, after in zip(bounds, bounds[1:]))
    updated = day("updated_at", has_zone)
    return f"""
        WITH spans AS (
            SELECT membership_id, type, {STATUS} AS status, billed_price,
                coalesce(start_date, {day('purchased_at', has_zone)}) AS first_day,
                coalesce(least(
                    expiration_date,
                    CASE WHEN cancelled_at IS NOT NULL THEN {day('cancelled_at', has_zone)} - 1
                         WHEN status = 'cancelled' THEN coalesce(CASE cancellation_reason
                             WHEN 'upgraded' THEN upgrade_date WHEN 'downgraded' THEN downgrade_date END, {updated}) - 1 END,
                    CASE WHEN status = 'completed' THEN coalesce({day('completed_at', has_zone)},
                         CASE WHEN expiration_date IS NULL THEN {updated} END) END), DATE '9999-12-31') AS last_day
            FROM {table} WHERE provider_id = {provider} AND deleted_at IS NULL),
        lives AS (
            SELECT membership_id, type, status, billed_price,
                CASE WHEN last_day >= first_day THEN first_day END AS first_day, last_day FROM spans)
        SELECT membership_id, type, status, count(*), sum(billed_price)::BIGINT{periods}
        FROM lives GROUP BY membership_id, type, status"""


def file_query(tables, table, provider, after, has_zone):
    """The rows of a file, with the names that the others join."""
    return f"""
        SELECT cm.id, cm.customer_id, coalesce(nullif(c.name, ''), nullif(trim(concat_ws(' ', c.first_name, c.last_name)), '')),
            c.email, cm.membership_id, m.name, cm.type, {STATUS.replace('status', 'cm.status')}, {day('purchased_at', has_zone)},
            start_date, expiration_date, renewal_date, {day('cancelled_at', has_zone)}, cm.billed_price::DECIMAL(18, 2) / 100,
            cancellation_reason, completed_at, upper(cm.currency)
        FROM {tables}{table} cm
        LEFT JOIN {tables}customers c ON c.provider_id = cm.provider_id AND c.id = cm.customer_id
        LEFT JOIN {tables}memberships m ON m.provider_id = cm.provider_id AND m.id = cm.membership_id
        WHERE cm.provider_id = {provider} AND cm.deleted_at IS NULL AND cm.id > {after} ORDER BY cm.id"""
