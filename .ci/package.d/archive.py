"""Archives that are the same for the same content, wherever and whenever they are made."""

import gzip
import hashlib
import io
import tarfile
from pathlib import Path


def tarball(target: Path, top: str, files: dict[str, tuple[bytes, int]], when: int) -> None:
    """Writes `files` (content and mode by path) below the folder `top`.

    Sorted, owned by nobody in particular, and as old as the commit.
    """
    with (
        target.open("wb") as raw,
        # No name and no time in its header.
        gzip.GzipFile(filename="", mode="wb", fileobj=raw, mtime=0) as packed,
        tarfile.open(fileobj=packed, mode="w", format=tarfile.PAX_FORMAT) as archive,
    ):
        folders = {top}
        for path in files:
            parents = Path(top, path).parents
            folders.update(str(parent) for parent in parents if str(parent) != ".")
        for folder in sorted(folders):
            archive.addfile(entry(folder, when, 0o755, tarfile.DIRTYPE))
        for path, (content, mode) in sorted(files.items()):
            member = entry(f"{top}/{path}", when, mode, tarfile.REGTYPE)
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content))


def entry(name: str, when: int, mode: int, kind: bytes) -> tarfile.TarInfo:
    """A member without an owner's name."""
    member = tarfile.TarInfo(name)
    member.type = kind
    member.mode = mode
    member.mtime = when
    return member


def sums(files: dict[str, bytes]) -> str:
    """Lines for `sha256sum --check`."""
    lines = (f"{hashlib.sha256(files[path]).hexdigest()}  {path}\n" for path in sorted(files))
    return "".join(lines)
