"""Writes a model for onnxruntime: the few fields of protocol buffers that a graph of matrices needs."""

import struct
from collections.abc import Mapping, Sequence
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

MICROSOFT: Final = "com.microsoft"
_TYPES: Final = {np.dtype(np.float32): 1, np.dtype(np.uint8): 2, np.dtype(np.int8): 3, np.dtype(np.int64): 7}
_VERSION, _OPERATORS = 9, 17
Shape = Sequence[int | str]


class Graph:
    """Nodes and constants in the order in which they are added; a name stands for what a node gives."""

    def __init__(self) -> None:
        self._nodes: list[bytes] = []
        self._constants: list[bytes] = []

    def constant(self, array: NDArray[Any]) -> str:
        """The name of a constant: float32, uint8, int8 or int64."""
        name = f"c{len(self._constants)}"
        shape = b"".join(field(1, size) for size in array.shape)
        kind = field(2, _TYPES[array.dtype])
        self._constants.append(
            field(5, shape + kind + field(8, name) + field(9, np.ascontiguousarray(array).tobytes()))
        )
        return name

    def node(self, operator: str, *inputs: str, domain: str = "", **settings: int | float | Sequence[int]) -> str:
        """The name of what an operator gives."""
        name = f"n{len(self._nodes)}"
        told = b"".join(field(1, each) for each in inputs) + field(2, name) + field(4, operator)
        told += b"".join(field(5, _setting(key, value)) for key, value in settings.items())
        self._nodes.append(field(1, told + (field(7, domain) if domain else b"")))
        return name

    def model(self, inputs: Mapping[str, Shape], outputs: Mapping[str, Shape]) -> bytes:
        """The whole model; every input and output is of float32."""
        graph = b"".join(self._nodes) + field(2, "graph") + b"".join(self._constants)
        graph += b"".join(field(11, _value(*each)) for each in inputs.items())
        graph += b"".join(field(12, _value(*each)) for each in outputs.items())
        operators = field(8, field(1, "") + field(2, _OPERATORS)) + field(8, field(1, MICROSOFT) + field(2, 1))
        return field(1, _VERSION) + operators + field(7, graph)


def field(key: int, value: int | str | bytes) -> bytes:
    """One field of a protocol buffer: a whole number, or what has a length."""
    if isinstance(value, int):
        return varint(key << 3) + varint(value & 0xFFFF_FFFF_FFFF_FFFF)
    content = value.encode() if isinstance(value, str) else value
    return varint(key << 3 | 2) + varint(len(content)) + content


def varint(number: int) -> bytes:
    head = b""
    while number > 127:
        head, number = head + bytes([number & 127 | 128]), number >> 7
    return head + bytes([number])


def _setting(name: str, value: int | float | Sequence[int]) -> bytes:
    if isinstance(value, float):
        return field(1, name) + varint(2 << 3 | 5) + struct.pack("<f", value) + field(20, 1)
    if isinstance(value, int):
        return field(1, name) + field(3, value) + field(20, 2)
    return field(1, name) + b"".join(field(8, each) for each in value) + field(20, 7)


def _value(name: str, shape: Shape) -> bytes:
    sizes = b"".join(field(1, field(1, size) if isinstance(size, int) else field(2, size)) for size in shape)
    return field(1, name) + field(2, field(1, field(1, 1) + field(2, sizes)))
