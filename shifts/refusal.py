"""A refusal: somebody may not do something, and the sentence that tells them why."""


class Refusal(Exception):
    """`sentence` is a key of config/languages; it says what happened and what the person can do now."""

    def __init__(self, sentence: str) -> None:
        super().__init__(sentence)
        self.sentence = sentence
