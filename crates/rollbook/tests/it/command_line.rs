//! The command line. Rule: spec/product.md, "Command line".

use crate::server::{TestDataFolder, program, run};

#[test]
fn a_second_server_on_the_same_folder_says_that_it_is_in_use() {
    let data = TestDataFolder::with_provider();
    let server = data.serve();
    let second = program()
        .args(["serve", "--listen", "127.0.0.1:0", "--data", data.path()])
        .output()
        .unwrap();
    assert_eq!(second.status.code(), Some(1));
    let said = String::from_utf8(second.stderr).unwrap();
    assert!(said.contains("in use"), "{said}");
    assert_eq!(server.request("GET", "/healthz").send().status, 200);
}

#[test]
fn commands_read_and_write_beside_a_running_server() {
    let data = TestDataFolder::with_provider();
    let token = data.token(1);
    let server = data.serve();
    let file = data.folder.path().join("customers.csv");
    std::fs::write(&file, "id,name\n1,Ann\n2,Bob\n").unwrap();
    let file = file.to_str().unwrap();
    run(&["import", "--data", data.path(), "--provider", "1", file]);
    let page = server.get(&token, "/api/v2/reports/customers/data?columns=full_name").ok();
    assert_eq!(page["total"], 2);
    let arguments = ["report", "customers", "--data", data.path(), "--provider", "1"];
    let csv = run(&[&arguments[..], &["--columns", "full_name", "--format", "csv"]].concat());
    assert_eq!(csv, "ID,Full Name\r\n1,Ann\r\n2,Bob\r\n");
    let late = data.token_with(&["--provider", "1", "--read-only"]);
    assert_eq!(server.get(&late, "/api/v2/reports/customers/data").status, 200);
    let refused = server.import(&late, "customers", "text/csv", b"id\n3\n");
    assert_eq!(refused.status, 403);
}

#[test]
fn wrong_usage_exits_with_2_and_failures_with_1() {
    for (arguments, code) in [
        (&["no-such-command"][..], 2),
        (&["report"][..], 2),
        (&["report", "customers", "--data", "/nonexistent/folder", "--provider", "1"][..], 1),
    ] {
        let output = program().args(arguments).output().unwrap();
        assert_eq!(output.status.code(), Some(code), "{arguments:?}");
        assert!(!output.stderr.is_empty());
    }
}

#[test]
fn names_and_addresses_are_one_line_and_addresses_are_addresses() {
    let data = TestDataFolder::with_provider();
    let tried = |arguments: &[&str]| {
        let output = program().args(arguments).args(["--data", data.path()]).output().unwrap();
        (output.status.code(), String::from_utf8(output.stderr).unwrap())
    };
    let token = ["token", "create", "--provider", "1"];
    for email in [
        "ann@example.com\r\nBcc: eve@example.com",
        "ann",
        "@",
        "",
        "a@b.example, c@d.example",
        "Ann <a@b.example>",
    ] {
        let (code, said) = tried(&[&token[..], &["--email", email]].concat());
        assert_eq!(code, Some(2), "{email:?}");
        assert!(said.contains("as in ann@example.com"), "{said}");
    }
    for name in ["", " ", "a\nb", "a\r\nSubject: b", "a\tb", "\u{85}"] {
        for arguments in [
            &["provider", "create", "--id", "2", "--name", name][..],
            &["provider", "set", "--id", "1", "--name", name],
            &[&token[..], &["--name", name]].concat()[..],
        ] {
            let (code, said) = tried(arguments);
            assert_eq!(code, Some(2), "{arguments:?}");
            assert!(said.contains("one line of text"), "{said}");
        }
    }
    assert_eq!(run(&["token", "list", "--data", data.path(), "--format", "json"]).trim(), "[]");
    let (code, said) =
        tried(&["provider", "set", "--id", "1", "--name", "Ann & Bob’s Studio, 2nd"]);
    assert_eq!(code, Some(0), "{said}");
    let (code, said) = tried(&[&token[..], &["--email", "ann+x@mail.example.com"]].concat());
    assert_eq!(code, Some(0), "{said}");
}

