"""The right to write for one broker account: a lock that the operating system holds for us.

It lies on a file of its own beside the journal, and ends with the process, however it ends. The
file stays: it names the last writer's process, and removing it would let two in. Its name carries
no account id.
"""

from __future__ import annotations

import hashlib
import os
import sys
from pathlib import Path

from brokerport.domain.accounts import BrokerAccount
from brokerport.domain.errors import JournalInUse

# Windows locks bytes: one far behind the text, so that the text can be read meanwhile.
_LOCKED_BYTE = 1 << 20


class WriterLock:
    """A lock held from when it is made until it is released."""

    def __init__(self, journal: Path, account: BrokerAccount) -> None:
        """Take the lock.

        Raises:
            JournalInUse: another process, or another journal of this one, holds it.
            OSError: the file cannot be made or locked.
        """
        digest = hashlib.sha256(account.account_id.encode()).hexdigest()[:16]
        path = journal.with_name(f"{journal.name}.{digest}.lock")
        self._file = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
        try:
            if not _locked(self._file):
                holder = os.read(self._file, 20).decode("ascii", "replace").strip()
                raise JournalInUse(
                    f"process {holder or 'unknown'} writes the journal of account "
                    f"{account.masked} in {journal}"
                )
            os.ftruncate(self._file, 0)
            os.write(self._file, f"{os.getpid()}\n".encode())
        except BaseException:
            os.close(self._file)
            raise

    def release(self) -> None:
        """Give the lock up; once only."""
        os.close(self._file)


if sys.platform == "win32":
    import msvcrt

    def _locked(file: int) -> bool:
        os.lseek(file, _LOCKED_BYTE, os.SEEK_SET)
        try:
            msvcrt.locking(file, msvcrt.LK_NBLCK, 1)
        except PermissionError:
            return False
        finally:
            os.lseek(file, 0, os.SEEK_SET)
        return True

else:
    import fcntl

    def _locked(file: int) -> bool:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True
