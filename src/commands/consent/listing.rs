//! What a lab runs and writes once it is trusted, as a page of at most one screen. Pure: from the
//! manifest alone.

use std::collections::BTreeSet;

use crate::catalog::Manifest;
use crate::catalog::check::CheckSpec;
use crate::catalog::manifest::{Need, RuntimeKind};
use crate::platform::term::{escape, wrapped};
use crate::platform::{environment, net, process};

/// With the two columns by which details are indented, a line of 80 has room to spare.
const WIDTH: usize = 74;

/// What stands before a row's text.
const LABEL: usize = 12;

/// The most lines that all rows together take.
const LINES: usize = 14;

/// No item takes a row for itself: behind it there is room for how many more there are.
const ITEM: usize = 46;

/// One kind of thing that a lab does.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Row {
    label: &'static str,
    items: Vec<String>,
}

/// The page. `written` are the files of the project that the lab has written, and may write again.
pub(super) fn page(manifest: &Manifest, written: &[String]) -> String {
    let rows = rows(manifest, written);
    let lines = if rows.len() * 2 > LINES { 1 } else { 2 };
    rows.iter().flat_map(|row| laid(row, lines)).collect::<Vec<_>>().join("\n")
}

fn rows(manifest: &Manifest, written: &[String]) -> Vec<Row> {
    let runtime = &manifest.runtime;
    let command = |argv: &[String]| process::shell_words(argv);
    let named = |name: &str, argv: &Vec<String>| format!("{name}: {}", command(argv));
    let local = runtime.local.iter();
    let services = local.clone().flat_map(|local| &local.service);
    let tasks = local.flat_map(|local| &local.task);
    let steps = || manifest.step.iter();
    let drills = || manifest.drill.iter();
    let solutions = steps().map(|step| &step.solution).chain(drills().map(|drill| &drill.solution));
    let damage = drills()
        .flat_map(|drill| drill.background.iter().chain(&drill.inject).chain(&drill.restore));
    let rows = [
        row("services", services.map(|service| named(&service.name, &service.run))),
        row("tasks", tasks.map(|task| named(&task.name, &task.run))),
        row("environment", environment(manifest)),
        row("installs", installs(manifest)),
        row(
            "containers",
            runtime.compose.iter().map(|plan| format!("docker compose up with {}", plan.file)),
        ),
        row(
            "cluster",
            runtime.kubernetes.iter().flat_map(|plan| {
                let images = plan.image.iter().map(|image| format!("docker build {}", image.name));
                images.chain([format!("kubectl apply -k {}", plan.apply)])
            }),
        ),
        row(
            "checks",
            checks(manifest)
                .filter_map(|check| check.probe.command())
                .map(|(_, argv)| command(argv)),
        ),
        row("solutions", solutions.flat_map(|solution| &solution.run).map(|argv| command(argv))),
        row("drills", damage.map(|argv| command(argv))),
        row("versions", tools(manifest)),
        row("ports", addresses(manifest)),
        row("files", files(manifest, written)),
    ];
    rows.into_iter().filter(|row| !row.items.is_empty()).collect()
}

/// Each thing once, in the order of the manifest; what is in no runtime of the lab is not said.
fn row(label: &'static str, items: impl IntoIterator<Item = String>) -> Row {
    let mut known = BTreeSet::new();
    Row { label, items: items.into_iter().filter(|item| known.insert(item.clone())).collect() }
}

/// What decides which programs the names above mean: PATH, LD_PRELOAD.
fn environment(manifest: &Manifest) -> Vec<String> {
    let local = manifest.runtime.local.iter();
    let services = local.clone().flat_map(|local| &local.service).flat_map(|service| &service.env);
    let all = local.flat_map(|local| &local.env).chain(services);
    // What steers programs comes first: a row may be cut.
    let (first, rest): (Vec<_>, Vec<_>) = all.partition(|(name, _)| environment::steers(name));
    first.into_iter().chain(rest).map(|(name, value)| format!("{name}={value}")).collect()
}

fn installs(manifest: &Manifest) -> Vec<String> {
    let python = RuntimeKind::ALL.into_iter().filter_map(|kind| manifest.python(kind));
    python
        .flat_map(|python| {
            let alone = |file| if python.no_deps.contains(file) { "--no-deps " } else { "" };
            python.files().map(move |file| format!("pip install {}-r {file}", alone(file)))
        })
        .collect()
}

/// Every check of the lab but those of its stand-ins, which run nothing.
fn checks(manifest: &Manifest) -> impl Iterator<Item = &CheckSpec> {
    let runtime = &manifest.runtime;
    let services =
        runtime.local.iter().flat_map(|local| &local.service).map(|service| &service.ready);
    let compose = runtime.compose.iter().flat_map(|plan| &plan.ready);
    let cluster = runtime.kubernetes.iter().flat_map(|plan| &plan.ready);
    let steps = manifest.step.iter().flat_map(|step| &step.check);
    let drills =
        manifest.drill.iter().flat_map(|drill| drill.healthy.iter().chain(&drill.recovered));
    services.chain(compose).chain(cluster).chain(steps).chain(drills)
}

/// Programs that are asked for their version.
fn tools(manifest: &Manifest) -> Vec<String> {
    let needs = RuntimeKind::ALL.into_iter().flat_map(|kind| manifest.needs(kind));
    let tool = |need: &Need| match need {
        Need::Tool(tool) => {
            Some(process::shell_words(&[vec![tool.name.clone()], tool.ask.clone()].concat()))
        }
        _ => None,
    };
    needs.filter_map(tool).collect()
}

