//! kubectl's cluster: is there one, is it ours to touch, does it let us in, has it what the lab
//! needs.
#![allow(clippy::result_large_err, reason = "a finding is made some dozens of times in a run")]

pub(in crate::doctor) mod probe;

use std::time::Duration;

use serde_json::Value;

use super::{Found, amount, gigabytes, late, programs_of, short, trouble};
use crate::catalog::units::Version;
use crate::doctor::Status;
use crate::doctor::observations::All;
use crate::doctor::plan::Ask;
use crate::doctor::probes::{Asked, ClusterSeen, How, Look, Seen};
use crate::platform::kubeconfig::Context;
use crate::platform::net::Unreachable;

/// What kind asks of the host for clusters of several nodes (kind.sigs.k8s.io, "known issues": too
/// many open files).
const INOTIFY: (u64, u64) = (512, 524_288);

/// From this kubelet on cgroup v1 is refused (kubernetes#134298).
const WITHOUT_CGROUP_1: [u64; 3] = [1, 35, 0];

pub(super) fn judge(ask: &Ask, all: &All, deadline: Duration) -> Found {
    let seen = match all.get(&Look::Cluster) {
        Some(Seen::Cluster(seen)) => Some(&**seen),
        _ => None,
    };
    match ask {
        Ask::Inotify => return inotify(all, seen, deadline),
        Ask::Cgroup => return cgroup(all, seen, deadline),
        _ => {}
    }
    let kubectl = programs_of(all, &Look::kubectl());
    if kubectl.is_some_and(|programs| trouble(&programs.first).is_some()) {
        return Found::blocked("kubectl");
    }
    let Some(seen) = seen else { return late(deadline) };
    let context = match (&seen.context, ask) {
        (Ok(context), _) => context,
        (Err((class, words)), Ask::KubeConfig) => {
            return config(Found::fail(class, short(words, 200)), seen);
        }
        (Err(_), _) => return Found::blocked("kube.config"),
    };
    match ask {
        Ask::KubeConfig => {
            return config(Found::pass(format!("context `{}`", context.name)), seen)
                .saw(&context.server);
        }
        Ask::KubeContext => return guard(context),
        _ if !context.allowed() => return Found::blocked("kube.context"),
        _ => {}
    }
    let api = api(seen, context);
    let found = match ask {
        Ask::KubeApi(wanted) => match api {
            Err(found) => found,
            Ok((version, asked)) if !wanted.allows(&version) => {
                Found::fail("too-old", format!("Kubernetes {version}, and the lab wants {wanted}"))
                    .fact("wanted", wanted.to_string())
                    .asked(asked)
            }
            Ok((version, asked)) => {
                Found::pass(format!("Kubernetes {version} at {}", context.server)).asked(asked)
            }
        },
        _ if api.is_err() => return Found::blocked("kube.api"),
        Ask::Skew => skew(all, &api),
        Ask::Rbac => rights(seen),
        Ask::Storage => storage(seen.classes.as_ref()),
        Ask::Apis(names) => apis(names, seen.apis.as_ref()),
        Ask::ClusterCpus(count) => {
            capacity(seen.nodes.as_ref(), "cpu", u64::from(*count) * 1000, |milli| {
                format!("{}", milli / 1000)
            })
        }
        Ask::ClusterMemory(size) => capacity(seen.nodes.as_ref(), "memory", size.0, gigabytes),
        _ => Found::unknown("unknown", "an answer to another question"),
    };
    found.fact("context", &context.name).fact("server", &context.server)
}

/// The command that shows the kubeconfig, and the files that it comes from.
fn config(found: Found, seen: &ClusterSeen) -> Found {
    let files: Vec<String> = seen.files.iter().map(|file| file.display().to_string()).collect();
    let mut found = found.cmd("kubectl config view").fact("files", files.join(", "));
    found.evidence.path = Some(files.join(", ")).filter(|files| !files.is_empty());
    found
}

