//! kubectl (the real one) and API servers that are absent, deaf, refusing, foreign, or production.

use std::net::TcpListener;
use std::process::{Command, Stdio};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use serde_json::{Value, json};

use crate::doctor::bench::{Bench, http, python, serve_tcp};
use crate::harness::{Limited, Running, strict, tool};

const CLUSTER: &str = r#"{ kubectl = ">=1.18" }, { cluster = ">=1.28" }"#;
const WHOLE: &str = r#"{ kubectl = ">=1.18" }, { cluster = ">=1.28" }, { storageclass = true },
    { apis = ["serving.kserve.io/v1beta1"] }, { cpus = 4 }, { memory = "6GiB" }"#;

/// The client by its whole name: from the tools of CI, else from PATH.
fn kubectl() -> Option<std::path::PathBuf> {
    let named = std::env::var_os("MLOPS_LAB_KUBECTL").map(std::path::PathBuf::from);
    named.or_else(|| tool("kubectl"))
}

/// A bench with kubectl, and a kubeconfig whose only context leads to this server.
fn bench(needs: &str, context: &str, server: &str) -> Option<Bench> {
    let Some(kubectl) = kubectl() else {
        assert!(!strict());
        eprintln!("skipped: there is no kubectl");
        return None;
    };
    let bench = Bench::new(needs);
    bench.link("kubectl", kubectl);
    config(&bench, context, &json!({"server": server}), &json!({}));
    Some(bench)
}

fn config(bench: &Bench, context: &str, cluster: &Value, user: &Value) {
    let config = json!({"apiVersion": "v1", "kind": "Config", "current-context": context,
        "contexts": [{"name": context, "context": {"cluster": "c", "user": "u"}}],
        "clusters": [{"name": "c", "cluster": cluster}], "users": [{"name": "u", "user": user}]});
    bench.at("home/.kube/config", config.to_string().as_bytes(), 0o600);
}

fn status(code: u16, reason: &str, message: &str) -> Option<String> {
    let body = json!({"kind": "Status", "apiVersion": "v1", "status": "Failure",
        "reason": reason, "message": message, "code": code});
    http(code, &body.to_string())
}

/// An API server as far as the doctor asks: version, nodes, classes, groups, rights.
fn api(version: &'static str, allowed: bool, whole: bool) -> u16 {
    serve_tcp(Box::new(move |_, path| {
        let path = path.split('?').next().unwrap_or_default();
        let body = match path {
            "/version" => json!({"major": "1", "minor": "35", "gitVersion": version}),
            "/api" => json!({"kind": "APIVersions", "versions": ["v1"]}),
            "/api/v1" => json!({"kind": "APIResourceList", "groupVersion": "v1", "resources": [
                {"name": "namespaces", "namespaced": false, "kind": "Namespace",
                    "verbs": ["create"]}]}),
            "/apis" => json!({"kind": "APIGroupList", "apiVersion": "v1", "groups": if whole {
                json!([{"name": "serving.kserve.io",
                    "versions": [{"groupVersion": "serving.kserve.io/v1beta1",
                        "version": "v1beta1"}],
                    "preferredVersion": {"groupVersion": "serving.kserve.io/v1beta1",
                        "version": "v1beta1"}}]) } else { json!([]) }}),
            "/apis/serving.kserve.io/v1beta1" => {
                json!({"kind": "APIResourceList", "groupVersion": "serving.kserve.io/v1beta1",
                    "resources": []})
            }
            "/api/v1/nodes" => {
                json!({"items": [{"status": {"allocatable": if whole { json!({"cpu": "3920m",
                    "memory": "16393244Ki"}) }
                else { json!({"cpu": "2", "memory": "2Gi"}) }, "conditions": [{"type": "Ready",
                    "status": "True"}]}},
                {"status": {"allocatable": {"cpu": "2", "memory": "1Gi"},
                    "conditions": [{"type": "Ready",
                        "status": if whole { "True" } else { "False" }}]}}]})
            }
            "/apis/storage.k8s.io/v1/storageclasses" => {
                json!({"items": [{"metadata": {"name": "standard", "annotations":
                if whole {
                    json!({"storageclass.kubernetes.io/is-default-class": "true"})
                } else { json!({}) }}}]})
            }
            "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews" => {
                json!({"kind": "SelfSubjectAccessReview",
                    "apiVersion": "authorization.k8s.io/v1", "spec": {},
                        "status": {"allowed": allowed}})
            }
            _ => return status(404, "NotFound", "not found"),
        };
        http(200, &body.to_string())
    }))
}

