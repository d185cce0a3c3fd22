//! A Dockerfile, as far as `fetch` has to understand it: which stages can be built beforehand,
//! since none of the learner's sources is in them, and the same file with these taken from images.

use std::collections::{BTreeMap, BTreeSet};
use std::io;

use sha2::{Digest, Sha256};

/// What images of stages are called: the tag says which stage, and of what it was made.
pub(super) const REPOSITORY: &str = "mlops-lab-fetched";

/// Reads a file of the build context; none where there is no regular file.
pub(super) type Read<'a> = &'a dyn Fn(&str) -> io::Result<Option<Vec<u8>>>;

/// One stage.
#[derive(Debug)]
struct Stage {
    /// `AS name`.
    name: Option<String>,
    /// The image or the stage that it begins with.
    from: String,
    /// `--platform` and the like.
    options: Vec<String>,
    /// Its instructions without `FROM`, each on one line.
    steps: Vec<String>,
    /// As it is written.
    text: String,
}

/// A Dockerfile.
#[derive(Debug)]
pub(super) struct Dockerfile {
    /// What comes before the first stage.
    head: String,
    stages: Vec<Stage>,
}

/// What a build for some targets needs.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Parts {
    /// Stages that can be built beforehand, and the image of each.
    pub(super) stages: BTreeMap<String, String>,
    /// The images of others on which the rest is built.
    pub(super) bases: BTreeSet<String>,
}

impl Dockerfile {
    /// Reads one.
    ///
    /// # Errors
    /// What stands in it that is not understood.
    pub(super) fn parse(text: &str) -> Result<Dockerfile, String> {
        let mut file = Dockerfile { head: String::new(), stages: Vec::new() };
        // An instruction, and its lines as they are written.
        let (mut step, mut raw) = (String::new(), String::new());
        for line in text.lines() {
            raw.push_str(line);
            raw.push('\n');
            let trimmed = line.trim();
            if trimmed.starts_with('#') || trimmed.is_empty() {
                continue;
            }
            if let Some(part) = trimmed.strip_suffix('\\') {
                step.push_str(part.trim_end());
                step.push(' ');
                continue;
            }
            step.push_str(trimmed);
            file.add(std::mem::take(&mut step), &std::mem::take(&mut raw))?;
        }
        match file.stages.last_mut() {
            Some(stage) => stage.text.push_str(&raw),
            None => return Err("it has no FROM".to_owned()),
        }
        Ok(file)
    }

    fn add(&mut self, step: String, raw: &str) -> Result<(), String> {
        let (word, rest) = step.split_once(char::is_whitespace).unwrap_or((&step, ""));
        if matches!(&*word.to_ascii_uppercase(), "RUN" | "COPY" | "ADD") && rest.contains("<<") {
            return Err(format!("a here-document: {step}"));
        }
        if word.eq_ignore_ascii_case("FROM") {
            let (options, words): (Vec<&str>, Vec<&str>) =
                rest.split_whitespace().partition(|word| word.starts_with("--"));
            let (from, name) = match *words {
                [from] => (from, None),
                [from, word, name] if word.eq_ignore_ascii_case("AS") => (from, Some(name)),
                _ => return Err(step),
            };
            if from.contains('$') {
                return Err(format!("a variable: {step}"));
            }
            self.stages.push(Stage {
                // Stages are found whatever the case of their names.
                name: name.map(str::to_lowercase),
                from: from.to_owned(),
                options: options.into_iter().map(str::to_owned).collect(),
                steps: Vec::new(),
                text: raw.to_owned(),
            });
            return Ok(());
        }
        match self.stages.last_mut() {
            Some(stage) => {
                stage.text.push_str(raw);
                stage.steps.push(step);
            }
            None => self.head.push_str(raw),
        }
        Ok(())
    }

