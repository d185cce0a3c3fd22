//! Verdicts over a world that is a value.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::io;
use std::path::Path;
use std::time::{Duration, Instant};

use super::*;
use crate::catalog::manifest::RuntimeKind;
use crate::platform::listening::{Holder, Socket};
use crate::platform::net::{Request, Response, Unreachable};
use crate::platform::process::{Captured, Command, Ended, NotRun};

#[derive(Default)]
struct Fake {
    http: RefCell<Vec<Result<Response, Unreachable>>>,
    run: RefCell<Vec<Result<Captured, NotRun>>>,
    file: Option<&'static [u8]>,
    tcp: Option<Unreachable>,
}

impl World for Fake {
    fn http(&self, _: &Request) -> Result<Response, Unreachable> {
        self.http.borrow_mut().remove(0)
    }
    fn run(&self, _: &Command) -> Result<Captured, NotRun> {
        self.run.borrow_mut().remove(0)
    }
    fn read(&self, _: &Path, _: &str) -> io::Result<Vec<u8>> {
        self.file.map(<[u8]>::to_vec).ok_or_else(|| io::ErrorKind::NotFound.into())
    }
    fn connect(&self, _: &str, _: Duration) -> Result<(), Unreachable> {
        self.tcp.clone().map_or(Ok(()), Err)
    }
    fn listening(&self, _: &str, _: u16) -> Option<Vec<Socket>> {
        assert!(self.tcp.is_none(), "nothing listens at a port that is closed");
        None
    }
    fn spare_port(&self) -> Option<u16> {
        Some(10_001)
    }
    fn now(&self) -> Instant {
        Instant::now()
    }
}

/// A lab of which something runs, on a system that shows no listeners.
fn own() -> Own {
    let (mark, variables) = (None, BTreeMap::new());
    Own { kind: RuntimeKind::Local, mark, leaders: vec![1], user: 0, containers: false, variables }
}

fn answer(status: u16, body: &str) -> Result<Response, Unreachable> {
    Ok(Response {
        status,
        headers: vec![("content-type".to_owned(), "text/plain".to_owned())],
        body: body.as_bytes().to_vec(),
    })
}

fn ran(ended: Ended, stdout: &str, stderr: &str) -> Result<Captured, NotRun> {
    let (stdout, stderr) = (stdout.as_bytes().to_vec(), stderr.as_bytes().to_vec());
    Ok(Captured { ended, stdout, stderr, truncated: false, took: Duration::from_millis(1) })
}

fn check(toml: &str) -> CheckSpec {
    toml::from_str(toml).unwrap()
}

fn context() -> Context {
    let endpoints = [("api".to_owned(), "http://127.0.0.1:1".to_owned())].into();
    let logins = BTreeMap::new();
    Context { root: "/project".into(), endpoints, logins, env: Vec::new(), own: own() }
}

fn verdict(toml: &str, world: &Fake) -> Verdict {
    judge(&check(toml), &context(), world)
}

/// The same for a lab that is in a cluster.
fn verdict_there(toml: &str, world: &Fake) -> Verdict {
    let env = [("MLOPS_LAB_KUBECONTEXT", "kind-dev"), ("MLOPS_LAB_NAMESPACE", "lab")];
    let env = env.map(|(name, value)| (name.into(), value.into())).to_vec();
    judge(&check(toml), &Context { endpoints: BTreeMap::new(), env, ..context() }, world)
}

fn http(toml: &str, answers: Vec<Result<Response, Unreachable>>) -> Verdict {
    verdict(toml, &Fake { http: RefCell::new(answers), ..Fake::default() })
}

const READY: &str = "http = { endpoint = 'api', path = '/ready' }\n\
    expect = { status = 200, json = { '/n' = { ge = 2 } } }";

