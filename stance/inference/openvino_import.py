"""OpenVINO without its telemetry.

``import openvino`` counts its uses in ``~/intel`` and starts a process that sends an event to Google
Analytics, if the package ``openvino_telemetry`` can be imported, which OpenVINO's wheel depends on. Where
it cannot, OpenVINO takes a stub of its own that does nothing. That is what is made to happen here.
"""

from __future__ import annotations

import sys
from types import ModuleType

TELEMETRY = "openvino_telemetry"


def import_openvino() -> ModuleType:
    """Import OpenVINO as if its telemetry were not installed.

    Whoever has imported ``openvino`` before in the same process has had its event sent already.
    """
    hidden = TELEMETRY not in sys.modules and "openvino" not in sys.modules
    if hidden:
        sys.modules[TELEMETRY] = None  # type: ignore[assignment]  # what makes an import fail
    try:
        import openvino
    finally:
        if hidden:
            sys.modules.pop(TELEMETRY, None)  # another thread may have been faster
    module: ModuleType = openvino
    return module
