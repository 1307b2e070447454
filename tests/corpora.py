"""Small corpora that tests share, laid out as IMDB."""

import io
import tarfile

FOLDERS = ("train/neg", "train/pos", "test/neg", "test/pos")
SPLITS = ("train", "validation", "test")
FILES = (*SPLITS, "unlabelled")
# The layout of IMDB; the columns are those of tables.
LAYOUT = {
    "format": "folders",
    "unlabelled": "unsup",
    "text_column": ["text"],
    "label_column": "label",
    "split_column": None,
    "group_column": None,
    "group_files": "urls_{label}.txt",
    "separator": None,
    "header": True,
    "pattern": "*.txt",
    "encoding": "utf-8",
}


def small_members(without=()):
    names = [f"aclImdb/{folder}/{i}_{i + 1}.txt" for folder in FOLDERS for i in range(4)]
    return [(name, f"Review {name}".encode()) for name in names if not name.startswith(tuple(without))]


def tar_bytes(members, compression="gz"):
    """Pack pairs of name and content; in place of a name there may be a TarInfo."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode=f"w:{compression}") as tar:
        for name, content in members:
            entry = tarfile.TarInfo(name) if isinstance(name, str) else name
            entry.size = len(content)
            tar.addfile(entry, io.BytesIO(content))
    return buffer.getvalue()