#[test]
fn an_answer_is_judged_and_no_answer_is_cannot_tell() {
    for (answer, kind, observed) in [
        (answer(200, r#"{"n":2}"#), VerdictKind::Pass, "status 200"),
        (answer(200, r#"{"n":1}"#), VerdictKind::NotYet, "1"),
        (answer(200, r#"{"m":1}"#), VerdictKind::NotYet, "there is no `/n`"),
        (answer(200, "<html>"), VerdictKind::NotYet, "not JSON"),
        (answer(503, "draining"), VerdictKind::NotYet, "status 503: draining"),
        (Err(Unreachable::Refused), VerdictKind::CannotTell, "refused"),
        (Err(Unreachable::TimedOut(Duration::from_secs(5))), VerdictKind::CannotTell, "5.0 s"),
        (Err(Unreachable::NoSuchHost), VerdictKind::CannotTell, "no address"),
    ] {
        let judged = http(READY, vec![answer]);
        assert_eq!(judged.verdict, kind, "{judged:?}");
        assert!(judged.observed.contains(observed), "{judged:?}");
    }
}

#[test]
fn requests_log_in_and_what_is_shown_does_not_give_the_password_away() {
    struct Recorder(RefCell<Vec<Request>>, Option<Vec<Socket>>);
    impl World for Recorder {
        fn http(&self, request: &Request) -> Result<Response, Unreachable> {
            self.0.borrow_mut().push(request.clone());
            answer(200, "up 1\n")
        }
        fn run(&self, _: &Command) -> Result<Captured, NotRun> {
            unreachable!("no command is run")
        }
        fn listening(&self, _: &str, _: u16) -> Option<Vec<Socket>> {
            self.1.clone()
        }
        fn spare_port(&self) -> Option<u16> {
            Some(10_001)
        }
        fn read(&self, _: &Path, _: &str) -> io::Result<Vec<u8>> {
            Err(io::ErrorKind::NotFound.into())
        }
        fn connect(&self, _: &str, _: Duration) -> Result<(), Unreachable> {
            Ok(())
        }
        fn now(&self) -> Instant {
            Instant::now()
        }
    }
    let login = Credentials {
        user: "me".to_owned(),
        password: "s3cret".to_owned(),
        shown: "$U:$P".to_owned(),
    };
    let context = Context {
        root: "/".into(),
        endpoints: [("api".to_owned(), "http://127.0.0.1:1".to_owned())].into(),
        logins: [("api".to_owned(), login)].into(),
        env: Vec::new(),
        own: Own { variables: [(1, "port".to_owned())].into(), ..own() },
    };
    let world = Recorder(RefCell::new(Vec::new()), None);
    for probe in
        ["http = { endpoint = 'api', path = '/' }", "metric = { endpoint = 'api', name = 'up' }"]
    {
        let judged = judge(&check(probe), &context, &world);
        assert_eq!(judged.verdict, VerdictKind::Pass, "{judged:?}");
        assert!(!format!("{judged:?} {context:?}").contains("s3cret"));
    }
    // RFC 7617: base64 of `me:s3cret`.
    let header = ("Authorization".to_owned(), "Basic bWU6czNjcmV0".to_owned());
    assert!(world.0.borrow().iter().all(|request| request.headers.contains(&header)));
    let judged = judge(&check("http = { endpoint = 'api', path = '/' }"), &context, &world);
    assert!(judged.probe.ends_with("-u \"$U:$P\""), "{}", judged.probe);
    // A stranger on the port, or nobody: nothing is sent at all, and no command that knows the
    // password is run.
    let stranger = Holder { pid: 77, name: "nc".to_owned(), ..Holder::default() };
    for (sockets, observed) in [
        (
            vec![Socket { user: 0, holders: vec![stranger] }],
            "nc (process 77) listens at http://127.0.0.1:1",
        ),
        (vec![Socket { user: 1, holders: Vec::new() }], "a process of user 1 listens at"),
        (Vec::new(), "connection refused"),
    ] {
        let quiet = sockets.is_empty();
        let world = Recorder(RefCell::new(Vec::new()), Some(sockets));
        for probe in [
            "http = { endpoint = 'api', path = '/' }",
            "metric = { endpoint = 'api', name = 'up' }",
            "command = { argv = ['curl'] }",
        ] {
            if quiet && probe.starts_with("command") {
                continue;
            }
            let judged = judge(&check(probe), &context, &world);
            assert_eq!(judged.verdict, VerdictKind::CannotTell, "{judged:?}");
            assert!(judged.observed.contains(observed), "{judged:?}");
            assert!(
                quiet || judged.observed.ends_with("next: mlops-lab update --set port=10001"),
                "{judged:?}"
            );
        }
        assert!(world.0.borrow().is_empty());
    }
}

#[test]
fn the_tables_of_the_system_are_not_read_for_a_port_that_is_closed() {
    let world = Fake { tcp: Some(Unreachable::Refused), ..Fake::default() };
    assert_eq!(holder("http://127.0.0.1:1", &context(), &world, WITHIN), Standing::Nobody);
}

#[test]
fn a_repeated_probe_must_pass_every_time_and_the_one_that_failed_is_named() {
    let toml = "http = { endpoint = 'api', path = '/', repeat = 3 }\nexpect = { status = 200 }";
    let judged = http(toml, vec![answer(200, ""), answer(500, "boom")]);
    assert_eq!(
        (judged.verdict, judged.observed.as_str()),
        (VerdictKind::NotYet, "request 2 of 3: status 500: boom")
    );
    assert_eq!(judged.status, Some(500));
}

#[test]
fn an_endpoint_of_another_runtime_is_cannot_tell() {
    let judged = http("tcp = { endpoint = 'other' }", vec![]);
    assert_eq!(judged.verdict, VerdictKind::CannotTell);
}

#[test]
fn a_command_is_judged_by_its_exit_and_reports_when_it_could_not_check() {
    let toml = "command = { argv = ['verify'] }\nexpect = { json = { '/ok' = true } }";
    for (ran, kind, observed) in [
        (ran(Ended::Code(0), r#"{"ok": true}"#, ""), VerdictKind::Pass, "ok"),
        (ran(Ended::Code(0), r#"{"ok": false}"#, ""), VerdictKind::NotYet, "false"),
        (ran(Ended::Code(0), "oops", ""), VerdictKind::NotYet, "not JSON"),
        (ran(Ended::Code(1), "", "first\nlast\n\n"), VerdictKind::NotYet, "exit code 1: last"),
        (
            ran(Ended::Code(3), "", "the server is down"),
            VerdictKind::CannotTell,
            "the server is down",
        ),
        (ran(Ended::Signal(11), "", ""), VerdictKind::NotYet, "signal 11"),
        (ran(Ended::TimedOut, "", ""), VerdictKind::CannotTell, "still running"),
        (Err(NotRun::Absent("verify".to_owned())), VerdictKind::CannotTell, "no program `verify`"),
    ] {
        let judged = verdict(toml, &Fake { run: RefCell::new(vec![ran]), ..Fake::default() });
        assert_eq!(judged.verdict, kind, "{judged:?}");
        assert!(judged.observed.contains(observed), "{judged:?}");
    }
}

#[test]
fn a_closed_port_is_an_answer_and_a_silent_host_is_none() {
    let tcp = |toml: &str, answer: Option<Unreachable>| {
        verdict(toml, &Fake { tcp: answer, ..Fake::default() }).verdict
    };
    let (open, closed) =
        ("tcp = { endpoint = 'api' }", "tcp = { endpoint = 'api' }\nexpect = { open = false }");
    assert_eq!(tcp(open, None), VerdictKind::Pass);
    assert_eq!(tcp(open, Some(Unreachable::Refused)), VerdictKind::NotYet);
    assert_eq!(
        tcp(open, Some(Unreachable::TimedOut(Duration::from_secs(1)))),
        VerdictKind::CannotTell
    );
    assert_eq!(tcp(closed, Some(Unreachable::Refused)), VerdictKind::Pass);
    assert_eq!(tcp(closed, None), VerdictKind::NotYet);
}

#[test]
fn a_file_is_compared_and_its_absence_is_an_answer() {
    let file = |expect: &str, file: Option<&'static [u8]>| {
        verdict(
            &format!("file = {{ path = 'a.toml' }}\n{expect}"),
            &Fake { file, ..Fake::default() },
        )
        .verdict
    };
    assert_eq!(file("", None), VerdictKind::NotYet);
    assert_eq!(file("expect = { exists = false }", None), VerdictKind::Pass);
    assert_eq!(
        file("expect = { toml = { '/a/b' = 1 } }", Some(b"[a]\nb = 1\n")),
        VerdictKind::Pass
    );
    assert_eq!(
        file("expect = { toml = { '/a/b' = 2 } }", Some(b"[a]\nb = 1\n")),
        VerdictKind::NotYet
    );
    assert_eq!(file("expect = { text = { contains = 'x' } }", Some(b"axb")), VerdictKind::Pass);
    let empty = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
    assert_eq!(file(&format!("expect = {{ sha256 = '{empty}' }}"), Some(b"")), VerdictKind::Pass);
    let outside = verdict(
        "file = { path = '../etc/passwd' }",
        &Fake { file: Some(b"root"), ..Fake::default() },
    );
    assert_eq!(outside.verdict, VerdictKind::CannotTell);
}

const GROWTH: &str = "metric = { endpoint = 'api', name = 'n', labels = { v = '2' }, \
    during = ['traffic'] }\nexpect = { value = 20 }";

#[test]
fn the_increase_of_a_metric_is_judged() {
    let growth = |after: &str| {
        let http =
            RefCell::new(vec![answer(200, "n{v=\"2\"} 5\nn{v=\"1\"} 9\n"), answer(200, after)]);
        verdict(
            GROWTH,
            &Fake { http, run: RefCell::new(vec![ran(Ended::Code(0), "", "")]), ..Fake::default() },
        )
    };
    assert_eq!(growth("n{v=\"2\"} 25\n").verdict, VerdictKind::Pass);
    assert_eq!(growth("n{v=\"2\"} 24\n").observed, "19");
    assert_eq!(growth("n{v=\"2\"} 1\n").verdict, VerdictKind::CannotTell, "a restart is no answer");
}

#[test]
fn traffic_that_failed_shows_nothing_of_the_metric() {
    let world = Fake {
        http: RefCell::new(vec![answer(200, "n 1\n")]),
        run: RefCell::new(vec![ran(Ended::Code(1), "", "connection refused")]),
        ..Fake::default()
    };
    assert_eq!(verdict(GROWTH, &world).verdict, VerdictKind::CannotTell);
}

#[test]
fn the_first_check_that_does_not_pass_is_the_verdict() {
    let context = Context {
        root: "/".into(),
        endpoints: BTreeMap::new(),
        logins: BTreeMap::new(),
        env: Vec::new(),
        own: own(),
    };
    let file = |path: &str, expect: &str| {
        check(&format!("file = {{ path = '{path}' }}\nexpect = {{ {expect} }}"))
    };
    let checks =
        [file("a", "exists = false"), file("b", "exists = true"), file("c", "exists = true")];
    let judged = judge_all(&checks, &context, &Fake::default());
    assert_eq!((judged.check, judged.verdict), (2, VerdictKind::NotYet));
    assert_eq!(judge_all(&[], &context, &Fake::default()).verdict, VerdictKind::CannotTell);
}

#[test]
fn what_is_shown_is_one_short_line_without_control_characters() {
    let shown = shorten(&format!("a\u{1b}[31m\n{}", "x".repeat(500)), SHOWN);
    assert!(
        !shown.contains('\u{1b}') && !shown.contains('\n') && shown.chars().count() == SHOWN + 1
    );
}

#[test]
fn an_object_of_the_cluster_is_held_to_what_is_expected() {
    let toml = "kubernetes = { kind = \"deployment\", name = \"server\" }\n\
        expect = { json = { \"/status/readyReplicas\" = { ge = 1 } } }";
    let judged = |answer: Result<Captured, NotRun>| {
        let world = Fake { run: RefCell::new(vec![answer]), ..Fake::default() };
        verdict_there(toml, &world)
    };
    let ready = judged(ran(Ended::Code(0), "{\"status\": {\"readyReplicas\": 2}}", ""));
    assert_eq!(ready.verdict, VerdictKind::Pass, "{ready:?}");
    assert_eq!(
        ready.probe,
        "kubectl --context=kind-dev --namespace=lab get deployment server --output=json"
    );
    assert_eq!(judged(ran(Ended::Code(0), "{\"status\": {}}", "")).verdict, VerdictKind::NotYet);
    let missing = "Error from server (NotFound): deployments.apps \"server\" not found";
    assert_eq!(judged(ran(Ended::Code(1), "", missing)).verdict, VerdictKind::NotYet);
    assert_eq!(
        judged(ran(Ended::Code(1), "", "Unable to connect to the server")).verdict,
        VerdictKind::CannotTell
    );
    assert_eq!(judged(ran(Ended::TimedOut, "", "")).verdict, VerdictKind::CannotTell);
    assert_eq!(judged(Err(NotRun::Absent("kubectl".to_owned()))).verdict, VerdictKind::CannotTell);
}

#[test]
fn an_object_that_should_be_gone_passes_when_it_is() {
    let toml = "kubernetes = { kind = \"pods\", name = \"old\" }\nexpect = { exists = false }";
    let judged = |answer: Result<Captured, NotRun>| {
        let world = Fake { run: RefCell::new(vec![answer]), ..Fake::default() };
        verdict_there(toml, &world).verdict
    };
    assert_eq!(
        judged(ran(Ended::Code(1), "", "Error from server (NotFound): x")),
        VerdictKind::Pass
    );
    assert_eq!(judged(ran(Ended::Code(0), "{}", "")), VerdictKind::NotYet);
}

#[test]
fn without_a_cluster_of_the_lab_none_is_probed() {
    // No answer is prepared: a probe would panic.
    let judged =
        verdict("kubernetes = { kind = \"pods\", selector = \"app=x\" }", &Fake::default());
    assert_eq!(judged.verdict, VerdictKind::CannotTell);
    assert!(judged.observed.contains("has not been started on a cluster"), "{}", judged.observed);
}

const SCRIPT: &str =
    "command = { argv = ['python', '.mlops-lab/lab/verify/x.py'] }\nbecause = 'it loses requests'";

#[test]
fn a_script_of_the_lab_is_reported_in_its_own_words_in_full() {
    let long = "half a word ".repeat(60);
    for (stdout, stderr, observed) in [
        (format!("not yet: {long}\nand the other half"), "", format!("{long} and the other half")),
        (String::new(), "not yet: no run\n", "no run".to_owned()),
        ("first\nlast\n".to_owned(), "", "last".to_owned()),
        ("not yet: words".to_owned(), "a warning", "words".to_owned()),
    ] {
        let run = RefCell::new(vec![ran(Ended::Code(1), &stdout, stderr)]);
        let judged = verdict(SCRIPT, &Fake { run, ..Fake::default() });
        let observed = observed.split_whitespace().collect::<Vec<_>>().join(" ");
        assert_eq!((judged.observed, judged.script), (observed, true));
    }
}

#[test]
fn a_check_that_somebody_ended_is_no_verdict_on_the_system() {
    let run = RefCell::new(vec![ran(Ended::Signal(15), "", "")]);
    assert_eq!(verdict(SCRIPT, &Fake { run, ..Fake::default() }).verdict, VerdictKind::CannotTell);
}

#[test]
fn a_value_by_pointer_is_named_in_words() {
    let http = |body: &str| {
        let toml =
            "http = { endpoint = 'api', path = '/' }\nexpect = { json = { '/pending' = 0 } }";
        let judged = http(toml, vec![answer(200, body)]);
        (judged.expected, judged.observed)
    };
    assert_eq!(
        http("{\"pending\": 200}"),
        ("`/pending` in the response: 0".into(), "`/pending` is 200".into())
    );
    assert_eq!(http("{}").1, "there is no `/pending` in {}");
}

#[test]
fn what_disturbs_is_judged_by_whoever_is_given() {
    let checks =
        [check("file = { path = 'a' }"), check("tcp = { endpoint = 'api' }\ndisturbs = true")];
    let mut order = Vec::new();
    let pass = Verdict {
        verdict: VerdictKind::Pass,
        ..verdict("file = { path = 'a' }", &Fake::default())
    };
    let last = judge_by(&checks, &mut |index, check| {
        order.push((index, check.disturbs));
        pass.clone()
    });
    assert_eq!((order, last.check), (vec![(0, false), (1, true)], 2));
}

#[test]
fn a_list_that_is_longer_than_what_is_kept_is_not_judged() {
    let captured = ran(Ended::Code(0), "{\"items\": [", "")
        .map(|judged| Captured { truncated: true, ..judged });
    let world = Fake { run: RefCell::new(vec![captured]), ..Fake::default() };
    let toml =
        "kubernetes = { kind = 'pods' }\nexpect = { json = { '/items/0' = { exists = true } } }";
    let judged = verdict_there(toml, &world);
    assert_eq!(judged.verdict, VerdictKind::CannotTell, "{judged:?}");
    assert!(judged.observed.contains("longer than 8 MiB"), "{judged:?}");
}
