//! The folder that `fetch` makes and `up --offline` installs from: wheels, archives of images, and
//! a list of them with their SHA-256. The lab's own requirements have the last word: they hold
//! hashes, too.

use std::collections::{BTreeMap, BTreeSet};
use std::env::consts::{ARCH, OS};
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};

use crate::error::{Error, Result};
use crate::platform::clock;
use crate::platform::fs::{self, Kind};
use crate::platform::process::{Command, shell_words};

/// The list.
const LIST: &str = "fetched.txt";

/// The wheels.
const WHEELS: &str = "wheels";

/// The images: what `docker save` writes, a file for each lab.
const IMAGES: &str = "images";

/// Before the sum of an archive, and before the name of an image.
const ARCHIVE: &str = "archive";
const IMAGE: &str = "image";

/// Variables that name other places for packages. Nothing is looked for there.
const ELSEWHERE: [&str; 8] = [
    "PIP_FIND_LINKS",
    "PIP_INDEX_URL",
    "PIP_EXTRA_INDEX_URL",
    "UV_FIND_LINKS",
    "UV_INDEX",
    "UV_INDEX_URL",
    "UV_DEFAULT_INDEX",
    "UV_EXTRA_INDEX_URL",
];

/// What the folder says of itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct List {
    /// The system that the wheels are for: `linux-x86_64`.
    pub(super) platform: String,
    /// The Python that they are for: `3.11`.
    pub(super) python: String,
    /// Whether the last fetch came to its end.
    pub(super) whole: bool,
    /// The labs whose wheels are here.
    pub(super) labs: Vec<String>,
    /// SHA-256 by name, of what is whole.
    pub(super) wheels: BTreeMap<String, String>,
    /// What is whole of images, by the name of the archive.
    pub(super) archives: BTreeMap<String, Archive>,
}

/// An archive of images.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Archive {
    /// Its SHA-256.
    pub(super) sum: String,
    /// The names of the images in it.
    pub(super) images: BTreeSet<String>,
}

impl List {
    /// Of a new folder.
    pub(super) fn new() -> List {
        List { platform: platform(), ..List::of("") }
    }

    /// A word and its value a line. The wheels are listed by their sums, as `sha256sum` does; an
    /// archive likewise, and below it the images that it has.
    fn text(&self) -> String {
        let mut text = format!("platform {}\npython {}\n", self.platform, self.python);
        if self.whole {
            text.push_str("whole yes\n");
        }
        for lab in &self.labs {
            text.push_str("lab ");
            text.push_str(lab);
            text.push('\n');
        }
        for (name, sum) in &self.wheels {
            text.push_str(&format!("{sum} {name}\n"));
        }
        for (name, archive) in &self.archives {
            text.push_str(&format!("{ARCHIVE} {} {name}\n", archive.sum));
            for image in &archive.images {
                text.push_str(&format!("{IMAGE} {image}\n"));
            }
        }
        text
    }

    fn of(text: &str) -> List {
        let mut list = List {
            platform: String::new(),
            python: String::new(),
            whole: false,
            labs: Vec::new(),
            wheels: BTreeMap::new(),
            archives: BTreeMap::new(),
        };
        let mut last = None;
        for (word, value) in text.lines().filter_map(|line| line.split_once(' ')) {
            let value = value.to_owned();
            match word {
                "platform" => list.platform = value,
                "python" => list.python = value,
                "whole" => list.whole = true,
                "lab" => list.labs.push(value),
                ARCHIVE => {
                    let (sum, name) = value.split_once(' ').unwrap_or((&value, ""));
                    // The list may be anyone's: nothing outside the folder is loaded.
                    last = Some(name.to_owned()).filter(|name| !name.contains('/'));
                    let archive = Archive { sum: sum.to_owned(), images: BTreeSet::new() };
                    list.archives.extend(last.clone().map(|name| (name, archive)));
                }
                IMAGE => {
                    let archive = last.as_ref().and_then(|name| list.archives.get_mut(name));
                    if let Some(archive) = archive {
                        archive.images.insert(value);
                    }
                }
                sum => drop(list.wheels.insert(value, sum.to_owned())),
            }
        }
        list
    }
}

/// This system, as lists name it.
pub(super) fn platform() -> String {
    format!("{OS}-{ARCH}")
}

/// A folder of wheels.
#[derive(Clone, Debug)]
pub(super) struct Folder(pub(super) PathBuf);

impl Folder {
    /// Where the wheels are.
    pub(super) fn wheels(&self) -> PathBuf {
        self.0.join(WHEELS)
    }

    /// Where the archives of images are.
    pub(super) fn images(&self) -> PathBuf {
        self.0.join(IMAGES)
    }

