"""The uploader's wiring: a sensor source and folders in, S3 out.

Threads: the main one reads the source and puts each reading into the outbox; the outbox's delivers batches;
one for each folder uploads its files. They share the gateway to S3 and nothing else: a large file delays
neither a reading nor another folder. A reading is safe once it is in the outbox, a file as long as it is in
its folder; both leave the disk only when S3 has confirmed them.
"""

import threading
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, ExitStack

from edge_common.context import Context, Mode
from edge_common.errors import EdgeError, TransientError
from edge_common.log import get_logger
from edge_common.messages import Reading, encode
from edge_common.outbox import Batching, BatchOutbox
from edge_common.s3 import S3Gateway
from edge_common.sampling import Sampler
from edge_common.sensors import Source, open_source
from s3_batch_uploader.config import S3BatchUploaderConfig
from s3_batch_uploader.destination import Destination
from s3_batch_uploader.dry_run import PrintedBatches, print_files
from s3_batch_uploader.folders.folder import Folder
from s3_batch_uploader.folders.sync import FolderSync
from s3_batch_uploader.readings import BatchUploads, preparing

_MAX_BATCH_BYTES = 4 * 1024 * 1024  # of readings: an object is in memory while it is sent
_ONCE_TIMEOUT_S = 60.0  # for one reading and what waited before it
_LEFT_BEHIND_S = 30.0  # for what an earlier start has left, when there will be no more readings

_log = get_logger("uploader")


class S3BatchUploader:
    """Uploads readings and files until told to stop; with `--once`, one reading and all that waits."""

    def __init__(self, config: S3BatchUploaderConfig, context: Context) -> None:
        self._config = config
        self._context = context
        self._prepare = preparing(config.key_prefix, context.thing_name)
        self._batching = Batching(config.batch_max_records, config.batch_max_age_s, _MAX_BATCH_BYTES)
        self._folders = [Folder.configured(folder) for folder in config.folders]

    def run(self) -> None:
        """Read and upload.

        Raises:
            ConfigError: The outbox's folder may not be used, or there is no region.
            TransientError: The outbox cannot be opened now; with `--once`, S3 did not take all in time.
            PermanentError: The source cannot be opened or read, or another process has the outbox.
        """
        with ExitStack() as opened:
            if self._context.dry_run:
                self._print(opened.enter_context(self._source()))
                return
            outbox, folders = self._deliveries(opened)
            try:
                source = opened.enter_context(self._source())
            except EdgeError as error:
                if self._context.mode is Mode.RUN:
                    _log.error("source_not_opened", reason=error.reason)
                    self._deliver_what_waits(outbox, folders)
                raise
            self._upload(source, outbox)

    def _source(self) -> AbstractContextManager[Source]:
        return open_source(self._config.sensor, self._context.clock, self._context.metrics)

    def _deliveries(self, opened: ExitStack) -> tuple[BatchOutbox, Sequence[FolderSync]]:
        """Begin to deliver: what waits goes, whatever becomes of the source."""
        config, context = self._config, self._context
        gateway = opened.enter_context(
            S3Gateway(
                config.bucket,
                config.region or None,
                clock=context.clock,
                metrics=context.metrics,
                stop=context.stop,
            )
        )
        destination = Destination(gateway, config.bucket, create_bucket=config.create_bucket)
        uploads = BatchUploads(self._prepare, destination)
        outbox = opened.enter_context(BatchOutbox(config.outbox, self._batching, uploads, context))
        if not self._folders or context.mode is Mode.ONCE:
            return outbox, []
        folders = [
            opened.enter_context(
                FolderSync(folder, destination, context, rescan_interval_s=config.rescan_interval_s)
            )
            for folder in self._folders
        ]
        context.metrics.gauges("files", lambda: {"waiting": sum(map(len, folders))})
        return outbox, folders

    def _deliver_what_waits(self, outbox: BatchOutbox, folders: Sequence[FolderSync]) -> None:
        """As far as S3 takes it in time; the rest goes with the next start."""
        end_s = self._context.clock.monotonic_s() + _LEFT_BEHIND_S
        drains = (outbox.drain, *(folder.drain for folder in folders))
        for drain in drains:
            drain(max(0.0, end_s - self._context.clock.monotonic_s()))

    def _upload(self, source: Source, outbox: BatchOutbox) -> None:
        self._sample(source, lambda reading: outbox.put(encode(reading)))
        once = self._context.mode is Mode.ONCE
        delivered = outbox.drain(_ONCE_TIMEOUT_S if once else threading.TIMEOUT_MAX)
        if once and not delivered:
            raise TransientError(
                f"S3 has not taken everything, in {_ONCE_TIMEOUT_S:g} s at most; the lines above say why. "
                f"It waits in {self._config.outbox.folder} and goes with the next start."
            )
        if self._folders and not once:
            self._context.stop.wait()  # a recording has ended; files still come

    def _print(self, source: Source) -> None:
        for folder in self._folders:
            print_files(folder, self._context.thing_name, self._context.stop)
        printed = PrintedBatches(self._prepare, self._batching, self._context.clock)
        self._sample(source, printed.take)
        printed.finish()

    def _sample(self, source: Source, take: Callable[[Reading], None]) -> None:
        interval_s = self._config.reading_interval_s
        Sampler(source, interval_s, self._context, take, interval_setting="reading_interval_s").run()
