"""The server's problem details as an error."""

from typing import Any

from headway.errors import HeadwayError


class ApiError(HeadwayError):
    """The server refused, or could not do, what was asked; the text is its `detail`."""

    def __init__(self, status: int, detail: str, code: str | None = None) -> None:
        super().__init__(detail)
        self.status = status
        self.code = code

    @classmethod
    def of(cls, status: int, body: Any) -> "ApiError":
        """The error that an answer's body describes."""
        problem = body if isinstance(body, dict) else {}
        return cls(status, str(problem.get("detail", f"HTTP {status}")), problem.get("code"))
