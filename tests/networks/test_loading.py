"""Files of torch: tensors are read, anything else is refused in one line."""

from __future__ import annotations

import io
import os
from pathlib import Path
from typing import Any

import pytest

from networks.loading import load_tensors
from storage.errors import DamagedFileError

torch = pytest.importorskip("torch")
WRONG = "damaged: net.pth is no weight file"


class Trap:
    """Makes a folder when it is unpickled."""

    def __init__(self, folder: Path) -> None:
        self.folder = str(folder)

    def __reduce__(self) -> tuple[Any, ...]:
        return os.mkdir, (self.folder,)


def saved(content: object, **options: Any) -> io.BytesIO:
    file = io.BytesIO()
    torch.save(content, file, **options)
    file.seek(0)
    return file


def test_tensors_numbers_and_texts_are_read() -> None:
    found = load_tensors(saved({"a": torch.ones(2), "b": 1.5, "c": "text", "d": [1, None]}), WRONG)
    assert found["a"].tolist() == [1, 1] and (found["b"], found["c"], found["d"]) == (1.5, "text", [1, None])


@pytest.mark.parametrize("is_zip", [True, False])
def test_what_would_be_run_is_refused_without_advice_to_run_it(tmp_path: Path, is_zip: bool) -> None:
    file = saved({"a": torch.ones(2), "trap": Trap(tmp_path / "run")}, _use_new_zipfile_serialization=is_zip)
    with pytest.raises(
        DamagedFileError, match=r"^damaged: net\.pth is no weight file \(it holds more than weights"
    ) as caught:
        load_tensors(file, WRONG)
    assert not (tmp_path / "run").exists()
    assert "weights_only" not in str(caught.value) and "\n" not in str(caught.value)


@pytest.mark.parametrize("share", [0.0, 0.01, 0.5, 0.99])
def test_a_file_that_is_cut_is_told_in_one_line(share: float) -> None:
    content = saved({"a": torch.ones(100)}).getvalue()
    with pytest.raises(DamagedFileError, match="^damaged: net") as caught:
        load_tensors(io.BytesIO(content[: int(len(content) * share)]), WRONG)
    assert "\n" not in str(caught.value) and len(str(caught.value)) < 300