#[test]
fn a_cluster_that_has_everything_is_a_pass() {
    let server = format!("http://127.0.0.1:{}", api("v1.35.1-gke.7", true, true));
    let Some(bench) = bench(WHOLE, "kind-lab", &server) else { return };
    let seen = bench.doctor(&["--timeout", "5s"]);
    for id in [
        "kubectl",
        "kube.config",
        "kube.context",
        "kube.rbac",
        "kube.storage",
        "kube.apis",
        "kube.cpus",
        "kube.memory",
    ] {
        seen.is(id, "pass", "ok");
    }
    assert!(seen.is("kube.api", "pass", "ok").contains("1.35.1"));
}

#[test]
fn a_cluster_that_lacks_what_the_lab_needs_says_what() {
    let server = format!("http://127.0.0.1:{}", api("v1.24.0", false, false));
    let Some(bench) = bench(&WHOLE.replace(">=1.28", ">=1.20"), "kind-lab", &server) else {
        return;
    };
    let seen = bench.doctor(&["--timeout", "5s"]);
    assert!(seen.is("kube.rbac", "fail", "denied").contains("create namespaces"));
    assert!(seen.is("kube.storage", "fail", "no-default").contains("standard"));
    assert!(seen.is("kube.apis", "fail", "missing").contains("serving.kserve.io"));
    seen.is("kube.cpus", "warn", "too-little");
    seen.is("kube.memory", "warn", "too-little");
    seen.is("kube.skew", "warn", "skewed");
    drop(bench);
    let Some(bench) = self::bench(CLUSTER, "kind-lab", &server) else { return };
    bench.doctor(&["--timeout", "5s"]).is("kube.api", "fail", "too-old");
}

#[test]
fn no_kubeconfig_a_broken_one_and_contexts_that_are_not_there() {
    let Some(bench) = bench(CLUSTER, "kind-lab", "http://127.0.0.1:1") else { return };
    std::fs::remove_file(bench.path("home/.kube/config")).unwrap();
    let seen = bench.doctor(&["--timeout", "5s"]);
    seen.is("kube.config", "fail", "no-config");
    let hints = seen.hints("kube.config");
    assert!(!hints.contains("cluster up"), "nothing runs a node here");
    assert!(hints.contains("mlops-lab doctor --only docker"), "{hints}");
    bench.script("docker", "echo Docker version 28.0.0");
    assert!(
        bench.doctor(&["--timeout", "5s"]).hints("kube.config").contains("mlops-lab cluster up")
    );
    for id in ["kube.context", "kube.api", "kube.rbac", "kube.skew"] {
        seen.is(id, "skip", "blocked");
    }
    bench.at("home/.kube/config", b"a: [", 0o600);
    bench.doctor(&["--timeout", "5s"]).is("kube.config", "fail", "broken-config");
    config(&bench, "kind-lab", &json!({"server": "http://127.0.0.1:1"}), &json!({}));
    let seen = bench.doctor(&["--timeout", "5s", "--context", "kind-other"]);
    assert!(seen.is("kube.config", "fail", "missing-context").contains("kind-lab"));
    let text = std::fs::read_to_string(bench.path("home/.kube/config")).unwrap();
    bench.at(
        "home/.kube/config",
        text.replace("\"current-context\":\"kind-lab\"", "\"current-context\":\"\"").as_bytes(),
        0o600,
    );
    bench.doctor(&["--timeout", "5s"]).is("kube.config", "fail", "no-context");
    bench.at(
        "home/.kube/config",
        text.replace("\"cluster\":\"c\"", "\"cluster\":\"d\"").as_bytes(),
        0o600,
    );
    bench.doctor(&["--timeout", "5s"]).is("kube.config", "fail", "missing-cluster");
}

#[test]
fn an_api_that_refuses_has_no_address_or_hangs_is_a_class_each_within_three_seconds() {
    let Some(bench) = bench(CLUSTER, "kind-lab", "http://127.0.0.1:1") else { return };
    let seen = bench.doctor(&["--timeout", "5s"]);
    seen.is("kube.api", "fail", "refused");
    assert!(seen.took < Duration::from_secs(3), "{:?}", seen.took);
    config(&bench, "kind-lab", &json!({"server": "https://nowhere.invalid:6443"}), &json!({}));
    let seen = bench.doctor(&["--timeout", "5s"]);
    assert!(seen.took < Duration::from_secs(3), "{:?}", seen.took);
    // `.invalid` never has an address (RFC 6761); a machine without any name server may take its
    // time to say so.
    let class = seen.finding("kube.api")["class"].as_str().unwrap().to_owned();
    assert!(class == "no-such-host" || class == "late", "{class}");
    // Nobody accepts, and the backlog is full: packets are dropped, as by a firewall.
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let mut held = Vec::new();
    while let Ok(stream) =
        std::net::TcpStream::connect_timeout(&address, Duration::from_millis(300))
    {
        held.push(stream);
        assert!(held.len() < 10_000, "the backlog never fills");
    }
    config(&bench, "kind-lab", &json!({"server": format!("http://{address}")}), &json!({}));
    let seen = bench.doctor(&["--timeout", "5s"]);
    seen.is("kube.api", "unknown", "late");
    assert!(seen.took < Duration::from_secs(3), "{:?}", seen.took);
    assert_eq!(seen.code, 3);
}

