"""Uses the client that openapi-python-client made: every answer is an object of the type that it says."""

import os
import time
from datetime import UTC, datetime, timedelta

from rollbook_client import AuthenticatedClient
from rollbook_client.api.books import accounting_periods, accounting_trial_balance
from rollbook_client.api.exports import export_download, export_request, export_status
from rollbook_client.api.import_ import import_customers
from rollbook_client.api.jobs import job
from rollbook_client.api.reports import (
    attendances_grouped_data, customer_memberships_data, customers_data, customers_export, invoices_data)
from rollbook_client.api.usage import customer_membership_usage_of_one
from rollbook_client.models import (
    AttendancesGroupedDataPivot, CoreError, CustomersExportJsonBody, CustomersExportJsonBodyFormat, Error,
    ExportRequestBody, ExportRequestBodyObject, ImportOutcome, InvoicesDataStatusItem, RowCustomers)

JOB_SECONDS_MAX = 120
POLL_SECONDS = 0.1

ADDRESS = os.environ["ROLLBOOK_URL"]
studio = AuthenticatedClient(base_url=ADDRESS, token=os.environ["STUDIO_TOKEN"])
publisher = AuthenticatedClient(base_url=ADDRESS, token=os.environ["PUBLISHER_TOKEN"])


def finished(ask, is_finished):
    """What `ask` answers once it is finished."""
    deadline = time.monotonic() + JOB_SECONDS_MAX
    while not is_finished(found := ask()):
        if time.monotonic() > deadline:
            raise SystemExit(f"never finished: {found}")
        time.sleep(POLL_SECONDS)
    return found


def reports():
    page = customers_data.sync(client=studio, limit=3, columns=["id", "full_name", "created_at"])
    assert page.total > 3 and len(page.rows) == 3
    assert isinstance(page.rows[0].id, int) and isinstance(page.rows[0].created_at, datetime)
    assert [header.key for header in page.column_headers] == ["id", "full_name", "created_at"]

    grouped = attendances_grouped_data.sync(client=studio, columns=["venue.name", "count"],
                                            pivot=AttendancesGroupedDataPivot.MONTH, max_pivot_columns=2)
    row = grouped.rows[0]
    assert isinstance(row.count, int) and len(row.pivot.additional_properties) == 2
    assert all(isinstance(cell.count, int) for cell in row.pivot.additional_properties.values())

    status = [InvoicesDataStatusItem.OPEN, InvoicesDataStatusItem.PAID]
    invoices = invoices_data.sync(client=studio, status=status, columns=["id", "status", "total_amount"])
    assert {row.status for row in invoices.rows} <= {"open", "paid"} and invoices.rows
    assert invoices.rows[0].total_amount.iso_currency_code == "gbp"

    refused = customers_data.sync(client=studio, columns=["nope"])
    assert isinstance(refused, Error) and refused.code == "parameter_invalid"
    assert "columns" in refused.field_errors.additional_properties


def usage():
    held = customer_memberships_data.sync(client=studio, limit=1, columns=["id"])
    answer = customer_membership_usage_of_one.sync(held.rows[0].id, client=studio)
    assert all(period.used_count >= 0 for period in answer.usage_periods)


def files():
    for columns in ("id,full_name", ["id", "full_name"]):
        body = CustomersExportJsonBody(columns=columns, format_=CustomersExportJsonBodyFormat.CSV)
        number = customers_export.sync(client=studio, body=body).job
        done = finished(lambda: job.sync(number, client=studio), lambda job: job.status not in ("queued", "running"))
        assert done.status == "succeeded" and done.complete_items == done.total_items > 0
        file = studio.get_httpx_client().get(done.result_url)
        assert file.text.startswith("Customer ID,") or file.text.startswith("ID,"), file.text[:80]


def imports():
    rows = [RowCustomers(id=9_000_000 + number, name=f"Client {number}") for number in range(3)]
    outcome = import_customers.sync(client=studio, body=rows)
    assert isinstance(outcome, ImportOutcome), outcome
    assert outcome.tables["customers"].inserted == 3
    page = customers_data.sync(client=studio, ids=[9_000_001], columns=["full_name"])
    assert page.rows[0].full_name == "Client 1"


def exports():
    now = datetime.now(UTC)
    since, until = (int((now - timedelta(days=days)).timestamp()) for days in (150, 0))
    body = ExportRequestBody(object_=ExportRequestBodyObject.CUSTOMERS, date_from=since, date_to=until, columns=["id"])
    uuid = export_request.sync(client=publisher, body=body, site_id=1).uuid
    state = lambda: export_status.sync(uuid, client=publisher, site_id=1).data
    done = finished(state, lambda export: export.state not in ("queued", "processing"))
    assert done.state == "completed" and done.rows > 0, done
    assert export_download.sync(uuid, client=publisher, site_id=1).payload.read().startswith(b"id\r\n")
    refused = export_request.sync(client=publisher, body=ExportRequestBody(date_from=since, date_to=until), site_id=1)
    assert isinstance(refused, CoreError) and "object" in refused.errors.additional_properties


def books():
    month = accounting_periods.sync(client=publisher).data[-2]
    balance = accounting_trial_balance.sync(client=publisher, month=month.month, currency="usd")
    assert balance.month == month.month and balance.data[-1].closing == 0
    assert all(isinstance(row.opening, int) for row in balance.data)


for part in (reports, usage, files, imports, exports, books):
    part()
    print(f"  {part.__name__}", flush=True)