/// A cluster that may be somebody's production is not touched, and not even asked, unless the user
/// named its context.
fn guard(context: &Context) -> Found {
    let found = match (context.local(), context.named) {
        (true, _) => Found::pass(format!("`{}` is a local cluster", context.name)),
        (false, true) => Found::pass(format!("`{}`, as you named it", context.name)),
        (false, false) => Found::fail(
            "guarded",
            format!("`{}` is not known to be a local cluster: it is left alone", context.name),
        ),
    };
    found.cmd("kubectl config current-context").saw(&context.server).fact("context", &context.name)
}

/// The version of the API server, or why it cannot be had.
fn api<'a>(seen: &'a ClusterSeen, context: &Context) -> Result<(Version, &'a Asked), Found> {
    let server = &context.server;
    if let Some(program) = &context.exec
        && seen.connected.is_none()
    {
        return Err(Found::fail(
            "no-exec-plugin",
            format!("the credentials come from {program}, which cannot be run"),
        )
        .fact("program", program)
        .cmd(format!("{program} --help")));
    }
    let found = match &seen.connected {
        None => Found::unknown("late", "it was not asked in time"),
        Some(Err(Unreachable::Refused)) => {
            Found::fail("refused", format!("nobody listens at {server}"))
        }
        Some(Err(Unreachable::NoSuchHost)) => {
            Found::fail("no-such-host", format!("the name in {server} has no address"))
        }
        Some(Err(Unreachable::TimedOut(within))) => Found::unknown(
            "late",
            format!("{server} gives no answer within {:.1} s", within.as_secs_f64()),
        ),
        Some(Err(other)) => Found::fail("failed", format!("{server}: {other}")),
        Some(Ok(())) => match &seen.version {
            None => Found::unknown("late", "it was not asked in time"),
            Some(asked) => return answered(asked, server),
        },
    };
    Err(found.cmd(format!("kubectl --context {} get --raw /version", context.name)))
}

fn answered<'a>(asked: &'a Asked, server: &str) -> Result<(Version, &'a Asked), Found> {
    let words = short(asked.words(), 160);
    let said = format!("{}\n{}", asked.err, asked.out);
    let has = |part: &str| said.contains(part);
    let found = match &asked.how {
        How::Code(0) => {
            let value: Value = serde_json::from_str(&asked.out).unwrap_or_default();
            match value["gitVersion"].as_str().and_then(Version::find) {
                Some(version) => return Ok((version, asked)),
                None => Found::fail(
                    "unreadable",
                    format!(
                        "what answers at {server} is no API server: {:?}",
                        short(&asked.out, 60)
                    ),
                ),
            }
        }
        How::Late(within) => Found::unknown(
            "late",
            format!("{server} accepts and gives no answer within {:.1} s", within.as_secs_f64()),
        ),
        _ if has("x509") || has("certificate") => {
            Found::fail("certificate", format!("its certificate is not trusted: {words}"))
        }
        _ if has("Unauthorized")
            || has("must be logged in")
            || has("Please enter Username")
            || has("provide credentials") =>
        {
            Found::fail(
                "unauthorized",
                "it does not know us (401): the credentials are missing, wrong or expired",
            )
        }
        _ if has("Forbidden") || has("forbidden") => {
            Found::fail("forbidden", format!("it knows us and does not let us in (403): {words}"))
        }
        _ if has("exec plugin") || has("executable") => Found::fail("no-exec-plugin", words),
        _ if has("ServiceUnavailable") || has("currently unable") || has("InternalError") => {
            Found::fail("error", words)
        }
        _ => Found::fail("failed", words),
    };
    Err(found.asked(asked))
}

fn skew(all: &All, api: &Result<(Version, &Asked), Found>) -> Found {
    let client =
        programs_of(all, &Look::kubectl()).and_then(|programs| Version::find(&programs.first.out));
    match (client, api) {
        (Some(client), Ok((server, _))) => {
            let (ours, theirs) = (client.numbers[1], server.numbers[1]);
            if client.numbers[0] == server.numbers[0] && ours.abs_diff(theirs) <= 1 {
                Found::pass(format!("kubectl 1.{ours}, server 1.{theirs}"))
            } else {
                Found::warn(
                    "skewed",
                    format!("kubectl {client} and the server {server}: more than one minor version apart"),
                )
                .fact("wanted", format!("1.{theirs}"))
            }
        }
        _ => Found::unknown("unknown", "the versions are not both known"),
    }
    .cmd("kubectl version")
}