/// Ports of this machine, and whole addresses of others.
fn addresses(manifest: &Manifest) -> Vec<String> {
    let kinds = RuntimeKind::ALL.into_iter();
    let urls = kinds.flat_map(|kind| manifest.endpoints(kind).into_values());
    urls.map(|url| net::own_port(&url).map_or(url, |port| port.to_string())).collect()
}

fn files(manifest: &Manifest, written: &[String]) -> Vec<String> {
    let mut files = Vec::new();
    match written {
        [] => {}
        [one] => files.push(format!("`update` writes {one}")),
        [first, ..] => {
            files.push(format!("`update` writes {first} and {} more", written.len() - 1))
        }
    }
    let with = |files: &Option<String>| files.is_some();
    let overlays = manifest.step.iter().filter(|step| with(&step.solution.files)).count()
        + manifest.drill.iter().filter(|drill| with(&drill.solution.files)).count();
    if overlays > 0 {
        files.push("`solve` writes over your files, and keeps yours".to_owned());
    }
    let data = manifest.runtime.local.iter().flat_map(|local| &local.data);
    files.extend(data.map(|path| format!("`down --purge` removes {path}")));
    files
}

/// A row in at most so many lines; what does not fit is counted.
fn laid(row: &Row, most: usize) -> Vec<String> {
    let width = WIDTH - LABEL;
    let items: Vec<String> = row.items.iter().map(|item| plain(item)).collect();
    let text = |count: usize| {
        let shown = items[..count].join(" · ");
        match items.len() - count {
            0 => shown,
            more => format!("{shown} · and {more} more"),
        }
    };
    let fits = |count: &usize| wrapped(&text(*count), width).len() <= most;
    let count = (1..=items.len()).rev().find(fits).unwrap_or(1);
    let lines = wrapped(&text(count), width);
    let label = |index: usize| if index == 0 { row.label } else { "" };
    lines.iter().enumerate().map(|(index, line)| format!("{:LABEL$}{line}", label(index))).collect()
}

/// One line of text that means nothing to a terminal, cut where it is long.
fn plain(text: &str) -> String {
    let line = escape(text).split_whitespace().collect::<Vec<_>>().join(" ");
    if line.chars().count() <= ITEM {
        return line;
    }
    let head: String = line.chars().take(ITEM - 1).collect();
    format!("{head}…")
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEAD: &str = "schema = 1\nid = 'x'\ntitle = 'X'\nsummary = ''\ndevops = ''\n\
        level = 'beginner'\nminutes = 1\ntools = []\n";

    fn manifest(text: &str) -> Manifest {
        toml::from_str(&format!("{HEAD}{text}")).unwrap()
    }

    fn service(name: &str, run: &str) -> String {
        format!(
            "[[runtime.local.service]]\nname = '{name}'\nrun = {run}\n\
             ready = {{ tcp = {{ endpoint = 'api' }} }}\n"
        )
    }

    #[test]
    fn every_program_that_a_lab_names_is_on_the_page() {
        let text = format!(
            "[runtime.local]\nneeds = [{{ tool = {{ name = 'widget', version = '>=1.0', \
             ask = ['-V'] }} }}]\n\
             python = {{ requirements = ['r.txt'], uv = 'uv.txt' }}\ndata = ['state']\n\
             env = {{ A = '1', LD_PRELOAD = './x.so' }}\n\
             [[runtime.local.task]]\nname = 'train'\nrun = ['python', 'train.py']\n{}\
             [runtime.compose]\nfile = 'other.yaml'\n\
             [runtime.kubernetes]\napply = 'k8s'\nimage = [{{ name = 'img:1' }}]\n\
             [endpoint.api]\nlocal = 'http://127.0.0.1:8080'\ncompose = 'http://192.0.2.1:80@x'\n\
             [[step]]\nid = 's'\ntitle = ''\ntext = ''\ncheck = [{{ command = \
             {{ argv = ['./probe'] }} }}]\n\
             solution = {{ files = 'f', run = [['./solve', 'it']] }}\n\
             [[drill]]\nid = 'd'\ntitle = ''\ntext = ''\nbackground = [['./load']]\n\
             inject = [['./hurt']]\nhealthy = []\n\
             within = '1s'\nrecovered = [{{ command = {{ argv = ['./well'] }} }}]\n\
             restore = [['./heal']]\nsolution = {{ run = [['./repair']] }}\n",
            service("api", "['./serve', '--port', '1']")
        );
        let page = page(&manifest(&text), &["README.md".to_owned(), "a".to_owned()]);
        for wanted in [
            "api: ./serve --port 1",
            "train: python train.py",
            "LD_PRELOAD=./x.so · A=1",
            "pip install -r r.txt",
            "pip install -r uv.txt",
            "other.yaml",
            "kubectl apply -k k8s",
            "docker build img:1",
            "./probe",
            "./well",
            "./solve it",
            "./repair",
            "./load · ./hurt · ./heal",
            "widget -V",
            "8080 · http://192.0.2.1:80@x",
            "README.md and 1 more",
        ] {
            assert!(page.contains(wanted), "{wanted}\n{page}");
        }
    }

    #[test]
    fn a_page_is_one_screen_whatever_a_lab_names() {
        let long = "x".repeat(500);
        let run = format!(r#"['./a', '{long}', "\u001b[2J\n\nhidden\u202e"]"#);
        let services: String =
            (0..300).map(|number| service(&format!("s{number}"), &run)).collect();
        let page = page(&manifest(&format!("[runtime.local]\n{services}")), &[]);
        assert!(page.lines().count() <= LINES, "{page}");
        assert!(page.lines().all(|line| line.chars().count() <= WIDTH), "{page}");
        assert!(!page.contains("\n            more"), "one line is one line: {page}");
        assert!(page.contains("more") && !page.contains(['\u{1b}', '\u{202e}']), "{page}");
    }
}
