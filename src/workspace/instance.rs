//! A lab as this machine knows it: an id of its own, and a folder for what runs in the user's
//! state, by the lab's real path. A copy, a clone or a worktree has another path, and so nothing of
//! the original's.

use std::ffi::OsString;
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::{FOLDER, noted, record};
use crate::error::{Error, Result};
use crate::platform::owner::{self, Node};
use crate::platform::{fs, term, user_state};

const FILE: &str = "state.toml";

/// What is noted of a lab. A broken file counts as none.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct State {
    /// Sixteen hexadecimal digits: marks every process of the lab, and its namespace.
    pub(super) id: String,
    root: Root,
    /// Numbers of 64 bits and more: TOML's have 63.
    device: String,
    inode: String,
    born: String,
    /// The id that the lab's record has, and every copy of it. Good for a word to the user; nothing
    /// is trusted by it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    lab: Option<String>,
    /// What this user has trusted of this very folder, the latest last: see `trust`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    trusted: Vec<String>,
}

/// How many contents of a lab are remembered as trusted: enough to go back and forth between
/// branches.
const TRUSTED: usize = 16;

/// A path, of which TOML can hold only what is UTF-8.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
enum Root {
    Text(String),
    Bytes(Vec<u8>),
}

impl From<&Path> for Root {
    fn from(path: &Path) -> Root {
        path.to_str().map_or_else(
            || Root::Bytes(path.as_os_str().as_bytes().to_vec()),
            |text| Root::Text(text.to_owned()),
        )
    }
}

impl State {
    fn new(root: &Path, node: &Node, lab: Option<&str>, id: String) -> State {
        let Node { device, inode, born } = node;
        let [device, inode, born] = [device.to_string(), inode.to_string(), born.to_string()];
        State {
            id,
            root: root.into(),
            device,
            inode,
            born,
            lab: lab.map(str::to_owned),
            trusted: Vec::new(),
        }
    }

    /// The contents that were trusted of this folder. Another folder at the same path has none,
    /// whatever it inherits.
    pub(super) fn trusted(&self, root: &Path) -> &[String] {
        let same = owner::node(root).is_some_and(|node| self.is(&node));
        if same { &self.trusted } else { &[] }
    }

    fn trust(&mut self, print: &str) {
        self.trusted.retain(|known| known != print);
        self.trusted.push(print.to_owned());
        let old = self.trusted.len().saturating_sub(TRUSTED);
        self.trusted.drain(..old);
    }

    /// What marks a change of files that was begun here: nobody else's folder has it, and the id
    /// cannot be read from it.
    fn mark(&self) -> String {
        let hash = Sha256::new().chain_update("a change of ").chain_update(&self.id).finalize();
        hash.iter().take(16).map(|byte| format!("{byte:02x}")).collect()
    }

    pub(super) fn root(&self) -> PathBuf {
        match &self.root {
            Root::Text(text) => text.into(),
            Root::Bytes(bytes) => OsString::from_vec(bytes.clone()).into(),
        }
    }

    /// Whether this is the folder, at whatever path. The device is left out where the path is the
    /// same: it may have another number after a restart.
    fn is(&self, node: &Node) -> bool {
        self.inode == node.inode.to_string() && self.born == node.born.to_string()
    }

    /// Whether the lab that was at another path, where nothing is any more, is now at this one.
    fn moved_to(&self, node: &Node, lab: Option<&str>) -> bool {
        let same = self.is(node)
            && self.device == node.device.to_string()
            && (lab.is_none() || self.lab.as_deref() == lab);
        same && gone(&self.root())
    }
}

fn gone(path: &Path) -> bool {
    fs::kind(path).is_ok_and(|kind| kind == fs::Kind::Missing)
}

/// A lab as this machine knows it.
#[derive(Clone, Debug)]
pub(super) struct Instance {
    /// Where what runs is noted. It need not be there.
    pub(super) folder: PathBuf,
    /// None when nothing of the lab was ever started here.
    pub(super) state: Option<State>,
}

/// The instance of the lab at this real path. `lab` is the id in its record.
///
/// # Errors
/// Exit 3 when there is no safe place for the user's state.
pub(super) fn find(root: &Path, lab: Option<&str>) -> Result<Instance> {
    Ok(find_in(&labs(user_state::folder()?), root, lab))
}

