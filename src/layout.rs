//! Every name below a lab's `.mlops-lab/`, and every variable `MLOPS_LAB_*`, once.
//!
//! Paths are written from the lab's folder. What runs lies elsewhere, in the user's state:
//! `runtime::places` and `workspace` know its files.

/// The tool's own folder in a lab.
pub const FOLDER: &str = ".mlops-lab";

/// The rendered manifest.
pub const MANIFEST: &str = ".mlops-lab/lab.toml";

/// What the lab was made of: lab, version, pack, answers.
pub const RECORD: &str = ".mlops-lab/record.toml";

/// The lab's own files: texts, solutions, verifying scripts.
pub const KNOWLEDGE: &str = ".mlops-lab/lab";

/// What git ignores of the folder.
pub const GITIGNORE: &str = ".mlops-lab/.gitignore";

/// The pristine files, as `init` or the last `update` made them: an archive.
pub const BASE: &str = ".mlops-lab/base.tar";

/// The same of a lab with a record of schema 1: a folder.
pub const BASE_FOLDER: &str = ".mlops-lab/base";

/// Templates of the `.env` files, with secrets as holes.
pub const DOTENVS: &str = ".mlops-lab/env";

/// What the learner did.
pub const PROGRESS: &str = ".mlops-lab/progress.json";

/// Files of the learner, as they were before `solve` replaced them.
pub const BACKUP: &str = ".mlops-lab/backup";

/// What the last change of files replaced, for `undo`.
pub const UNDO: &str = ".mlops-lab/undo";

/// Where a change of files is prepared.
pub const CHANGE: &str = ".mlops-lab/run/change";

/// A change of files that is over, until it is removed.
pub const CHANGED: &str = ".mlops-lab/run/changed";

/// A new lab's folder until it is whole: sixteen hexadecimal digits follow.
pub const STAGING: &str = ".mlops-lab-new-";

/// What a lab's Python environment was made from.
pub const PYTHON_STAMP: &str = ".venv/.mlops-lab";

/// A file of the lab's own: `steps/train.md` is `.mlops-lab/lab/steps/train.md`.
pub fn knowledge(path: &str) -> String {
    format!("{KNOWLEDGE}/{path}")
}

/// The path in `labs/<id>/` of a file of the lab's own.
pub fn in_knowledge(path: &str) -> Option<&str> {
    path.strip_prefix(KNOWLEDGE)?.strip_prefix('/')
}

/// A template of a `.env`: git would ignore it under its own name.
pub fn dotenv_template(path: &str) -> String {
    format!("{DOTENVS}/{}dot-env", path.strip_suffix(".env").unwrap_or(path))
}

/// Whether a path of a lab is the tool's own.
pub fn is_own(path: &str) -> bool {
    path.split('/').next() == Some(FOLDER)
}

/// This program, for a lab's commands.
pub const PROGRAM: &str = "MLOPS_LAB";

/// Marks every process of a lab: the id that the lab has on this machine, for this user.
pub const MARK: &str = "MLOPS_LAB_WORKSPACE";

/// Where the lab's run state is, for its processes.
pub const RUN: &str = "MLOPS_LAB_RUN";

/// The runtime, for a lab's commands.
pub const RUNTIME: &str = "MLOPS_LAB_RUNTIME";

/// The start of the variables with the lab's addresses: the endpoint's name in capitals follows.
pub const ENDPOINT: &str = "MLOPS_LAB_ENDPOINT_";

/// All of those, as the policy of environments names them.
pub const ENDPOINTS: &str = "MLOPS_LAB_ENDPOINT_*";

/// The context of the lab's cluster: set by the user for `--context`, and for a lab's commands.
pub const KUBECONTEXT: &str = "MLOPS_LAB_KUBECONTEXT";

/// The lab's namespace in the cluster, for its commands.
pub const NAMESPACE: &str = "MLOPS_LAB_NAMESPACE";

/// What `KUBECONFIG` was, for those of our own runs that a lab's commands start: in there it leads
/// to the lab's cluster or to none.
pub const KUBECONFIG: &str = "MLOPS_LAB_KUBECONFIG";

/// Set by the user for `--registry`.
pub const REGISTRY: &str = "MLOPS_LAB_REGISTRY";

/// Set by the user for `--load`.
pub const LOAD: &str = "MLOPS_LAB_LOAD";

/// Set by the user for `--offline`.
pub const OFFLINE: &str = "MLOPS_LAB_OFFLINE";

/// Set by the user: packs that are always there, separated as in PATH.
pub const PACKS: &str = "MLOPS_LAB_PACKS";

/// Set by the completion script: the shell that asks.
pub const COMPLETE: &str = "MLOPS_LAB_COMPLETE";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn everything_of_the_folder_lies_below_it() {
        let below = [
            MANIFEST,
            RECORD,
            KNOWLEDGE,
            GITIGNORE,
            BASE,
            BASE_FOLDER,
            DOTENVS,
            PROGRESS,
            BACKUP,
            UNDO,
            CHANGE,
            CHANGED,
        ];
        assert!(below.iter().all(|path| path.starts_with(FOLDER) && is_own(path)));
        assert!(!is_own(STAGING) && !is_own(PYTHON_STAMP) && !is_own("README.md"));
        assert_eq!(dotenv_template("a/.env"), ".mlops-lab/env/a/dot-env");
        assert_eq!(dotenv_template(".env"), ".mlops-lab/env/dot-env");
    }
}
