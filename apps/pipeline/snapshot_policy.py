"""The snapshot policy: when a worker makes a snapshot. Pure."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class SnapshotPolicy:
    """A snapshot is due after so many operations, bytes, or seconds without an edit."""

    operations: int = 500
    size_bytes: int = 1024 * 1024
    quiet_s: float = 10.0


@dataclass(slots=True)
class Unsaved:
    """The operations of a document since its last snapshot. Times are monotonic, in seconds."""

    operations: int = 0
    size_bytes: int = 0
    first_at: float = 0.0
    last_at: float = 0.0

    def add(self, size_bytes: int, *, at: float) -> None:
        """Count one operation."""
        if not self.operations:
            self.first_at = at
        self.operations += 1
        self.size_bytes += size_bytes
        self.last_at = at

    def is_due(self, policy: SnapshotPolicy, *, at: float) -> bool:
        """Return whether a snapshot is due."""
        if not self.operations:
            return False
        return (
            self.operations >= policy.operations
            or self.size_bytes >= policy.size_bytes
            or at - self.last_at >= policy.quiet_s
        )