fn labs(state: PathBuf) -> PathBuf {
    state.join("labs")
}

fn find_in(labs: &Path, root: &Path, lab: Option<&str>) -> Instance {
    let node = owner::node(root);
    let holds = |folder: &Path, state: &State| {
        let here = state.root == Root::from(root);
        // Another folder at the same path inherits what still runs, so that it can be stopped, and
        // nothing else.
        here && (node.as_ref().is_none_or(|node| state.is(node)) || !noted::left(folder).is_empty())
    };
    let mut number = 0;
    let vacant = loop {
        let folder = labs.join(name(root, number));
        match read(&folder) {
            None => break folder,
            Some(state) if holds(&folder, &state) => {
                return Instance { folder, state: Some(state) };
            }
            Some(_) => number += 1,
        }
    };
    // It keeps its folder, whose path is in the environment of what runs.
    let moved = |state: &State| node.as_ref().is_some_and(|node| state.moved_to(node, lab));
    let found = all(labs).into_iter().find(|(folder, state)| holds(folder, state) || moved(state));
    match found {
        Some((folder, state)) => Instance { folder, state: Some(state) },
        None => Instance { folder: vacant, state: None },
    }
}

/// `serving-0123456789abcdef`: the folder's name for people, the whole path's hash for us.
fn name(root: &Path, number: usize) -> String {
    let hash: String = Sha256::digest(root.as_os_str().as_bytes())
        .iter()
        .take(8)
        .map(|byte| format!("{byte:02x}"))
        .collect();
    let plain = |c: char| if c.is_ascii_alphanumeric() || "-_.".contains(c) { c } else { '-' };
    let last = root.file_name().unwrap_or_default().to_string_lossy();
    let last: String = last.chars().map(plain).take(30).collect();
    if number == 0 { format!("{last}-{hash}") } else { format!("{last}-{hash}-{number}") }
}

fn read(folder: &Path) -> Option<State> {
    let bytes = fs::read_io(&folder.join(FILE)).ok()?;
    toml::from_str(std::str::from_utf8(&bytes).ok()?).ok()
}

/// Whether something is noted of the lab with this folder of run state.
pub(super) fn is_known(folder: &Path) -> bool {
    read(folder).is_some()
}

fn all(labs: &Path) -> Vec<(PathBuf, State)> {
    let folders = fs::folders(labs).unwrap_or_default().into_iter().map(|name| labs.join(name));
    folders.filter_map(|folder| read(&folder).map(|state| (folder, state))).collect()
}

/// The same for a command that writes: made when it is not there, brought up to date when the lab
/// was moved.
///
/// # Errors
/// Exit 3 when it cannot be written.
pub(super) fn open(root: &Path, lab: Option<&str>) -> Result<Instance> {
    let node = owner::node(root).ok_or_else(|| {
        Error::environment(format!("there is no folder {} any more", root.display()))
    })?;
    let current = |found: &Instance| {
        let state = found.state.as_ref();
        state.is_some_and(|state| {
            let now = State::new(root, &node, lab.or(state.lab.as_deref()), state.id.clone());
            *state == State { trusted: state.trusted.clone(), ..now }
        })
    };
    let found = find(root, lab)?;
    if current(&found) {
        return Ok(found);
    }
    let labs = labs(user_state::make()?);
    let _lock = hold(&labs)?;
    prune(&labs, &found.folder);
    let found = find_in(&labs, root, lab);
    if current(&found) {
        return Ok(found);
    }
    if found.state.is_none() {
        say_if_copy(&labs, root, lab);
    }
    write(found, root, &node, lab, &[])
}

/// This user trusts a content of the lab, as it is or is about to be.
///
/// # Errors
/// As [`open`].
pub(super) fn trust(root: &Path, lab: Option<&str>, print: &str) -> Result<Instance> {
    let node = owner::node(root).ok_or_else(|| {
        Error::environment(format!("there is no folder {} any more", root.display()))
    })?;
    open(root, lab)?;
    let labs = labs(user_state::make()?);
    let _lock = hold(&labs)?;
    write(find_in(&labs, root, lab), root, &node, lab, &[print.to_owned()])
}

