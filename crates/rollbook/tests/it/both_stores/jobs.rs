//! Report files that are made in the background, through a real server. Rule: spec/reports.md §11.

use std::time::{Duration, Instant};

use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use crate::server::{HttpAnswer, Server, TestDataFolder, Worker, run};

const UNLIMITED: &str = "[rate_limit]\nper_minute = 0\n";
const FORMATS: [&str; 7] = ["csv", "tsv", "json", "ndjson", "parquet", "arrow", "xlsx"];
/// Longest time that a job of a test may take, in seconds.
const JOB_SECS_MAX: u64 = 120;

/// Returns customers with texts that need care in a file.
pub(crate) fn customers(count: i64) -> Vec<u8> {
    let names =
        ["Ann \"A\" Lee, Jr", "=1+1", "Zoë 🎉", "007", "two\nlines", "", " spaced ", "-5 x"];
    let row = |id: i64| {
        let name = names[usize::try_from(id).unwrap() % names.len()];
        json!({"id": id, "name": name, "email": format!("c{id}@example.com")}).to_string() + "\n"
    };
    (1..=count).map(row).collect::<String>().into_bytes()
}

fn filled(count: i64, configuration: &str) -> (TestDataFolder, String) {
    let data = TestDataFolder::with_provider();
    data.configure(&format!("{UNLIMITED}{configuration}"));
    let token = data.token(1);
    let server = data.serve();
    let body = customers(count);
    server.import(&token, "customers", "application/x-ndjson", &body).ok();
    (data, token)
}

pub(crate) fn export(server: &Server, token: &str, report: &str, body: &Value) -> HttpAnswer {
    let path = format!("/api/v2/reports/{report}/export");
    let body = body.to_string();
    server.request("POST", &path).token(token).body("application/json", body.as_bytes()).send()
}

pub(crate) fn queued(server: &Server, token: &str, report: &str, body: &Value) -> i64 {
    export(server, token, report, body).ok()["job"].as_i64().unwrap()
}

pub(crate) fn job(server: &Server, token: &str, id: i64) -> Value {
    server.get(token, &format!("/api/v2/jobs/{id}")).ok()
}

fn finished(server: &Server, token: &str, id: i64) -> Value {
    let deadline = Instant::now() + Duration::from_secs(JOB_SECS_MAX);
    loop {
        let job = job(server, token, id);
        if !["queued", "running"].contains(&job["status"].as_str().unwrap()) {
            return job;
        }
        assert!(Instant::now() < deadline, "job {id} does not end: {job}");
        std::thread::yield_now();
    }
}

pub(crate) fn succeeded(server: &Server, token: &str, id: i64) -> Value {
    let job = finished(server, token, id);
    assert_eq!(job["status"], "succeeded", "{job}");
    assert_eq!(job["complete_items"], job["total_items"], "{job}");
    job
}

/// Returns the path of a job's file on this server.
pub(crate) fn link(server: &Server, job: &Value) -> String {
    let url = job["result_url"].as_str().unwrap();
    url.strip_prefix(&server.address).unwrap_or_else(|| panic!("{url}")).to_owned()
}

pub(crate) fn file(server: &Server, job: &Value) -> HttpAnswer {
    let answer = server.request("GET", &link(server, job)).send();
    assert_eq!(answer.status, 200, "{}", answer.text());
    answer
}

pub(crate) fn sha256(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect()
}

