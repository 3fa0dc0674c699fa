"""How the fake refuses: a status and an error of the protocol."""


class Refused(Exception):
    def __init__(self, status: int, error: str, message: str = "") -> None:
        super().__init__(error)
        self.status = status
        self.error = error
        self.message = message or error