/// What marks the changes of files that were begun in this folder; none where none can have been.
///
/// # Errors
/// As [`find`].
pub fn mark(root: &Path) -> Result<Option<String>> {
    let root = real(root);
    // Where there is no folder nothing was begun, and the labs that are known need not be read.
    let Some(node) = owner::node(&root) else { return Ok(None) };
    let lab = record::Record::read(&root).ok().map(|record| record.id);
    let state = find(&root, lab.as_deref())?.state;
    Ok(state.filter(|state| state.is(&node)).map(|state| state.mark()))
}

/// The same for a lab that was just made: nothing is known of it, whatever was at its path before,
/// and what was written is trusted.
///
/// # Errors
/// As [`open`].
pub(super) fn made(root: &Path, lab: &str, prints: &[String]) -> Result<()> {
    let Some(node) = owner::node(root) else { return Ok(()) };
    let labs = labs(user_state::make()?);
    let _lock = hold(&labs)?;
    // The other labs are not read, however many there are: the first command in this one clears up.
    let fresh = |folder: PathBuf| Some(Instance { folder, state: None });
    let known =
        (0..).map(|number| labs.join(name(root, number))).find_map(|folder| match read(&folder) {
            None => fresh(folder),
            Some(state) if state.root == Root::from(root) => {
                // Where nothing but the note is there it gives way to the new one.
                if fs::names(&folder).is_ok_and(|names| names == [FILE]) {
                    return fresh(folder);
                }
                remove(&folder, &state);
                match read(&folder) {
                    None => fresh(folder),
                    // Somebody holds it, or something runs: it goes on.
                    Some(state) => Some(Instance { folder, state: Some(state) }),
                }
            }
            Some(_) => None,
        });
    known.map_or(Ok(()), |known| write(known, root, &node, Some(lab), prints).map(drop))
}

fn write(
    found: Instance,
    root: &Path,
    node: &Node,
    lab: Option<&str>,
    trusts: &[String],
) -> Result<Instance> {
    let known = found.state.as_ref();
    let id = known.map_or_else(new_id, |state| Ok(state.id.clone()))?;
    let lab = lab.or(known.and_then(|state| state.lab.as_deref()));
    let mut state = State::new(root, node, lab, id);
    // Of another folder at the same path nothing is trusted.
    let same = known.filter(|known| known.is(node));
    state.trusted.extend(same.iter().flat_map(|known| &known.trusted).cloned());
    trusts.iter().for_each(|print| state.trust(print));
    let text = toml::to_string(&state)
        .map_err(|error| Error::bug("a state that cannot be written").because(error))?;
    fs::write(&found.folder.join(FILE), text.as_bytes(), false)?;
    Ok(Instance { folder: found.folder, state: Some(state) })
}

/// Sixteen hexadecimal digits.
///
/// # Errors
/// Exit 3 when the system gives no random numbers.
pub(super) fn new_id() -> Result<String> {
    let mut random = [0; 8];
    getrandom::fill(&mut random).map_err(|error| {
        Error::environment("the system gives no random numbers").because(error.to_string())
    })?;
    Ok(random.iter().map(|byte| format!("{byte:02x}")).collect())
}

/// One run at a time makes or removes instances. Where folders cannot be locked each does as if it
/// were alone.
fn hold(labs: &Path) -> Result<Option<std::fs::File>> {
    owner::make_private(labs).map_err(|error| {
        Error::environment(format!("cannot make {}", labs.display())).because(error)
    })?;
    let file = fs::open_lock(&labs.join(".lock"))?;
    Ok(file.lock().is_ok().then_some(file))
}

fn say_if_copy(labs: &Path, root: &Path, lab: Option<&str>) {
    let is = |state: &State| lab.is_some() && state.lab.as_deref() == lab && state.root() != root;
    let original = all(labs)
        .into_iter()
        .map(|(_, state)| state)
        .find(|state| is(state) && is_lab(&state.root()));
    if let Some(original) = original {
        term::eprintln(&format!(
            "this lab is a copy of {}: it gets a run state of its own, and what runs there is left alone",
            original.root().display()
        ));
    }
}

fn is_lab(root: &Path) -> bool {
    root.join(FOLDER).join(record::FILE).is_file()
}

/// Whether a change of its files is under way: of a lab that is being made there is nothing else
/// yet, and the state says whose it is.
fn changing(root: &Path) -> bool {
    root.join(FOLDER).join("run/change").is_dir()
}