    /// What builds for these targets need; the last stage where one is none.
    ///
    /// # Errors
    /// A target that is no stage, or a file that cannot be read.
    pub(super) fn parts(
        &self,
        targets: &BTreeSet<Option<String>>,
        read: Read<'_>,
    ) -> Result<Parts, String> {
        let mut parts = Parts::default();
        let mut seen = BTreeSet::new();
        let last = self.stages.len().saturating_sub(1);
        let mut open = Vec::new();
        for target in targets {
            let place = target.as_ref().map_or(Some(last), |name| self.stage(name, last + 1));
            open.push(place.ok_or_else(|| {
                format!("it has no stage `{}`", target.as_deref().unwrap_or_default())
            })?);
        }
        while let Some(at) = open.pop() {
            let stage = &self.stages[at];
            if !seen.insert(at) {
                continue;
            }
            let sum = self.sum(at, read).map_err(|error| error.to_string())?;
            if let (Some(sum), Some(name), true) = (sum, &stage.name, stage.worth_it()) {
                let image = format!("{REPOSITORY}:{name}-{}", &sum[..16]);
                parts.stages.insert(name.clone(), image);
                continue;
            }
            for other in std::iter::once(&*stage.from).chain(stage.copied_from()) {
                match self.stage(other, at) {
                    Some(place) => open.push(place),
                    None if other == "scratch" => {}
                    None => drop(parts.bases.insert(other.to_owned())),
                }
            }
        }
        Ok(parts)
    }

    /// The same file in which these stages are the images that were made of them.
    pub(super) fn with(&self, images: &BTreeMap<String, String>) -> String {
        let mut text = self.head.clone();
        for stage in &self.stages {
            match stage.name.as_ref().and_then(|name| Some((name, images.get(name)?))) {
                Some((name, image)) => text.push_str(&format!("FROM {image} AS {name}\n")),
                None => text.push_str(&stage.text),
            }
        }
        text
    }

    /// A stage that stands before the one at `before`, by its name or its number.
    fn stage(&self, name: &str, before: usize) -> Option<usize> {
        let lower = name.to_lowercase();
        let named = |stage: &Stage| stage.name.as_ref() == Some(&lower);
        let earlier = &self.stages[..before.min(self.stages.len())];
        let place = earlier.iter().rposition(named);
        place.or_else(|| name.parse().ok().filter(|at| *at < earlier.len()))
    }

    /// A sum of all that a stage is made of; none when that is more than its instructions and files
    /// that they name one by one: what copies folders has the learner's sources.
    fn sum(&self, at: usize, read: Read<'_>) -> io::Result<Option<String>> {
        let stage = &self.stages[at];
        let mut hash = Sha256::new();
        let mut add = |text: &[u8]| {
            hash.update((text.len() as u64).to_le_bytes());
            hash.update(text);
        };
        let before = |name: &str| match self.stage(name, at) {
            Some(place) => self.sum(place, read),
            None => Ok(Some(name.to_owned())),
        };
        let Some(from) = before(&stage.from)? else { return Ok(None) };
        add(from.as_bytes());
        add(stage.options.join(" ").as_bytes());
        for step in &stage.steps {
            add(step.as_bytes());
            let Some(copy) = Copy::of(step) else {
                // A mount may have anything, and an argument is given from outside.
                let word = step.split_whitespace().next().unwrap_or_default();
                if step.contains("--mount") || word.eq_ignore_ascii_case("ARG") {
                    return Ok(None);
                }
                continue;
            };
            match copy.from {
                Some(other) => match before(other)? {
                    Some(sum) => add(sum.as_bytes()),
                    None => return Ok(None),
                },
                None => {
                    for path in copy.sources {
                        let path = path.trim_start_matches("./");
                        match read(path)? {
                            Some(bytes) => add(&bytes),
                            None => return Ok(None),
                        }
                    }
                }
            }
        }
        let sum = hash.finalize();
        Ok(Some(sum.iter().map(|byte| format!("{byte:02x}")).collect()))
    }
}

impl Stage {
    /// Whether it takes more than putting files together, which needs no network.
    fn worth_it(&self) -> bool {
        self.steps.iter().any(|step| {
            step.get(..4).is_some_and(|word| matches!(&*word.to_uppercase(), "RUN " | "ADD "))
        })
    }

    /// The images and stages that it copies from.
    fn copied_from(&self) -> impl Iterator<Item = &str> {
        self.steps.iter().filter_map(|step| Copy::of(step)?.from)
    }
}

/// `COPY` or `ADD`.
struct Copy<'a> {
    from: Option<&'a str>,
    sources: Vec<&'a str>,
}

impl Copy<'_> {
    fn of(step: &str) -> Option<Copy<'_>> {
        let mut words = step.split_whitespace();
        let first = words.next()?;
        if !["COPY", "ADD"].iter().any(|word| word.eq_ignore_ascii_case(first)) {
            return None;
        }
        let (options, mut sources): (Vec<&str>, Vec<&str>) =
            words.partition(|word| word.starts_with("--"));
        // In brackets: no file has such a name, so that it counts as sources.
        sources.pop();
        let from = options.iter().find_map(|option| option.strip_prefix("--from="));
        Some(Copy { from, sources })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FILE: &str = r#"# Two images.