/// `kubectl auth can-i` ends with 1 both for «no» and for «cannot ask»: only what it prints tells.
fn rights(seen: &ClusterSeen) -> Found {
    let answer = |asked: &Asked| asked.out.lines().last().unwrap_or_default().trim().to_owned();
    if let Some((what, asked)) = seen.may.iter().find(|(_, asked)| answer(asked) == "no") {
        return Found::fail("denied", format!("we may not {what}"))
            .fact("what", *what)
            .asked(asked);
    }
    match seen.may.iter().find(|(_, asked)| answer(asked) != "yes") {
        Some((what, asked)) => {
            Found::unknown("unknown", format!("may we {what}? {}", short(asked.words(), 120)))
                .asked(asked)
        }
        None => match seen.may.first() {
            Some((_, asked)) => {
                Found::pass("we may create namespaces and deployments").asked(asked)
            }
            None => Found::unknown("unknown", "it was not asked in time"),
        },
    }
}

fn items(asked: Option<&Asked>) -> Result<(Vec<Value>, &Asked), Found> {
    let Some(asked) = asked else {
        return Err(Found::unknown("unknown", "it was not asked in time"));
    };
    let value: Value = serde_json::from_str(&asked.out).unwrap_or_default();
    match value["items"].as_array().or_else(|| value["groups"].as_array()).filter(|_| asked.well())
    {
        Some(items) => Ok((items.clone(), asked)),
        None => Err(Found::unknown("unknown", short(asked.words(), 120)).asked(asked)),
    }
}

fn storage(asked: Option<&Asked>) -> Found {
    let (classes, asked) = match items(asked) {
        Ok(items) => items,
        Err(found) => return found,
    };
    let name = |class: &Value| class["metadata"]["name"].as_str().unwrap_or_default().to_owned();
    let default = |class: &&Value| {
        class["metadata"]["annotations"]["storageclass.kubernetes.io/is-default-class"] == "true"
    };
    let found = match classes.iter().find(default) {
        Some(class) => Found::pass(format!("{} is the default", name(class))),
        None if classes.is_empty() => {
            Found::fail("none", "there is no StorageClass: volumes stay pending")
        }
        None => {
            let names: Vec<String> = classes.iter().map(name).collect();
            Found::fail(
                "no-default",
                format!("no StorageClass is the default: there are {}", names.join(", ")),
            )
            .fact("class", &names[0])
        }
    };
    found.asked(asked).saw("")
}

fn apis(wanted: &[String], asked: Option<&Asked>) -> Found {
    let (groups, asked) = match items(asked) {
        Ok(items) => items,
        Err(found) => return found,
    };
    let served: Vec<&str> = groups
        .iter()
        .flat_map(|group| group["versions"].as_array().into_iter().flatten())
        .filter_map(|version| version["groupVersion"].as_str())
        .collect();
    let missing: Vec<&str> =
        wanted.iter().map(String::as_str).filter(|name| !served.contains(name)).collect();
    let found = if missing.is_empty() {
        Found::pass(wanted.join(", "))
    } else {
        Found::fail("missing", format!("the cluster does not serve {}", missing.join(", ")))
            .fact("apis", missing.join(", "))
    };
    found.asked(asked).saw("")
}

/// The sum over the nodes that are ready, in thousandths for processors and in bytes for memory.
fn capacity(asked: Option<&Asked>, what: &str, wanted: u64, show: impl Fn(u64) -> String) -> Found {
    let (nodes, asked) = match items(asked) {
        Ok(items) => items,
        Err(found) => return found,
    };
    let ready = |node: &&Value| {
        node["status"]["conditions"].as_array().is_some_and(|all| {
            all.iter().any(|one| one["type"] == "Ready" && one["status"] == "True")
        })
    };
    let ready: Vec<&Value> = nodes.iter().filter(ready).collect();
    if ready.is_empty() {
        return Found::warn("not-ready", "no node is ready").asked(asked).saw("");
    }
    let sum: u64 = ready
        .iter()
        .filter_map(|node| quantity(node["status"]["allocatable"][what].as_str()?, what == "cpu"))
        .sum();
    amount(Some(sum), wanted, show).asked(asked)
}

