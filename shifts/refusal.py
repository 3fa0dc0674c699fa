"""A refusal: somebody may not do something, and the sentence that tells them why."""


class Refusal(Exception):
    """`sentence` is a key of config/languages; it says what happened and what the person can do now.

    `fields` fill its placeholders."""

    def __init__(self, sentence: str, **fields: object) -> None:
        super().__init__(sentence)
        self.sentence = sentence
        self.fields = fields
