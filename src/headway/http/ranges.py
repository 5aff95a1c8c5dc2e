"""Files to save, whole or in part."""

from http import HTTPStatus

from starlette.responses import FileResponse, MalformedRangeHeader, RangeNotSatisfiable

from headway.http.problems import Refused


class Ranged(FileResponse):
    """A file of which `Range` takes a part. What is no range of bytes is ignored, as RFC 9110 (14.2)
    has it; one behind the end is refused with a problem document."""

    @classmethod
    def _parse_range_header(cls, http_range: str, file_size: int) -> list[tuple[int, int]]:
        try:
            return super()._parse_range_header(http_range, file_size)
        except MalformedRangeHeader:
            return []
        except RangeNotSatisfiable as error:
            raise Refused(
                HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE,
                "range_not_satisfiable",
                f"expected a range within {error.max_size} bytes, got another",
                headers={"Content-Range": f"bytes */{error.max_size}"},
            ) from None