    /// The list; none when the folder has none.
    ///
    /// # Errors
    /// Exit 3 when it cannot be read.
    pub(super) fn list(&self) -> Result<Option<List>> {
        let bytes = fs::read_optional(&self.0.join(LIST))?;
        Ok(bytes.map(|bytes| List::of(&String::from_utf8_lossy(&bytes))))
    }

    /// Writes the list.
    ///
    /// # Errors
    /// Exit 3 when it cannot be written.
    pub(super) fn note(&self, list: &List) -> Result<()> {
        fs::write(&self.0.join(LIST), list.text().as_bytes(), false)
    }

    /// The SHA-256 of each wheel that is there.
    ///
    /// # Errors
    /// Exit 3 when one cannot be read.
    pub(super) fn sums(&self) -> Result<BTreeMap<String, String>> {
        let folder = self.wheels();
        if fs::kind(&folder).is_ok_and(|kind| kind == Kind::Missing) {
            return Ok(BTreeMap::new());
        }
        let names = fs::names(&folder).map_err(cannot(&folder))?;
        names
            .into_iter()
            .map(|name| {
                let sum = sum(&folder.join(&name))?;
                Ok((name, sum))
            })
            .collect()
    }

    /// The list of a folder from which can be installed here: fetched to the end, for this
    /// system, and no wheel in it is damaged.
    ///
    /// # Errors
    /// Exit 3 with the file that is missing or has another content, and what to type.
    pub(super) fn checked(&self) -> Result<List> {
        let list = self.fitting()?;
        match damage(&list.wheels, &self.sums()?) {
            None => Ok(list),
            Some(why) => {
                let error = self.damaged(&list, &self.wheels(), &why);
                Err(error.detail("nothing was installed"))
            }
        }
    }

    /// The file of an archive that is as it was listed.
    ///
    /// # Errors
    /// As [`Self::checked`].
    pub(super) fn archive(&self, list: &List, name: &str) -> Result<PathBuf> {
        let path = self.images().join(name);
        let listed = list.archives.get(name).map(|archive| (name.to_owned(), archive.sum.clone()));
        let there = match fs::kind(&path) {
            Ok(Kind::File) => Some((name.to_owned(), sum(&path)?)),
            _ => None,
        };
        match damage(&listed.into_iter().collect(), &there.into_iter().collect()) {
            None => Ok(path),
            Some(why) => {
                let error = self.damaged(list, &self.images(), &why);
                Err(error.detail("no image was loaded"))
            }
        }
    }

    fn damaged(&self, list: &List, place: &Path, why: &str) -> Error {
        Error::environment(format!("{}: {why}", place.display())).hint(self.again(list))
    }

    /// The list of a folder that was fetched to the end, for this system.
    ///
    /// # Errors
    /// Exit 3 with what to type.
    pub(super) fn fitting(&self) -> Result<List> {
        let shown = self.0.display();
        let Some(list) = self.list()? else {
            return Err(Error::environment(format!("{shown} holds nothing that was fetched"))
                .hint("fetch a lab into it: mlops-lab fetch LAB --to DIR"));
        };
        if let Some(why) = unfit(&list, &platform()) {
            return Err(Error::environment(format!("{shown} {why}")).hint(self.again(&list)));
        }
        Ok(list)
    }

    /// What to do about packages that the lab names and the folder has not.
    pub(super) fn lacks(&self) -> String {
        format!(
            "{} has not all that this lab names, or not with its hashes; where there is a \
             network: mlops-lab fetch LAB --to DIR",
            self.0.display()
        )
    }

    /// What to type to have it whole.
    fn again(&self, list: &List) -> String {
        // The list may be anyone's, and this is to be pasted.
        let lab = list.labs.first().map_or("LAB", String::as_str).to_owned();
        let words = ["mlops-lab", "fetch", &lab, "--to", &self.0.display().to_string()];
        let command = shell_words(&words.map(str::to_owned));
        format!("where there is a network: {command}")
    }

    /// An installer that takes everything from here, and asks nobody.
    pub(super) fn only(&self, command: Command) -> Command {
        let mut command = command
            .env("PIP_CONFIG_FILE", "/dev/null")
            .env("PIP_NO_INDEX", "1")
            .env("UV_NO_CONFIG", "1")
            .env("UV_NO_INDEX", "1")
            .env("UV_OFFLINE", "1")
            .env("UV_PYTHON_DOWNLOADS", "never");
        command.unset.extend(ELSEWHERE.map(Into::into));
        command
    }