#[test]
#[ignore = "takes long"]
fn an_api_that_accepts_and_never_answers_is_unknown_at_the_deadline() {
    let server = format!("http://127.0.0.1:{}", serve_tcp(Box::new(|_, _| None)));
    let Some(bench) = bench(CLUSTER, "kind-lab", &server) else { return };
    // Time enough for kubectl itself on a busy machine.
    let seen = bench.doctor(&["--timeout", "5s"]);
    seen.is("kube.api", "unknown", "late");
    seen.within(Duration::from_secs(5));
}

#[test]
#[ignore = "takes long"]
fn what_an_api_says_against_us_has_a_class_each() {
    for (code, reason, class) in [
        (401, "Unauthorized", "unauthorized"),
        (403, "Forbidden", "forbidden"),
        (503, "ServiceUnavailable", "error"),
    ] {
        let server = format!(
            "http://127.0.0.1:{}",
            serve_tcp(Box::new(move |_, _| status(code, reason, reason)))
        );
        let Some(bench) = bench(CLUSTER, "kind-lab", &server) else { return };
        let seen = bench.doctor(&["--timeout", "5s"]);
        seen.is("kube.api", "fail", class);
        seen.is("kube.rbac", "skip", "blocked");
    }
    let server = format!("http://127.0.0.1:{}", serve_tcp(Box::new(|_, _| http(200, "<html>"))));
    let Some(bench) = bench(CLUSTER, "kind-lab", &server) else { return };
    bench.doctor(&["--timeout", "5s"]).is("kube.api", "fail", "unreadable");
    // The program that hands out the credentials is not there: nothing is asked.
    let exec = json!({"exec": {"apiVersion": "client.authentication.k8s.io/v1beta1",
        "command": "aws-iam-authenticator", "args": []}});
    config(&bench, "kind-lab", &json!({"server": server}), &exec);
    let seen = bench.doctor(&["--timeout", "5s"]);
    assert!(seen.is("kube.api", "fail", "no-exec-plugin").contains("aws-iam-authenticator"));
}

struct Server(Running);

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[test]
fn a_certificate_that_nobody_vouches_for_is_a_class_of_its_own() {
    let (Some(python), Some(openssl)) = (python(), tool("openssl")) else { return };
    let Some(bench) = bench(CLUSTER, "kind-lab", "https://127.0.0.1:1") else { return };
    let made = Command::new(openssl)
        .args([
            "req",
            "-x509",
            "-newkey",
            "rsa:2048",
            "-nodes",
            "-days",
            "1",
            "-subj",
            "/CN=localhost",
            "-addext",
            "subjectAltName=IP:127.0.0.1",
        ])
        .arg("-keyout")
        .arg(bench.path("key.pem"))
        .arg("-out")
        .arg(bench.path("cert.pem"))
        .finish();
    assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
    let serve = "import http.server,ssl,sys\n\
        s=http.server.ThreadingHTTPServer(('127.0.0.1',0),http.server.SimpleHTTPRequestHandler)\n\
        c=ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER); c.load_cert_chain(sys.argv[1],sys.argv[2]); \
        s.socket=c.wrap_socket(s.socket,server_side=True)\n\
        print(s.server_address[1],flush=True); s.serve_forever()";
    let mut child = Command::new(python)
        .args(["-I", "-c", serve])
        .arg(bench.path("cert.pem"))
        .arg(bench.path("key.pem"))
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .start();
    let mut line = String::new();
    std::io::BufRead::read_line(
        &mut std::io::BufReader::new(child.stdout.take().unwrap()),
        &mut line,
    )
    .unwrap();
    let _server = Server(child);
    config(
        &bench,
        "kind-lab",
        &json!({"server": format!("https://127.0.0.1:{}", line.trim())}),
        &json!({"token": "x"}),
    );
    bench.doctor(&["--timeout", "5s"]).is("kube.api", "fail", "certificate");
}

