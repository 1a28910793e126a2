"""The request as a whole is refused: nothing of it is stored."""


class RequestRefused(Exception):
    """Carries the code of a problem, the parameters of its sentences and headers of the answer."""

    def __init__(self, code, headers=None, **params):
        self.code = code
        self.headers = dict(headers or {})
        self.params = {name: str(value) for name, value in params.items()}
        super().__init__(code)
