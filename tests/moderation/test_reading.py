"""How names and places are read by models, shown with invented words: tokens, capitals, limits, bridges."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import cast

import numpy as np
import pytest
from numpy.typing import NDArray

from moderation.detection import Detection
from moderation.detector import DetectorFailed
from moderation.detectors import capitals
from moderation.detectors.reading import Limits, Reading
from moderation.finding import Action, Label
from moderation.media_weights import session
from moderation.policy import Verdict
from moderation.reading import encoder, pipelines
from moderation.reading.casing import Case, case_of, with_capitals
from moderation.reading.encoder import Numbers, windows
from moderation.reading.gazetteer import Gazetteer
from moderation.reading.graph import Graph
from moderation.reading.reader import Weighed
from moderation.reading.register import Register
from moderation.reading.tagger import Shares, Tagger
from moderation.reading.tokens import Sort, tokens_of
from moderation.redaction import Context, Redactor
from shifts.areas import Areas
from shifts.words import Words
from tests.moderation.text import CONFIG

LIMITS = {"en": Limits(mask=0.5, suggest=0.1)}


class Foretold:
    """Reads with given shares for some words, and none for the others."""

    def __init__(self, shares: dict[str, Shares]) -> None:
        self._shares = shares

    def read(self, text: str, language: str) -> Sequence[Weighed]:
        told = [(token, self._shares.get(token.written, Shares(0, 0, 0))) for token in tokens_of(text)]
        return [Weighed(token, s, s.person + s.place + s.other) for token, s in told]


def found(text: str, **shares: Shares) -> list[tuple[str, Label, Action]]:
    findings = Reading(Foretold(shares), LIMITS).find(text, "en")
    return [(text[f.start : f.end], f.label, f.action) for f in findings]


def test_a_hashtag_is_opened_at_its_capitals() -> None:
    assert [token.written for token in tokens_of("#PortAlba #BBCNews now")] == [
        *("#", "Port", "Alba", "#", "BBC", "News", "now"),
    ]


def test_links_and_handles_stay_whole() -> None:
    sorts = [token.sort for token in tokens_of("@jo_b see https://a.example/b?c 7!")]
    assert sorts == [Sort.HANDLE, Sort.WORD, Sort.LINK, Sort.NUMBER, Sort.MARK]


@pytest.mark.parametrize(
    ("text", "case"),
    [("Slow down tonight", Case.USUAL), ("slow down tonight", Case.LOWER), ("SLOW DOWN TONIGHT", Case.SHOUTED)],
)
def test_the_case_of_a_text_is_seen(text: str, case: Case) -> None:
    assert case_of(tokens_of(text)) is case


@pytest.mark.parametrize("text", ["met juan today #ayr", "MET JUAN TODAY #AYR", "ﬁn ß İstanbul", ""])
def test_a_copy_with_capitals_is_as_long_as_the_text(text: str) -> None:
    tokens = tokens_of(text)
    copy = with_capitals(text, tokens, case_of(tokens), {"juan", "ayr"}.__contains__)
    assert len(copy) == len(text)
    assert ("Juan" in copy) == ("juan" in text.lower())


def test_the_lists_know_places_of_several_words_in_any_case() -> None:
    lists = Gazetteer({"new york": "B", "york": "M"}, {"juan": "F"})
    assert lists.signs(tokens_of("JUAN in new-york, York")) == ["F", "", "B", "B-", "B-", "", "M"]


@pytest.mark.parametrize(
    ("text", "plain"),
    [("Two drivers stopped near Zork.", True), ("#Zork two drivers", False), ("Zork Blim Blom Blub two", False)],
)
def test_plain_prose_is_told_from_chat(text: str, plain: bool) -> None:
    register = Register(frozenset({"two", "drivers", "stopped", "near"}))
    assert register.is_plain(text, tokens_of(text)) is plain


def test_what_is_likely_is_masked_and_what_is_possible_is_suggested() -> None:
    assert found("met Zork at Blim", Zork=Shares(0.9, 0, 0), Blim=Shares(0, 0.2, 0)) == [
        ("Zork", Label.PERSON, Action.MASK),
        ("Blim", Label.LOCATION, Action.SUGGEST),
    ]


@pytest.mark.parametrize(
    ("text", "asked"), [("Zork saw the zork", ["Zork"]), ("so zork saw the zork", ["zork", "zork"])]
)
def test_an_ordinary_word_in_small_letters_is_asked_about_less(text: str, asked: list[str]) -> None:
    """Where nothing has a capital, small letters tell nothing."""

    class Ordinary(Foretold):
        def read(self, text: str, language: str) -> Sequence[Weighed]:
            return [replace(each, ordinary=True) for each in super().read(text, language)]

    shares = {"zork": Shares(0.2, 0, 0), "Zork": Shares(0.2, 0, 0)}
    findings = Reading(Ordinary(shares), {"en": Limits(0.5, 0.1, 0.2)}).find(text, "en")
    assert [text[f.start : f.end] for f in findings] == asked


def test_capitals_of_ordinary_words_alone_are_no_question() -> None:
    found = capitals.load(Areas.load(CONFIG), CONFIG).find("We met Zorblatt again and After That Alert we left.", "en")
    assert [(f.start, f.end) for f in found] == [(7, 15)]


@pytest.mark.parametrize("name", ["Hope", "Grace", "Miles Page", "Art Chase", "Paz"])
def test_a_name_that_is_a_word_as_well_is_asked_about(name: str) -> None:
    text = f"The dog belongs to {name}, we heard."
    found = capitals.load(Areas.load(CONFIG), CONFIG).find(text, "en")
    assert [text[one.start : one.end] for one in found] == [name]


def test_pieces_of_one_name_are_bridged() -> None:
    sure = Shares(0.9, 0, 0)
    assert found("Zork de la Blim came", Zork=sure, Blim=sure) == [("Zork de la Blim", Label.PERSON, Action.MASK)]


def test_a_place_is_not_bridged_to_a_person() -> None:
    texts = [text for text, _, _ in found("Zork of Blim", Zork=Shares(0.9, 0, 0), Blim=Shares(0, 0.9, 0))]
    assert texts == ["Zork", "Blim"]


def test_a_suggestion_stands_beside_the_mask() -> None:
    assert found("the Zork Blim", Zork=Shares(0.9, 0, 0), Blim=Shares(0.2, 0, 0)) == [
        ("Zork", Label.PERSON, Action.MASK),
        ("Blim", Label.PERSON, Action.SUGGEST),
    ]


def test_what_is_known_needs_no_hiding() -> None:
    reading = Reading(Foretold({"Zork": Shares(0.9, 0, 0), "Blim": Shares(0.9, 0, 0)}), LIMITS, ["zork"])
    assert [(f.start, f.end) for f in reading.find("Zork and Blim", "en")] == [(9, 13)]


def test_a_model_that_is_not_there_is_said(tmp_path: Path) -> None:
    with pytest.raises(DetectorFailed):
        Tagger(tmp_path / "none.crfsuite")


def test_a_missing_model_holds_every_post(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    (tmp_path / "policy").mkdir()
    (tmp_path / "names").mkdir()
    for name in ("places", "first", "first_or_word", "last", "last_or_word", "ordinary"):
        (tmp_path / "names" / f"{name}.txt").write_text("")
    table = tmp_path / "policy" / "detectors.toml"
    table.write_text("[times]\n[models.reading]\nmask = {en = 0.5}\nsuggest = {en = 0.1}\nordinary = {en = 0.0}\n")
    words = Words.load(CONFIG / "languages")
    sound = Redactor.load(CONFIG, words, models=False)
    detection = Detection.load(table, Areas.load(CONFIG), models=True)
    redactor = Redactor(detection, sound._policy, sound._plans, Areas.load(CONFIG), words, b"secret")
    assert redactor.redact("A quiet night.", Context()).verdict is Verdict.HOLD
    assert "every post is held" in caplog.text
    assert redactor.remaining("A quiet night.", "en") == ()


@pytest.mark.parametrize("length", [0, 1, 160, 161, 500])
def test_windows_answer_for_every_piece_once(length: int) -> None:
    told = [piece for start, end, first in windows(length, 160, 16) for piece in range(first, end)]
    starts = [first for _, _, first in windows(length, 160, 16)]
    assert sorted(set(told)) == list(range(length))
    assert starts == sorted(starts)


def test_a_graph_runs_as_it_was_written() -> None:
    graph = Graph()
    doubled = graph.node("Mul", "x", graph.constant(np.array([2, 3], np.float32)))
    model = session(graph.model({"x": ("rows", 2)}, {doubled: ("rows", 2)}))
    (answer,) = model.run([doubled], {"x": np.array([[1, 10]], np.float32)})
    assert answer.tolist() == [[2, 30]]


class Drawn:
    """Weights as the encoder's file holds them, drawn by lot."""

    def __init__(self, inputs: int, outputs: int) -> None:
        lots = np.random.default_rng(1)
        self._scales = lots.uniform(0.01, 0.03, (outputs, inputs // 32)).astype(np.float32)
        self._packed = lots.integers(0, 256, (outputs, inputs // 32, 16), np.uint8)
        self._bias = lots.standard_normal(outputs).astype(np.float32)

    def blocks(self, name: str, inputs: int) -> tuple[Numbers, NDArray[np.uint8]]:
        return self._scales, self._packed

    def floats(self, name: str) -> Numbers:
        return self._bias


def test_whole_numbers_say_the_same_as_the_weights_that_are_stored() -> None:
    stored = cast(encoder._Stored, Drawn(64, 32))
    answers = []
    for matrix in (encoder._matrix, encoder._stored_matrix):
        graph = Graph()
        name = matrix(graph, stored, "m", "x", 64, 32)
        model = session(graph.model({"x": ("rows", 64)}, {name: ("rows", 32)}))
        answers.append(model.run([name], {"x": np.random.default_rng(2).standard_normal((9, 64), np.float32)})[0])
    assert np.abs(answers[0] - answers[1]).max() < 0.03 * np.abs(answers[1]).max()


def test_a_pipeline_finds_names_without_the_list_of_all_words_which_takes_a_hundred_megabytes() -> None:
    pipeline = pipelines.load(pipelines.PACKAGES["es"])
    assert len(pipeline.vocab.strings) < 10_000
    assert "L" in pipelines.kinds(pipeline, "Ayer llegaron a Pamplona.")
