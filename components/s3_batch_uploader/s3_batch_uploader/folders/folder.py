"""One folder of the settings, ready to be used, and what becomes of its files once they are uploaded.

Used by the folder's own thread.
"""

from dataclasses import dataclass
from pathlib import Path

from s3_batch_uploader.config import AfterUpload, FolderConfig
from s3_batch_uploader.folders import leaving
from s3_batch_uploader.folders.patterns import NamePatterns
from s3_batch_uploader.folders.settling import Version


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
        """Keep, delete or move a file that S3 has; see `leaving`.

        Returns:
            Whether the file is no longer there.

        Raises:
            FileInUseError: Somebody writes it; it stays.
            FileChangedError: It is gone, or not the one that was uploaded; it stays.
            OSError: It cannot be deleted or moved; it stays.
        """
        match self.after_upload:
            case AfterUpload.KEEP:
                return False
            case AfterUpload.DELETE:
                leaving.delete(path, version)
            case AfterUpload.MOVE:
                leaving.move(path, version, self.move_to / path.relative_to(self.root))
        return True
