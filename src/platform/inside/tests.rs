//! Links, FIFOs, swapped folders and names that lead out: nothing is read or written there, and
//! nothing waits.

use std::os::unix::fs::{PermissionsExt, symlink};
use std::time::{Duration, Instant};

use super::*;
use crate::platform::fs::Mode;

/// A root with `a`, `d/b`, and beside it a folder with `secret`.
fn place() -> (tempfile::TempDir, std::path::PathBuf, std::path::PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let (root, outside) = (folder.path().join("root"), folder.path().join("outside"));
    std::fs::create_dir_all(root.join("d")).unwrap();
    std::fs::create_dir_all(&outside).unwrap();
    std::fs::write(root.join("a"), "a").unwrap();
    std::fs::write(root.join("d/b"), "b").unwrap();
    std::fs::write(outside.join("secret"), "secret").unwrap();
    (folder, root, outside)
}

#[test]
fn a_link_is_followed_nowhere() {
    let (_folder, root, outside) = place();
    symlink(outside.join("secret"), root.join("link")).unwrap();
    symlink(&outside, root.join("way")).unwrap();
    for path in ["link", "way/secret"] {
        assert!(read(&root, path).is_err(), "{path}");
        assert!(read_optional(&root, path).is_err(), "{path}: not the same as nothing");
        assert!(content(&root, path).is_err(), "{path}");
    }
    assert!(write(&root, "way/new", b"x", Mode::Plain).is_err());
    assert!(create(&root, "link", b"x", Mode::Plain).is_err());
    assert!(remove_tree(&root, "way/secret").is_err());
    assert!(rename(&root, "a", "way/a").is_err());
    assert!(list(&root, "way").is_err());
    set_bits(&root, "link", 0o777);
    assert_eq!(std::fs::read_to_string(outside.join("secret")).unwrap(), "secret");
    assert_eq!(std::fs::read_dir(&outside).unwrap().count(), 1);
    assert_eq!(outside.join("secret").metadata().unwrap().permissions().mode() & 0o777, 0o644);
}

#[test]
fn a_link_under_the_name_that_is_written_is_replaced_as_such() {
    let (_folder, root, outside) = place();
    symlink(outside.join("secret"), root.join("link")).unwrap();
    write(&root, "link", b"mine", Mode::Private).unwrap();
    assert_eq!(read(&root, "link").unwrap(), b"mine");
    assert_eq!(bits(&root, "link"), Some(0o600));
    assert_eq!(std::fs::read_to_string(outside.join("secret")).unwrap(), "secret");
}

#[test]
fn a_fifo_is_refused_at_once() {
    let (_folder, root, _outside) = place();
    let fifo = root.join("fifo");
    rustix::fs::mknodat(
        rustix::fs::CWD,
        &fifo,
        rustix::fs::FileType::Fifo,
        rustix::fs::Mode::from_raw_mode(0o600),
        0,
    )
    .unwrap();
    let since = Instant::now();
    let error = read_optional(&root, "fifo").unwrap_err();
    assert!(since.elapsed() < Duration::from_secs(30));
    assert!(error.to_string().contains("FIFO"), "{error}");
    assert_eq!(kind(&root, "fifo").unwrap(), Kind::Other);
}

#[test]
fn names_that_lead_out_are_none() {
    let (_folder, root, _outside) = place();
    for path in ["../outside/secret", "d/../a", "/etc/passwd", "", ".", "d//b", "d/./b", "a\0b"] {
        assert!(read(&root, path).is_err(), "{path:?}");
        assert!(write(&root, path, b"x", Mode::Plain).is_err(), "{path:?}");
    }
}