#[test]
fn a_cluster_that_may_be_production_is_not_touched_unless_it_is_named() {
    let asked = Arc::new(Mutex::new(Vec::new()));
    let log = Arc::clone(&asked);
    let port = serve_tcp(Box::new(move |_, path| {
        log.lock().unwrap().push(path.to_owned());
        let body = json!({"gitVersion": "v1.30.0"}).to_string();
        if path.starts_with("/version") {
            http(200, &body)
        } else {
            status(404, "NotFound", "not found")
        }
    }));
    let server = format!("http://127.0.0.1:{port}");
    let name = "arn:aws:eks:eu-west-1:1234:cluster/prod";
    let Some(bench) = bench(CLUSTER, name, &server) else { return };
    let seen = bench.doctor(&["--timeout", "5s"]);
    seen.is("kube.config", "pass", "ok");
    assert!(seen.is("kube.context", "fail", "guarded").contains("prod"));
    seen.is("kube.api", "skip", "blocked");
    assert!(asked.lock().unwrap().is_empty(), "{:?}", asked.lock().unwrap());
    assert!(!seen.finding("kube.context")["hints"].to_string().contains("\"fix\":true"));
    let seen = bench.doctor(&["--timeout", "5s", "--context", name]);
    seen.is("kube.context", "pass", "ok");
    seen.is("kube.api", "pass", "ok");
}

#[test]
fn cgroup_1_fails_with_kubernetes_1_35_and_warns_before_and_128_inotify_instances_warn() {
    let server = format!("http://127.0.0.1:{}", api("v1.35.0", true, true));
    let Some(bench) = bench(CLUSTER, "kind-lab", &server) else { return };
    bench.at("root/proc/sys/fs/inotify/max_user_instances", b"128\n", 0o644);
    bench.at("root/proc/sys/fs/inotify/max_user_watches", b"524288\n", 0o644);
    std::fs::create_dir_all(bench.path("root/sys/fs/cgroup/memory")).unwrap();
    let root = bench.path("root").display().to_string();
    let seen = bench.doctor(&["--timeout", "5s", "--root", &root]);
    seen.is("kube.inotify", "warn", "too-little");
    assert!(
        seen.hints("kube.inotify")
            .contains("fs.inotify.max_user_instances=512 fs.inotify.max_user_watches=524288")
    );
    seen.is("kube.cgroup", "fail", "v1");
    bench.at("root/sys/fs/cgroup/cgroup.controllers", b"cpu memory\n", 0o644);
    bench.at("root/proc/sys/fs/inotify/max_user_instances", b"512\n", 0o644);
    let seen = bench.doctor(&["--timeout", "5s", "--root", &root]);
    seen.is("kube.inotify", "pass", "ok");
    seen.is("kube.cgroup", "pass", "ok");
    std::fs::remove_file(bench.path("root/sys/fs/cgroup/cgroup.controllers")).unwrap();
    let server = format!("http://127.0.0.1:{}", api("v1.34.0", true, true));
    config(&bench, "kind-lab", &json!({"server": server}), &json!({}));
    bench.doctor(&["--timeout", "5s", "--root", &root]).is("kube.cgroup", "warn", "v1-warn");
    // A cluster in a virtual machine does not depend on this kernel.
    let seen = {
        config(&bench, "docker-desktop", &json!({"server": server}), &json!({}));
        bench.doctor(&["--timeout", "5s", "--root", &root])
    };
    seen.is("kube.cgroup", "skip", "ok");
    // Whatever the name of its context, a cluster at an address of this machine is on it; one on
    // another machine does not depend on this kernel, either.
    config(&bench, "default", &json!({"server": server}), &json!({}));
    let named = ["--timeout", "5s", "--root", &root, "--context", "default"];
    bench.doctor(&named).is("kube.cgroup", "warn", "v1-warn");
    config(&bench, "default", &json!({"server": "https://192.0.2.1:6443"}), &json!({}));
    let seen = bench.doctor(&named);
    let skipped = seen.is("kube.cgroup", "skip", "ok");
    assert_eq!(skipped, "for clusters that share this machine's kernel only");
}

#[test]
fn a_kubectl_that_hangs_is_one_unknown_in_time() {
    let bench = Bench::new(CLUSTER);
    bench.script("kubectl", "exec sleep 60");
    let seen = bench.doctor(&[]);
    seen.is("kubectl", "unknown", "late");
    seen.is("kube.api", "skip", "blocked");
    seen.within(Duration::from_secs(1));
    // A dispatcher in front of kubectl has versions of its own form.
    bench.script(
        "kubectl",
        "echo '{\"clientVersion\": {\"major\": \"1\", \"minor\": \"32+\", \
         \"gitVersion\": \"v1.32.4-dispatcher\"}}'",
    );
    bench.doctor(&[]).is("kubectl", "pass", "ok");
}
