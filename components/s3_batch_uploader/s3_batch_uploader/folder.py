"""One folder of the settings, ready to be used, and what becomes of its files once they are uploaded.

Used by the folder thread.
"""

from dataclasses import dataclass
from itertools import count
from pathlib import Path

from s3_batch_uploader.config import AfterUpload, FolderConfig
from s3_batch_uploader.folder_scan import version_of
from s3_batch_uploader.patterns import NamePatterns
from s3_batch_uploader.settling import Version


@dataclass(frozen=True, slots=True)
class Folder:
    """A folder that is kept in sync.

    Attributes:
        root: Absolute.
        key_prefix: Of its files' keys.
        settle_s: How long a file must not have changed.
        patterns: Which files are wanted.
        after_upload: What becomes of them.
        move_to: With MOVE: where to, absolute.
    """

    root: Path
    key_prefix: str
    settle_s: float
    patterns: NamePatterns
    after_upload: AfterUpload
    move_to: Path

    @classmethod
    def configured(cls, config: FolderConfig) -> "Folder":
        """The folder that the settings describe."""
        return cls(
            root=Path(config.path).absolute(),
            key_prefix=config.key_prefix,
            settle_s=config.settle_s,
            patterns=NamePatterns(config.include, config.exclude),
            after_upload=config.after_upload,
            move_to=Path(config.move_to).absolute(),
        )

    def finish(self, path: Path, version: Version) -> bool:
        """Keep, delete or move a file that S3 has, if it is still the one that was uploaded.

        A crash leaves it as it was or done. Nothing is synced: should a power cut bring the file back, it is
        uploaded again at worst, to the same key.

        Returns:
            Whether the file is no longer there.

        Raises:
            OSError: It cannot be deleted or moved; it stays.
        """
        if self.after_upload is AfterUpload.KEEP or version_of(path) != version:
            return False
        if self.after_upload is AfterUpload.DELETE:
            path.unlink(missing_ok=True)
            return True
        target = self.move_to / path.relative_to(self.root)
        target.parent.mkdir(parents=True, exist_ok=True)
        path.rename(_free(target))
        return True


def _free(target: Path) -> Path:
    """`target`, or with a number before its suffix: a file that was moved earlier is not replaced."""
    if not target.is_symlink() and not target.exists():
        return target
    numbered = (target.with_name(f"{target.stem}-{number}{target.suffix}") for number in count(1))
    return next(path for path in numbered if not path.is_symlink() and not path.exists())
