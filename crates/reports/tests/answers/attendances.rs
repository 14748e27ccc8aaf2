//! attendances. Rule: spec/reports.md §17.5.

use futures::executor::block_on;
use mirror::MirrorSession;
use reports::{ReportError, RequestContext};

use crate::answers::{NOW, cell, ids, keys, query, rows};
use testkit::literal_tables::{instant, session};

const CLASSES: &str = "
customers
 id | name | email
 1  | Ann  | a@x
 2  | Bo   | -

sites
 id | name
 4  | North

offering_types
 id | name
 6  | Yoga

instructors
 id | name
 1  | Ira
 2  | Lea
 3  | Ira

booking_sources
 id | name
 9  | App

memberships
 id | name
 7  | Gold

customer_memberships
 id | membership_id
 11 | 7

events
 id | offering_type_id | site_id | name    | kind           | starts_at            | ends_at              | status    | instructor_ids
 1  | 6                | 4       | Morning | class          | 2026-02-01T08:00:00Z | 2026-02-01T09:00:00Z | active    | [2, 8, 1]
 2  | 6                | -       | Evening | appointment    | 2026-02-14T12:00:00Z | 2026-02-14T13:00:00Z | active    | []
 3  | 5                | 4       | Later   | class          | 2026-02-14T12:00:01Z | 2026-02-14T13:00:00Z | active    | [3]
 4  | 6                | 4       | Course  | course_session | 2026-01-01T08:00:00Z | 2026-01-01T09:00:00Z | active    | [1]
 5  | 6                | 4       | Off     | class          | 2026-01-02T08:00:00Z | 2026-01-02T09:00:00Z | cancelled | [1]
 6  | 6                | 4       | Noon    | class          | 2026-02-02T12:00:00Z | 2026-02-02T13:00:00Z | active    | [1]

attendances
 id | customer_id | event_id | customer_membership_id | status         | booking_method | booking_source_id | checked_in_at        | updated_at
 21 | 1           | 1        | 11                     | attended       | membership     | 9                 | 2026-02-01T07:55:00Z | 2026-02-01T09:00:00Z
 22 | 2           | 1        | -                      | attended       | dropin         | -                 | -                    | 2026-02-01T09:00:00Z
 23 | 1           | 2        | 12                     | registered     | free           | 8                 | -                    | 2026-02-02T09:00:00Z
 24 | 1           | 3        | -                      | registered     | dropin         | 9                 | -                    | 2026-02-03T09:00:00Z
 25 | 2           | 4        | -                      | attended       | dropin         | -                 | -                    | 2026-02-01T09:00:00Z
 26 | 2           | 5        | -                      | attended       | dropin         | -                 | -                    | 2026-02-01T09:00:00Z
 27 | 1           | 6        | -                      | late_cancelled | dropin         | -                 | -                    | 2026-02-01T09:00:00Z
 28 | 3           | 6        | -                      | no_show        | dropin         | -                 | -                    | 2026-02-01T09:00:00Z
";

#[test]
fn every_column_has_its_source() {
    let session = session(CLASSES);
    let shown = rows(&session, "attendances", "limit=3");
    let expected = [
        "21 | 2026-02-01T09:00:00Z | 1 | Ann | a@x | - | 1 | 2026-02-01T08:00:00Z | \
         2026-02-01T09:00:00Z | Morning | 6 | Yoga | 4 | North | [{id 2, name Lea}; {id 8, name \
         -}; {id 1, name Ira}] | membership | 11 | 7 | Gold | App | attended | \
         2026-02-01T07:55:00Z | true",
        // An earlier course session was the first.
        "22 | 2026-02-01T09:00:00Z | 2 | Bo | - | - | 1 | 2026-02-01T08:00:00Z | \
         2026-02-01T09:00:00Z | Morning | 6 | Yoga | 4 | North | [{id 2, name Lea}; {id 8, name \
         -}; {id 1, name Ira}] | dropin | - | - | - | - | attended | - | false",
        "23 | 2026-02-02T09:00:00Z | 1 | Ann | a@x | - | 2 | 2026-02-14T12:00:00Z | \
         2026-02-14T13:00:00Z | Evening | 6 | Yoga | - | - | [] | free | 12 | - | - | - | \
         registered | - | false",
    ];
    assert_eq!(shown, expected);
    assert_eq!(cell(&session, "attendances", 28, "is_first_attendance"), "false");
}