/// Removes the state of labs that are not there any more, or are another folder by now, and of
/// which nothing is left. What is in the folder `kept` is of a lab that has another path by now,
/// perhaps.
fn prune(labs: &Path, kept: &Path) {
    for (folder, state) in all(labs).into_iter().filter(|(folder, _)| folder != kept) {
        let root = state.root();
        let alive = || is_lab(&root) || changing(&root);
        let there = || owner::node(&root).is_some_and(|node| state.is(&node)) && alive();
        if !there() && (gone(&root) || root.is_dir()) {
            remove(&folder, &state);
        }
    }
}

/// Unless something is left of the lab, or somebody is at work on it.
fn remove(folder: &Path, state: &State) {
    let Ok(lock) = fs::open_lock(&folder.join("lock")) else { return };
    if lock.try_lock().is_ok()
        && noted::left(folder).is_empty()
        && read(folder).as_ref() == Some(state)
    {
        let _ = fs::remove_tree(folder);
    }
}

/// Forgets a lab of which nothing is left.
pub fn forget(root: &Path) {
    let Ok(labs) = user_state::folder().map(labs) else { return };
    let Ok(_lock) = hold(&labs) else { return };
    let root = Root::from(real(root).as_path());
    for (folder, state) in all(&labs).into_iter().filter(|(_, state)| state.root == root) {
        remove(&folder, &state);
    }
}

/// A lab of which something is left.
#[derive(Clone, Debug, Serialize)]
pub struct Left {
    /// Where it is, or was.
    pub root: PathBuf,
    /// Whether there is nothing at that path any more.
    pub gone: bool,
    /// What is left, in words.
    pub left: Vec<String>,
}

/// The lab that is, or was, at this path, when something is left of it.
///
/// # Errors
/// As [`find`].
pub fn left_at(path: &Path) -> Result<Option<Left>> {
    let root = Root::from(real(path).as_path());
    Ok(left_of(|state| state.root == root)?.pop())
}

/// The same for a lab that is about to be made, without a look at all that are known: of one that
/// was moved here and deleted while it was up, `status` knows.
///
/// # Errors
/// As [`find`].
pub fn left_before(path: &Path) -> Result<Option<Left>> {
    let (root, labs) = (real(path), labs(user_state::folder()?));
    let folders = (0..).map(|number| labs.join(name(&root, number)));
    let known = folders.map_while(|folder| read(&folder).map(|state| (folder, state)));
    let mut here = known.filter(|(_, state)| state.root == Root::from(root.as_path()));
    let left =
        here.find_map(|(folder, _)| Some(noted::left(&folder)).filter(|left| !left.is_empty()));
    Ok(left.map(|left| Left { gone: gone(&root), root: root.clone(), left }))
}

/// The path without links, as far as it is there.
pub(super) fn real(path: &Path) -> PathBuf {
    let there = path.ancestors().find_map(|above| Some((above, above.canonicalize().ok()?)));
    there.map_or_else(
        || path.to_owned(),
        |(above, real)| match path.strip_prefix(above) {
            Ok(rest) if !rest.as_os_str().is_empty() => real.join(rest),
            _ => real,
        },
    )
}

/// The lab of this user at another path that has containers or volumes under this name of a compose
/// project.
///
/// # Errors
/// As [`find`].
pub fn with_project(project: &str, root: &Path) -> Result<Option<PathBuf>> {
    let labs = all(&labs(user_state::folder()?)).into_iter();
    let mut others = labs.filter(|(_, state)| state.root != Root::from(root));
    let has =
        |folder: &Path| noted::containers(folder).is_some_and(|noted| noted.project == project);
    Ok(others.find(|(folder, _)| has(folder)).map(|(_, state)| state.root()))
}

/// The labs of this user of which something runs or is kept, by path.
///
/// # Errors
/// As [`find`].
pub fn left() -> Result<Vec<Left>> {
    left_of(|_| true)
}

fn left_of(meant: impl Fn(&State) -> bool) -> Result<Vec<Left>> {
    let mut found: Vec<Left> = all(&labs(user_state::folder()?))
        .into_iter()
        .filter(|(_, state)| meant(state))
        .map(|(folder, state)| (noted::left(&folder), state.root()))
        .filter(|(left, _)| !left.is_empty())
        .map(|(left, root)| Left { gone: gone(&root), root, left })
        .collect();
    found.sort_by(|a, b| a.root.cmp(&b.root));
    Ok(found)
}