#[test]
fn a_job_ends_in_a_file_that_is_the_whole_report_in_every_format() {
    let (data, token) = filled(250, "");
    let server = data.serve();
    for format in FORMATS {
        let columns = ["id", "full_name", "email", "account_credit_balance"];
        let body = json!({"columns": columns, "format": format});
        let job = succeeded(&server, &token, queued(&server, &token, "customers", &body));
        assert_eq!((&job["total_items"], &job["object"]), (&json!(250), &json!("job")), "{format}");
        let answer = file(&server, &job);
        assert_eq!(answer.header("content-type"), job["content_type"].as_str(), "{format}");
        let length = answer.body.len().to_string();
        assert_eq!(answer.header("content-length"), Some(length.as_str()), "{format}");
        let named = format!("filename=\"{}\"", job["file_name"].as_str().unwrap());
        assert!(answer.header("content-disposition").unwrap().contains(&named), "{format}");
        let id = job["id"].as_i64().unwrap();
        let manifest = server.get(&token, &format!("/api/v2/jobs/{id}/manifest")).ok();
        assert_eq!(manifest["sha256"], sha256(&answer.body), "{format}");
        assert_eq!(manifest["bytes"], answer.body.len(), "{format}");
        assert_eq!((&manifest["rows"], &manifest["rev"]), (&json!(250), &job["revision"]));
        assert_eq!(manifest["complete"], true);
        assert_eq!(manifest["totals"]["gbp"]["account_credit_balance"]["count"], 250, "{format}");

        let again = succeeded(&server, &token, queued(&server, &token, "customers", &body));
        assert!(file(&server, &again).body == answer.body, "{format}: other bytes, same revision");
    }
}

#[test]
fn a_file_equals_all_pages_one_after_the_other() {
    let (data, token) = filled(333, "");
    let server = data.serve();
    let (columns, sort) = ("id,full_name,email,created_at", "-full_name,id");
    let mut pages = Vec::new();
    let mut lines = String::new();
    for page in 1..=4 {
        let query = format!("columns={columns}&sort={sort}&page={page}&page_size=100");
        let path = format!("/api/v2/reports/customers/data?{query}");
        pages.extend(server.get(&token, &path).ok()["rows"].as_array().unwrap().clone());
        let csv = server.get(&token, &format!("{path}&format=csv")).text();
        let (head, rows) = csv.split_once("\r\n").unwrap();
        if page == 1 {
            lines.push_str(&format!("{head}\r\n"));
        }
        lines.push_str(rows);
    }
    let asked = |format: &str| json!({"columns": columns, "sort": sort, "format": format});
    let of = |format: &str| {
        let id = queued(&server, &token, "customers", &asked(format));
        file(&server, &succeeded(&server, &token, id))
    };
    let whole = of("json").json();
    assert_eq!(whole["total"], 333);
    assert_eq!(whole["rows"], Value::Array(pages.clone()));
    assert_eq!(of("csv").text(), lines);
    let ndjson = of("ndjson").text();
    let rows: Vec<Value> = ndjson.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(rows, pages);
    let mut walked = Vec::new();
    loop {
        let last = walked.last().map_or(json!(0), |row: &Value| row["id"].clone());
        let path =
            format!("/api/v2/reports/customers/data?columns={columns}&id_gt={last}&limit=70");
        let rows = server.get(&token, &path).ok()["rows"].as_array().unwrap().clone();
        if rows.is_empty() {
            break;
        }
        walked.extend(rows);
    }
    let mut by_id = pages;
    by_id.sort_by_key(|row| row["id"].as_i64());
    assert_eq!(walked, by_id);
}