    /// Options of `pip install` and `uv pip install`.
    pub(super) fn options(&self) -> [String; 3] {
        let wheels = self.wheels().display().to_string();
        ["--no-index".to_owned(), "--find-links".to_owned(), wheels]
    }
}

/// Why nothing can be installed from a folder with this list, on this platform.
fn unfit(list: &List, here: &str) -> Option<String> {
    if !list.whole {
        return Some("is half fetched".to_owned());
    }
    (list.platform != here)
        .then(|| format!("was fetched for {}, and this is {here}", list.platform))
}

/// The first wheel that is not as listed, in words.
fn damage(listed: &BTreeMap<String, String>, there: &BTreeMap<String, String>) -> Option<String> {
    listed.iter().find_map(|(name, sum)| match there.get(name) {
        None => Some(format!("{name} is missing")),
        Some(other) if other != sum => {
            Some(format!("{name} is damaged: expected SHA-256 {sum}, has {other}"))
        }
        Some(_) => None,
    })
}

/// The SHA-256 of a file of any size, in hexadecimal.
///
/// # Errors
/// Exit 3 when it cannot be read. Exit 130 after Ctrl-C.
pub(super) fn sum(path: &Path) -> Result<String> {
    let mut file = fs::open(path).map_err(cannot(path))?;
    let mut hash = Sha256::new();
    let mut part = vec![0; 1 << 20];
    loop {
        // An archive of images takes its time.
        clock::interrupted()?;
        match file.read(&mut part).map_err(cannot(path))? {
            0 => break,
            read => hash.update(&part[..read]),
        }
    }
    Ok(hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect())
}

fn cannot(path: &Path) -> impl FnOnce(io::Error) -> Error {
    move |error| Error::environment(format!("cannot read {}", path.display())).because(error)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn list() -> List {
        List {
            platform: "linux-x86_64".to_owned(),
            python: "3.11".to_owned(),
            whole: true,
            labs: vec!["serving".to_owned()],
            wheels: BTreeMap::from([("a.whl".to_owned(), "1".to_owned())]),
            archives: BTreeMap::new(),
        }
    }

    #[test]
    fn a_list_is_read_as_it_was_written() {
        let both = List { labs: vec!["a".to_owned(), "b".to_owned()], ..list() };
        let names = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
        let archive =
            |sum: &str, images: &[&str]| Archive { sum: sum.to_owned(), images: names(images) };
        let archives = BTreeMap::from([
            ("serving.tar".to_owned(), archive("2", &["a:1", "b:2"])),
            ("the other.tar".to_owned(), archive("3", &["c:3"])),
        ]);
        for list in [list(), List { whole: false, ..both }, List { archives, ..list() }] {
            assert_eq!(List::of(&list.text()), list);
        }
        assert!(!List::of("something else").whole);
    }

    #[test]
    fn an_archive_outside_the_folder_is_none() {
        let list = List::of("archive 1 ../etc/x.tar\nimage a:1\narchive 2 b.tar\nimage b:1\n");
        assert_eq!(list.archives.keys().collect::<Vec<_>>(), ["b.tar"]);
        assert_eq!(list.archives["b.tar"].images, BTreeSet::from(["b:1".to_owned()]));
    }

    #[test]
    fn what_is_half_fetched_or_for_another_system_is_refused() {
        assert_eq!(unfit(&list(), "linux-x86_64"), None);
        let other = unfit(&list(), "linux-aarch64").unwrap();
        assert_eq!(other, "was fetched for linux-x86_64, and this is linux-aarch64");
        let half = List { whole: false, ..list() };
        assert_eq!(unfit(&half, "linux-x86_64").unwrap(), "is half fetched");
    }

    #[test]
    fn damage_names_the_file_and_what_is_more_is_none() {
        let there = |pairs: &[(&str, &str)]| {
            pairs.iter().map(|(name, sum)| ((*name).to_owned(), (*sum).to_owned())).collect()
        };
        assert_eq!(damage(&list().wheels, &there(&[("a.whl", "1"), ("more.whl", "2")])), None);
        assert_eq!(damage(&list().wheels, &there(&[])).unwrap(), "a.whl is missing");
        let damaged = damage(&list().wheels, &there(&[("a.whl", "2")])).unwrap();
        assert_eq!(damaged, "a.whl is damaged: expected SHA-256 1, has 2");
    }

    #[test]
    fn a_list_of_a_stranger_puts_no_command_into_what_is_pasted() {
        let list = List { labs: vec!["serving; reboot".to_owned()], ..list() };
        let again = Folder("/a folder".into()).again(&list);
        assert!(again.ends_with("fetch 'serving; reboot' --to '/a folder'"), "{again}");
    }
}