/// A Kubernetes quantity (kubernetes.io, "Quantity"): `4`, `3920m` in thousandths; `8039Mi`,
/// `16393244Ki`, `8G` in bytes.
fn quantity(text: &str, thousandths: bool) -> Option<u64> {
    let at = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    let number: u64 = text[..at].parse().ok()?;
    let scale: u64 = match &text[at..] {
        "m" => return Some(if thousandths { number } else { number / 1000 }),
        "" if thousandths => 1000,
        "" => 1,
        "k" => 1000,
        "Ki" => 1 << 10,
        "M" => 1_000_000,
        "Mi" => 1 << 20,
        "G" => 1_000_000_000,
        "Gi" => 1 << 30,
        "Ti" => 1 << 40,
        _ => return None,
    };
    number.checked_mul(scale)
}

/// Limits of this kernel matter for a cluster in containers on this machine: one that is there, or
/// one that is still to be made.
fn on_this_host(seen: Option<&ClusterSeen>) -> bool {
    match seen.map(|seen| &seen.context) {
        Some(Ok(context)) => {
            ["kind-", "k3d-", "minikube"].iter().any(|name| context.name.starts_with(name))
        }
        _ => true,
    }
}

fn inotify(all: &All, seen: Option<&ClusterSeen>, deadline: Duration) -> Found {
    let Some(Seen::Host(host)) = all.get(&Look::Host) else { return late(deadline) };
    let cmd = "sysctl fs.inotify.max_user_instances fs.inotify.max_user_watches";
    let found = match host.inotify {
        _ if !on_this_host(seen) => {
            Found { status: Status::Skip, ..Found::pass("the cluster is on another machine") }
        }
        None if cfg!(target_os = "linux") => Found::unknown("unknown", "the kernel does not tell"),
        None => Found { status: Status::Skip, ..Found::pass("for clusters in containers on Linux only") },
        Some((instances, watches)) if instances >= INOTIFY.0 && watches >= INOTIFY.1 => {
            Found::pass(format!("{instances} instances, {watches} watches"))
        }
        Some((instances, watches)) => Found::warn(
            "too-little",
            format!(
                "{instances} instances and {watches} watches: a cluster in containers wants {} and {}",
                INOTIFY.0, INOTIFY.1
            ),
        )
        .fact("instances", instances.max(INOTIFY.0).to_string())
        .fact("watches", watches.max(INOTIFY.1).to_string()),
    };
    found.cmd(cmd)
}

fn cgroup(all: &All, seen: Option<&ClusterSeen>, deadline: Duration) -> Found {
    let Some(Seen::Host(host)) = all.get(&Look::Host) else { return late(deadline) };
    let server = seen.and_then(|seen| match &seen.context {
        Ok(context) => api(seen, context).ok().map(|(version, _)| version),
        Err(_) => None,
    });
    let found = match (host.cgroup, server) {
        _ if !on_this_host(seen) => {
            Found { status: Status::Skip, ..Found::pass("the cluster is on another machine") }
        }
        (Some(2), _) => Found::pass("version 2"),
        (Some(_), Some(server)) if server.numbers >= WITHOUT_CGROUP_1 => Found::fail(
            "v1",
            format!("version 1, with which the kubelet of Kubernetes {server} does not start"),
        ),
        (Some(_), _) => Found::warn(
            "v1-warn",
            "version 1: the kubelet of Kubernetes 1.35 and later does not start with it",
        ),
        (None, _) if cfg!(target_os = "linux") => {
            Found::unknown("unknown", "there is no /sys/fs/cgroup")
        }
        (None, _) => Found {
            status: Status::Skip,
            ..Found::pass("for clusters in containers on Linux only")
        },
    };
    found.cmd("stat -fc %T /sys/fs/cgroup")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantities_are_read_as_kubernetes_writes_them() {
        assert_eq!(quantity("4", true), Some(4000));
        assert_eq!(quantity("3920m", true), Some(3920));
        assert_eq!(quantity("16393244Ki", false), Some(16_393_244 << 10));
        assert_eq!(quantity("8Gi", false), Some(8 << 30));
        assert_eq!(quantity("8X", false), None);
        assert_eq!(quantity("", false), None);
    }
}
