//! `init`: a lab and answers become a folder.

use std::io::{self, Write};
use std::path::PathBuf;
use std::time::Duration;

use serde::Serialize;

use super::{Session, View, doctor, pasteable, up};
use crate::catalog::manifest::RuntimeKind;
use crate::cli::{Init, Up};
use crate::error::{Error, Exit, Result};
use crate::platform::fs;
use crate::platform::term::{self, BOLD, GOOD};
use crate::scaffold::{self, Given};
use crate::workspace::{self, Workspace};

/// `init` promises to be quick: what the doctor cannot find out in this time it leaves to `doctor` and `up`.
const DOCTOR_WITHIN: Duration = Duration::from_millis(400);

#[derive(Serialize)]
struct Made {
    lab: String,
    title: String,
    folder: PathBuf,
    files: usize,
    #[serde(skip_serializing_if = "Option::is_none")]
    doctor: Option<crate::doctor::Report>,
    next: Vec<String>,
}

pub(super) fn run(session: &Session, args: &Init) -> Result<Exit> {
    let lab = session.source.lab(&args.lab)?;
    if let Some(kind) = args.runtime
        && !lab.manifest.runtimes().contains(&kind)
    {
        return Err(Error::usage(format!("the lab `{}` does not offer the runtime `{kind}`", args.lab)));
    }
    let given = given(session, args)?;
    let answers = scaffold::answers(&lab.manifest, &given)?;
    let rendered = scaffold::render(&lab, &answers)?;
    let folder = match &args.folder {
        // `components` drops a `.` at the end.
        Some(folder) => session.folder.join(folder).components().collect(),
        None => session.folder.join(scaffold::project_name(&answers)),
    };
    let mut tree = workspace::seed(
        None,
        &lab,
        &rendered.manifest_text,
        &rendered.knowledge,
        &rendered.tree,
        &answers.plain,
    )?;
    let files = rendered.tree.len();
    tree.extend(rendered.tree);
    scaffold::create(&folder, &tree)?;

    let default = rendered.manifest.runtimes().first().copied().unwrap_or(RuntimeKind::Local);
    let kind = args.runtime.unwrap_or(default);
    // With --up the doctor comes at the head of `up`.
    let report = if args.no_doctor || args.up {
        None
    } else {
        Some(doctor::of_manifest(&rendered.manifest, &folder, args.runtime, DOCTOR_WITHIN))
    };
    let shown = args.folder.clone().unwrap_or_else(|| PathBuf::from(scaffold::project_name(&answers)));
    let runtime = if kind == default { String::new() } else { format!(" --runtime {kind}") };
    let next = vec![
        format!("cd {}", pasteable(&shown)),
        format!("mlops-lab up{runtime}"),
        "mlops-lab check".to_owned(),
    ];
    let made = Made {
        lab: args.lab.clone(),
        title: lab.manifest.title.clone(),
        folder: folder.clone(),
        files,
        doctor: report,
        next,
    };
    if !args.up {
        return session.show(&made);
    }
    if !session.json {
        session.show(&Brief(&made))?;
    }
    let workspace = Workspace::find(&folder)?;
    session.show(
        &up::run(
            session,
            &workspace,
            &Up { runtime: args.runtime, verbose: false, cluster: args.cluster.clone() },
        )?
        .after_init(&shown),
    )
}

/// `NAME=VALUE` as name and value.
pub(super) fn sets(given: &[String]) -> Result<Vec<(String, String)>> {
    let split = |set: &String| match set.split_once('=') {
        Some((name, value)) => Ok((name.to_owned(), value.to_owned())),
        None => Err(Error::usage(format!("`--set {set}` has no `=`"))
            .hint("write --set NAME=VALUE, for example --set port=9000")),
    };
    given.iter().map(split).collect()
}

fn given(session: &Session, args: &Init) -> Result<Given> {
    let sets = sets(&args.set)?;
    let file = match &args.answers {
        None => None,
        Some(path) => {
            let path = session.folder.join(path);
            let shown = path.display().to_string();
            match fs::read_optional(&path)? {
                None => return Err(Error::usage(format!("there is no file {shown}"))),
                Some(bytes) => {
                    let text = String::from_utf8(bytes)
                        .map_err(|error| Error::usage(format!("{shown} is not UTF-8")).because(error))?;
                    Some((shown, text))
                }
            }
        }
    };
    Ok(Given { file, sets, ..Given::default() })
}

impl View for Made {
    fn human(&self, out: &mut dyn Write) -> io::Result<()> {
        Brief(self).human(out)?;
        if let Some(report) = &self.doctor {
            crate::doctor::brief(report, out, term::columns())?;
        }
        writeln!(out, "\nnext:")?;
        for line in &self.next {
            writeln!(out, "  {line}")?;
        }
        writeln!(out, "\nThe course is in {BOLD}README.md{BOLD:#} of the new folder.")
    }
}

/// The first line alone, for `init --up`.
#[derive(Serialize)]
#[serde(transparent)]
struct Brief<'a>(&'a Made);

impl View for Brief<'_> {
    fn human(&self, out: &mut dyn Write) -> io::Result<()> {
        let Made { title, folder, files, .. } = self.0;
        writeln!(out, "{GOOD}made{GOOD:#} {title}: {files} files in {}", folder.display())
    }
}
