// Uses the client of openapi-typescript and openapi-fetch, without a cast: what compiles here is what the answers are.
import assert from "node:assert/strict";
import { setTimeout as sleep } from "node:timers/promises";
import createClient from "openapi-fetch";
import type { paths } from "./rollbook.d.ts";

const JOB_SECONDS_MAX = 120;
const POLL_MS = 100;

const baseUrl = process.env.ROLLBOOK_URL;
// Some answers come as CSV or XML too: JSON is what is asked for.
const client = (token?: string) =>
  createClient<paths, "application/json">({ baseUrl, headers: { Authorization: `Bearer ${token}` } });
const studio = client(process.env.STUDIO_TOKEN);
const publisher = client(process.env.PUBLISHER_TOKEN);

/** The answer, or the error as an exception. */
async function ok<T>(answer: Promise<{ data?: T; error?: unknown }>): Promise<T> {
  const { data, error } = await answer;
  if (data === undefined) throw new Error(JSON.stringify(error));
  return data;
}

/** What `ask` answers once it is finished. */
async function finished<T>(ask: () => Promise<T>, isFinished: (found: T) => boolean): Promise<T> {
  const deadline = performance.now() + JOB_SECONDS_MAX * 1000;
  for (;;) {
    const found = await ask();
    if (isFinished(found)) return found;
    if (performance.now() > deadline) throw new Error(`never finished: ${JSON.stringify(found)}`);
    await sleep(POLL_MS);
  }
}

async function reports() {
  const page = await ok(studio.GET("/api/v2/reports/customers/data", {
    params: { query: { limit: 3, columns: ["id", "full_name"] } },
  }));
  assert.ok(page.total > 3);
  const name: string | null | undefined = page.rows[0]?.full_name;
  assert.equal(typeof name, "string");
  assert.deepEqual(page.column_headers.map((header) => header.key), ["id", "full_name"]);

  const grouped = await ok(studio.GET("/api/v2/reports/attendances.grouped/data", {
    params: { query: { columns: ["venue.name", "count"], pivot: "month", max_pivot_columns: 2 } },
  }));
  const cells = Object.values(grouped.rows[0]?.pivot ?? {});
  assert.equal(cells.length, 2);
  const count: number | null | undefined = cells[0]?.count;
  assert.equal(typeof count, "number");

  const invoices = await ok(studio.GET("/api/v2/reports/invoices/data", {
    params: { query: { status: ["open", "paid"], columns: ["id", "status", "total_amount"] } },
  }));
  assert.equal(invoices.rows[0]?.total_amount?.iso_currency_code, "gbp");

  const { error } = await studio.GET("/api/v2/reports/customers/data", { params: { query: { columns: ["nope"] } } });
  assert.equal(error?.code, "parameter_invalid");
  assert.ok(error?.field_errors.columns);
}

async function usage() {
  const held = await ok(studio.GET("/api/v2/reports/customer_memberships/data", {
    params: { query: { limit: 1, columns: ["id"] } },
  }));
  const id = held.rows[0]?.id;
  assert.ok(id);
  const answer = await ok(studio.GET("/api/v2/customer_memberships/{id}/usage", { params: { path: { id } } }));
  assert.ok(answer.usage_periods.every((period) => period.used_count >= 0));
}

async function files() {
  for (const columns of ["id,full_name", ["id", "full_name"]]) {
    const { job: id } = await ok(studio.POST("/api/v2/reports/customers/export", { body: { columns, format: "csv" } }));
    const ask = () => ok(studio.GET("/api/v2/jobs/{id}", { params: { path: { id } } }));
    const done = await finished(ask, (job) => job.status !== "queued" && job.status !== "running");
    assert.equal(done.status, "succeeded");
    assert.ok(done.result_url);
    const file = await fetch(done.result_url);
    assert.equal(file.headers.get("content-type"), "text/csv; charset=utf-8");
  }
}

async function imports() {
  const body = [0, 1, 2].map((number) => ({ id: 9_100_000 + number, name: `Client ${number}` }));
  const outcome = await ok(studio.POST("/api/v1/import/customers", { body }));
  assert.equal(outcome.tables.customers?.inserted, 3);
}

async function exports() {
  const now = Math.floor(Date.now() / 1000);
  const site = { query: { site_id: 1 } };
  const range = { date_from: now - 150 * 86_400, date_to: now };
  const asked = await ok(publisher.POST("/api/v1/core/exports", {
    params: site,
    body: { object: "customers", ...range, columns: ["id"], csv_dialect: "excel" },
  }));
  assert.ok("uuid" in asked);
  const { uuid } = asked;
  const ask = () => ok(publisher.GET("/api/v1/core/exports/{uuid}/status", { params: { ...site, path: { uuid } } }));
  const done = await finished(ask, ({ data }) => data.state !== "queued" && data.state !== "processing");
  assert.equal(done.data.state, "completed");
  const several = await ok(publisher.POST("/api/v1/core/exports", { params: site, body: { objects: ["orders", "refunds"], ...range } }));
  assert.ok(!("uuid" in several));
  const { error } = await publisher.POST("/api/v1/core/exports", { params: site, body: range });
  assert.ok(error?.errors.object);
}

async function books() {
  const months = await ok(publisher.GET("/api/v1/accounting/periods"));
  const month = months.data.at(-2)?.month;
  assert.ok(month);
  const balance = await ok(publisher.GET("/api/v1/accounting/trial_balance", {
    params: { query: { month, currency: "usd" } },
  }));
  assert.equal(balance.data.at(-1)?.closing, 0);
}

for (const part of [reports, usage, files, imports, exports, books]) {
  await part();
  console.log(`  ${part.name}`);
}