#[test]
fn the_body_may_come_in_three_spellings_or_not_at_all() {
    let (data, token) = filled(3, "");
    let server = data.serve();
    let path = "/api/v2/reports/customers/export";
    let multipart =
        "--b\r\ncontent-disposition: form-data; name=\"columns\"\r\n\r\nid,email\r\n--b--\r\n";
    for (kind, body) in [
        ("application/json", r#"{"columns":["id","email"]}"#),
        ("application/x-www-form-urlencoded", "columns=id%2Cemail"),
        ("application/x-www-form-urlencoded", "columns[]=id&columns[]=email"),
        ("multipart/form-data; boundary=b", multipart),
    ] {
        let answer = server.request("POST", path).token(&token).body(kind, body.as_bytes()).send();
        let job = succeeded(&server, &token, answer.ok()["job"].as_i64().unwrap());
        let text = file(&server, &job).text();
        assert!(text.starts_with("ID,Email\r\n1,c1@example.com\r\n"), "{kind}: {text}");
    }
    let none = server.request("POST", &format!("{path}?format=ndjson")).token(&token).send();
    let job = succeeded(&server, &token, none.ok()["job"].as_i64().unwrap());
    assert_eq!(job["content_type"], "application/x-ndjson");
    let csv = server.request("POST", path).token(&token).header("Accept", "text/csv").send();
    assert!(csv.text().starts_with("job\r\n"), "{}", csv.text());
}

#[test]
fn an_empty_report_is_a_file_with_a_header() {
    let (data, token) = filled(3, "");
    let server = data.serve();
    let body = json!({"columns": "id,email", "ids": "999"});
    let job = succeeded(&server, &token, queued(&server, &token, "customers", &body));
    assert_eq!((&job["total_items"], &job["progress"]["percent"]), (&json!(0), &json!(100)));
    assert_eq!(file(&server, &job).text(), "ID,Email\r\n");
}

#[test]
fn bad_requests_are_refused_before_there_is_a_job() {
    let (data, token) = filled(3, "");
    let server = data.serve();
    for (body, field) in [
        (json!({"columns": "foo"}), "columns"),
        (json!({"sort": "address"}), "sort"),
        (json!({"format": "xml"}), "format"),
        (json!({"format": ["csv", "json"]}), "format"),
        (json!({"idz": "1"}), "idz"),
        (json!({"ids": "x"}), "ids"),
        (json!({"as_of": "yesterday"}), "as_of"),
        (json!([1]), "non_field_errors"),
    ] {
        let answer = export(&server, &token, "customers", &body);
        assert_eq!(answer.status, 400, "{body}: {}", answer.text());
        let fields = answer.json()["field_errors"].as_object().unwrap().clone();
        assert_eq!(fields.keys().collect::<Vec<_>>(), [field], "{body}");
    }
    let post = |kind: &str, body: &[u8]| {
        let request = server.request("POST", "/api/v2/reports/customers/export").token(&token);
        request.body(kind, body).send()
    };
    assert_eq!(post("application/json", br#"{"ids":1,"ids":2}"#).status, 400);
    assert_eq!(post("text/plain", b"columns=id").status, 415);
    let query = "/api/v2/reports/customers/export?columns=id";
    assert_eq!(server.request("POST", query).token(&token).send().status, 400);
    assert_eq!(export(&server, &token, "nothing", &json!({})).status, 404);
    assert_eq!(server.get(&token, "/api/v2/reports/customers/export").status, 405);
    let many = json!({"page": "0", "limit": "x", "offset": "-1"});
    export(&server, &token, "customers", &many).ok();
    assert_eq!(server.get(&token, "/api/v2/jobs").ok()["count"], 1);
}

#[test]
fn a_link_opens_one_file_in_ranges_and_nothing_else() {
    let (data, token) = filled(200, "");
    let server = data.serve();
    let job = succeeded(&server, &token, queued(&server, &token, "customers", &json!({})));
    let path = link(&server, &job);
    let whole = file(&server, &job);
    let size = whole.body.len();
    let etag = whole.header("etag").unwrap().to_owned();
    let with = |name: &str, value: &str| server.request("GET", &path).header(name, value).send();

    let middle = with("Range", "bytes=10-19");
    assert_eq!((middle.status, middle.body.as_slice()), (206, &whole.body[10..20]));
    assert_eq!(middle.header("content-range"), Some(format!("bytes 10-19/{size}").as_str()));
    let rest = with("Range", &format!("bytes={}-", size - 5));
    assert_eq!((rest.status, rest.body.as_slice()), (206, &whole.body[size - 5..]));
    let outside = with("Range", &format!("bytes={size}-"));
    assert_eq!(outside.status, 416);
    assert_eq!(outside.header("content-range"), Some(format!("bytes */{size}").as_str()));
    assert_eq!(outside.json()["code"], "range_not_satisfiable");
    assert_eq!(with("Range", "bytes=0-1,4-5").body, whole.body);
    assert_eq!(with("If-None-Match", &etag).status, 304);
    for (tag, status) in [(etag.as_str(), 206), ("\"other\"", 200)] {
        let request = server.request("GET", &path).header("Range", "bytes=0-1");
        assert_eq!(request.header("If-Range", tag).send().status, status, "{tag}");
    }
    let packed = with("Accept-Encoding", "gzip");
    assert_eq!((packed.header("content-encoding"), &packed.body), (None, &whole.body));
    let head = server.request("HEAD", &path).send();
    assert_eq!((head.status, head.header("content-length")), (200, whole.header("content-length")));

    let (base, query) = path.split_once('?').unwrap();
    let (expires, signature) = query.split_once('&').unwrap();
    let later = expires.replace("expires=1", "expires=2");
    let other = queued(&server, &token, "customers", &json!({"columns": "id"}));
    succeeded(&server, &token, other);
    for (wrong, why) in [
        (format!("{base}?{later}&{signature}"), "another time"),
        (format!("{base}?{expires}&signature=AAAA"), "another signature"),
        (base.to_owned(), "no signature"),
        (format!("/api/v2/jobs/{other}/result?{query}"), "another job"),
    ] {
        let answer = server.request("GET", &wrong).send();
        assert_eq!(
            (answer.status, answer.json()["code"].as_str()),
            (404, Some("not_found")),
            "{why}"
        );
    }
}

#[test]
fn jobs_are_their_providers_and_are_listed_newest_first() {
    let (data, token) = filled(3, "");
    data.add_provider(2, "UTC", "eur");
    let stranger = data.token(2);
    let server = data.serve();
    let ids: Vec<i64> = ["customers", "invoices", "customers"]
        .iter()
        .map(|report| queued(&server, &token, report, &json!({})))
        .collect();
    ids.iter().for_each(|id| drop(succeeded(&server, &token, *id)));
    let list = |path: &str| {
        let page = server.get(&token, path).ok();
        let ids = page["results"].as_array().unwrap().iter().map(|job| job["id"].as_i64().unwrap());
        (page["count"].as_i64().unwrap(), ids.collect::<Vec<_>>())
    };
    assert_eq!(list("/api/v2/jobs"), (3, vec![ids[2], ids[1], ids[0]]));
    assert_eq!(list("/api/v2/jobs?report=customers"), (2, vec![ids[2], ids[0]]));
    assert_eq!(list("/api/v2/jobs?status=queued,running"), (0, vec![]));
    assert_eq!(list("/api/v2/jobs?page=2&page_size=2"), (3, vec![ids[0]]));
    assert_eq!(server.get(&token, "/api/v2/jobs?status=done").status, 400);
    for path in [format!("/api/v2/jobs/{}", ids[0]), format!("/api/v2/jobs/{}/manifest", ids[0])] {
        assert_eq!(server.get(&stranger, &path).status, 404);
    }
    assert_eq!(server.get(&stranger, "/api/v2/jobs").ok()["count"], 0);
    for id in ["0", "99", "x", "-1", "9007199254740993"] {
        assert_eq!(server.get(&token, &format!("/api/v2/jobs/{id}")).status, 404, "{id}");
    }
}

#[test]
fn the_same_key_asks_once() {
    let (data, token) = filled(3, "");
    let server = data.serve();
    let ask = |body: &Value| {
        let request = server.request("POST", "/api/v2/reports/customers/export").token(&token);
        let request = request.header("Idempotency-Key", "k-1");
        request.body("application/json", body.to_string().as_bytes()).send()
    };
    let first = ask(&json!({"columns": "id"})).ok();
    assert_eq!(ask(&json!({"columns": "id"})).ok(), first);
    let other = ask(&json!({"columns": "email"}));
    assert_eq!((other.status, other.json()["code"].as_str()), (409, Some("idempotency_conflict")));
    assert_eq!(server.get(&token, "/api/v2/jobs").ok()["count"], 1);
}

#[test]
fn a_link_has_one_spelling_and_room_for_so_many_requests_of_its_own() {
    let (data, token) = filled(3, "");
    let server = data.serve();
    let jobs = [(); 2].map(|()| {
        let job = queued(&server, &token, "customers", &json!({}));
        succeeded(&server, &token, job)
    });
    let [path, other] = [0, 1].map(|n| link(&server, &jobs[n]));
    for wrong in ["expires=%2B", "expires=0", "expires=%20", "expires=-"] {
        let answer = server.request("GET", &path.replace("expires=", wrong)).send();
        assert_eq!((answer.status, &answer.json()["code"]), (404, &json!("not_found")), "{wrong}");
    }
    drop(server);
    data.configure("[rate_limit]\nper_minute = 3\n");
    let server = data.serve();
    let get = |path: &str| server.request("GET", path).send();
    for _ in 0..3 {
        assert_eq!(get(&path).status, 200);
    }
    let refused = get(&path);
    assert_eq!((refused.status, &refused.json()["code"]), (429, &json!("throttled")));
    assert!(refused.header("retry-after").is_some());
    assert_eq!(get(&other).status, 200, "another file's link");
    assert_eq!(server.get(&token, "/api/v2/jobs").status, 200, "whoever has a token");
}

#[test]
fn the_owner_of_a_file_ends_its_links() {
    let (data, token) = filled(3, "");
    data.add_provider(2, "UTC", "usd");
    let stranger = data.token(2);
    let server = data.serve();
    let job = succeeded(&server, &token, queued(&server, &token, "customers", &json!({})));
    let (path, file) = (format!("/api/v2/jobs/{}", job["id"]), link(&server, &job));
    let remove = |token: &str| server.request("DELETE", &path).token(token).send();
    assert_eq!(remove(&stranger).status, 404);
    assert_eq!(server.request("GET", &file).send().status, 200);
    for _ in 0..2 {
        let removed = remove(&token).ok();
        assert_eq!((&removed["status"], &removed["result_url"]), (&json!("expired"), &Value::Null));
    }
    let gone = server.request("GET", &file).send();
    assert_eq!((gone.status, &gone.json()["code"]), (404, &json!("not_found")));
    assert_eq!(server.get(&token, &format!("{path}/manifest")).status, 200);
}

#[test]
fn without_workers_jobs_wait_are_bounded_and_can_be_canceled_and_a_worker_does_them() {
    let (data, token) = filled(40, "[jobs]\nwork_in_server = false\n");
    let server = data.serve();
    let ids: Vec<i64> = (0..7).map(|_| queued(&server, &token, "customers", &json!({}))).collect();
    let refused = export(&server, &token, "customers", &json!({}));
    assert_eq!((refused.status, refused.header("retry-after")), (429, Some("30")));
    assert_eq!(refused.json()["code"], "too_many_exports");
    let waiting = server.get(&token, &format!("/api/v2/jobs/{}", ids[3]));
    assert_eq!(waiting.header("retry-after"), Some("2"));
    assert_eq!(waiting.json()["progress"]["queue_position"], 3);
    assert_eq!(waiting.json()["result_url"], Value::Null);
    let cancel =
        |id: i64| server.request("POST", &format!("/api/v2/jobs/{id}/cancel")).token(&token).send();
    let early = server.request("DELETE", &format!("/api/v2/jobs/{}", ids[1])).token(&token).send();
    assert_eq!((early.status, &early.json()["code"]), (409, &json!("conflict")));
    assert_eq!(cancel(ids[0]).ok()["status"], "canceled");
    assert_eq!(cancel(ids[0]).ok()["status"], "canceled");
    let worker = Worker::start(&data);
    for id in &ids[1..] {
        let job = succeeded(&server, &token, *id);
        assert_eq!(file(&server, &job).text().lines().count(), 46);
    }
    assert_eq!(job(&server, &token, ids[0])["status"], "canceled");
    let late = cancel(ids[1]);
    assert_eq!((late.status, late.json()["code"].as_str()), (409, Some("conflict")));
    drop(worker);
}

/// Default columns have lists inside rows, joins and sums. With little memory for plans, files of
/// them are made all the same, and a file of many rows needs hardly more memory than one of few.
#[test]
fn files_with_default_columns_need_little_memory() {
    const MEMORY_GROWS_MAX: u64 = 100 << 20;
    let data = TestDataFolder::with_provider();
    data.configure(&format!("{UNLIMITED}[engine]\nmemory = \"48MiB\"\n"));
    let made = tempfile::tempdir().unwrap();
    let rows = made.path().join("rows").to_str().unwrap().to_owned();
    run(&[
        "demo",
        "--shape",
        "memberships",
        "--rows",
        "20000",
        "--providers",
        "1",
        "--write",
        &rows,
    ]);
    run(&["import", "--data", data.path(), "--provider", "1", &format!("{rows}/provider-1")]);
    let token = data.token(1);
    let server = data.serve();
    let reports = server.get(&token, "/api/v2/reports").ok();
    let before = server.memory().1;
    let mut rows = 0;
    for report in reports["results"].as_array().unwrap() {
        let name = report["name"].as_str().unwrap();
        if name.ends_with(".grouped") {
            continue;
        }
        let id = queued(&server, &token, name, &json!({"format": "csv"}));
        rows += succeeded(&server, &token, id)["total_items"].as_u64().unwrap();
    }
    assert!(rows >= 25_000, "memberships and customers have {rows} rows");
    let grown = server.memory().1.saturating_sub(before);
    assert!(grown < MEMORY_GROWS_MAX, "memory grew by {} MiB", grown >> 20);
}

/// The server and a worker beside it are killed at random moments while jobs run. Every job ends
/// with a complete file, and links never give a partial one.
#[test]
fn killed_servers_and_workers_lose_no_job_and_leave_no_half_file() {
    const ROUNDS: usize = 12;
    let (data, token) = filled(6000, "[jobs]\nlease_s = 5\nmax_running = 2\nattempts_max = 1000\n");
    let mut random = ChaCha8Rng::seed_from_u64(20_261_121);
    let mut server = data.serve();
    let expected = {
        let id = queued(&server, &token, "customers", &json!({"columns": "id,full_name,email"}));
        file(&server, &succeeded(&server, &token, id)).body
    };
    let mut asked = Vec::new();
    for round in 0..ROUNDS {
        for format in ["csv", "csv"] {
            let body = json!({"columns": "id,full_name,email", "format": format});
            let answer = export(&server, &token, "customers", &body);
            if answer.status == 200 {
                asked.push(answer.json()["job"].as_i64().unwrap());
            }
        }
        let mut worker = (round % 3 == 0).then(|| Worker::start(&data));
        // The sleep waits for nothing: the moment of the kill is what varies.
        std::thread::sleep(Duration::from_millis(random.random_range(0..400)));
        server.kill();
        if let Some(worker) = &mut worker {
            worker.kill();
        }
        server = server.restart();
    }
    assert!(asked.len() > ROUNDS / 2, "most rounds must queue something");
    for id in asked {
        let job = succeeded(&server, &token, id);
        assert!(file(&server, &job).body == expected, "job {id} has another file");
    }
    let unfinished = data.folder.path().join("files/making");
    drop(server);
    assert!(unfinished.exists());
    let published = std::fs::read_dir(data.folder.path().join("files")).unwrap();
    let published = published.map(|entry| entry.unwrap().path());
    let published = published.filter(|path| path.is_dir() && !path.ends_with("making"));
    assert!(published.count() >= 1);
}
