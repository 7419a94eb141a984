"""The libraries that training needs, asked for before any module that imports them is."""

from stance.errors import require


def prepare_libraries() -> None:
    """Make sure that the extra is installed, and switch off the libraries' small progress bars.

    Raises
    ------
    MissingExtraError
        If torch, transformers, accelerate or datasets is not there.
    """
    require("torch", "train")
    require("accelerate", "train")
    require("transformers.utils.logging", "train").disable_progress_bar()
    require("datasets", "train").disable_progress_bars()
