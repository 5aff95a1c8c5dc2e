"""Any rows as a Parquet file, with the types their values have."""

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import pyarrow as pa
import pyarrow.parquet as pq

_TYPES: Final = {
    "int": pa.int64(),
    "float": pa.float64(),
    "bool": pa.bool_(),
    "text": pa.string(),
}


def write_parquet(
    path: Path, kinds: Mapping[str, str], chunks: Iterable[Mapping[str, Sequence[Any]]]
) -> None:
    """Write chunks of columns; each column is of kind `int`, `float`, `bool` or `text`."""
    schema = pa.schema([(name, _TYPES[kind]) for name, kind in kinds.items()])
    with pq.ParquetWriter(path, schema, compression="zstd") as file:
        for chunk in chunks:
            arrays = [pa.array(chunk[name], _TYPES[kind]) for name, kind in kinds.items()]
            file.write_table(pa.Table.from_arrays(arrays, schema=schema))
