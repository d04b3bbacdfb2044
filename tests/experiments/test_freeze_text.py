"""The text's recipe: which docstrings it takes."""

from experiments import freeze_text


def test_takes_long_docstrings_of_modules_classes_and_functions(tmp_path, monkeypatch):
    long = "word " * 20
    (tmp_path / "test").mkdir()
    (tmp_path / "test" / "left_out.py").write_text(f'"""Out {long}"""')
    (tmp_path / "a.py").write_text(
        f'"""One {long}"""\nclass A:\n    """Two {long}"""\n    def f(self):\n        """Short."""\n'
    )
    monkeypatch.setattr(freeze_text.sysconfig, "get_paths", lambda: {"stdlib": str(tmp_path)})
    assert [text[:3] for text in freeze_text.docstrings()] == ["One", "Two"]
