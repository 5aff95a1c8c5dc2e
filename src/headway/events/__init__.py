"""The facts of a job's life, one frozen class each, and the stored event that carries them."""

from headway.events.facts import (
    CheckpointSaved,
    Event,
    Fact,
    ItemsPublished,
    LogLine,
    MetricRecorded,
    OwnedEvent,
    Resumed,
    ShardChanged,
    ShardItemsPublished,
    ShardLogLine,
    StatusChanged,
    Stretch,
)

__all__ = [
    "CheckpointSaved",
    "Event",
    "Fact",
    "ItemsPublished",
    "LogLine",
    "MetricRecorded",
    "OwnedEvent",
    "Resumed",
    "ShardChanged",
    "ShardItemsPublished",
    "ShardLogLine",
    "StatusChanged",
    "Stretch",
]