#[test]
fn filters_keep_their_rows() {
    let session = session(CLASSES);
    for (filter, expected) in [
        ("", "21 22 23 27 28"),
        ("include_future=true", "21 22 23 24 27 28"),
        ("include_future=false", "21 22 23 27 28"),
        ("event_timeframe=future", ""),
        ("event_timeframe=future&include_future=1", "24"),
        ("event_start_gte=2026-02-14T12:00:01Z", ""),
        ("as_of=2026-02-01", ""),
        ("as_of=2026-02-01T08:00:00Z", "21 22"),
        ("customers=2", "22"),
        ("customer_memberships=11,12", "21 23"),
        ("memberships=7", "21"),
        ("status=attended", "21 22"),
        ("attendance_status=no_show,late_cancelled", "27 28"),
        ("status=attended,no_show&attendance_status=no_show", "28"),
        ("booking_methods=free,membership", "21 23"),
        ("booking_sources=9", "21"),
        ("booking_sources=none", "22 27 28"),
        ("booking_sources=8,none", "22 23 27 28"),
        ("event_types=appointment", "23"),
        ("event_types=CLASS", "21 22 27 28"),
        ("instructors=1", "21 22 27 28"),
        ("instructors=2,7", "21 22"),
        ("instructors=3&include_future=true", "24"),
        ("offering_types=5&include_future=true", "24"),
        ("venues=4", "21 22 27 28"),
        ("updated_at_gte=2026-02-02", "23"),
        ("updated_at_lte=2026-02-01", "21 22 27 28"),
        ("event_start_gte=2026-02-02", "23 27 28"),
        ("event_start_lte=2026-02-01", "21 22"),
        ("event_timeframe=2026-02-02", "27 28"),
        ("id_gt=22", "23 27 28"),
    ] {
        assert_eq!(ids(&session, "attendances", filter), expected, "{filter}");
    }
}

#[test]
fn columns_sort_and_the_misspelt_one_is_known_by_both_spellings() {
    let session = session(CLASSES);
    for (sort, expected) in [
        ("-event,-id", "28 27 22 21 23"),
        ("-event.starts_at", "23 27 28 21 22"),
        ("venue,-id", "28 27 22 21 23"),
        ("-is_first_attendance,status", "21 22 27 28 23"),
        ("checkin_occurred_at", "21 22 23 27 28"),
        ("-booking_source,booking_method,-id", "21 28 27 22 23"),
    ] {
        assert_eq!(ids(&session, "attendances", &format!("sort={sort}")), expected, "{sort}");
    }
    for name in ["checkin", "checkin_ocurred_at", "checkin.occurred_at", "checkin.ocurred_at"] {
        let page =
            crate::answers::request_page(&session, "attendances", &format!("columns={name}"));
        assert_eq!(keys(&page).join(" "), "id customer.id checkin.ocurred_at", "{name}");
        assert_eq!(page.headers[2].label, "Checkin Occurred At");
    }
}

/// Returns the number of rows that match for a caller with this name, or the field that is refused.
fn asked_by(session: &MirrorSession, name: Option<&str>, text: &str) -> Result<u64, String> {
    let identity_name = name.map(str::to_owned);
    let context =
        RequestContext { now: instant(NOW), page_size_max: 100, caller_name: identity_name };
    let report = reports::find_report("attendances").unwrap();
    let first = |errors: reports::FieldErrors| errors.0.into_keys().collect::<Vec<_>>().join(" ");
    let page = reports::parse_page(report, &query(text), session.provider(), &context);
    let file = reports::parse_file(report, &query(text), session.provider(), &context);
    let (page, file) = (page.map_err(first)?, file.map_err(first)?);
    let checked = block_on(reports::check_file(session, &file));
    match block_on(reports::run_page(session, &page)) {
        Ok(page) => {
            let rows = block_on(reports::open_rows(session, &file)).unwrap();
            assert!(checked.is_ok() && rows.total == page.total);
            Ok(page.total)
        }
        Err(ReportError::Refused(errors)) => {
            assert!(matches!(checked, Err(ReportError::Refused(_))));
            Err(first(errors))
        }
        Err(error) => panic!("{error:?}"),
    }
}

#[test]
fn me_is_the_instructor_with_the_name_of_whoever_asks() {
    let session = session(CLASSES);
    for (name, text, expected) in [
        (Some("Lea"), "instructors=me", Ok(2)),
        (Some("Lea"), "instructors=ME,1", Ok(4)),
        (Some("Ira"), "instructors=me&include_future=true", Ok(5)),
        (Some("lea"), "instructors=me", Err("instructors".to_owned())),
        (Some("Nobody"), "instructors=me,1", Err("instructors".to_owned())),
        (None, "instructors=me", Err("instructors".to_owned())),
        (None, "instructors=2", Ok(2)),
        (Some("Lea"), "instructors=0", Err("instructors".to_owned())),
        (Some("Lea"), "instructors=us", Err("instructors".to_owned())),
    ] {
        assert_eq!(asked_by(&session, name, text), expected, "{name:?} {text}");
    }
}