#[test]
fn what_is_missing_is_nothing_and_what_is_there_is_read() {
    let (_folder, root, _outside) = place();
    assert_eq!(read(&root, "d/b").unwrap(), b"b");
    for path in ["none", "none/x", "a/x", "d/none"] {
        assert_eq!(read_optional(&root, path).unwrap(), None, "{path}");
        assert_eq!(content(&root, path).unwrap(), None, "{path}");
        assert_eq!(kind(&root, path).unwrap(), Kind::Missing, "{path}");
        remove_tree(&root, "none").unwrap();
    }
    assert_eq!(kind(&root, "d").unwrap(), Kind::Folder);
    assert_eq!(list(&root, "none").unwrap(), []);
    assert_eq!(list(&root, "d").unwrap(), [("b".to_owned(), Kind::File)]);
    write(&root, "new/deep/file", b"#!", Mode::Script).unwrap();
    assert_eq!(content(&root, "new/deep/file").unwrap(), Some((b"#!".to_vec(), true)));
}

#[test]
fn a_tree_is_removed_with_its_links_and_not_what_they_lead_to() {
    let (_folder, root, outside) = place();
    symlink(&outside, root.join("d/way")).unwrap();
    symlink(outside.join("secret"), root.join("d/link")).unwrap();
    std::fs::create_dir_all(root.join("d/e/f")).unwrap();
    remove_tree(&root, "d").unwrap();
    assert_eq!(kind(&root, "d").unwrap(), Kind::Missing);
    assert!(outside.join("secret").is_file());
}

#[test]
fn what_others_may_not_read_is_opened_to_them_and_a_link_is_left_alone() {
    let (_folder, root, outside) = place();
    symlink(outside.join("secret"), root.join("d/link")).unwrap();
    let mode = |path: &Path| path.metadata().unwrap().permissions().mode() & 0o777;
    let set = |path: &Path, bits| {
        std::fs::set_permissions(path, PermissionsExt::from_mode(bits)).unwrap()
    };
    set(&root.join("d/b"), 0o600);
    set(&root.join("d"), 0o700);
    set(&outside.join("secret"), 0o600);
    assert_eq!(make_readable(&root, "d").unwrap(), 2);
    assert_eq!((mode(&root.join("d")), mode(&root.join("d/b"))), (0o755, 0o644));
    assert_eq!(mode(&outside.join("secret")), 0o600);
    assert_eq!(make_readable(&root, "d").unwrap(), 0);
    assert!(make_readable(&root, "none").is_err());
}

#[test]
fn a_walk_names_all_and_enters_no_link() {
    let (_folder, root, outside) = place();
    symlink(&outside, root.join("way")).unwrap();
    let mut seen = Vec::new();
    let note = &mut |found: &tree::FoundEntry<'_>| {
        seen.push((found.path.to_owned(), found.kind));
        Ok(())
    };
    tree::visit(&root, "", &|_| true, note).unwrap();
    let expected =
        [("a", Kind::File), ("d", Kind::Folder), ("d/b", Kind::File), ("way", Kind::Other)];
    assert_eq!(seen, expected.map(|(path, kind)| (path.to_owned(), kind)));
    assert_eq!(files(&root, "d").unwrap(), ["d/b"]);
}

#[test]
fn a_folder_for_copies_is_its_owners_alone_and_no_link_takes_its_place() {
    let (_folder, root, outside) = place();
    let mode = |path: &Path| path.metadata().unwrap().permissions().mode() & 0o777;
    std::fs::set_permissions(root.join("d"), PermissionsExt::from_mode(0o755)).unwrap();
    for path in ["d", "new/deep"] {
        make_private(&root, path).unwrap();
        assert_eq!(mode(&root.join(path)), 0o700, "{path}");
    }
    symlink(&outside, root.join("way")).unwrap();
    std::fs::set_permissions(&outside, PermissionsExt::from_mode(0o755)).unwrap();
    assert!(make_private(&root, "way").is_err() && make_private(&root, "way/x").is_err());
    assert!(make_private(&root, "a").is_err());
    assert_eq!((mode(&outside), std::fs::read_dir(&outside).unwrap().count()), (0o755, 1));
}
