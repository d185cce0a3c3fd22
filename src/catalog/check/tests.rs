//! What a check can expect, and what is refused.

use super::*;

fn check(toml: &str) -> Result<CheckSpec, String> {
    toml::from_str(toml).map_err(|error| error.message().to_owned())
}

const HTTP: &str = "http = { endpoint = 'api', path = '/' }";

#[test]
fn a_check_has_one_probe_and_expects_what_the_probe_can_show() {
    for (toml, refused) in [
        ("within = '5s'", "a check needs one of: http, command, file, tcp, metric, kubernetes"),
        (
            "tcp = { endpoint = 'a' }\nfile = { path = 'b' }",
            "a check has exactly one probe, this one has file and tcp",
        ),
        (
            "tcp = { endpoint = 'a' }\nexpect = { status = 200 }",
            "`expect.status` means nothing for a tcp probe, which takes open",
        ),
        (
            "file = { path = 'a' }\nexpect = { exists = false, text = 'x' }",
            "`expect.text` means nothing beside `exists = false`",
        ),
        (
            "http = { endpoint = 'a', path = '/', body = 'b', json = 1 }",
            "a request has one body: `body` or `json`",
        ),
        (
            "kubernetes = { kind = 'pods', name = 'a', selector = 'b' }",
            "an object has a `name`, a list has a `selector`: not both",
        ),
    ] {
        assert_eq!(check(toml).unwrap_err().trim(), refused, "{toml}");
    }
    assert!(check(&format!("{HTTP}\nwhithin = '5s'")).unwrap_err().contains("unknown field"));
}

#[test]
fn a_deadline_has_two_names() {
    for key in ["within", "timeout"] {
        let check = check(&format!("{HTTP}\n{key} = '2s'")).unwrap();
        assert_eq!(check.within.map(|within| within.to_string()).as_deref(), Some("2s"));
    }
}

#[test]
fn what_is_written_as_json_is_what_was_read() {
    for toml in [
        "http = { endpoint = 'a', path = '/', method = 'POST', json = { n = 1 }, repeat = 2 }\n\
         expect = { status = 200, headers = { x = 'y' }, body = { contains = 'a' } }",
        "command = { argv = ['a'], stdin = 'b' }\nexpect = { exit = 2, json = { '/a' = 1 } }",
        "file = { path = 'a' }\nexpect = { exists = false }",
        "file = { path = 'a' }\nexpect = { sha256 = 'x', toml = { '/a' = { ge = 1 } } }",
        "tcp = { endpoint = 'a' }\nexpect = { open = false }\ndisturbs = true\nbecause = 'b'",
        "metric = { endpoint = 'a', name = 'n', during = ['t'] }\nexpect = { value = 3 }",
        "kubernetes = { kind = 'pods', selector = 'a=b' }\nexpect = { json = { '/a' = 1 } }",
    ] {
        let first = serde_json::to_value(check(toml).unwrap()).unwrap();
        let again: CheckSpec = serde_json::from_value(first.clone()).unwrap();
        assert_eq!(serde_json::to_value(again).unwrap(), first, "{toml}");
        for key in toml.split([' ', '\n']).filter(|word| word.chars().all(char::is_alphanumeric)) {
            assert!(first.to_string().contains(key), "{key} is lost: {first}");
        }
    }
}

#[test]
fn every_check_that_cannot_be_read_is_reported_at_its_place() {
    let text = "schema = 2\nid = 'x'\ntitle = ''\nsummary = ''\ndevops = ''\nlevel = 'beginner'\n\
        minutes = 1\ntools = []\n[runtime.local]\n[endpoint.a]\nlocal = 'http://127.0.0.1:1'\n\
        [[step]]\nid = 'one'\ntitle = ''\ntext = ''\nsolution = { run = [['true']] }\n\
        hints = [{ when = { check = 1 }, text = 'x' }]\n\
        check = [{ tcp = { endpoint = 'a' }, expect = { status = 1 } }, { because = 'x' }]\n\
        [[step]]\nid = 'two'\ntitle = ''\ntext = ''\nsolution = { run = [['true']] }\n\
        [[step.check]]\nfile = { path = 'x' }\n[[step.check]]\nfile = { path = 'x' }\n\
        expect = { open = true }\n";
    let places: Vec<_> = crate::catalog::parse::problems(text, "lab.toml")
        .into_iter()
        .map(|problem| format!("{}: {}", problem.place(text), problem.message))
        .collect();
    let [first, second, third] = &places[..] else { panic!("{places:#?}") };
    assert!(first.starts_with("lab.toml:18:10: `expect.status` means nothing"), "{first}");
    assert!(second.starts_with("lab.toml:18:65: a check needs one of"), "{second}");
    assert!(third.starts_with("lab.toml:26:1: `expect.open` means nothing"), "{third}");
}