FROM python:3.13 AS base
WORKDIR /srv

FROM base AS packages
# The wheels.
COPY requirements.txt ./
RUN python -m venv /venv \
    # in hashes we trust
    && pip install -r requirements.txt

FROM base AS sources
COPY . ./
RUN chmod -R a+rX .

FROM busybox:1.37 AS tool

FROM base AS server
COPY --from=packages /venv /venv
COPY --from=sources /srv/server server
COPY --from=alpine:3 /bin/x /bin/x

FROM tool AS other
COPY one two /there/
"#;

    fn parts(file: &str, target: &str, requirements: &str) -> Parts {
        let read = |path: &str| {
            Ok((path == "requirements.txt").then(|| requirements.as_bytes().to_owned()))
        };
        let target = Some(target.to_owned()).filter(|target| !target.is_empty());
        Dockerfile::parse(file).unwrap().parts(&BTreeSet::from([target]), &read).unwrap()
    }

    #[test]
    fn what_holds_no_sources_is_built_beforehand_and_the_rest_begins_with_images() {
        let found = parts(FILE, "server", "a==1");
        assert_eq!(found.stages.keys().collect::<Vec<_>>(), ["packages"]);
        let image = &found.stages["packages"];
        assert!(image.starts_with("mlops-lab-fetched:packages-"), "{image}");
        assert_eq!(found.bases, BTreeSet::from(["alpine:3".to_owned(), "python:3.13".to_owned()]));
        let last = parts(FILE, "", "a==1");
        assert_eq!(last.bases, BTreeSet::from(["busybox:1.37".to_owned()]));
        assert!(last.stages.is_empty());
    }

    #[test]
    fn another_file_or_another_instruction_is_another_image_and_a_comment_is_none() {
        let first = parts(FILE, "server", "a==1");
        let same = FILE.replace("in hashes we trust", "else");
        assert_eq!(parts(&same, "server", "a==1"), first);
        for (file, requirements) in [
            (FILE.to_owned(), "a==2"),
            (FILE.replace("/venv \\", "/other \\"), "a==1"),
            (FILE.replace("WORKDIR /srv", "WORKDIR /app"), "a==1"),
            (FILE.replace("python:3.13", "python:3.14"), "a==1"),
        ] {
            let other = parts(&file, "server", requirements);
            assert_ne!(other.stages["packages"], first.stages["packages"], "{file}");
        }
    }

    #[test]
    fn a_stage_with_folders_globs_mounts_or_brackets_is_built_from_what_is_there() {
        for step in [
            "COPY server ./",
            "COPY *.txt ./",
            "COPY [\"requirements.txt\", \"./\"]",
            "RUN --mount=type=bind,target=/x pip install x",
            "ARG VERSION",
        ] {
            let file = format!("FROM a AS packages\n{step}\nRUN true\n");
            let found = parts(&file, "packages", "");
            assert!(found.stages.is_empty() && found.bases.contains("a"), "{step}");
        }
    }

    #[test]
    fn stages_that_are_images_leave_the_others_as_they_are_written() {
        let images = BTreeMap::from([("packages".to_owned(), "fetched:1".to_owned())]);
        let text = Dockerfile::parse(FILE).unwrap().with(&images);
        let (start, rest) = FILE.split_once("\nFROM base AS packages\n").unwrap();
        let end = rest.split_once("\nFROM base AS sources\n").unwrap().1;
        let middle = "FROM fetched:1 AS packages\n\nFROM base AS sources\n";
        assert_eq!(text, format!("{start}{middle}{end}"));
        let all = Dockerfile::parse(FILE).unwrap().with(&BTreeMap::new());
        assert_eq!(all, FILE);
    }

    #[test]
    fn what_is_not_understood_is_named() {
        for (text, why) in [
            ("# nothing\n", "it has no FROM"),
            ("ARG A=b\nFROM $A\n", "a variable: FROM $A"),
            ("FROM a\nRUN <<EOF\nx\nEOF\n", "a here-document: RUN <<EOF"),
            ("FROM a b\n", "FROM a b"),
        ] {
            assert_eq!(Dockerfile::parse(text).unwrap_err(), why);
        }
        let none = Dockerfile::parse("FROM a\n").unwrap();
        let wanted = BTreeSet::from([Some("x".to_owned())]);
        assert_eq!(none.parts(&wanted, &|_| Ok(None)).unwrap_err(), "it has no stage `x`");
    }
}
