//! Fetching the images of a lab into a folder: those of others, and the stages of its own that can
//! be built beforehand.

use std::collections::BTreeSet;
use std::path::Path;

use super::images::{Needs, there};
use super::{BUILD, QUERY_TIMEOUT};
use crate::error::{Error, Result};
use crate::platform::fs::{self, Mode};
use crate::platform::process::{self, Command, Ended};
use crate::platform::term::Progress;
use crate::runtime::offline::{Archive, Folder, List, sum};

/// Why no images can be fetched here: Docker or compose is not there, or does not answer.
pub(in crate::runtime) fn unavailable() -> Option<String> {
    let server: &[&str] = &["version", "--format", "{{.Server.Version}}"];
    [server, &["compose", "version"]].into_iter().find_map(|args| {
        match process::capture(&Command::new("docker", QUERY_TIMEOUT).args(args)) {
            Err(why) => Some(why.to_string()),
            Ok(captured) if captured.ended == Ended::Code(0) => None,
            Ok(captured) => {
                let text = String::from_utf8_lossy(&captured.stderr).trim().to_owned();
                let first = text.lines().next().unwrap_or("Docker does not answer");
                Some(first.to_owned())
            }
        }
    })
}

/// Runs a command whose output is kept.
pub(in crate::runtime) type Run<'a> = &'a dyn Fn(Command, &mut dyn Progress) -> Result<()>;

/// Saves the images of the lab whose files are in `project`, with its compose file `file`, as
/// `name` of the folder. Returns how many there are. What is there already is kept.
///
/// # Errors
/// Exit 3: an image that cannot be had or built, no room.
pub(in crate::runtime) fn fetch(
    (project, file): (&Path, &str),
    (folder, list): (&Folder, &mut List),
    name: &str,
    run: Run<'_>,
    progress: &mut dyn Progress,
) -> Result<usize> {
    let docker = |args: &[&str]| Command::new("docker", BUILD).args(args).cwd(project);
    // There is no `.env` here, and what it holds names no image.
    let config = ["--no-interpolate", "--format", "json"];
    let start = ["compose", "--file", file, "--profile", "*", "config"];
    let needs = Needs::of(&docker(&[&start[..], &config].concat()), project)?;
    let images = needs.names();
    let path = folder.images().join(name);
    let whole = list.archives.get(name).is_some_and(|archive| {
        archive.images == images && sum(&path).is_ok_and(|sum| sum == archive.sum)
    });
    if whole || images.is_empty() {
        return Ok(images.len());
    }
    for (image, platform) in needs.pulled.iter().filter(|(image, _)| !there(image)) {
        progress.start(&format!("pulling {image}"));
        let platform = platform.iter().flat_map(|platform| ["--platform", platform]);
        let args: Vec<&str> = ["pull"].into_iter().chain(platform).chain(["--", image]).collect();
        run(docker(&args), progress)?;
        progress.done("");
    }
    let mut built = BTreeSet::new();
    for build in &needs.builds {
        let [path, context] = [&build.path, &build.context].map(|path| path.display().to_string());
        for (stage, image) in build.parts.stages.iter().filter(|(_, image)| !there(image)) {
            progress.start(&format!("building the stage {stage}"));
            let what = ["--progress", "plain", "--target", stage, "--tag", image];
            let args = [&["build"], &what[..], &["--file", &path, &context]].concat();
            run(docker(&args), progress)?;
            progress.done("");
            built.insert(image.as_str());
        }
    }
    progress.start("saving the images");
    fs::make_folder(&folder.images())?;
    let part = folder.images().join(format!("{name}.part"));
    let shown = part.display().to_string();
    let names: Vec<&str> = images.iter().map(String::as_str).collect();
    run(docker(&[&["save", "--output", &shown, "--"], &names[..]].concat()), progress)?;
    // Docker writes it for its owner alone, and the folder is for others.
    fs::set_bits(&part, Mode::Plain.bits());
    let archive = Archive { sum: sum(&part)?, images: images.clone() };
    fs::rename(&part, &path).map_err(|error| {
        Error::environment(format!("cannot write {}", path.display())).because(error)
    })?;
    list.archives.insert(name.to_owned(), archive);
    folder.note(list)?;
    // Only what was made for the archive; the engine keeps what building again costs time.
    if !built.is_empty() {
        let names: Vec<&str> = built.into_iter().collect();
        let _ = process::capture(&docker(&[&["image", "rm", "--"], &names[..]].concat()));
    }
    progress.done("");
    Ok(images.len())
}
