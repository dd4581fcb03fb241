"""Which functions are services: public, defined in an app's services, with the actor first."""

import importlib
import inspect
import pkgutil
from collections.abc import Callable, Iterator
from types import ModuleType

from django.conf import settings
from django.utils.module_loading import module_has_submodule


def service_modules() -> Iterator[ModuleType]:
    for app in settings.PROJECT_APPS:
        package = importlib.import_module(app)
        if not module_has_submodule(package, "services"):
            continue
        services = importlib.import_module(f"{app}.services")
        yield services
        for found in pkgutil.iter_modules(getattr(services, "__path__", ())):
            yield importlib.import_module(f"{services.__name__}.{found.name}")


def services() -> dict[str, Callable]:
    """Dotted name where it is defined -> function."""
    return {
        f"{module.__name__}.{name}": function
        for module in service_modules()
        for name, function in vars(module).items()
        if inspect.isfunction(function)
        and function.__module__ == module.__name__
        and not name.startswith("_")
        and next(iter(inspect.signature(function).parameters), "") == "actor"
    }
