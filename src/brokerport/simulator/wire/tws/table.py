"""The table of message codecs: one entry per message id and direction; duplicates are refused."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from attrs import frozen

from brokerport.simulator.wire.tws.fields import FieldReader, FieldWriter
from brokerport.simulator.wire.tws.layout import layout_of

ReadBody = Callable[[FieldReader, int], Any]
WriteBody = Callable[[FieldWriter, Any, int], None]


@frozen
class MessageCodec:
    """How one message id travels; several classes share an id where the wire has variants.

    The two functions carry everything after the message id.
    """

    message_id: int
    classes: tuple[type, ...]
    read: ReadBody
    write: WriteBody
    request_id_position: int | None
    """Where the request or order id stands after the message id, if the message starts with one."""

    @property
    def name(self) -> str:
        """The message's name for errors."""
        return self.classes[0].__name__


def derived(message_id: int, cls: type, message_version: int | None = None) -> MessageCodec:
    """Make a codec from a class; `message_version` is the fixed version field, if there is one.

    The version field of a received message is not compared: clients and servers of the negotiated
    versions agree on the layouts whatever they write there.
    """
    layout = layout_of(cls)

    def read(reader: FieldReader, version: int) -> Any:
        if message_version is not None:
            reader.integer("version")
        return layout.read(reader, "", version)

    def write(writer: FieldWriter, message: Any, version: int) -> None:
        if message_version is not None:
            writer.integer("version", message_version)
        layout.write(writer, "", message, version)

    position = None
    if layout.slots and layout.slots[0].name in {"request_id", "order_id"}:
        position = _position_after(message_version)
    return MessageCodec(message_id, (cls,), read, write, position)


def special(
    message_id: int,
    classes: tuple[type, ...],
    read_body: ReadBody,
    write_body: WriteBody,
    message_version: int | None = None,
) -> MessageCodec:
    """Make a codec from functions of its own, for a message that starts with its id."""

    def read(reader: FieldReader, version: int) -> Any:
        if message_version is not None:
            reader.integer("version")
        return read_body(reader, version)

    def write(writer: FieldWriter, message: Any, version: int) -> None:
        if message_version is not None:
            writer.integer("version", message_version)
        write_body(writer, message, version)

    return MessageCodec(message_id, classes, read, write, _position_after(message_version))


def _position_after(message_version: int | None) -> int:
    return 0 if message_version is None else 1


class CodecTable:
    """Codecs of one direction, found by message id or by class.

    Raises ValueError if two codecs claim the same message id or the same class.
    """

    def __init__(self, codecs: Iterable[MessageCodec]) -> None:
        self._by_id: dict[int, MessageCodec] = {}
        self._by_class: dict[type, MessageCodec] = {}
        for codec in codecs:
            if codec.message_id in self._by_id:
                other = self._by_id[codec.message_id].name
                raise ValueError(
                    f"message id {codec.message_id} belongs to {other} and {codec.name}"
                )
            self._by_id[codec.message_id] = codec
            for cls in codec.classes:
                if cls in self._by_class:
                    raise ValueError(f"{cls.__name__} has two message ids")
                self._by_class[cls] = codec

    def by_id(self, message_id: int) -> MessageCodec | None:
        """Return the codec of a message id, or None."""
        return self._by_id.get(message_id)

    def by_class(self, cls: type) -> MessageCodec | None:
        """Return the codec of a message class, or None."""
        return self._by_class.get(cls)

    @property
    def codecs(self) -> tuple[MessageCodec, ...]:
        """All codecs, in the order of the table."""
        return tuple(self._by_id.values())