#[test]
fn a_bad_import_names_the_line_and_stores_nothing() {
    let data = TestDataFolder::with_provider();
    let file = data.folder.path().join("customers.csv");
    std::fs::write(&file, "id,name,date_of_birth\n1,Ann,2024-02-30\n").unwrap();
    let file = file.to_str().unwrap();
    let output = program()
        .args(["import", "--data", data.path(), "--provider", "1", file])
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(1));
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(said.contains("date_invalid") && said.contains("line 2"), "{said}");
    let arguments = ["report", "customers", "--data", data.path(), "--provider", "1"];
    let csv = run(&[&arguments[..], &["--columns", "full_name", "--format", "csv"]].concat());
    assert_eq!(csv, "ID,Full Name\r\n");
}

#[test]
fn an_import_says_what_to_do_with_files_that_it_cannot_take_and_warns_of_small_amounts() {
    let data = TestDataFolder::with_provider();
    let folder = tempfile::tempdir().unwrap();
    let import = |name: &str, content: &str| {
        let file = folder.path().join(name);
        std::fs::write(&file, content).unwrap();
        let mut program = program();
        program.args(["import", "--data", data.path(), "--provider", "1"]).arg(file);
        let output = program.output().unwrap();
        (output.status.code(), String::from_utf8(output.stderr).unwrap())
    };
    for (name, content, said) in [
        ("members.xlsx", "PK", "workbooks are not read: save each sheet as \"CSV UTF-8\""),
        ("customer.csv", "id\n1\n", "rename it after its table, as in customers.csv"),
        ("members.csv", "id\n1\n", "cannot tell which table"),
        ("customers.csv", "id;name\n1;Ann\n", "separated by semicolons"),
        ("customers.csv", "id,First Name\n1,Ann\n", "did you mean \"first_name\"?"),
        (
            "customers.csv",
            "id,date_of_birth\n1,29/02/1992\n",
            "write dates as YYYY-MM-DD: 1992-02-29",
        ),
    ] {
        let (code, errors) = import(name, content);
        assert_eq!(code, Some(1), "{name}: {errors}");
        assert!(errors.contains(said), "{name}: {errors}");
    }
    let small = "id,name,type,price,currency\n1,Gold,recurring,45,gbp\n";
    let (code, errors) = import("memberships.csv", small);
    assert_eq!(code, Some(0), "{errors}");
    assert!(errors.contains("warning: memberships: the only amount is below 1.00 GBP"), "{errors}");
}

#[test]
fn a_folder_stands_for_its_files_and_nothing_in_it_is_passed_over() {
    let data = TestDataFolder::with_provider();
    let folder = data.folder.path().join("in");
    let import = |arguments: &[&str]| {
        let all = [&["import", "--data", data.path(), "--provider", "1"], arguments].concat();
        let output = program().args(&all).output().unwrap();
        (output.status.code(), String::from_utf8(output.stderr).unwrap())
    };
    std::fs::create_dir_all(folder.join("more")).unwrap();
    std::fs::write(folder.join("customers.csv"), "id,name\n1,Ann\n").unwrap();
    std::fs::write(folder.join("more/sites.csv"), "id,name\n1,North\n").unwrap();
    let (code, said) = import(&[folder.to_str().unwrap()]);
    assert_eq!(code, Some(1), "{said}");
    assert!(said.contains("has folders inside") && said.contains("in/more"), "{said}");
    let inner = folder.join("provider-1");
    std::fs::rename(folder.join("more"), &inner).unwrap();
    let (code, said) = import(&[folder.to_str().unwrap()]);
    assert_eq!(code, Some(0), "{said}");
    let arguments = ["report", "customers", "--data", data.path(), "--provider", "1"];
    let csv = run(&[&arguments[..], &["--columns", "full_name", "--format", "csv"]].concat());
    assert_eq!(csv, "ID,Full Name\r\n", "the provider's own folder is read, not its neighbours");
}

#[test]
fn help_lists_permissions_and_shows_defaults_only_where_they_hold() {
    let token = run(&["token", "create", "--help"]);
    for name in ["accounting", "exports", "import", "super_admin", "customer_payments"] {
        assert!(token.contains(name), "{token}");
    }
    let create = run(&["provider", "create", "--help"]);
    assert!(create.contains("--timezone UTC --currency usd"), "{create}");
    let set = run(&["provider", "set", "--help"]);
    assert!(!set.contains("default"), "{set}");
}
