"""Results beside an archive: written whole, read back, and a mistake in one named."""

import pytest

from actsearch.archive import ArchiveError, keep, kept


def test_what_is_kept_is_read_back_without_what_json_lacks(tmp_path):
    path = keep(tmp_path, "verification-a", {"low": float("-inf"), "scores": (0.5, float("nan"))})
    keep(tmp_path, "audit", {})
    assert kept(tmp_path, "verification*") == {"verification-a": {"low": None, "scores": [0.5, None]}}
    assert sorted(found.name for found in tmp_path.iterdir()) == ["audit.json", path.name]


def test_one_that_cannot_be_written_leaves_the_old_one(tmp_path):
    keep(tmp_path, "audit", {"a": 1})
    with pytest.raises(TypeError):
        keep(tmp_path, "audit", {"a": object()})
    assert kept(tmp_path, "audit") == {"audit": {"a": 1}}
    with pytest.raises(ArchiveError, match="cannot be written"):
        keep(tmp_path / "absent", "audit", {})
    (tmp_path / "file").touch()  # where nothing can be removed either, as on a read-only file system
    with pytest.raises(ArchiveError, match="cannot be written"):
        keep(tmp_path / "file", "audit", {})


@pytest.mark.parametrize("text", ["[", "[1]", "3"])
def test_what_is_no_result_is_named(tmp_path, text):
    (tmp_path / "audit.json").write_text(text)
    with pytest.raises(ArchiveError, match=r"audit\.json cannot be read as a result"):
        kept(tmp_path, "*")
