"""The operations and kinds of model that one process knows."""

import importlib
from collections.abc import Iterable, Iterator, Mapping

from headway.errors import SettingsError, UnknownOperation
from headway.operation import Operation
from headway.own_model import OwnModel


class Registry:
    """The operations one process knows, by name."""

    def __init__(self, operations: Iterable[Operation] = ()) -> None:
        self._operations: dict[str, Operation] = {}
        self.models: dict[str, OwnModel] = {}
        """The kinds of model that were registered with `@model`, by name."""
        for one in operations:
            self.add(one)

    def add(self, operation: Operation) -> None:
        """Register an operation. A second one of the same name is refused."""
        known = self._operations.get(operation.name)
        if known is not None and known != operation:
            raise ValueError(
                f"expected one operation per name, got a second {operation.name!r}; rename one"
            )
        self._operations[operation.name] = operation

    def add_model(self, own: OwnModel) -> None:
        """Register a kind of model. A second one of the same name is refused."""
        known = self.models.setdefault(own.name, own)
        if known != own:
            raise ValueError(
                f"expected one kind of model per name, got a second {own.name!r}; rename one"
            )

    def get(self, name: str) -> Operation:
        """The operation of this name, or `UnknownOperation`."""
        return self._known(name, self._operations)

    def offered(self, name: str) -> Operation:
        """The operation of this name that anybody may ask for, or `UnknownOperation`."""
        return self._known(name, {one.name: one for one in self if not one.internal})

    def _known(self, name: str, among: Mapping[str, Operation]) -> Operation:
        try:
            return among[name]
        except KeyError:
            raise UnknownOperation(
                f"expected one of {', '.join(sorted(among))}, got: {name[:80]!r}",
                pointer="/job_type",
            ) from None

    def __iter__(self) -> Iterator[Operation]:
        return iter(self._operations.values())

    def __contains__(self, name: object) -> bool:
        return name in self._operations


def load_registry(modules: Iterable[str]) -> Registry:
    """Import these modules and register every operation that stands in them.

    Raise `SettingsError` naming a module that cannot be imported.
    """
    registry = Registry()
    for name in modules:
        try:
            module = importlib.import_module(name)
        except ImportError as error:
            raise SettingsError(
                f"expected a module of operations that can be imported, got {name!r}: {error};"
                " check HEADWAY_OPERATIONS and the folder you start in"
            ) from error
        for value in vars(module).values():
            if isinstance(value, Operation):
                registry.add(value)
            elif isinstance(value, OwnModel):
                registry.add_model(value)
    return registry
